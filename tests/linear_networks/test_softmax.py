"""Both softmax twins against the definition, written once more in NumPy."""

import numpy as np
import pytest

from frameworks import assert_matches, numeric_vjp

INF = float("inf")
each_temperature = pytest.mark.parametrize("temperature", [0.1, 1.0, 10.0])
each_shape = pytest.mark.parametrize(
    ("shape", "axis"),
    [((4,), 0), ((3, 4), 0), ((3, 4), -2), ((1, 4), -1), ((2, 3, 5), 1)],
    ids=str,
)


def softmax(x, axis=-1, temperature=1.0):
    exponentials = np.exp(x / temperature)
    return exponentials / exponentials.sum(axis, keepdims=True)


def soft_maximum(x, axis=-1, temperature=1.0):
    return temperature * np.log(np.exp(x / temperature).sum(axis))


def compute(framework, function, *arrays, **options):
    return framework.numpy(function(*map(framework.array, arrays), **options))


@pytest.mark.equation("softmax-definition")
@pytest.mark.equation("softmax-with-temperature")
@each_temperature
@each_shape
def test_value_and_gradient(concept, framework, rng, shape, axis, temperature):
    x = rng.standard_normal(shape)

    assert_matches(
        framework,
        lambda x: concept.softmax(x, axis, temperature),
        lambda x: softmax(x, axis, temperature),
        x,
    )


@pytest.mark.equation("soft-maximum")
@each_temperature
@each_shape
def test_soft_maximum(concept, framework, rng, shape, axis, temperature):
    x = rng.standard_normal(shape)

    assert_matches(
        framework,
        lambda x: concept.soft_maximum(x, axis, temperature),
        lambda x: soft_maximum(x, axis, temperature),
        x,
    )


@pytest.mark.equation("softmax-positive-sum-one")
@each_shape
def test_positive_and_sums_to_one_along_the_axis_only(
    concept, framework, rng, shape, axis
):
    p = compute(framework, concept.softmax, rng.standard_normal(shape), axis=axis)

    assert np.all(p > 0)
    np.testing.assert_allclose(p.sum(axis), 1, rtol=1e-14)
    for other in set(range(p.ndim)) - {axis % p.ndim}:
        assert np.all(np.abs(p.sum(other) - 1) > 1e-3)


@pytest.mark.equation("softmax-ratio")
@each_temperature
def test_ratios_depend_on_differences(concept, framework, rng, temperature):
    x = rng.standard_normal(5)
    p = compute(framework, concept.softmax, x, temperature=temperature)
    wanted = np.exp((x[:, None] - x) / temperature)

    np.testing.assert_allclose(p[:, None] / p, wanted, rtol=1e-12)


@pytest.mark.equation("softmax-shift-invariance")
@pytest.mark.parametrize("c", [-1e4, -7.5, 3.0, 1e4])
def test_a_constant_added_to_every_logit_changes_nothing(concept, framework, rng, c):
    x = rng.standard_normal((3, 4))
    p = compute(framework, concept.softmax, x + c)

    np.testing.assert_allclose(p, softmax(x), rtol=1e-11)
    maximum = compute(framework, concept.soft_maximum, x + c)
    np.testing.assert_allclose(maximum, soft_maximum(x) + c, rtol=1e-12)


@pytest.mark.parametrize("center", [-1e4, -1000, -104, 88.8, 1000, 1e4])
def test_float32_survives_where_the_exponentials_do_not(
    concept, framework, rng, center
):
    x = (center + rng.standard_normal((3, 4))).astype(np.float32)
    with np.errstate(over="ignore"):
        assert not np.all(np.isfinite(np.exp(x)) & (np.exp(x) > 0))
    moved = x.astype(np.float64) - center  # the reference would overflow as well
    p = compute(framework, concept.softmax, x)
    maximum = compute(framework, concept.soft_maximum, x)

    assert p.dtype == maximum.dtype == np.float32
    np.testing.assert_allclose(p, softmax(moved), rtol=1e-5)
    np.testing.assert_allclose(maximum, center + soft_maximum(moved), rtol=1e-6)


def test_rows_far_apart_are_shifted_one_by_one(concept, framework):
    x = np.array([[1e4, 1e4 + 1], [-1e4, -1e4 + 1]], np.float32)
    p = compute(framework, concept.softmax, x)

    np.testing.assert_allclose(p, softmax(np.array([[0.0, 1.0]] * 2)), rtol=1e-6)


@pytest.mark.equation("softmax-cold-limit")
@pytest.mark.parametrize("temperature", [1e-2, 1e-30, float(np.finfo(np.float32).tiny)])
@pytest.mark.parametrize(
    ("logits", "limit"),
    [
        ([1, 2, 3], [0, 0, 1]),
        ([3, -4, 3], [1 / 2, 0, 1 / 2]),
        ([5, 5, 5], [1 / 3, 1 / 3, 1 / 3]),
        ([1e30, -1e30, 0], [1, 0, 0]),  # 1e30 / 1e-30 is not in float32
    ],
)
def test_cold_softmax_is_the_one_hot_argmax(
    concept, framework, logits, limit, temperature
):
    x = np.array(logits, np.float32)
    p = compute(framework, concept.softmax, x, temperature=temperature)
    maximum = compute(framework, concept.soft_maximum, x, temperature=temperature)

    np.testing.assert_allclose(p, np.array(limit, np.float32), rtol=1e-6, atol=1e-40)
    excess = temperature * np.log(np.sum(x == x.max()))
    np.testing.assert_allclose(maximum, x.max() + excess, rtol=1e-6)


@pytest.mark.equation("softmax-hot-limit")
def test_hot_softmax_is_uniform(concept, framework, rng):
    x = rng.standard_normal((2, 5))
    for temperature in (1e3, 1e6):
        p = compute(framework, concept.softmax, x, temperature=temperature)
        np.testing.assert_allclose(p, 1 / 5, rtol=10 / temperature)
    assert np.abs(compute(framework, concept.softmax, x) - 1 / 5).max() > 0.1


@pytest.mark.equation("soft-maximum-bounds")
@each_temperature
def test_soft_maximum_is_above_the_maximum(concept, framework, rng, temperature):
    for x in rng.standard_normal((20, 6)):
        above = compute(framework, concept.soft_maximum, x, temperature=temperature)
        assert x.max() <= above <= x.max() + temperature * np.log(6)
    tied, alone = np.full(6, 2.0), np.array([2.0, *[-1e4] * 5])
    for x, excess in ((tied, temperature * np.log(6)), (alone, 0)):
        above = compute(framework, concept.soft_maximum, x, temperature=temperature)
        np.testing.assert_allclose(above, 2 + excess, rtol=1e-12)


@pytest.mark.equation("soft-maximum-gradient")
@each_temperature
def test_gradient_of_soft_maximum_is_softmax(concept, framework, rng, temperature):
    x = rng.standard_normal(5)
    _, (grad,) = framework.vjp(
        lambda x: concept.soft_maximum(x, temperature=temperature), [x], np.float64(1.0)
    )

    np.testing.assert_allclose(grad, softmax(x, temperature=temperature), rtol=1e-12)


@pytest.mark.equation("softmax-jacobian")
def test_jacobian(concept, framework, rng):
    x = rng.standard_normal(4)
    p = softmax(x)
    rows = [framework.vjp(concept.softmax, [x], row)[1][0] for row in np.eye(4)]

    np.testing.assert_allclose(rows, np.diag(p) - np.outer(p, p), rtol=1e-12)
    np.testing.assert_allclose(np.sum(rows, axis=0), 0, atol=1e-15)
    np.testing.assert_allclose(np.sum(rows, axis=1), 0, atol=1e-15)


@pytest.mark.equation("softmax-vjp")
@each_shape
def test_vjp_without_the_jacobian(concept, framework, rng, shape, axis):
    x, cotangent = rng.standard_normal((2, *shape))
    p = softmax(x, axis)
    got = compute(framework, concept.softmax_vjp, p, cotangent, axis=axis)

    (by_differences,) = numeric_vjp(lambda x: softmax(x, axis), [x], cotangent)
    np.testing.assert_allclose(got, by_differences, rtol=1e-6, atol=1e-9)
    _, (by_autograd,) = framework.vjp(
        lambda x: concept.softmax(x, axis), [x], cotangent
    )
    np.testing.assert_allclose(got, by_autograd, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(got.sum(axis), 0, atol=1e-14)


def test_vjp_along_the_last_axis_of_a_vector_and_a_matrix(concept, framework, rng):
    for shape in ((4,), (3, 4)):
        x, cotangent = rng.standard_normal((2, *shape))
        p = softmax(x)
        got = compute(framework, concept.softmax_vjp, p, cotangent)
        wanted = p * (cotangent - (cotangent * p).sum(-1, keepdims=True))
        np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-15)


def test_gradient_of_the_sum_is_zero(concept, framework, rng):
    p = softmax(rng.standard_normal((3, 4)))
    zero = compute(framework, concept.softmax_vjp, p, np.ones((3, 4)))

    np.testing.assert_allclose(zero, 0, atol=1e-15)


def test_masked_logits_get_nothing_and_leave_the_others_alone(concept, framework, rng):
    x, cotangent = rng.standard_normal((2, 4))
    x[2] = -INF
    kept = [0, 1, 3]
    value, (grad,) = framework.vjp(concept.softmax, [x], cotangent)

    np.testing.assert_allclose(value[kept], softmax(x[kept]), rtol=1e-12)
    assert value[2] == grad[2] == 0
    (wanted,) = numeric_vjp(softmax, [x[kept]], cotangent[kept])
    np.testing.assert_allclose(grad[kept], wanted, rtol=1e-6, atol=1e-9)
    maximum = compute(framework, concept.soft_maximum, x)
    np.testing.assert_allclose(maximum, soft_maximum(x[kept]), rtol=1e-12)


def test_one_logit_alone_is_certain(concept, framework):
    value, (grad,) = framework.vjp(concept.softmax, [np.array([7.0])], np.array([3.0]))

    assert (value, grad) == (1, 0)


@pytest.mark.parametrize("name", ["softmax", "soft_maximum"])
@pytest.mark.parametrize("row", [[-INF, -INF], [INF, 0.0], [np.nan, 0.0]], ids=str)
def test_rejects_slices_without_a_finite_maximum(concept, framework, name, row):
    logits = framework.array(np.array([[1.0, 2.0], row]))
    with pytest.raises(
        ValueError, match=r"largest logit along axis 1 must be finite, got .* masks"
    ):
        getattr(concept, name)(logits, axis=1)


@pytest.mark.parametrize("name", ["softmax", "soft_maximum"])
@pytest.mark.parametrize(
    ("shape", "axis"), [((), -1), ((2, 0), -1), ((0, 2), -1), ((2, 2), 2)], ids=str
)
def test_rejects_axes_that_are_not_there(concept, framework, name, shape, axis):
    message = rf"must have an axis {axis} and no empty axis, got shape \("
    with pytest.raises(ValueError, match=message):
        getattr(concept, name)(framework.array(np.zeros(shape)), axis=axis)


@pytest.mark.parametrize(
    ("shape", "axis"),
    [((), -1), ((2, 0), -1), ((0, 2), -1), ((2, 2), 2), ((2, 2), -3)],
    ids=str,
)
def test_vjp_rejects_axes_that_are_not_there(concept, framework, shape, axis):
    p = framework.array(np.zeros(shape))
    message = rf"p must have an axis {axis} and no empty axis, got shape \("
    with pytest.raises(ValueError, match=message):
        concept.softmax_vjp(p, p, axis=axis)


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_rejects_integers(concept, framework, dtype):
    with pytest.raises(ValueError, match=r"hold floating-point numbers, got .*int"):
        concept.softmax(framework.array(np.ones(3, dtype)))


@pytest.mark.parametrize("temperature", [0.0, -1.0, 1e-39, INF, float("nan")])
def test_rejects_temperatures_that_are_not_positive(concept, framework, temperature):
    message = "temperature must be finite and at least 1.2e-38, got"
    with pytest.raises(ValueError, match=message):
        concept.softmax(
            framework.array(np.ones(3, np.float32)), temperature=temperature
        )


def test_rejects_a_cotangent_of_another_shape(concept, framework):
    p = framework.array(np.full((2, 2), 0.5))
    with pytest.raises(ValueError, match=r"same shape, got \(2, 2\) and \(2,\)"):
        concept.softmax_vjp(p, framework.array(np.ones(2)))
