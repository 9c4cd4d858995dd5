"""Stable formulas in MXNet. PyTorch twin: floating_point_torch.py."""

import numpy

numpy.bool = numpy.bool_  # MXNet 1.9.1 reads numpy.bool, which NumPy 1.24 removed.
from mxnet import np, npx

npx.set_np()


def log_sum_exp(x: np.ndarray, axis: int = -1) -> np.ndarray:
    r"""Compute the logarithm of a sum of exponentials that may leave the range.

    $$\log \sum_i e^{x_i} = c + \log \sum_i e^{x_i - c}, \qquad c = \max_i x_i$$

    Args:
        x: (..., n, ...). Logarithms of the summands, floating point; -inf stands for 0.
        axis: The axis of length n >= 1 to sum over.

    Returns:
        Shape of x without axis, dtype of x. Where the largest entry is -inf, inf or
        nan, that entry, with gradient 0.

    Raises:
        ValueError: x does not hold floating-point numbers, has no such axis, or has an
            empty axis.

    Source:
        Blanchard, Higham & Higham 2021, IMA J. Numer. Anal. 41(4), arXiv:1909.03469,
        the shifted formula. The paper has no infinite entries.
    """
    largest = _largest(x, axis)  # (..., 1, ...)
    finite = np.isfinite(largest)  # (..., 1, ...)
    # inf - inf is nan, also in the gradient of the branch not taken.
    safe = np.where(finite, x, np.zeros_like(x))  # (..., n, ...)
    total = np.exp(safe - largest).sum(axis=axis, keepdims=True)  # (..., 1, ...)
    return np.where(finite, largest + np.log(total), largest).squeeze(axis)


def softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    r"""Turn scores into probabilities, the gradient of their log-sum-exp.

    $$p_i = \frac{e^{x_i - c}}{\sum_j e^{x_j - c}}, \qquad c = \max_j x_j$$

    Args:
        x: (..., n, ...). Scores, floating point; -inf gets probability 0.
        axis: The axis of length n >= 1 along which the probabilities sum to 1.

    Returns:
        Shape and dtype of x. nan along axis where the largest score is not finite.

    Raises:
        ValueError: x does not hold floating-point numbers, has no such axis, or has an
            empty axis.

    Source:
        Blanchard, Higham & Higham 2021, IMA J. Numer. Anal. 41(4), arXiv:1909.03469,
        the shifted formula.
    """
    numerator = np.exp(x - _largest(x, axis))  # (..., n, ...), the largest is 1
    return numerator / numerator.sum(axis=axis, keepdims=True)


def log_sigmoid(x: np.ndarray) -> np.ndarray:
    r"""Compute the logarithm of the logistic function, element by element.

    $$\log \frac{1}{1 + e^{-x}} = \min(x, 0) - \log(1 + e^{-|x|})$$

    Args:
        x: Any shape. Log-odds, floating point.

    Returns:
        Shape and dtype of x. Close to x for very negative x, close to 0 from below for
        large x.

    Raises:
        ValueError: x does not hold floating-point numbers.

    Source:
        Mächler 2012, Accurately computing log(1 - exp(-|a|)), vignette of the R package
        Rmpfr, on log(1 + exp(x)). The note has no gradient.
    """
    _require_floating_point(x)
    negative = x < 0
    # Not abs and minimum: at 0 their slopes would not add up to 1/2.
    magnitude = np.where(negative, -x, x)
    # Not 0.0: beside a number, np.where gives x the gradient of the other branch.
    below_zero = np.where(negative, x, np.zeros_like(x))
    return below_zero - np.log1p(np.exp(-magnitude))


def _require_floating_point(x: np.ndarray) -> None:
    if not numpy.issubdtype(x.dtype, numpy.floating):
        raise ValueError(
            f"x must hold floating-point numbers, got {numpy.dtype(x.dtype)}; "
            "convert it to float32"
        )


def _largest(x: np.ndarray, axis: int) -> np.ndarray:
    _require_floating_point(x)
    if not -x.ndim <= axis < x.ndim or 0 in x.shape:
        raise ValueError(
            f"x must have an axis {axis} and no empty axis, got shape "
            f"{tuple(x.shape)}; leave out empty sums"
        )
    # A constant: the shift cancels, so its gradient does too.
    return x.max(axis=axis, keepdims=True).detach()
