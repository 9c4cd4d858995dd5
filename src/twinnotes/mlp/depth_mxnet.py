"""Tent networks, deep and shallow, in MXNet. PyTorch twin: depth_torch.py."""

import numpy

numpy.bool = numpy.bool_  # MXNet 1.9.1 reads numpy.bool, which NumPy 1.24 removed.
from mxnet import np, npx

npx.set_np()


def tent_network(x: np.ndarray, depth: int) -> np.ndarray:
    r"""Fold the unit interval again and again, with two ReLU units in each layer.

    $$t(x) = 2 \operatorname{relu}(x) - 4 \operatorname{relu}(x - 1/2), \qquad
      t_k(x) = t(t_{k-1}(x)), \quad t_0(x) = x$$

    Args:
        x: Any shape. Numbers from 0 to 1.
        depth: k >= 0, the number of hidden layers; they have 2 k units together.

    Returns:
        Shape and dtype of x. Numbers from 0 to 1, free of rounding errors. The gradient
        is 2^k or -2^k; at a kink or an end, where there is none, it can also be 0.

    Raises:
        ValueError: depth is negative, x is empty or not floating point, or it leaves
            the interval from 0 to 1.

    Source:
        Telgarsky 2016, arXiv:1602.04485; the map and its compositions.
    """
    _check(x, depth)
    for _ in range(depth):
        x = 2 * npx.relu(x) - 4 * npx.relu(x - 0.5)
    return x


def shallow_tent(x: np.ndarray, depth: int) -> np.ndarray:
    r"""Compute the same function with one hidden layer, one ReLU unit for each piece.

    $$t_k(x) = 2^k \operatorname{relu}(x) + 2^{k+1} \sum_{j=1}^{2^k - 1}
      (-1)^j \operatorname{relu}(x - j / 2^k)$$

    Args:
        x: Any shape. Numbers from 0 to 1.
        depth: k >= 0, the depth of the tent network to copy; there are 2^k units.

    Returns:
        Shape and dtype of x. Terms of both signs and up to 2^(k+1) in size cancel;
        their rounding errors, at most 4^k times the machine epsilon, may stay.

    Raises:
        ValueError: As for tent_network.

    Source:
        The slopes of t_k are 2^k and -2^k in turn, and each unit makes one change.
    """
    _check(x, depth)
    index = np.arange(2**depth, dtype=x.dtype)  # (2^k,)
    change = 2.0 ** (depth + 1) * (1 - 2 * (index % 2))  # of the slope, at each kink
    change[0] /= 2  # from slope 0, not from -2^k
    hidden = npx.relu(np.expand_dims(x, -1) - index / 2**depth)  # (..., 2^k)
    return (change * hidden).sum(axis=-1)


# --8<-- [start:count-linear-pieces]
def count_linear_pieces(x: np.ndarray, y: np.ndarray) -> int:
    r"""Count the linear pieces of a function from its values on a grid.

    $$1 + \#\{ i : s_i \ne s_{i-1} \}, \qquad
      s_i = \frac{y_{i+1} - y_i}{x_{i+1} - x_i}$$

    Args:
        x: (n,). The grid, n >= 2, increasing. Every kink of the function must be one of
            its points: a kink between two of them counts twice.
        y: (n,). The values. The slopes are compared exactly, so choose a grid, such as
            multiples of a power of 2, on which they have no rounding error.

    Returns:
        An integer. What happens between two grid points goes unseen.

    Raises:
        ValueError: x and y are not vectors of one length n >= 2; x does not increase.

    Source:
        A continuous function is linear as long as its slope does not change.
    """
    if x.ndim != 1 or x.shape != y.shape or len(x) < 2:
        raise ValueError(
            "x and y must be vectors of the same length, at least 2, got shapes "
            f"{tuple(x.shape)} and {tuple(y.shape)}; flatten the grid and the values"
        )
    step = x[1:] - x[:-1]  # (n - 1,)
    if not bool((step > 0).all()):
        raise ValueError(
            f"x must increase, got a step of {step.min().item():.4g}; sort the grid "
            "and drop points that occur twice"
        )
    slope = (y[1:] - y[:-1]) / step  # (n - 1,)
    return 1 + int((slope[1:] != slope[:-1]).sum().item())


# --8<-- [end:count-linear-pieces]
def _check(x: np.ndarray, depth: int) -> None:
    if depth < 0:
        raise ValueError(f"depth must be at least 0, got {depth}; 0 leaves x as it is")
    if 0 in x.shape or not numpy.issubdtype(x.dtype, numpy.floating):
        raise ValueError(
            "x must hold floating-point numbers, at least one, got "
            f"{numpy.dtype(x.dtype)} of shape {tuple(x.shape)}; convert it to float32"
        )
    if not bool(((x >= 0) * (x <= 1)).all()):
        raise ValueError(
            "x must be from 0 to 1, where the compositions are tents, got values from "
            f"{x.min().item():.4g} to {x.max().item():.4g}; rescale x"
        )
