"""Condition number and error bound in PyTorch. MXNet twin: conditioning_mxnet.py."""

import torch
from torch import Tensor


def condition_number(a: Tensor) -> Tensor:
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
    if not torch.isfinite(a).all():
        raise ValueError(
            "every entry of a must be finite, got inf or nan; look for a division by 0"
        )
    singular_values = torch.linalg.svdvals(a)  # (min(m, n),), descending
    return singular_values[0] / singular_values[-1]


def error_bound(a: Tensor, x: Tensor, b: Tensor) -> Tensor:
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
    size = torch.linalg.vector_norm(residual) / torch.linalg.vector_norm(b)  # ()
    return condition_number(a) * size
