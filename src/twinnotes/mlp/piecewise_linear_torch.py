"""Piecewise-linear approximation in PyTorch. MXNet twin: piecewise_linear_mxnet.py."""

from collections.abc import Callable

import torch
from torch import Tensor


def one_hidden_layer(
    x: Tensor,
    hidden_weight: Tensor,
    hidden_bias: Tensor,
    output_weight: Tensor,
    output_bias: Tensor,
    activation: Callable[[Tensor], Tensor],
) -> Tensor:
    r"""Compute one output from any number of features through one hidden layer.

    $$y = b + \sum_i c_i \, \sigma\Big(b_i + \sum_j w_{ij} x_j\Big)$$

    Args:
        x: (..., d). One example per vector along the last axis.
        hidden_weight: (hidden, d). One row per hidden unit, w in the formula.
        hidden_bias: (hidden,). b_i in the formula.
        output_weight: (hidden,). c in the formula, in the unit of y.
        output_bias: (). b in the formula, in the unit of y.
        activation: Elementwise function from arrays to arrays, sigma in the formula.

    Returns:
        (...), one number per example.

    Raises:
        ValueError: The shapes do not match each other.

    Source:
        Cybenko 1989, doi:10.1007/BF02551274, eq. (1), which has no b.
    """
    parameters = (hidden_weight, hidden_bias, output_weight, output_bias)
    shapes = [tuple(parameter.shape) for parameter in parameters]
    hidden = shapes[0][:1]
    wanted = [(*hidden, *x.shape[-1:]), hidden, hidden, ()]
    if len(shapes[0]) != 2 or shapes != wanted or 0 in x.shape or 0 in hidden:
        raise ValueError(
            "for x (..., d) the parameters must have shapes (hidden, d), (hidden,), "
            f"(hidden,) and (), got {', '.join(map(str, shapes))} for x "
            f"{tuple(x.shape)}; another shape would be broadcast, an empty axis holds "
            "nothing"
        )
    z = torch.matmul(x, hidden_weight.T) + hidden_bias  # (..., hidden)
    return torch.matmul(activation(z), output_weight) + output_bias  # (...)


def relu_interpolant(knots: Tensor, values: Tensor) -> tuple:
    r"""Return the network with ReLU units that joins given points by straight lines.

    $$f(x) = y_0 + \sum_{k=0}^{n} (s_{k+1} - s_k) \max(0, x - x_k), \qquad
      s_k = \frac{y_k - y_{k-1}}{x_k - x_{k-1}}, \quad s_0 = s_{n+1} = 0$$

    Args:
        knots: (n + 1,), n >= 1. x_0 to x_n, strictly increasing.
        values: (n + 1,). y_0 to y_n.

    Returns:
        The parameters of one_hidden_layer, of shapes (n + 1, 1), (n + 1,), (n + 1,) and
        (). With ReLU it is f, which is constant outside the knots.

    Raises:
        ValueError: There is not one value per knot, or the knots do not increase or
            are not floating point.

    Source:
        de Boor 2001, A Practical Guide to Splines, chapters III (broken lines) and VIII
        (truncated powers, which are ReLUs).
    """
    rise, run = _segments(knots, values)
    zero = torch.zeros_like(run[:1])
    slopes = torch.cat([zero, rise / run, zero])  # (n + 2,)
    changes = slopes[1:] - slopes[:-1]  # (n + 1,)
    return torch.ones_like(knots).reshape(-1, 1), -knots, changes, values[0]


def hard_sigmoid_interpolant(knots: Tensor, values: Tensor) -> tuple:
    r"""Return the network with hard sigmoids that joins points by straight lines.

    $$f(x) = y_0 + \sum_{k=1}^{n} (y_k - y_{k-1})
      \min\Big(\max\Big(\frac{x - x_{k-1}}{x_k - x_{k-1}}, 0\Big), 1\Big)$$

    Args:
        knots: (n + 1,), n >= 1. x_0 to x_n, strictly increasing.
        values: (n + 1,). y_0 to y_n.

    Returns:
        The parameters of one_hidden_layer, of shapes (n, 1), (n,), (n,) and (). With
        the activation min(max(z, 0), 1) it is f, which is constant outside the knots.

    Raises:
        ValueError: As for relu_interpolant.

    Source:
        Hornik, Stinchcombe & White 1989, doi:10.1016/0893-6080(89)90020-8, section 2:
        the activation, there the ramp function.
    """
    rise, run = _segments(knots, values)
    return (1 / run).reshape(-1, 1), -knots[:-1] / run, rise, values[0]


def _segments(knots: Tensor, values: Tensor) -> tuple:
    if knots.ndim != 1 or knots.shape != values.shape or len(knots) < 2:
        raise ValueError(
            "knots and values must be vectors of one length, at least 2, got shapes "
            f"{tuple(knots.shape)} and {tuple(values.shape)}; pass one value per knot"
        )
    if not knots.is_floating_point():
        raise ValueError(
            f"knots must be floating point, got {knots.dtype}; convert them"
        )
    run = knots[1:] - knots[:-1]
    if not ((run > 0) * (run < float("inf"))).all():
        raise ValueError(
            f"knots must be finite and strictly increasing, got {knots.tolist()}; "
            "sort the points and keep one of those with equal knots"
        )
    return values[1:] - values[:-1], run
