"""Safe spellings in PyTorch. MXNet twin: traps_mxnet.py."""

import torch
from torch import Tensor


def standard_deviation(x: Tensor, axis: int) -> Tensor:
    r"""Take the root of the mean squared deviation along an axis.

    $$\sigma = \sqrt{\frac1n \sum_i (x_i - \mu)^2}$$

    Args:
        x: (..., n, ...). Floating point.
        axis: The axis of length n >= 1.

    Returns:
        x without that axis, in the unit of x; gradient 0 where all x_i are equal.

    Raises:
        ValueError: x does not hold floating-point numbers, has no such axis, or has an
            empty axis.

    Source:
        Pearson 1894, doi:10.1098/rsta.1894.0003, who named it.
    """
    if not x.is_floating_point():
        raise ValueError(
            f"x must hold floating-point numbers, got {x.dtype}; convert it"
        )
    if not -x.ndim <= axis < x.ndim or 0 in x.shape:
        raise ValueError(
            f"x must have an axis {axis} and no empty axis, got shape "
            f"{tuple(x.shape)}; name the axis of the numbers"
        )
    variance = ((x - x.mean(dim=axis, keepdim=True)) ** 2).mean(dim=axis)
    # The root of 0 has slope inf, and 0 * inf is nan: take the root of 1 there.
    root = torch.sqrt(torch.where(variance > 0, variance, torch.ones_like(variance)))
    return torch.where(variance > 0, root, torch.zeros_like(root))


def binary_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    r"""Compute the cross-entropy of sigmoid probabilities; its slope is right at 0 too.

    $$\ell = \log(1 + e^x) - z x, \qquad \frac{d\ell}{dx} = \frac{1}{1 + e^{-x}} - z$$

    Args:
        logits: Any shape, x in the formula.
        labels: Same shape, z in [0, 1]: the probability of class 1.

    Returns:
        Shape of logits, in nats.

    Raises:
        ValueError: The shapes differ or have an empty axis, a label lies outside
            [0, 1], or the logits are no floating-point numbers.

    Source:
        Goodfellow, Bengio & Courville 2016, Deep Learning, section 6.2.2.2.
    """
    if logits.shape != labels.shape or 0 in labels.shape:
        shapes = f"{tuple(labels.shape)} and {tuple(logits.shape)}"
        raise ValueError(f"labels and logits must agree, got {shapes}; reshape one")
    if not logits.is_floating_point():
        raise ValueError(
            f"logits must be floating point, got {logits.dtype}; convert it"
        )
    if not bool(((labels >= 0) * (labels <= 1)).all()):
        got = f"{labels.min().item()} to {labels.max().item()}"
        raise ValueError(f"labels must lie in [0, 1], got {got}; divide or clean them")
    # max(x, 0) and -|x|, which every framework differentiates at 0 in its own way.
    positive = torch.where(logits > 0, logits, torch.zeros_like(logits))
    exponent = torch.where(logits > 0, -logits, logits)  # never above 0
    return positive + torch.log1p(torch.exp(exponent)) - labels * logits


def select(condition: Tensor, x: Tensor, other: float) -> Tensor:
    r"""Keep x where the condition holds, put a number elsewhere.

    $$s_i = x_i \text{ if } c_i \text{ else } a$$

    Args:
        condition: Shape of x, boolean.
        x: Any shape. The gradient passes where the condition holds, and only there.
        other: The number a.

    Returns:
        Shape and dtype of x.

    Raises:
        ValueError: condition is not boolean or differs from x in shape.

    Source:
        apache/mxnet issue 17893: the wrong gradient that this spelling avoids.
    """
    if "bool" not in str(condition.dtype) or condition.shape != x.shape:
        got = f"{condition.dtype} {tuple(condition.shape)}; compare, as in x > 0"
        raise ValueError(f"condition must be boolean {tuple(x.shape)}, got {got}")
    return torch.where(condition, x, torch.full_like(x, other))


def sample_without_replacement(rng, n: int, k: int) -> Tensor:
    r"""Draw k of the numbers 0 to n - 1, each at most once, in random order.

    $$P(s_j = i) = \frac1n$$

    Args:
        rng: A numpy.random.Generator, the same for both frameworks.
        n: How many numbers there are.
        k: How many are drawn.

    Returns:
        (k,), int64.

    Raises:
        ValueError: k is not in 0..n.

    Source:
        Knuth, The Art of Computer Programming 2, section 3.4.2: shuffling.
    """
    if not 0 <= k <= n:
        raise ValueError(f"k must be in 0..{n}, got {k}; draw with replacement instead")
    return torch.tensor(rng.permutation(n)[:k])
