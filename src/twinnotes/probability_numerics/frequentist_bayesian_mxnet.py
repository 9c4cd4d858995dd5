"""Estimates of a probability in MXNet. PyTorch twin: frequentist_bayesian_torch.py."""

import numpy

numpy.bool = numpy.bool_  # MXNet 1.9.1 reads numpy.bool, which NumPy 1.24 removed.
from mxnet import np, npx

npx.set_np()


def _check_positive(a: np.ndarray, b: np.ndarray) -> None:
    """Refuse parameters with which the density has no finite integral."""
    for name, parameter in (("a", a), ("b", b)):
        if not (parameter.min() > 0 and parameter.max() < float("inf")):
            raise ValueError(
                f"{name} must be positive and finite, got entries from "
                f"{parameter.min().item():g} to {parameter.max().item():g}; a = b = 1 "
                "is the uniform distribution"
            )


def _check_numbers(*arrays: np.ndarray) -> None:
    """Refuse arrays that are empty, of whole numbers, or that do not broadcast."""
    for x in arrays:  # MXNet compares whole numbers wrong
        if 0 in x.shape or not numpy.issubdtype(x.dtype, numpy.floating):
            raise ValueError(
                "every argument must hold floating-point numbers, at least one, got "
                f"{numpy.dtype(x.dtype)} of shape {tuple(x.shape)}; convert counts to "
                "float32"
            )
    shapes = [tuple(x.shape) for x in arrays]
    try:
        numpy.broadcast_shapes(*shapes)
    except ValueError:
        got = ", ".join(map(str, shapes))
        raise ValueError(
            f"the arguments must have shapes that broadcast, got {got}; reshape one"
        ) from None


def beta_posterior(
    heads: np.ndarray, tails: np.ndarray, a: np.ndarray, b: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    r"""Update a Beta prior of a coin's probability of heads by the tosses observed.

    $$\mathrm{Beta}(a, b) \to \mathrm{Beta}(a + h, b + t)$$

    Args:
        heads: (...). Number of tosses h that showed heads.
        tails: (...). Number of tosses t that showed tails.
        a: (...). First parameter of the prior, heads imagined before the first toss.
        b: (...). Second parameter of the prior, tails imagined.

    Returns:
        Parameters a + h and b + t of the posterior, (...) each, which can be the prior
        of the next update. The mean a / (a + b) of either is the probability that the
        next toss shows heads.

    Raises:
        ValueError: A count is negative or not whole, or a or b is not positive, or an
            argument is empty or not floating point, or the shapes do not broadcast.

    Source:
        Bishop 2006, Pattern Recognition and Machine Learning, eq. (2.18).
    """
    _check_numbers(heads, tails, a, b)
    for name, count in (("heads", heads), ("tails", tails)):
        if not (count.min() >= 0 and (count - np.floor(count)).max() == 0):
            raise ValueError(
                f"{name} must be whole numbers from 0, got entries from "
                f"{count.min().item():g} to {count.max().item():g}; pass counts, not "
                "shares"
            )
    _check_positive(a, b)
    return a + heads, b + tails


def beta_log_density(theta: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    r"""Compute the logarithm of the density of a Beta distribution.

    $$\log p(\theta) = (a - 1) \log \theta + (b - 1) \log(1 - \theta)
      - \log \frac{\Gamma(a) \Gamma(b)}{\Gamma(a + b)}$$

    Args:
        theta: (...). Probabilities of heads, all strictly between 0 and 1.
        a: (...). First parameter, positive.
        b: (...). Second parameter, positive.

    Returns:
        (...), the three broadcast. If a and b are large, use float64: the last term is
        a small difference of large numbers.

    Raises:
        ValueError: theta is not inside (0, 1), or a or b is not positive, or one is
            empty or not floating point, or the shapes do not broadcast.

    Source:
        Bishop 2006, Pattern Recognition and Machine Learning, eq. (2.13).
    """
    _check_numbers(theta, a, b)
    _check_positive(a, b)
    if not (theta.min() > 0 and theta.max() < 1):
        raise ValueError(
            "theta must lie strictly between 0 and 1, got entries from "
            f"{theta.min().item():g} to {theta.max().item():g}; leave out the ends, "
            "where a logarithm is infinite"
        )
    log_beta = npx.gammaln(a) + npx.gammaln(b) - npx.gammaln(a + b)
    return (a - 1) * np.log(theta) + (b - 1) * np.log1p(-theta) - log_beta


def beta_mode(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    r"""Find the highest point of the density of a Beta distribution.

    $$\hat\theta = \frac{a - 1}{a + b - 2}$$

    Args:
        a: (...). First parameter, at least 1.
        b: (...). Second parameter, at least 1, and not 1 where a is.

    Returns:
        (...). Of a posterior, the MAP estimate; if the prior was uniform, the maximum
        likelihood estimate h / (h + t).

    Raises:
        ValueError: No single theta is the most likely: the density is constant, as
            before any toss, or infinite at an end; or a or b is empty or not floating
            point, or their shapes do not broadcast.

    Source:
        Bishop 2006, Pattern Recognition and Machine Learning, eqs. (2.8) and (B.9).
    """
    _check_numbers(a, b)
    if not (a.min() >= 1 and b.min() >= 1 and (a + b).min() > 2):
        raise ValueError(
            "a and b must be at least 1 and not both 1, or no single theta is the most "
            f"likely; got smallest a {a.min().item():g}, b {b.min().item():g}, a + b "
            f"{(a + b).min().item():g}; toss the coin, or take the mean a / (a + b)"
        )
    return (a - 1) / (a + b - 2)


def beta_quantile(below: float, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    r"""Find the point that has a given probability below it, by bisection.

    $$P(\theta \le x) = \sum_{j=a}^{m} \binom{m}{j} x^j (1 - x)^{m-j}, \qquad
      m = a + b - 1$$

    Args:
        below: Probability below the point, strictly between 0 and 1.
        a: (...). First parameter, a whole number from 0.
        b: (...). Second parameter, a whole number from 0, of the shape of a.

    Returns:
        (...), not differentiable. Within rounding 0 where a = 0, and 1 where b = 0.

    Raises:
        ValueError: below is no probability, a or b is negative or not whole, or both
            are 0, or one is empty or not floating point, or their shapes differ.

    Source:
        Digital Library of Mathematical Functions, eq. 8.17.5.
    """
    _check_numbers(a, b)
    if a.shape != b.shape:
        raise ValueError(
            f"a and b must have one shape, got {tuple(a.shape)} and {tuple(b.shape)}; "
            "repeat the smaller one"
        )
    parameters = np.stack([a, b])  # (2, ...)
    fraction = parameters - np.floor(parameters)
    whole = parameters.min() >= 0 and fraction.max() == 0 and (a + b).min() > 0
    if not (0 < below < 1 and whole):
        raise ValueError(
            "below must lie strictly between 0 and 1, a and b must be whole numbers "
            f"from 0 and not both 0, got {below} and entries from "
            f"{parameters.min().item():g} to {parameters.max().item():g}; for other a "
            "and b sum the density over a grid"
        )
    a, m = np.expand_dims(a, -1), np.expand_dims(a + b - 1, -1)  # (..., 1)
    j = np.arange(int(m.max()) + 1, dtype=a.dtype)  # (k,)
    # Where j exceeds m the last term is -inf, and the probability 0.
    log_choose = npx.gammaln(m + 1) - npx.gammaln(j + 1) - npx.gammaln(m - j + 1)
    low, high = np.zeros_like(m), np.ones_like(m)  # (..., 1)
    for _ in range(50):
        x = (low + high) / 2
        p = np.exp(log_choose + j * np.log(x) + (m - j) * np.log1p(-x))
        short = ((j >= a) * p).sum(axis=-1, keepdims=True) < below  # (..., 1)
        low, high = np.where(short, x, low), np.where(short, high, x)
    return ((low + high) / 2).squeeze(axis=-1)
