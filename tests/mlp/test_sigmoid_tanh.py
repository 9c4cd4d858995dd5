"""Sigmoid, tanh and hard sigmoid twins against formulas written in NumPy."""

import numpy as np
import pytest

from frameworks import assert_matches

INF = float("inf")
each_shape = pytest.mark.parametrize("shape", [(), (5,), (3, 4), (2, 1, 3)], ids=str)
each_function = pytest.mark.parametrize("name", ["sigmoid", "tanh", "hard_sigmoid"])
SLOPES = [1 / 6, 0.2, 1 / 4, 3.0]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def tanh(x):
    return (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))


def hard_sigmoid(x, slope):
    return np.piecewise(
        x,
        [x <= -0.5 / slope, x >= 0.5 / slope],
        [0, 1, lambda inside: slope * inside + 0.5],
    )


def compute(framework, function, *arrays, **options):
    return framework.numpy(function(*map(framework.array, arrays), **options))


def derivative(framework, function, x):
    return framework.vjp(function, [x], np.ones_like(x))[1][0]


@pytest.mark.equation("sigmoid-definition")
@each_shape
def test_sigmoid(concept, framework, rng, shape):
    x = np.asarray(4 * rng.standard_normal(shape))

    assert_matches(framework, concept.sigmoid, sigmoid, x)
    np.testing.assert_allclose(
        compute(framework, concept.sigmoid, x), np.exp(x) / (1 + np.exp(x)), rtol=1e-14
    )


@pytest.mark.equation("tanh-from-sigmoid")
@each_shape
def test_tanh(concept, framework, rng, shape):
    x = np.asarray(2 * rng.standard_normal(shape))

    assert_matches(framework, concept.tanh, tanh, x)
    by_sigmoid = 2 * compute(framework, concept.sigmoid, 2 * x) - 1
    np.testing.assert_allclose(by_sigmoid, tanh(x), rtol=1e-13, atol=1e-15)


@pytest.mark.equation("hard-sigmoid-definition")
@each_shape
@pytest.mark.parametrize("slope", SLOPES)
def test_hard_sigmoid(concept, framework, rng, shape, slope):
    x = np.asarray(rng.standard_normal(shape) / slope)

    assert_matches(
        framework,
        lambda x: concept.hard_sigmoid(x, slope),
        lambda x: hard_sigmoid(x, slope),
        x,
    )


def test_hard_sigmoid_defaults_to_one_sixth(concept, framework):
    x = np.array([-4.0, -3.0, 0.0, 2.0, 3.0, 4.0])
    y = compute(framework, concept.hard_sigmoid, x)

    np.testing.assert_allclose(y, [0, 0, 1 / 2, 5 / 6, 1, 1], rtol=1e-15)


@pytest.mark.parametrize("slope", SLOPES)
def test_hard_sigmoid_keeps_its_slope_at_the_kinks(concept, framework, slope):
    x = np.array([-0.5, -0.5000001, 0.5, 0.5000001]) / slope
    grad = derivative(framework, lambda x: concept.hard_sigmoid(x, slope), x)

    np.testing.assert_allclose(grad, [slope, 0, slope, 0], rtol=1e-12)


@pytest.mark.equation("sigmoid-symmetry")
def test_symmetry(concept, framework, rng):
    x = 5 * rng.standard_normal(20)
    both = [compute(framework, concept.sigmoid, side) for side in (x, -x)]

    np.testing.assert_allclose(both[1], 1 - both[0], rtol=1e-10)


@pytest.mark.equation("sigmoid-derivative")
def test_sigmoid_slope_peaks_at_one_quarter(concept, framework):
    x = np.linspace(-10, 10, 2001)
    grad = derivative(framework, concept.sigmoid, x)

    s = sigmoid(x)
    np.testing.assert_allclose(grad, s * (1 - s), rtol=1e-11)
    assert x[grad.argmax()] == pytest.approx(0, abs=1e-12)
    assert grad.max() == pytest.approx(1 / 4, abs=1e-15)


@pytest.mark.equation("tanh-derivative")
def test_tanh_slope_peaks_at_one(concept, framework):
    x = np.linspace(-5, 5, 2001)
    grad = derivative(framework, concept.tanh, x)

    np.testing.assert_allclose(grad, 1 / np.cosh(x) ** 2, rtol=1e-10)
    np.testing.assert_allclose(grad, 1 - tanh(x) ** 2, atol=1e-14)
    assert x[grad.argmax()] == pytest.approx(0, abs=1e-12)
    assert grad.max() == pytest.approx(1, abs=1e-15)


@pytest.mark.equation("sigmoid-log-odds")
def test_log_odds_undo_the_sigmoid(concept, framework, rng):
    x = 3 * rng.standard_normal(20)
    p = compute(framework, concept.sigmoid, x)

    np.testing.assert_allclose(np.log(p / (1 - p)), x, rtol=1e-10)
    odds = np.array([1 / 9, 1 / 3, 1, 3, 9])
    p = compute(framework, concept.sigmoid, np.log(odds))
    np.testing.assert_allclose(p, odds / (1 + odds), rtol=1e-14)


@pytest.mark.equation("scaled-sigmoid")
@pytest.mark.equation("scaled-sigmoid-range")
@pytest.mark.parametrize("c", [2.0, -2.0, 0.5])
def test_scaled_sigmoid(concept, framework, c):
    b, w = 1.5, -3.0
    x = np.linspace(-8, 8, 101)
    y = c * compute(framework, concept.sigmoid, b + w * x)

    assert min(0, c) < y.min() < y.max() < max(0, c)
    np.testing.assert_allclose([y[0] / c, y[-1] / c], [1, 0], atol=1e-9)
    middle = np.array([-b / w])
    half, (slope,) = framework.vjp(
        lambda x: c * concept.sigmoid(b + w * x), [middle], np.ones(1)
    )
    np.testing.assert_allclose([half, slope], [[c / 2], [c * w / 4]], rtol=1e-14)


@pytest.mark.equation("sigmoid-gaussian-classes")
def test_classes_of_equal_covariance(concept, framework, rng):
    means, prior = rng.standard_normal((2, 3)), 0.3
    root = rng.standard_normal((3, 3))
    covariance = root @ root.T + np.eye(3)
    x = 2 * rng.standard_normal((10, 3))

    def joint(mean, probability):
        difference = x - mean
        distance = np.einsum(
            "ni,ij,nj->n", difference, np.linalg.inv(covariance), difference
        )
        scale = np.sqrt(np.linalg.det(2 * np.pi * covariance))
        return probability * np.exp(-distance / 2) / scale

    ones, zeros = joint(means[1], prior), joint(means[0], 1 - prior)
    w = np.linalg.solve(covariance, means[1] - means[0])
    b = np.log(prior / (1 - prior)) - w @ (means[0] + means[1]) / 2
    p = compute(framework, concept.sigmoid, x @ w + b)
    np.testing.assert_allclose(p, ones / (ones + zeros), rtol=1e-10)


@pytest.mark.equation("tanh-expm1")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_tanh_has_relative_precision_near_zero(concept, framework, dtype):
    size = np.logspace(-30, 1, 200).astype(dtype)
    for x in (size, -size):
        y, (grad,) = framework.vjp(concept.tanh, [x], np.ones_like(x))
        assert y.dtype == dtype
        exact = np.tanh(x.astype(np.longdouble))  # an independent library
        error = np.abs(y / exact - 1).max()
        assert error < 4 * np.finfo(dtype).eps
        np.testing.assert_allclose(
            grad, 1 - exact**2, atol=4 * np.finfo(dtype).eps, rtol=0
        )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sigmoid_has_relative_precision_in_both_tails(concept, framework, dtype):
    x = np.concatenate([np.linspace(-80, 80, 161), [-1e-9, 0.0, -0.0, 1e-9]])
    x = x.astype(dtype)
    y, (grad,) = framework.vjp(concept.sigmoid, [x], np.ones_like(x))

    wide = x.astype(np.longdouble)
    tail = np.exp(-np.abs(wide))
    rtol = 8 * np.finfo(dtype).eps
    np.testing.assert_allclose(y, sigmoid(wide), rtol=rtol)
    np.testing.assert_allclose(grad, tail / (1 + tail) ** 2, rtol=rtol)


@pytest.mark.equation("sigmoid-definition")
def test_sigmoid_takes_the_exponential_of_minus_the_magnitude(concept, framework, rng):
    x = rng.uniform(0, 2, 300)
    exp = framework.module.exp if framework.name == "torch" else framework.module.np.exp
    z = compute(framework, exp, -x)

    np.testing.assert_array_equal(compute(framework, concept.sigmoid, x), 1 / (1 + z))
    np.testing.assert_array_equal(compute(framework, concept.sigmoid, -x), z / (1 + z))


def test_tanh_is_odd_without_error(concept, framework, rng):
    x = np.append(rng.uniform(0, 2, 300), 0)
    y, (grad,) = framework.vjp(concept.tanh, [x], np.ones_like(x))
    mirrored, (mirrored_grad,) = framework.vjp(concept.tanh, [-x], np.ones_like(x))

    np.testing.assert_array_equal(mirrored, -y)
    np.testing.assert_array_equal(mirrored_grad, grad)
    assert not np.signbit(y).any() and np.signbit(mirrored).all()  # -0 keeps its sign


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_large_inputs_saturate_without_nan(concept, framework, dtype):
    x = np.array([-INF, -1e4, -1000, 1000, 1e4, INF], dtype)
    cases = {
        "sigmoid": [0, 0, 0, 1, 1, 1],
        "tanh": [-1, -1, -1, 1, 1, 1],
        "hard_sigmoid": [0, 0, 0, 1, 1, 1],
    }
    for name, wanted in cases.items():
        y, (grad,) = framework.vjp(getattr(concept, name), [x], np.ones_like(x))
        assert y.dtype == dtype
        np.testing.assert_array_equal(y, wanted, err_msg=name)
        np.testing.assert_array_equal(grad, np.zeros(6), err_msg=name)


def test_float32_attains_the_endpoints(concept, framework):
    x = np.array([20.0, -200.0])
    narrow = compute(framework, concept.sigmoid, x.astype(np.float32))
    wide = compute(framework, concept.sigmoid, x)

    np.testing.assert_array_equal(narrow, [1, 0])
    assert 0 < wide[1] < wide[0] < 1


@each_function
def test_nan_and_empty(concept, framework, name):
    function = getattr(concept, name)

    assert np.isnan(compute(framework, function, np.array([np.nan]))).all()
    assert compute(framework, function, np.zeros((0, 3))).shape == (0, 3)


@each_function
@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_rejects_integers(concept, framework, name, dtype):
    with pytest.raises(
        ValueError, match=r"x must hold floating-point numbers, got .*int.*float32"
    ):
        getattr(concept, name)(framework.array(np.ones(3, dtype)))


@pytest.mark.parametrize("slope", [0.0, -0.2, INF, float("nan")])
def test_rejects_slopes_that_are_not_positive(concept, framework, slope):
    with pytest.raises(
        ValueError, match=r"slope must be positive and finite, got .*; try 1/6"
    ):
        concept.hard_sigmoid(framework.array(np.ones(3)), slope)


@pytest.mark.parametrize(
    ("slope", "gap"), [(1 / 6, 0.0692), (0.2, 0.0759), (1 / 4, 0.1192)]
)
def test_largest_gap_to_the_sigmoid(concept, framework, slope, gap):
    x = np.linspace(-10, 10, 20001)
    hard = compute(framework, lambda x: concept.hard_sigmoid(x, slope), x)

    # Where the slopes agree, or at the kink.
    s = (1 + np.sqrt(1 - 4 * slope)) / 2
    inside = s - slope * np.log(s / (1 - s)) - 0.5
    outside = 1 - sigmoid(0.5 / slope)
    assert max(inside, outside) == pytest.approx(gap, abs=5e-5)
    largest = np.abs(sigmoid(x) - hard).max()
    assert largest == pytest.approx(max(inside, outside), abs=1e-6)


@pytest.mark.equation("hard-sigmoid-pieces")
def test_hard_sigmoids_add_up_to_a_piecewise_linear_curve(concept, framework, rng):
    knots = np.array([-2.0, -1.5, 0.0, 0.25, 3.0])
    values = rng.standard_normal(5)
    x = np.linspace(-4, 5, 91)
    total = values[0]
    for left, right, step in zip(knots, knots[1:], np.diff(values), strict=False):
        along = (x - left) / (right - left) - 0.5
        piece = compute(framework, lambda z: concept.hard_sigmoid(z, 1.0), along)
        total = total + step * piece

    np.testing.assert_allclose(total, np.interp(x, knots, values), atol=1e-14)
