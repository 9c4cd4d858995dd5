"""The Jacobian of a function in PyTorch. MXNet twin: matrix_calculus_mxnet.py."""

from collections.abc import Callable

import torch
from torch import Tensor


def jacobian(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
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
    if x.ndim != 1 or not x.is_floating_point():
        raise ValueError(
            f"x must be a vector, got shape {tuple(x.shape)} and {x.dtype}; "
            "flatten it and let function restore the shape, convert whole numbers"
        )
    x = x.detach().requires_grad_()  # (n,), the caller's x stays as it is
    y = function(x)  # (m,)
    if y.ndim != 1 or len(y) == 0:
        raise ValueError(
            "function must return a vector with at least one entry, got shape "
            f"{tuple(y.shape)}; flatten a matrix, return a scalar as y.reshape(1)"
        )
    rows = []
    for cotangent in torch.eye(len(y)).to(y):  # (m,), one-hot
        # Materialize: where y comes from other tensors only, a row is 0, not None.
        (row,) = torch.autograd.grad(
            y, x, cotangent, retain_graph=True, materialize_grads=True
        )
        rows.append(row)  # (n,)
    return torch.stack(rows)
