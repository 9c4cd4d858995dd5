"""The Jacobian of a function in MXNet. PyTorch twin: matrix_calculus_torch.py."""

from collections.abc import Callable

import numpy

numpy.bool = numpy.bool_  # MXNet 1.9.1 reads numpy.bool, which NumPy 1.24 removed.
from mxnet import autograd, np, npx

npx.set_np()


def jacobian(function: Callable[[np.ndarray], np.ndarray], x: np.ndarray) -> np.ndarray:
    r"""Differentiate every entry of a vector function, one backward pass per row.

    $$J_{ij} = \frac{\partial y_i}{\partial x_j}, \qquad
      \text{row } i \text{ of } J = e_i^\top J, \quad y = f(x)$$

    This is the numerator layout; the denominator layout is the transpose, J.T.

    Args:
        function: Maps a vector (n,) to a vector (m,), m >= 1; called once.
        x: (n,). The point, floating-point numbers.

    Returns:
        (m, n), in the unit of y per unit of x. Itself not differentiable.

    Raises:
        ValueError: x is not a vector of floating-point numbers, or function(x) is not
            a vector with m >= 1.

    Source:
        Parr & Howard 2018, arXiv:1802.01528, section 4.1, which gives the layout; the
        rows come from vector-Jacobian products, which the paper does not treat.
    """
    if x.ndim != 1 or not numpy.issubdtype(x.dtype, numpy.floating):
        raise ValueError(
            f"x must be a vector, got shape {tuple(x.shape)} and "
            f"{numpy.dtype(x.dtype)}; flatten it and let function restore the shape, "
            "convert whole numbers"
        )
    x = x.detach()  # (n,), the caller's x stays as it is
    x.attach_grad()
    with autograd.record():
        y = function(x)  # (m,)
    if y.ndim != 1 or len(y) == 0:
        raise ValueError(
            "function must return a vector with at least one entry, got shape "
            f"{tuple(y.shape)}; flatten a matrix, return a scalar as y.reshape(1)"
        )
    rows = []
    for cotangent in np.eye(len(y), dtype=y.dtype):  # (m,), one-hot
        y.backward(cotangent, retain_graph=True)
        rows.append(x.grad.copy())  # (n,), copied: the next pass overwrites x.grad
    return np.stack(rows)
