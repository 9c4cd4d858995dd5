"""Dense layers in MXNet. PyTorch twin: dense_layers_torch.py."""

import numpy

numpy.bool = numpy.bool_  # MXNet 1.9.1 reads numpy.bool, which NumPy 1.24 removed.
from mxnet import np, npx

npx.set_np()


def dense(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    r"""Compute affine combinations of the entries of every vector along the last axis.

    $$y_i = \sum_j W_{ij} x_j + b_i$$

    Args:
        x: (..., d). Floating-point numbers, one example per vector.
        weight: (out, d). One row of factors per output, W in the formula.
        bias: (out,). One summand per output, in the unit of the outputs.

    Returns:
        (..., out), dtype of the arguments.

    Raises:
        ValueError: x or weight is empty, weight is not a matrix, the last axis of x
            does not match its columns, or bias does not match its rows.

    Source:
        Goodfellow, Bengio & Courville 2016, Deep Learning, algorithm 6.3, one layer
        before its activation function.
    """
    _check_features(x, weight)
    if tuple(bias.shape) != tuple(weight.shape[:1]):
        raise ValueError(
            f"bias must have shape ({len(weight)},), one entry per row of weight, got "
            f"{tuple(bias.shape)}; another shape would be broadcast"
        )
    return np.dot(x, weight.T) + bias  # (..., out)


def dense_vjp(x: np.ndarray, weight: np.ndarray, cotangent: np.ndarray) -> tuple:
    r"""Return the gradients with respect to the three arguments of dense.

    $$\bar X = G W, \qquad \bar W = G^\top X, \qquad \bar b = G^\top 1$$

    Args:
        x: (..., d). Input of the layer; its vectors are the rows of X.
        weight: (out, d). Weight of the layer.
        cotangent: (..., out). Gradient of the loss with respect to the output of the
            layer; its vectors are the rows of G.

    Returns:
        Gradients of the loss with respect to x, weight and bias, of their shapes. Those
        of weight and bias are sums over all examples.

    Raises:
        ValueError: x and weight do not match or have an empty axis, or cotangent has
            another shape than the output of the layer.

    Source:
        Goodfellow, Bengio & Courville 2016, Deep Learning, algorithm 6.4 without
        regularization. The algorithm has one example, this has any number.
    """
    _check_features(x, weight)
    out, d = weight.shape
    if tuple(cotangent.shape) != (*x.shape[:-1], out):
        raise ValueError(
            f"cotangent must have the shape of the output, {(*x.shape[:-1], out)}, "
            f"got {tuple(cotangent.shape)}; it has one number per output"
        )
    rows = cotangent.reshape(-1, out)  # (n, out)
    return (
        np.dot(cotangent, weight),  # (..., d)
        np.dot(rows.T, x.reshape(-1, d)),  # (out, d)
        rows.sum(axis=0),  # (out,)
    )


def _check_features(x: np.ndarray, weight: np.ndarray) -> None:
    empty = 0 in x.shape + weight.shape
    if weight.ndim != 2 or x.ndim < 1 or x.shape[-1] != weight.shape[1] or empty:
        raise ValueError(
            "x must have shape (..., d) and weight (out, d), got "
            f"{tuple(x.shape)} and {tuple(weight.shape)}; reshape x so that the last "
            "axis holds all inputs, or transpose a weight stored as (d, out), and "
            "leave no axis empty"
        )
