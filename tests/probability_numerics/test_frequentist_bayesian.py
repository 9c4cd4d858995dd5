"""Both twins against sums over tosses and integrals over theta, written in NumPy."""

import math
import re

import numpy as np
import pytest

from frameworks import assert_matches

UNIFORM, WEAK, SKEWED = (1.0, 1.0), (2.0, 2.0), (3.0, 1.0)
GRID = (np.arange(20_000) + 0.5) / 20_000


def log_density(theta, a, b):
    lgamma = np.vectorize(math.lgamma)
    constant = lgamma(a + b) - lgamma(a) - lgamma(b)
    return (a - 1) * np.log(theta) + (b - 1) * np.log(1 - theta) + constant


def probability(low, high, a, b):
    """Integrate a Beta density of whole a, b; 100 nodes are exact to degree 199."""
    nodes, weights = np.polynomial.legendre.leggauss(100)
    theta = low + (high - low) * (nodes + 1) / 2
    density = theta ** (a - 1) * (1 - theta) ** (b - 1)
    norm = math.factorial(a + b - 1) / math.factorial(a - 1) / math.factorial(b - 1)
    return norm * (high - low) / 2 * (weights @ density)


def binomial(n, theta):
    """P(H = h | theta) for h = 0 ... n, along a new last axis."""
    h, choose = np.arange(n + 1), [math.comb(n, k) for k in range(n + 1)]
    theta = np.asarray(theta)[..., None]
    return choose * theta**h * (1 - theta) ** (n - h)


def quantile(framework, concept, below, a, b):
    a, b = (
        framework.array(np.asarray(x, np.float64)) for x in np.broadcast_arrays(a, b)
    )
    return framework.numpy(concept.beta_quantile(below, a, b))


def posterior(framework, concept, heads, tails, prior):
    arrays = [np.asarray(x, np.float64) for x in (heads, tails, *prior)]
    a, b = concept.beta_posterior(*map(framework.array, arrays))
    return framework.numpy(a), framework.numpy(b)


def density(framework, concept, theta, a, b):
    arrays = [framework.array(np.asarray(x, np.float64)) for x in (theta, a, b)]
    return np.exp(framework.numpy(concept.beta_log_density(*arrays)))


def slope(framework, concept, theta, a, b):
    """Derivative of the log density at one theta."""
    a, b = framework.array(np.array(a)), framework.array(np.array(b))
    _, (grad,) = framework.vjp(
        lambda theta: concept.beta_log_density(theta, a, b),
        [np.array(theta)],
        np.array(1.0),
    )
    return grad


@pytest.mark.parametrize("shape", [(), (1,), (4,), (2, 3)], ids=str)
def test_values_and_gradients(concept, framework, rng, shape):
    theta = np.array(rng.uniform(0.05, 0.95, shape))
    a, b = (np.array(rng.uniform(1.1, 5, shape)) for _ in "ab")
    heads, tails = (np.array(rng.integers(0, 9, shape), np.float64) for _ in "ht")
    assert_matches(framework, concept.beta_log_density, log_density, theta, a, b)
    assert_matches(
        framework, concept.beta_mode, lambda a, b: (a - 1) / (a + b - 2), a, b
    )

    def product(*arguments):
        one, other = concept.beta_posterior(*arguments)
        return one * other

    def reference(h, t, a, b):
        return np.array((h + a) * (t + b))

    assert_matches(framework, product, reference, heads, tails, a, b)


@pytest.mark.equation("beta-density")
@pytest.mark.parametrize(("a", "b"), [(0.5, 0.5), (1, 1), (2, 2), (1, 20), (7.5, 3)])
def test_density(concept, framework, a, b):
    values = density(framework, concept, GRID, a, b)
    gamma = math.gamma(a + b) / (math.gamma(a) * math.gamma(b))
    formula = gamma * GRID ** (a - 1) * (1 - GRID) ** (b - 1)
    np.testing.assert_allclose(values, formula, rtol=1e-12)
    # A power -1/2 at each end costs the midpoint rule 0.2 percent.
    np.testing.assert_allclose(values.mean(), 1, rtol=5e-3 if a < 1 else 1e-6)


@pytest.mark.equation("bernoulli-likelihood")
@pytest.mark.equation("beta-posterior")
@pytest.mark.parametrize("prior", [UNIFORM, WEAK, SKEWED], ids=str)
@pytest.mark.parametrize("tosses", ["", "H", "HHH", "THHTHHH"])
def test_posterior_is_prior_times_likelihood(concept, framework, prior, tosses):
    h, t = tosses.count("H"), tosses.count("T")
    likelihood = np.ones_like(GRID)
    for toss in tosses:
        likelihood *= GRID if toss == "H" else 1 - GRID
    np.testing.assert_allclose(likelihood, GRID**h * (1 - GRID) ** t, rtol=1e-12)
    product = np.exp(log_density(GRID, *prior)) * likelihood
    values = density(
        framework, concept, GRID, *posterior(framework, concept, h, t, prior)
    )
    np.testing.assert_allclose(values, product / product.mean(), rtol=1e-6)


def test_tosses_may_come_in_pieces(concept, framework):
    at_once = posterior(framework, concept, 5, 2, WEAK)
    in_pieces = posterior(framework, concept, 1, 2, WEAK)
    in_pieces = posterior(framework, concept, 4, 0, in_pieces)
    assert at_once == in_pieces == (7, 4)


@pytest.mark.equation("posterior-mean")
@pytest.mark.parametrize("prior", [UNIFORM, WEAK, SKEWED, (0.5, 4.0)], ids=str)
@pytest.mark.parametrize(("h", "t"), [(3, 0), (0, 1), (4, 6)])
def test_posterior_mean_lies_between(concept, framework, prior, h, t):
    a, b = posterior(framework, concept, h, t, prior)
    # Integrals of theta times density by the transform theta = sin(u)^2.
    u = GRID * np.pi / 2
    theta = np.sin(u) ** 2
    weights = np.exp(log_density(theta, *prior)) * theta**h * (1 - theta) ** t
    weights *= np.sin(u) * np.cos(u)
    np.testing.assert_allclose(
        a / (a + b), (weights @ theta) / weights.sum(), rtol=1e-6
    )
    weight = sum(prior) / (sum(prior) + h + t)
    shrunken = weight * prior[0] / sum(prior) + (1 - weight) * h / (h + t)
    np.testing.assert_allclose(a / (a + b), shrunken, rtol=1e-12)


@pytest.mark.equation("bernoulli-mle")
@pytest.mark.equation("map-estimate")
@pytest.mark.parametrize("prior", [UNIFORM, WEAK, SKEWED, (1.5, 8.0)], ids=str)
@pytest.mark.parametrize(("h", "t"), [(3, 0), (0, 3), (14, 6)])
def test_mode_is_the_highest_point(concept, framework, prior, h, t):
    a, b = posterior(framework, concept, h, t, prior)
    mode = framework.numpy(concept.beta_mode(framework.array(a), framework.array(b)))
    theta = np.linspace(0, 1, 20_001)
    posteriors = theta ** (prior[0] + h - 1) * (1 - theta) ** (prior[1] + t - 1)
    np.testing.assert_allclose(mode, theta[posteriors.argmax()], atol=5e-5)
    if prior == UNIFORM:
        likelihood = theta**h * (1 - theta) ** t
        np.testing.assert_allclose(mode, theta[likelihood.argmax()], atol=5e-5)
        np.testing.assert_allclose(mode, h / (h + t), rtol=1e-12)


@pytest.mark.equation("log-posterior-gradient")
@pytest.mark.equation("posterior-curvature")
@pytest.mark.parametrize(("h", "t"), [(3, 0), (14, 6), (0, 0)])
def test_slope_and_curvature(concept, framework, h, t):
    a, b = posterior(framework, concept, h, t, WEAK)
    mode = (2 + h - 1) / (2 + 2 + h + t - 2)
    np.testing.assert_allclose(slope(framework, concept, mode, a, b), 0, atol=1e-12)
    for theta in (0.1, 0.5, 0.99):
        formula = (2 + h - 1) / theta - (2 + t - 1) / (1 - theta)
        np.testing.assert_allclose(
            slope(framework, concept, theta, a, b), formula, rtol=1e-12, atol=1e-12
        )
    step = 1e-5
    above, below = (slope(framework, concept, mode + s, a, b) for s in (step, -step))
    curvature = -(above - below) / (2 * step)
    formula = (2 + 2 + h + t - 2) / (mode * (1 - mode))
    np.testing.assert_allclose(curvature, formula, rtol=1e-6)


@pytest.mark.equation("beta-binomial-tail")
@pytest.mark.parametrize("below", [0.001, 0.025, 0.5, 0.9])
def test_quantile_has_its_probability_below(concept, framework, below):
    a, b = np.array([[1, 2, 5], [1, 40, 3]]), np.array([[1, 7, 1], [30, 50, 3]])
    points = quantile(framework, concept, below, a, b)
    assert points.shape == a.shape
    for x, i, k in zip(points.flat, a.flat, b.flat, strict=True):
        np.testing.assert_allclose(probability(0, x, i, k), below, rtol=1e-9)
        tail = binomial(i + k - 1, x)[i:].sum()
        np.testing.assert_allclose(tail, below, rtol=1e-9)


@pytest.mark.equation("credible-interval")
@pytest.mark.parametrize("prior", [UNIFORM, WEAK, (1.0, 20.0)], ids=str)
def test_credible_interval(concept, framework, prior):
    for h, t in ((3, 0), (0, 5), (14, 6)):
        a, b = posterior(framework, concept, h, t, prior)
        low, high = (quantile(framework, concept, q, a, b) for q in (0.025, 0.975))
        inside = probability(low, high, int(a), int(b))
        np.testing.assert_allclose(inside, 0.95, rtol=1e-9)


def confidence_intervals(framework, concept, n, level=0.95):
    """Ends of the Clopper-Pearson interval for h = 0 ... n."""
    h = np.arange(n + 1)
    low = quantile(framework, concept, (1 - level) / 2, h, n - h + 1)
    return low, quantile(framework, concept, (1 + level) / 2, h + 1, n - h)


@pytest.mark.equation("clopper-pearson")
@pytest.mark.parametrize("n", [1, 3, 20])
def test_ends_put_the_data_into_a_tail(concept, framework, n):
    low, high = confidence_intervals(framework, concept, n)
    at_least = binomial(n, low)[:, ::-1].cumsum(axis=1)[:, ::-1].diagonal()
    at_most = binomial(n, high).cumsum(axis=1).diagonal()
    np.testing.assert_allclose(at_least[1:], 0.025, rtol=1e-9)
    np.testing.assert_allclose(at_most[:-1], 0.025, rtol=1e-9)
    np.testing.assert_allclose([low[0], high[-1]], [0, 1], atol=1e-14)


@pytest.mark.equation("confidence-coverage")
@pytest.mark.parametrize("level", [0.5, 0.95])
@pytest.mark.parametrize("n", [1, 3, 20])
def test_confidence_intervals_cover_every_theta(concept, framework, n, level):
    low, high = confidence_intervals(framework, concept, n, level)
    theta = GRID[::20, None]
    coverage = (binomial(n, GRID[::20]) * ((low <= theta) & (theta <= high))).sum(1)
    assert coverage.min() >= level
    for seed in range(5):
        truth = np.random.default_rng(seed).uniform()
        data = np.random.default_rng(seed).binomial(n, truth, 20_000)
        share = ((low <= truth) & (truth <= high))[data].mean()
        exact = binomial(n, truth) @ ((low <= truth) & (truth <= high))
        assert abs(share - exact) <= 5 * math.sqrt(exact * (1 - exact) / 20_000) + 1e-9


@pytest.mark.equation("average-coverage")
@pytest.mark.parametrize("prior", [UNIFORM, (2.0, 5.0)], ids=str)
def test_credible_intervals_cover_on_average_over_their_prior(
    concept, framework, prior
):
    h, theta = np.arange(11), GRID[:, None]
    a, b = posterior(framework, concept, h, 10 - h, prior)
    low, high = (quantile(framework, concept, q, a, b) for q in (0.025, 0.975))
    coverage = (binomial(10, GRID) * ((low <= theta) & (theta <= high))).sum(1)
    weights = np.exp(log_density(GRID, *prior))
    np.testing.assert_allclose((weights * coverage).mean(), 0.95, atol=5e-4)
    assert coverage.min() < 0.9  # not for every theta


def test_large_counts(concept, framework):
    a, b = np.array(600_001.0), np.array(400_001.0)
    value = math.log(density(framework, concept, np.array(0.6), a, b))
    np.testing.assert_allclose(value, log_density(0.6, a, b), rtol=1e-7)
    a, b = np.array(1201.0), np.array(801.0)  # far too many tosses for factorials
    low = quantile(framework, concept, 0.025, a, b)
    nodes, weights = np.polynomial.legendre.leggauss(100)
    theta = 0.5 + (low - 0.5) * (nodes + 1) / 2  # below 0.5 there is 1e-19
    below = (low - 0.5) / 2 * (weights @ np.exp(log_density(theta, a, b)))
    np.testing.assert_allclose(below, 0.025, rtol=1e-8)


def test_float32_stays_float32(concept, framework):
    a, b = (framework.array(np.array(x, np.float32)) for x in ([15, 4], [7, 1]))
    low = framework.numpy(concept.beta_quantile(0.025, a, b))
    assert low.dtype == np.float32
    exact = quantile(framework, concept, 0.025, [15, 4], [7, 1])
    np.testing.assert_allclose(low, exact, rtol=1e-5)


@pytest.mark.parametrize("shape", [(1,), (3, 1), (1, 2)], ids=str)
def test_quantile_keeps_the_shape(concept, framework, shape):
    ones = np.ones(shape)  # uniform
    points = quantile(framework, concept, 0.3, ones, ones)
    assert points.shape == shape
    np.testing.assert_allclose(points, 0.3 * ones, rtol=1e-12)


def test_edges(concept, framework):
    assert posterior(framework, concept, 0, 0, (0.5, 3.0)) == (0.5, 3.0)
    # Fifty times halved, [0, 1] has length 2**-50; the point is in the middle.
    ends = quantile(framework, concept, 0.3, [0, 4], [2, 0])
    np.testing.assert_array_equal(ends, [2.0**-51, 1 - 2.0**-51])
    for a, b in ((0, 1), (1, 0)):  # the smallest that are allowed
        np.testing.assert_allclose(
            quantile(framework, concept, 0.3, a, b), a, atol=1e-14
        )
    one = framework.array(np.array(1.0))
    two = framework.array(np.array(2.0))
    assert framework.numpy(concept.beta_mode(one, two)) == 0
    assert framework.numpy(concept.beta_mode(two, one)) == 1


@pytest.mark.parametrize("bad", [-1.0, 0.5, np.nan, np.inf, [2.0, -3.0]], ids=str)
@pytest.mark.parametrize("name", ["heads", "tails"])
def test_rejects_counts(concept, framework, name, bad):
    one = framework.array(np.array(1.0))
    counts = {"heads": one, "tails": one, name: framework.array(np.array(bad))}
    with pytest.raises(
        ValueError, match=rf"{name} must be whole numbers .* got .*pass"
    ):
        concept.beta_posterior(**counts, a=one, b=one)


@pytest.mark.parametrize("bad", [0.0, -0.5, np.nan, np.inf, [1.0, 0.0]], ids=str)
@pytest.mark.parametrize("name", ["a", "b"])
def test_rejects_parameters(concept, framework, name, bad):
    one, half = (framework.array(np.array(x)) for x in (1.0, 0.5))
    wrong = {"a": one, "b": one, name: framework.array(np.array(bad))}
    with pytest.raises(ValueError, match=rf"{name} must be positive .* got .*uniform"):
        concept.beta_posterior(one, one, **wrong)
    with pytest.raises(ValueError, match=rf"{name} must be positive .* got .*uniform"):
        concept.beta_log_density(half, **wrong)


@pytest.mark.parametrize("bad", [0.0, 1.0, -0.1, np.nan, [0.5, 2.0]], ids=str)
def test_rejects_theta(concept, framework, bad):
    one = framework.array(np.array(1.0))
    with pytest.raises(ValueError, match=r"theta must lie strictly .* got .*leave out"):
        concept.beta_log_density(framework.array(np.array(bad)), one, one)


@pytest.mark.parametrize(
    ("a", "b"), [(1.0, 1.0), (0.5, 3.0), (3.0, 0.5), ([2.0, 1.0], [1.0, 1.0])], ids=str
)
def test_without_a_single_highest_point(concept, framework, a, b):
    a, b = framework.array(np.array(a)), framework.array(np.array(b))
    with pytest.raises(ValueError, match=r"no single theta .* got smallest .*toss"):
        concept.beta_mode(a, b)


@pytest.mark.parametrize(
    ("below", "a", "b"),
    [
        *((below, 1.0, 1.0) for below in (0.0, 1.0, -0.5, np.nan)),
        *((0.5, a, 1.0) for a in (-1.0, 0.5, np.nan)),
        *((0.5, 1.0, b) for b in (-1.0, 1.5)),
        (0.5, 0.0, 0.0),
    ],
)
def test_rejects_quantiles(concept, framework, below, a, b):
    with pytest.raises(ValueError, match=r"below must lie .* got .*over a grid"):
        quantile(framework, concept, below, a, b)


ARGUMENTS = {
    "beta_posterior": (3.0, 4.0, 1.0, 1.0),
    "beta_log_density": (0.5, 2.0, 2.0),
    "beta_mode": (2.0, 2.0),
    "beta_quantile": (2.0, 2.0),
}


@pytest.mark.parametrize("bad", [np.ones((0,)), np.ones(1, np.int32)], ids=repr)
@pytest.mark.parametrize(
    ("name", "position"),
    [(name, i) for name, given in ARGUMENTS.items() for i in range(len(given))],
)
def test_rejects_no_numbers_and_integers(concept, framework, name, position, bad):
    arrays = [framework.array(np.array([x])) for x in ARGUMENTS[name]]
    arrays[position] = framework.array(bad)
    first = [0.5] if name == "beta_quantile" else []
    rule = (
        rf"every argument must hold floating.* got .*{bad.dtype} of shape \({len(bad)}"
    )
    with pytest.raises(ValueError, match=rule):
        getattr(concept, name)(*first, *arrays)


@pytest.mark.parametrize(
    ("name", "position"),
    [
        (name, i)
        for name, given in ARGUMENTS.items()
        for i in range(len(given))
        if name != "beta_quantile"  # its shapes must be equal
    ],
)
def test_rejects_shapes_that_do_not_broadcast(concept, framework, name, position):
    shapes = [(2,)] * len(ARGUMENTS[name])
    shapes[position] = (3,)
    arrays = [
        framework.array(np.full(shape, x))
        for shape, x in zip(shapes, ARGUMENTS[name], strict=True)
    ]
    got = ", ".join(map(str, shapes))
    with pytest.raises(ValueError, match=re.escape(f"broadcast, got {got}; reshape")):
        getattr(concept, name)(*arrays)


@pytest.mark.parametrize(("a", "b"), [((), (1,)), ((2,), (1,)), ((2, 1), (2,))])
def test_rejects_quantiles_of_two_shapes(concept, framework, a, b):
    a, b = framework.array(np.ones(a)), framework.array(np.ones(b))
    with pytest.raises(
        ValueError, match=r"a and b must have one shape, got \(.* and \("
    ):
        concept.beta_quantile(0.5, a, b)
