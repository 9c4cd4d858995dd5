"""Both gaussian_mle twins against densities, lstsq and grids, written in NumPy."""

from contextlib import nullcontext

import numpy as np
import pytest

from frameworks import assert_matches, numeric_vjp


def normal_density(y, mean, variance):
    return np.exp(-((y - mean) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)


def laplace_density(y, median, scale):
    return np.exp(-np.abs(y - median) / scale) / (2 * scale)


DENSITIES = {"gaussian_nll": normal_density, "laplace_nll": laplace_density}


def fit(features, target):
    """Weights and variance by the pseudoinverse."""
    weights = np.linalg.pinv(features) @ target
    return weights, np.mean((target - features @ weights) ** 2)


def call(framework, function, *arrays):
    """Values of a framework's function, as NumPy arrays."""
    values = function(*map(framework.array, arrays))
    if isinstance(values, tuple):
        return [framework.numpy(value) for value in values]
    return framework.numpy(values)


@pytest.mark.equation("half-squared-error")
@pytest.mark.parametrize("shape", [(), (1,), (5,), (3, 2)], ids=str)
def test_squared_error(concept, framework, rng, shape):
    prediction, target = (np.array(a) for a in rng.standard_normal((2, *shape)))
    assert_matches(
        framework,
        concept.squared_error,
        lambda p, t: np.array(0.5 * p**2 - p * t + 0.5 * t**2),
        prediction,
        target,
    )
    ones = np.ones(shape)
    _, grads = framework.vjp(concept.squared_error, [prediction, target], ones)
    np.testing.assert_allclose(grads[0], prediction - target, rtol=1e-12)


@pytest.mark.equation("gaussian-noise-density")
@pytest.mark.equation("laplace-noise-density")
@pytest.mark.parametrize("each", [False, True], ids=["one spread", "a spread each"])
@pytest.mark.parametrize("shape", [(), (1,), (4,), (2, 3)], ids=str)
@pytest.mark.parametrize("name", DENSITIES)
def test_nll_is_minus_the_log_of_the_density(
    concept, framework, rng, name, shape, each
):
    prediction, target = (np.array(a) for a in rng.standard_normal((2, *shape)))
    spread = np.array(rng.uniform(0.5, 2, shape if each else ()))
    assert_matches(
        framework,
        getattr(concept, name),
        lambda p, t, s: -np.log(DENSITIES[name](t, p, s)),
        prediction,
        target,
        spread,
    )


@pytest.mark.equation("gaussian-noise-density")
@pytest.mark.equation("laplace-noise-density")
@pytest.mark.parametrize(
    ("name", "spread", "variance"),
    [("gaussian_nll", 0.3, 0.3), ("laplace_nll", 0.4, 2 * 0.4**2)],
)
def test_density_integrates_to_one(concept, framework, name, spread, variance):
    y = np.linspace(-8, 10, 180_001)
    step = y[1] - y[0]
    nll = call(
        framework, getattr(concept, name), np.full_like(y, 1.0), y, np.array(spread)
    )
    density = np.exp(-nll)
    np.testing.assert_allclose(density.sum() * step, 1, rtol=1e-6)
    np.testing.assert_allclose((y * density).sum() * step, 1, rtol=1e-6)
    np.testing.assert_allclose(
        ((y - 1) ** 2 * density).sum() * step, variance, rtol=1e-6
    )


@pytest.mark.equation("iid-likelihood")
@pytest.mark.equation("mean-squared-error")
@pytest.mark.equation("gaussian-nll")
@pytest.mark.equation("laplace-nll")
def test_sum_is_the_product_of_the_densities(concept, framework, rng):
    prediction, target = rng.standard_normal((2, 7))
    residual, variance, scale, n = target - prediction, 0.7, 1.3, 7
    mse = (2 / n) * call(framework, concept.squared_error, prediction, target).sum()
    np.testing.assert_allclose(mse, residual @ residual / n, rtol=1e-12)

    total = call(
        framework, concept.gaussian_nll, prediction, target, np.array(variance)
    ).sum()
    product = np.prod(normal_density(target, prediction, variance))
    np.testing.assert_allclose(np.exp(-total), product, rtol=1e-12)
    formula = n / 2 * np.log(2 * np.pi * variance) + n / (2 * variance) * mse
    np.testing.assert_allclose(total, formula, rtol=1e-12)

    total = call(
        framework, concept.laplace_nll, prediction, target, np.array(scale)
    ).sum()
    product = np.prod(laplace_density(target, prediction, scale))
    np.testing.assert_allclose(np.exp(-total), product, rtol=1e-12)
    formula = n * np.log(2 * scale) + np.abs(residual).sum() / scale
    np.testing.assert_allclose(total, formula, rtol=1e-12)


@pytest.mark.equation("gaussian-nll-gradient")
@pytest.mark.parametrize("variance", [0.25, 1.0, 9.0])
def test_gradient_in_the_weights(concept, framework, rng, variance):
    features, target = rng.standard_normal((6, 2)), rng.standard_normal(6)
    weights, one = rng.standard_normal(2), np.array(1.0)

    def nll(w):
        x, y, v = map(framework.array, (features, target, one * variance))
        return concept.gaussian_nll(x @ w, y, v).sum()

    def mse(w):
        return np.mean((features @ w - target) ** 2)

    _, (grad,) = framework.vjp(nll, [weights], one)
    (grad_mse,) = numeric_vjp(mse, [weights], one)
    np.testing.assert_allclose(grad, 6 / (2 * variance) * grad_mse, rtol=1e-6)
    _, (grad,) = framework.vjp(nll, [fit(features, target)[0]], one)
    np.testing.assert_allclose(grad, 0, atol=1e-12 / variance)


@pytest.mark.parametrize("shape", [(3, 3), (6, 1), (8, 3)], ids=str)
def test_fit_and_its_gradient(concept, framework, rng, shape):
    features, target = rng.standard_normal(shape), rng.standard_normal(shape[0])
    for i in range(2):
        assert_matches(
            framework,
            lambda x, y, i=i: concept.gaussian_mle(x, y)[i],
            lambda x, y, i=i: fit(x, y)[i],
            features,
            target,
        )


@pytest.mark.equation("normal-equations")
def test_no_other_weights_are_likelier(concept, framework, rng):
    features, target = rng.standard_normal((9, 3)), rng.standard_normal(9)
    weights, variance = call(framework, concept.gaussian_mle, features, target)
    np.testing.assert_allclose(
        features.T @ features @ weights, features.T @ target, rtol=1e-10
    )

    def nll(weights, variance):
        prediction = features @ weights
        args = (prediction, target, np.array(variance))
        return call(framework, concept.gaussian_nll, *args).sum()

    least = nll(weights, variance)
    for move in rng.standard_normal((20, 3)):
        assert nll(weights + 0.1 * move, variance) > least
        assert nll(weights + 0.1 * move, 5.0) > nll(weights, 5.0)


@pytest.mark.equation("variance-mle")
@pytest.mark.equation("laplace-scale-mle")
@pytest.mark.parametrize(("name", "power"), [("gaussian_nll", 2), ("laplace_nll", 1)])
def test_best_spread_is_the_mean_power(concept, framework, rng, name, power):
    prediction, target = rng.standard_normal((2, 9))
    best = np.mean(np.abs(target - prediction) ** power)

    def nll(spread):
        p, t = framework.array(prediction), framework.array(target)
        return getattr(concept, name)(p, t, spread).sum()

    values = []
    for spread in best * np.array([0.5, 0.9, 1.0, 1.1, 3.0]):
        value, (slope,) = framework.vjp(nll, [np.array(spread)], np.array(1.0))
        formula = 9 / (power * spread**2) * (spread - best)
        np.testing.assert_allclose(slope, formula, rtol=1e-12, atol=1e-12)
        values.append(value)
    assert np.argmin(values) == 2


@pytest.mark.equation("mean-and-median")
@pytest.mark.parametrize("n", [1, 4, 7])
def test_best_constants(concept, framework, rng, n):
    target = rng.exponential(size=n)
    c = np.sort(np.append(np.linspace(-1, 6, 1401), [target.mean(), *target]))
    predictions = np.repeat(c[:, None], n, axis=1)
    targets = np.repeat(target[None], len(c), axis=0)
    one = np.array(1.0)
    gaussian = call(framework, concept.gaussian_nll, predictions, targets, one)
    laplace = call(framework, concept.laplace_nll, predictions, targets, one)

    assert c[gaussian.sum(axis=1).argmin()] == target.mean()
    sums = laplace.sum(axis=1)
    best = c[sums <= sums.min() + 1e-9]  # with n even an interval
    lower, upper = np.sort(target)[[(n - 1) // 2, n // 2]]
    assert (best.min(), best.max()) == (lower, upper)


@pytest.mark.equation("broadcast-squared-error")
def test_what_broadcasting_would_minimize(framework, rng):
    prediction, target = rng.standard_normal((2, 6))
    p, t = framework.array(prediction[:, None]), framework.array(target)
    pairs = framework.numpy((p - t) ** 2)

    assert pairs.shape == (6, 6)
    mean = target.mean()
    formula = np.mean((prediction - mean) ** 2) + np.mean((target - mean) ** 2)
    np.testing.assert_allclose(pairs.mean(), formula, rtol=1e-12)


def test_float32_survives_what_the_product_does_not(concept, framework, rng):
    target = rng.standard_normal(2000).astype(np.float32)
    prediction, variance = np.zeros_like(target), np.array(1.0, np.float32)
    nll = call(framework, concept.gaussian_nll, prediction, target, variance)

    assert nll.dtype == np.float32
    assert np.prod(normal_density(target.astype(np.float64), 0, 1)) == 0
    expected = 1000 * np.log(2 * np.pi) + (target.astype(np.float64) ** 2).sum() / 2
    np.testing.assert_allclose(nll.sum(dtype=np.float64), expected, rtol=1e-6)


def test_as_many_weights_as_examples_leave_no_variance(concept, framework, rng):
    features, target = rng.standard_normal((3, 3)), rng.standard_normal(3)
    _, variance = call(framework, concept.gaussian_mle, features, target)
    assert 0 <= variance < 1e-20


@pytest.mark.parametrize("name", ["squared_error", *DENSITIES])
@pytest.mark.parametrize(
    "shapes", [((4,), (4, 1)), ((4, 1), (4,)), ((), (1,)), ((2, 3), (6,))], ids=str
)
def test_rejects_what_would_be_broadcast(concept, framework, name, shapes):
    arrays = [framework.array(np.zeros(shape)) for shape in shapes]
    spread = [framework.array(np.array(1.0))] if name in DENSITIES else []
    with pytest.raises(ValueError, match=r"prediction and target .* got \(.*reshape"):
        getattr(concept, name)(*arrays, *spread)


NO_FIT = r"of shape \(\) or \(3,\), got \({}\); give"
NOT_POSITIVE = "positive, got {}; to train it"


@pytest.mark.parametrize("name", DENSITIES)
@pytest.mark.parametrize(
    ("spread", "message"),
    [
        (0.0, NOT_POSITIVE.format("0.0")),
        (-1.0, NOT_POSITIVE.format("-1.0")),
        (np.nan, NOT_POSITIVE.format("nan")),
        ([1.0, 0.0, 1.0], NOT_POSITIVE.format("0.0")),
        ([1.0], NO_FIT.format("1,")),
        ([], NO_FIT.format("0,")),
        ([[1.0], [1.0], [1.0]], NO_FIT.format("3, 1")),
    ],
    ids=["zero", "negative", "nan", "one zero", "one", "none", "column"],
)
def test_rejects_spreads(concept, framework, name, spread, message):
    word = {"gaussian_nll": "variance", "laplace_nll": "scale"}[name]
    zeros = framework.array(np.zeros(3))
    with pytest.raises(ValueError, match=f"{word} must be {message}"):
        getattr(concept, name)(zeros, zeros, framework.array(np.array(spread)))


@pytest.mark.parametrize(
    ("features", "target"),
    [
        ((4, 2), (4, 1)),
        ((4, 2), (3,)),
        ((4,), (4,)),
        ((1,), (1,)),
        ((2, 3), (2,)),
        ((0, 1), (0,)),
        ((4, 0), (4,)),
    ],
)
def test_rejects_what_is_not_a_least_squares_problem(
    concept, framework, features, target
):
    arrays = [framework.array(np.ones(shape)) for shape in (features, target)]
    with pytest.raises(ValueError, match=r"features must have shape .* got \("):
        concept.gaussian_mle(*arrays)


@pytest.mark.parametrize("name", ["squared_error", *DENSITIES])
def test_rejects_integers(concept, framework, name):
    ones = framework.array(np.array([1, 2], np.int32))
    spread = [framework.array(np.array(1.0))] if name in DENSITIES else []
    with pytest.raises(
        ValueError, match=r"prediction must be floating .* got \S*int32"
    ):
        getattr(concept, name)(ones, ones, *spread)


@pytest.mark.parametrize("shape", [(0,), (2, 0)], ids=str)
@pytest.mark.parametrize("name", DENSITIES)
def test_rejects_no_examples(concept, framework, name, shape):
    none, one = framework.array(np.zeros(shape)), framework.array(np.array(1.0))
    with pytest.raises(ValueError, match=r"must be an example, got shape \(.*0"):
        getattr(concept, name)(none, none, one)


DEPENDENT = r"independent, got a product \(\d, \d\) of .* singular one; drop a column"


@pytest.mark.parametrize(
    "features",
    [
        [[1.0, 0.0], [2.0, 0.0], [3.0, 0.0]],
        [[1.0, np.inf], [2.0, 1.0], [3.0, 0.0]],
        [[1.0, np.nan], [2.0, 1.0], [3.0, 0.0]],
        # LU meets a pivot that is 0 in one framework and a rounding in the other.
        [[2.0, -2.0, -3.25], [0.0, 0.625, -1.375], [0.0, 0.0, 0.0]],
    ],
    ids=["zeros", "inf", "nan", "rank 2"],
)
def test_columns_that_depend_on_one_another_are_refused(concept, framework, features):
    features = np.array(features)
    with pytest.raises(ValueError, match=DEPENDENT):
        concept.gaussian_mle(*map(framework.array, (features, np.ones(3))))


@pytest.mark.parametrize(
    ("n", "d", "eigenvalue", "accepted"),
    [
        (2, 2, 2, False),
        (2, 2, 6, True),
        (4, 2, 6, False),
        (4, 2, 11, True),
        (4, 3, 10, False),
        (4, 3, 15, True),
    ],
)
def test_rounding_of_n_products_in_d_columns_is_allowed_for(
    concept, framework, n, d, eigenvalue, accepted
):
    # The cosine of (1, 0) and (1, s) is 1 - s^2 / 2, the smallest eigenvalue s^2 / 2.
    s = np.sqrt(2 * eigenvalue * np.finfo("float64").eps)
    features = np.zeros((n, d))
    features[:, :2][:2] = [[1, 1], [0, s]]
    features[2:, 2:] = np.eye(n - 2, d - 2)
    expected = nullcontext() if accepted else pytest.raises(ValueError, match=DEPENDENT)
    with expected:
        concept.gaussian_mle(*map(framework.array, (features, np.ones(n))))


def test_columns_may_have_any_units(concept, framework):
    features = np.array([[1e9, 1e-9], [1e9, -1e-9], [0, 1e-9]])
    target = np.array([3.0, 1.0, 1.0])
    weights, _ = concept.gaussian_mle(*map(framework.array, (features, target)))
    np.testing.assert_allclose(framework.numpy(weights), [2e-9, 1e9], rtol=1e-12)
