"""Multilayer perceptron in MXNet. PyTorch twin: mlp_torch.py."""

from itertools import pairwise

import numpy

numpy.bool = numpy.bool_  # MXNet 1.9.1 reads numpy.bool, which NumPy 1.24 removed.
from mxnet import np, npx

npx.set_np()


def parameter_count(sizes: list[int]) -> int:
    r"""Count the weights and biases of a multilayer perceptron.

    $$N = \sum_{l=1}^{L} n_l (n_{l-1} + 1)$$

    Args:
        sizes: Units per layer from the n_0 inputs to the n_L outputs: [784, 256, 10].

    Returns:
        How many numbers training may change.

    Raises:
        ValueError: sizes has fewer than two entries, or one below 1.

    Source:
        Goodfellow, Bengio & Courville 2016, Deep Learning, algorithm 6.3.
    """
    _check_sizes(sizes)
    return sum(n * (d + 1) for d, n in pairwise(sizes))


def initial_weights(sizes: list[int], seed: int) -> tuple[list, list]:
    r"""Draw weights that keep the size of the values from layer to layer; biases are 0.

    $$\operatorname{Var}(W_l) = \frac{2}{n_{l-1}}, \qquad b_l = 0$$

    Args:
        sizes: Units per layer from the n_0 inputs to the n_L outputs: [784, 256, 10].
        seed: Seed of NumPy's generator, so that both frameworks get the same numbers.
            Take another one than for the data: the same would repeat their numbers.

    Returns:
        Weights (n_l, n_{l-1}) and biases (n_l,), one of each per layer, in float32.

    Raises:
        ValueError: sizes has fewer than two entries, or one below 1.

    Source:
        He, Zhang, Ren & Sun 2015, arXiv:1502.01852, eq. (10), normal distribution.
    """
    _check_sizes(sizes)
    rng = numpy.random.default_rng(seed)
    weights, biases = [], []
    for d, n in pairwise(sizes):
        weight = rng.normal(0, (2 / d) ** 0.5, (n, d))
        weights.append(np.array(weight, dtype="float32"))
        biases.append(np.zeros(n))
    return weights, biases


def mlp(x: np.ndarray, weights: list, biases: list) -> np.ndarray:
    r"""Compute a chain of dense layers with ReLU between them.

    $$h_0 = x, \qquad h_l = \max(0, W_l h_{l-1} + b_l), \qquad
      f(x) = W_L h_{L-1} + b_L$$

    Args:
        x: (..., n_0). One example per vector along the last axis.
        weights: L arrays (n_l, n_{l-1}), from the first layer to the last, L >= 1.
        biases: L arrays (n_l,).

    Returns:
        (..., n_L), dtype of the arguments: predictions or logits, of any sign.

    Raises:
        ValueError: There are not as many biases as weights, or none, x or a layer is
            empty, or a layer does not fit what the one before returns.

    Source:
        Goodfellow, Bengio & Courville 2016, Deep Learning, algorithm 6.3 with ReLU, and
        none after the last layer.
    """
    if len(weights) != len(biases) or not weights:
        raise ValueError(
            "a multilayer perceptron has one weight and one bias per layer, got "
            f"{len(weights)} and {len(biases)}; for a layer without bias pass zeros"
        )
    if 0 in x.shape:
        raise ValueError(
            f"x must not be empty, got shape {tuple(x.shape)}; pass one example or more"
        )
    for i, (weight, bias) in enumerate(zip(weights, biases)):
        wanted = (*bias.shape, *x.shape[-1:])
        if x.ndim < 1 or bias.ndim != 1 or weight.shape != wanted or 0 in wanted:
            raise ValueError(
                f"layer {i + 1} of x {tuple(x.shape)} needs a bias (out,) and a weight "
                f"(out, inputs of x), got {tuple(bias.shape)} and "
                f"{tuple(weight.shape)}; transpose a weight stored as (in, out)"
            )
        if i > 0:
            # A branch, not a maximum: the derivative at 0 is 0 in both frameworks.
            x = np.where(x <= 0, np.zeros_like(x), x)
        x = np.dot(x, weight.T) + bias  # (..., n_l)
    return x


def _check_sizes(sizes: list[int]) -> None:
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError(
            "sizes must list the units of at least two layers, each 1 or more, got "
            f"{list(sizes)}; start with the inputs and end with the outputs"
        )
