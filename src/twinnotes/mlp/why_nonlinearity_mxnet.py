"""Stacks of affine layers in MXNet. PyTorch twin: why_nonlinearity_torch.py."""

from collections.abc import Callable

import numpy

numpy.bool = numpy.bool_  # MXNet 1.9.1 reads numpy.bool, which NumPy 1.24 removed.
from mxnet import np, npx

npx.set_np()


def collapse(weights: list[np.ndarray], biases: list[np.ndarray]) -> tuple:
    r"""Return the one affine layer that computes what a stack of affine layers does.

    $$W = W_L \cdots W_1, \qquad b = \sum_{l=1}^{L} W_L \cdots W_{l+1} b_l$$

    Args:
        weights: L >= 1 matrices, from input to output; (out, in) for each layer, in
            being the out of the layer before.
        biases: L vectors, (out,) for each layer, in the unit of its outputs.

    Returns:
        A weight (last out, first in) and a bias (last out,), dtype of the arguments.
        The rank of the weight is at most the smallest size in the stack.

    Raises:
        ValueError: There is no layer, the lists differ in length, or a shape does not
            fit the layer before.

    Source:
        Goodfellow, Bengio & Courville 2016, Deep Learning, section 6.1, for two layers
        and without biases.
    """
    _check_layers(weights, biases)
    weight, bias = weights[0], biases[0]
    for next_weight, next_bias in zip(weights[1:], biases[1:]):
        weight = np.dot(next_weight, weight)  # (out, first in)
        bias = np.dot(next_weight, bias) + next_bias  # (out,)
    return weight, bias


def feed_forward(
    x: np.ndarray,
    weights: list[np.ndarray],
    biases: list[np.ndarray],
    activation: Callable,
) -> np.ndarray:
    r"""Compute a stack of affine layers with an activation function between them.

    $$h_l = \varphi(W_l h_{l-1} + b_l), \qquad h_0 = x, \qquad
      y = W_L h_{L-1} + b_L$$

    Args:
        x: (..., first in). Floating-point numbers, one example per vector.
        weights: L >= 1 matrices, as for collapse.
        biases: L vectors, as for collapse.
        activation: Function phi of an array that keeps its shape. It is not applied
            after the last layer.

    Returns:
        (..., last out), dtype of the arguments. With one layer, an affine map of x.

    Raises:
        ValueError: As for collapse, or x is empty or does not fit the first layer.

    Source:
        Goodfellow, Bengio & Courville 2016, Deep Learning, section 6.1, for two layers.
    """
    _check_layers(weights, biases, x.shape[-1] if x.ndim else 0)
    if 0 in x.shape:  # MXNet would leave the gradients of the weights unwritten
        raise ValueError(
            f"x must not be empty, got shape {tuple(x.shape)}; pass one example or more"
        )
    for weight, bias in zip(weights[:-1], biases[:-1]):
        x = activation(np.dot(x, weight.T) + bias)  # (..., out)
    return np.dot(x, weights[-1].T) + biases[-1]


def _check_layers(
    weights: list[np.ndarray], biases: list[np.ndarray], size: int | None = None
) -> None:
    if not len(weights) == len(biases) > 0:
        raise ValueError(
            "weights and biases must have the same length, at least 1, got "
            f"{len(weights)} and {len(biases)}; give zeros to a layer without a bias"
        )
    for number, (weight, bias) in enumerate(zip(weights, biases), 1):
        fits = weight.ndim == 2 and size in (None, weight.shape[1])
        fits = fits and 0 not in weight.shape
        if not fits or tuple(bias.shape) != tuple(weight.shape[:1]):
            raise ValueError(
                f"layer {number} must have a weight (out, {size or 'in'}) and a bias "
                f"(out,), got {tuple(weight.shape)} and {tuple(bias.shape)}; list the "
                "layers from input to output, transpose weights stored as (in, out)"
            )
        size = len(weight)
