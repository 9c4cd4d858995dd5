"""Both twins of the safe spellings against NumPy, where the frameworks go wrong."""

import re

import numpy as np
import pytest

from frameworks import assert_matches


def standard_deviation(x, axis):
    return np.sqrt(np.var(x, axis=axis))


def binary_cross_entropy(logits, labels):
    return np.logaddexp(0, logits) - labels * logits


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.equation("safe-standard-deviation")
@pytest.mark.parametrize(
    ("shape", "axis"), [((5,), 0), ((3, 4), 0), ((3, 4), -2), ((2, 3, 4), -1)]
)
def test_standard_deviation(concept, framework, rng, shape, axis):
    assert_matches(
        framework,
        lambda x: concept.standard_deviation(x, axis),
        lambda x: standard_deviation(x, axis),
        rng.standard_normal(shape),
    )


@pytest.mark.equation("safe-standard-deviation-gradient")
def test_gradient_of_the_standard_deviation(concept, framework, rng):
    x = 1000 + rng.standard_normal(7)
    _, (grad,) = framework.vjp(
        lambda x: concept.standard_deviation(x, 0), [x], np.array(1.0)
    )

    wanted = (x - x.mean()) / (len(x) * np.sqrt(((x - x.mean()) ** 2).mean()))
    np.testing.assert_allclose(grad, wanted, rtol=1e-9)
    assert abs(grad).max() > 0.1


def test_equal_numbers_have_deviation_and_gradient_0(concept, framework):
    x = np.array([[2.0, 2.0, 2.0], [1.0, 2.0, 4.0]])
    value, (grad,) = framework.vjp(
        lambda x: concept.standard_deviation(x, 1), [x], np.ones(2)
    )

    assert value[0] == 0
    np.testing.assert_array_equal(grad[0], 0)
    assert np.all(np.isfinite(grad)) and abs(grad[1]).min() > 0.05


def test_one_float32_number_has_deviation_0_in_float32(concept, framework):
    x = framework.array(np.array([[3.0, -4.0]], np.float32))
    value = framework.numpy(concept.standard_deviation(x, 0))

    assert value.dtype == np.float32
    np.testing.assert_array_equal(value, [0, 0])


@pytest.mark.parametrize(
    ("shape", "axis"), [((0, 3), 0), ((3, 0), 0), ((2, 3), 2), ((2, 3), -3)]
)
def test_an_empty_axis_and_one_that_is_not_there_are_refused(
    concept, framework, shape, axis
):
    message = re.escape(f"an axis {axis} and no empty axis, got shape {shape};")
    with pytest.raises(ValueError, match=message):
        concept.standard_deviation(framework.array(np.zeros(shape)), axis)


@pytest.mark.parametrize("function", ["standard_deviation", "binary_cross_entropy"])
def test_whole_numbers_are_refused(concept, framework, function):
    x = framework.array(np.array([0, 1]))
    with pytest.raises(ValueError, match=r"floating.point.*, got .*int64; convert it"):
        getattr(concept, function)(x, 0 if function == "standard_deviation" else x)


def test_labels_without_an_entry_are_refused(concept, framework):
    x = framework.array(np.zeros((2, 0)))
    with pytest.raises(ValueError, match=r"must agree, got \(2, 0\) and \(2, 0\);"):
        concept.binary_cross_entropy(x, x)


@pytest.mark.equation("safe-binary-cross-entropy")
def test_binary_cross_entropy(concept, framework, rng):
    logits = 3 * rng.standard_normal((4, 1, 5))
    labels = rng.random((4, 1, 5))

    assert_matches(
        framework,
        lambda x, z: concept.binary_cross_entropy(x, z),
        binary_cross_entropy,
        logits,
        labels * 0.9 + 0.05,  # central differences must stay in [0, 1]
    )


@pytest.mark.equation("safe-binary-cross-entropy-slope")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("label", [0.0, 0.25, 1.0])
def test_the_slope_at_0_and_far_from_it(concept, framework, dtype, label):
    x = np.array([0.0, -0.0, 1e-3, -1e-3, 2.0, -2.0, 80.0, -80.0, 1e4, -1e4], dtype)
    labels = np.full_like(x, label)
    value, (slope, _) = framework.vjp(
        concept.binary_cross_entropy, [x, labels], np.ones_like(x)
    )
    with np.errstate(over="ignore"):
        wanted = sigmoid(x.astype(np.float64)) - label

    np.testing.assert_allclose(slope, wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        value, np.logaddexp(0, x.astype(np.float64)) - label * x, rtol=1e-5, atol=1e-6
    )


def test_nan_stays_nan(concept, framework):
    x, z = (framework.array(np.array([v, 0.0])) for v in (np.nan, 0.0))

    value = framework.numpy(concept.binary_cross_entropy(x, z))
    assert np.isnan(value[0]) and value[1] == pytest.approx(np.log(2))


@pytest.mark.parametrize(
    ("logits", "labels", "message"),
    [
        (
            np.zeros((2, 3)),
            np.zeros(6),
            r"must agree, got \(6,\) and \(2, 3\); reshape",
        ),
        (np.zeros((4, 3)), np.zeros((3, 4)), r"got \(3, 4\) and \(4, 3\)"),
        (np.zeros(2), np.array([1.0, 2.0]), r"must lie in \[0, 1\], got 1.0 to 2.0"),
        (np.zeros(2), np.array([-0.5, 0.0]), r"must lie in \[0, 1\], got -0.5 to 0.0"),
        (np.zeros(2), np.array([np.nan, 0.0]), r"must lie in \[0, 1\]"),
    ],
)
def test_wrong_labels_are_refused(concept, framework, logits, labels, message):
    with pytest.raises(ValueError, match=message):
        concept.binary_cross_entropy(framework.array(logits), framework.array(labels))


@pytest.mark.equation("safe-select")
@pytest.mark.parametrize("other", [0.0, 1, -2.5, float("-inf")])
def test_select(concept, framework, rng, other):
    x = rng.standard_normal((3, 4))
    condition = x > 0.1
    value, (grad,) = framework.vjp(
        lambda x: concept.select(x > 0.1, x, other), [x], np.full_like(x, 3.0)
    )

    np.testing.assert_array_equal(value, np.where(condition, x, other))
    np.testing.assert_array_equal(grad, np.where(condition, 3.0, 0.0))
    assert condition.any() and not condition.all()


@pytest.mark.parametrize(
    "condition", [np.array([1.0, 0.0]), np.array([1, 0]), np.array([True])], ids=str
)
def test_a_condition_is_boolean_and_of_the_same_shape(concept, framework, condition):
    got = re.escape(f"{condition.dtype} {condition.shape}; compare, as in x > 0")
    with pytest.raises(
        ValueError, match=rf"must be boolean \(2,\), got (torch\.)?{got}$"
    ):
        concept.select(framework.array(condition), framework.array(np.ones(2)), 0.0)


@pytest.mark.equation("safe-sample")
def test_every_place_holds_every_number_equally_often(concept, framework):
    n, k, draws = 5, 3, 4000
    rng = np.random.default_rng(0)
    counts = np.zeros((k, n))
    for _ in range(draws):
        sample = framework.numpy(concept.sample_without_replacement(rng, n, k))
        assert sample.shape == (k,) and sample.dtype == np.int64
        assert len(set(sample.tolist())) == k
        counts[np.arange(k), sample] += 1

    deviation = np.sqrt(draws / n * (1 - 1 / n))
    assert abs(counts - draws / n).max() < 4 * deviation


@pytest.mark.parametrize(("n", "k"), [(0, 0), (3, 0), (3, 3)])
def test_the_ends_of_the_range(concept, framework, rng, n, k):
    sample = framework.numpy(concept.sample_without_replacement(rng, n, k))

    assert sorted(sample.tolist()) == list(range(n))[:k]


@pytest.mark.parametrize("k", [-1, 4])
def test_too_many_or_too_few_are_refused(concept, rng, k):
    with pytest.raises(ValueError, match=rf"k must be in 0\.\.3, got {k}"):
        concept.sample_without_replacement(rng, 3, k)
