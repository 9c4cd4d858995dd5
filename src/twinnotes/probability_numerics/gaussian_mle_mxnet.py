"""Gaussian maximum likelihood in MXNet. PyTorch twin: gaussian_mle_torch.py."""

import math

import numpy

numpy.bool = numpy.bool_  # MXNet 1.9.1 reads numpy.bool, which NumPy 1.24 removed.
from mxnet import np, npx

npx.set_np()


def _residual(prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Subtract target from prediction, refusing to broadcast one to the other."""
    if tuple(prediction.shape) != tuple(target.shape):
        raise ValueError(
            "prediction and target must have one shape, or each prediction meets the "
            f"targets of other examples; got {tuple(prediction.shape)} and "
            f"{tuple(target.shape)}; reshape one of them"
        )
    if not numpy.issubdtype(prediction.dtype, numpy.floating):
        raise ValueError(
            f"prediction must be floating point, got {numpy.dtype(prediction.dtype)}; "
            "convert it"
        )
    return prediction - target


def _check_spread(name: str, spread: np.ndarray, shape: tuple[int, ...]) -> None:
    """Refuse a variance or scale that is not positive or does not fit the examples."""
    if 0 in shape:
        raise ValueError(f"there must be an example, got shape {shape}; leave out none")
    if tuple(spread.shape) not in ((), shape):
        raise ValueError(
            f"{name} must be of shape () or {shape}, got {tuple(spread.shape)}; give "
            "one number, or one for each example"
        )
    if not spread.min() > 0:
        raise ValueError(
            f"{name} must be positive, got {spread.min().item()}; to train it, train "
            "its logarithm"
        )


def _check_independent(gram: np.ndarray, n: int) -> None:
    """Refuse X^T X if X, with n rows, has columns that rounding leaves dependent."""
    length = np.sqrt(np.diagonal(gram))  # (d,)
    cosines = gram / np.outer(length, length)  # (d, d), nan for a column of zeros
    # A sum of n products is off by n eps, the singular values of d columns by d n eps.
    limit = n * len(gram) * numpy.finfo(cosines.dtype).eps
    finite = bool(np.isfinite(cosines).all())
    if not finite or not np.linalg.svd(cosines)[1][-1] > limit:
        raise ValueError(
            "columns of features must be finite and linearly independent, got a "
            f"product {tuple(gram.shape)} of features and features that rounding "
            "cannot tell from a singular one; drop a column that others determine"
        )


def squared_error(prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
    r"""Compute half the squared error of every example.

    $$\ell_i = \tfrac12 (\hat y_i - y_i)^2$$

    Args:
        prediction: (...). One number per example.
        target: Shape of prediction. What was observed, in the same unit.

    Returns:
        Shape of prediction, in the unit of the target squared.

    Raises:
        ValueError: The shapes differ, or prediction is not floating point.

    Source:
        Bishop 2006, Pattern Recognition and Machine Learning, eq. (1.2), one summand.
    """
    return _residual(prediction, target) ** 2 / 2


def gaussian_nll(
    prediction: np.ndarray, target: np.ndarray, variance: np.ndarray
) -> np.ndarray:
    r"""Compute the negative log-likelihood of every example under Gaussian noise.

    $$-\log p(y_i) = \tfrac12 \Big(\log(2 \pi \sigma^2)
      + \frac{(\hat y_i - y_i)^2}{\sigma^2}\Big)$$

    Args:
        prediction: (...). Mean of the distribution of each target.
        target: Shape of prediction. What was observed, in the same unit.
        variance: () or the shape of prediction, its dtype. Unit of the target squared.

    Returns:
        Shape of prediction, in nats. Negative where the density is above 1.

    Raises:
        ValueError: The shapes do not fit or are empty, a variance is not positive, or
            prediction is not floating point.

    Source:
        Bishop 2006, Pattern Recognition and Machine Learning, eq. (1.62), one summand.
    """
    residual = _residual(prediction, target)
    _check_spread("variance", variance, tuple(target.shape))
    return (np.log(2 * math.pi * variance) + residual**2 / variance) / 2


def laplace_nll(
    prediction: np.ndarray, target: np.ndarray, scale: np.ndarray
) -> np.ndarray:
    r"""Compute the negative log-likelihood of every example under Laplace noise.

    $$-\log p(y_i) = \log(2 b) + \frac{|\hat y_i - y_i|}{b}$$

    Args:
        prediction: (...). Median of the distribution of each target.
        target: Shape of prediction. What was observed, in the same unit.
        scale: () or the shape of prediction, its dtype. Expected absolute residual b.

    Returns:
        Shape of prediction, in nats. Negative where the density is above 1.

    Raises:
        ValueError: The shapes do not fit or are empty, a scale is not positive, or
            prediction is not floating point.

    Source:
        Boyd & Vandenberghe 2004, Convex Optimization, section 7.1.1, Laplacian noise.
    """
    residual = _residual(prediction, target)
    _check_spread("scale", scale, tuple(target.shape))
    return np.log(2 * scale) + np.abs(residual) / scale


def gaussian_mle(
    features: np.ndarray, target: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    r"""Fit a linear model with Gaussian noise by maximum likelihood.

    $$X^\top X \hat w = X^\top y, \qquad
      \hat\sigma^2 = \frac1n \sum_i (x_i^\top \hat w - y_i)^2$$

    Args:
        features: (n, d). One example per row, columns linearly independent, n >= d.
        target: (n,). What was observed.

    Returns:
        Weights (d,) and noise variance (), in the unit of the target squared. The
        variance divides by n: it is too small, on average by the factor (n - d) / n.

    Raises:
        ValueError: The shapes do not fit, or there are fewer examples than weights, or
            the columns are not finite, or dependent as far as rounding lets one see.

    Source:
        Bishop 2006, Pattern Recognition and Machine Learning, section 3.1.1.
    """
    n, d = features.shape if features.ndim == 2 else (0, 1)
    if n < d or d < 1 or tuple(target.shape) != (n,):
        raise ValueError(
            "features must have shape (n, d), n >= d >= 1, and target shape (n,), got "
            f"{tuple(features.shape)} and {tuple(target.shape)}; flatten the target "
            "or drop features"
        )
    gram = features.T @ features  # (d, d)
    _check_independent(gram, n)
    # A matrix on the right: MXNet cannot differentiate solve with a vector there.
    moments = features.T @ target.reshape(n, 1)  # (d, 1)
    weights = np.linalg.solve(gram, moments).reshape(d)  # (d,)
    return weights, 2 * squared_error(features @ weights, target).mean()
