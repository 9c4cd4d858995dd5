"""Condition number and error bound in MXNet. PyTorch twin: conditioning_torch.py."""

import numpy

numpy.bool = numpy.bool_  # MXNet 1.9.1 reads numpy.bool, which NumPy 1.24 removed.
from mxnet import np, npx

npx.set_np()


def condition_number(a: np.ndarray) -> np.ndarray:
    r"""Divide the largest singular value of a matrix by the smallest.

    $$\kappa(A) = \frac{\sigma_1}{\sigma_n}$$

    Args:
        a: (m, n). A matrix of floating-point numbers; rounding makes its small singular
            values wrong by about the machine epsilon times the largest.

    Returns:
        (), dtype of a, without a unit: 1 for a multiple of an orthogonal matrix, larger
        for others. A result above 1 / eps only says that the matrix cannot be told
        from a singular one; nan for a matrix of zeros. The gradient exists if the
        largest and the smallest singular value occur once each.

    Raises:
        ValueError: a is not a matrix with at least one entry, all of them finite.

    Source:
        Golub & Van Loan 2013, Matrix Computations, 4th ed., section 2.6.2.
    """
    if a.ndim != 2 or 0 in a.shape:
        raise ValueError(
            "a must be a matrix with at least one entry, got shape "
            f"{tuple(a.shape)}; take the matrices of a stack one at a time"
        )
    if not np.isfinite(a).all():
        raise ValueError(
            "every entry of a must be finite, got inf or nan; look for a division by 0"
        )
    wide = a if len(a) <= a.shape[1] else a.T  # svd takes no more rows than columns
    _, singular_values, _ = np.linalg.svd(wide)  # (min(m, n),), descending
    return singular_values[0] / np.abs(singular_values[-1])  # MXNet has -0 too


def error_bound(a: np.ndarray, x: np.ndarray, b: np.ndarray) -> np.ndarray:
    r"""Bound the relative error of an approximate solution of A x = b.

    $$\frac{\|\hat x - x\|_2}{\|x\|_2}
      \le \kappa(A) \frac{\|b - A \hat x\|_2}{\|b\|_2}$$

    Args:
        a: (n, n). Matrix of the system, with an inverse.
        x: (n,). Approximate solution, from any method.
        b: (n,). Right-hand side, not zero.

    Returns:
        (), dtype of a, without a unit; above 1 no digit of x is certain. The residual
        is rounded too: use a higher precision here than x was computed in. Where it is
        0 there is no gradient: PyTorch returns 0, MXNet nan.

    Raises:
        ValueError: a is not square or not finite, or x or b is not a vector that fits.

    Source:
        Higham 2002, Accuracy and Stability of Numerical Algorithms, 2nd ed., section
        7.1.
    """
    shape = tuple(b.shape)  # (n,)
    if a.ndim != 2 or tuple(a.shape) != 2 * shape or tuple(x.shape) != shape:
        raise ValueError(
            f"a must be (n, n) and x and b (n,), got {tuple(a.shape)}, "
            f"{tuple(x.shape)} and {shape}; flatten columns, since a column minus a "
            "vector would broadcast to a matrix"
        )
    residual = b - a @ x  # (n,)
    size = np.linalg.norm(residual) / np.linalg.norm(b)  # ()
    return condition_number(a) * size
