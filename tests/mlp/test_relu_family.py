"""Both relu_family twins against the definitions, written once more in NumPy."""

import numpy as np
import pytest

from frameworks import assert_matches

INF = float("inf")
each_shape = pytest.mark.parametrize("shape", [(), (5,), (3, 4), (2, 3, 4)], ids=str)


def relu(x):
    return np.maximum(x, 0)


def leaky_relu(x, slope=0.01):
    return np.maximum(x, 0) + slope * np.minimum(x, 0)


def softplus(x):
    return np.logaddexp(0, x)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def compute(framework, function, *arrays, **options):
    return framework.numpy(function(*map(framework.array, arrays), **options))


def derivative(framework, function, x):
    x = np.asarray(x)
    return framework.vjp(function, [x], np.ones_like(x))[1][0]


@pytest.mark.equation("relu-definition")
@each_shape
def test_relu(concept, framework, rng, shape):
    x = np.asarray(rng.standard_normal(shape))

    assert_matches(framework, concept.relu, relu, x)


@pytest.mark.equation("relu-derivative")
def test_derivative_of_relu(concept, framework):
    x = np.array([-INF, -2, -1e-300, -0.0, 0.0, 1e-300, 3, INF])
    value, (grad,) = framework.vjp(concept.relu, [x], np.ones(8))

    np.testing.assert_array_equal(value, [0, 0, 0, 0, 0, 1e-300, 3, INF])
    np.testing.assert_array_equal(grad, [0, 0, 0, 0, 0, 1, 1, 1])


@pytest.mark.equation("relu-unit")
def test_a_unit_is_zero_on_one_side_of_its_kink(concept, framework, rng):
    def unit(x, weight, bias, scale):
        return scale * concept.relu(bias + weight * x)

    def reference(x, weight, bias, scale):
        kink = -bias / weight
        active = x > kink if weight > 0 else x < kink
        return np.where(active, scale * weight * (x - kink), 0)

    for weight, bias, scale in rng.standard_normal((10, 3)):
        x = rng.standard_normal(6) - bias / weight
        one = np.ones(1)
        assert_matches(
            framework, unit, reference, x, weight * one, bias * one, scale * one
        )


@pytest.mark.equation("leaky-relu-definition")
@pytest.mark.parametrize("slope", [0.01, 0.1, -0.5, 1.0, 2.0])
@each_shape
def test_leaky_relu(concept, framework, rng, shape, slope):
    x = np.asarray(rng.standard_normal(shape))

    assert_matches(
        framework,
        lambda x: concept.leaky_relu(x, slope),
        lambda x: leaky_relu(x, slope),
        x,
    )


def test_leaky_relu_at_zero_and_at_infinity(concept, framework):
    x = np.array([-INF, -2, 0, 3, INF])
    value, (grad,) = framework.vjp(concept.leaky_relu, [x], np.ones(5))

    np.testing.assert_array_equal(value, [-INF, -0.02, 0, 3, INF])
    np.testing.assert_array_equal(grad, [0.01, 0.01, 0.01, 1, 1])


@pytest.mark.equation("leaky-relu-definition")
@pytest.mark.equation("prelu-slope-gradient")
@pytest.mark.parametrize("number", [1, 4])
@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 3, 4)], ids=str)
def test_prelu(concept, framework, rng, shape, number):
    x, slope = rng.standard_normal(shape), rng.standard_normal(number)

    assert_matches(framework, concept.prelu, leaky_relu, x, slope)
    cotangent = rng.standard_normal(shape)
    _, (_, grad) = framework.vjp(concept.prelu, [x, slope], cotangent)
    wanted = (cotangent * np.minimum(x, 0)).reshape(-1, number).sum(0)
    if number == 1:
        wanted = wanted.sum(keepdims=True)
    np.testing.assert_allclose(grad, wanted, rtol=1e-12)


def test_prelu_at_zero_and_at_infinity(concept, framework):
    x, slope = np.array([0.0, 3.0, INF]), np.array([0.1])
    value, grads = framework.vjp(concept.prelu, [x, slope], np.ones(3))

    np.testing.assert_array_equal(value, x)
    np.testing.assert_array_equal(grads[0], [0.1, 1, 1])
    np.testing.assert_array_equal(grads[1], [0])


def test_prelu_of_one_number(concept, framework):
    one = compute(framework, concept.prelu, np.array(-2.0), np.array([0.1]))

    np.testing.assert_allclose(one, [-0.2], rtol=1e-15)


@pytest.mark.equation("maxout-definition")
@pytest.mark.parametrize(
    ("shape", "axis"),
    [((3,), 0), ((4, 1), -1), ((3, 4), 0), ((3, 4), -2), ((2, 3, 4), 1)],
    ids=str,
)
def test_maxout(concept, framework, rng, shape, axis):
    pieces = rng.standard_normal(shape)

    assert_matches(
        framework,
        lambda pieces: concept.maxout(pieces, axis),
        lambda pieces: np.asarray(sorted_largest(pieces, axis)),
        pieces,
    )


def sorted_largest(pieces, axis):
    return np.take(np.sort(pieces, axis), -1, axis)


@pytest.mark.equation("maxout-definition")
@pytest.mark.parametrize(
    ("weight", "reference"),
    [([1, -1], np.abs), ([0, 1], relu), ([0.1, 1], lambda x: leaky_relu(x, 0.1))],
)
def test_two_pieces_make_the_relatives(concept, framework, rng, weight, reference):
    x = rng.standard_normal((6, 1))
    pieces = x * np.array(weight, float)  # (6, 2)

    y = compute(framework, concept.maxout, pieces)
    np.testing.assert_allclose(y, reference(x[:, 0]), rtol=1e-15)


def test_pieces_that_tie_share_the_gradient(concept, framework):
    pieces = np.array([[3.0, 3.0, -1.0], [0.1, 0.1, 0.1], [-INF, 2.0, -INF]])
    value, (grad,) = framework.vjp(concept.maxout, [pieces], np.ones(3))

    np.testing.assert_allclose(value, [3, 0.1, 2], rtol=1e-15)
    third = 1 / 3
    wanted = [[0.5, 0.5, 0], [third, third, third], [0, 1, 0]]
    np.testing.assert_allclose(grad, wanted, rtol=1e-15)
    infinite = compute(framework, concept.maxout, np.array([[-INF, -INF], [INF, 1]]))
    assert not np.isfinite(infinite).any()


@pytest.mark.equation("softplus-definition")
@each_shape
def test_softplus(concept, framework, rng, shape):
    x = np.asarray(3 * rng.standard_normal(shape))

    assert_matches(framework, concept.softplus, softplus, x)


@pytest.mark.equation("softplus-stable")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_softplus_is_accurate_where_the_definition_is_not(concept, framework, dtype):
    size = np.array([1e-30, 1e-3, 1, 10, 18, 50, 80, 85, 88, 88.8, 700, 1e30])
    x = np.concatenate([-size[:-2], size]).astype(dtype)
    with np.errstate(over="ignore"):
        assert np.isinf(np.log(1 + np.exp(x))).any()
    value, (grad,) = framework.vjp(concept.softplus, [x], np.ones_like(x))

    assert value.dtype == grad.dtype == dtype
    exact = x.astype(np.longdouble)
    rtol = 1e-6 if dtype == np.float32 else 1e-14
    wanted = np.logaddexp(np.longdouble(0), exact)
    subnormal = dtype(1.5e-45)  # below 1e-38 float32 has few digits left
    np.testing.assert_allclose(value, wanted.astype(float), rtol, subnormal)
    np.testing.assert_allclose(grad, sigmoid(exact).astype(float), rtol, subnormal)
    assert np.all(value > 0)


@pytest.mark.equation("softplus-derivative")
def test_derivative_of_softplus_is_the_sigmoid(concept, framework, rng):
    x = np.concatenate([10 * rng.standard_normal(10), [0.0, -0.0, -1e-300, 1e-300]])
    grad = derivative(framework, concept.softplus, x)

    np.testing.assert_allclose(grad, sigmoid(x), rtol=1e-13)
    assert derivative(framework, concept.softplus, 0.0) == 0.5


@pytest.mark.equation("softplus-reflection")
@pytest.mark.equation("softplus-bounds")
def test_softplus_against_its_mirror_image_and_relu(concept, framework, rng):
    x = np.concatenate([10 * rng.standard_normal(20), [0.0]])
    y, mirrored = (compute(framework, concept.softplus, side) for side in (x, -x))

    np.testing.assert_allclose(y - mirrored, x, rtol=1e-12, atol=1e-12)
    assert np.all(y > relu(x))
    np.testing.assert_allclose((y - relu(x)).max(), np.log(2), rtol=1e-15)
    assert np.argmax(y - relu(x)) == 20


def test_softplus_at_infinity(concept, framework):
    x = np.array([-INF, INF])
    value, (grad,) = framework.vjp(concept.softplus, [x], np.ones(2))

    np.testing.assert_array_equal(value, [0, INF])
    np.testing.assert_array_equal(grad, [0, 1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["relu", "leaky_relu", "prelu", "maxout", "softplus"])
def test_keeps_dtype_and_nan(concept, framework, name, dtype):
    function = getattr(concept, name)
    x = np.array([np.nan, 1], dtype)
    arrays = [x, np.ones(1, dtype)] if name == "prelu" else [x]
    y = compute(framework, function, *arrays)

    assert y.dtype == dtype
    assert np.isnan(y).any()


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
@pytest.mark.parametrize("name", ["leaky_relu", "prelu", "softplus"])
def test_rejects_integers(concept, framework, name, dtype):
    arrays = [np.ones(3, dtype), np.ones(1)] if name == "prelu" else [np.ones(3, dtype)]
    message = rf"must hold floating-point numbers, got .*{np.dtype(dtype)}; convert"
    with pytest.raises(ValueError, match=message):
        compute(framework, getattr(concept, name), *arrays)


def test_one_number_has_one_slope(concept, framework):
    x, slopes = framework.array(np.array(-2.0)), framework.array(np.ones(2))
    message = r"shape \(1,\) or \(1,\), .* \(\), got \(2,\)"
    with pytest.raises(ValueError, match=message):
        concept.prelu(x, slopes)


@pytest.mark.parametrize("shape", [(), (2,), (3,), (1, 4), (3, 1)], ids=str)
def test_rejects_slopes_that_do_not_match_the_features(concept, framework, shape):
    x, slope = framework.array(np.ones((3, 4))), framework.array(np.ones(shape))
    message = r"slope must have shape \(1,\) or \(4,\), .* \(3, 4\), got \("
    with pytest.raises(ValueError, match=message):
        concept.prelu(x, slope)


@pytest.mark.parametrize(
    ("shape", "axis"), [((), -1), ((2, 0), -1), ((0, 2), 0), ((2, 2), 2)], ids=str
)
def test_rejects_axes_without_pieces(concept, framework, shape, axis):
    message = rf"must have an axis {axis} and no empty axis, got shape \("
    with pytest.raises(ValueError, match=message):
        concept.maxout(framework.array(np.zeros(shape)), axis)
