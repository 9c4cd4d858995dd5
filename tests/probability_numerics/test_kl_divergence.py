"""Both KL twins against the definition, written once more in NumPy."""

import math

import numpy as np
import pytest

from frameworks import assert_matches

HALF, SKEWED, SURE = np.array([0.5, 0.5]), np.array([0.9, 0.1]), np.array([1.0, 0.0])


def reference(p, q):
    total = np.zeros(p.shape[:-1])
    for index in np.ndindex(p.shape):
        total[index[:-1]] += p[index] * math.log(p[index] / q[index])
    return total


def softmax(logits):
    weights = np.exp(logits)
    return weights / weights.sum(-1, keepdims=True)


def reference_from_logits(p_logits, q_logits):
    return reference(softmax(p_logits), softmax(q_logits))


@pytest.fixture
def divergence(concept, framework):
    """kl_divergence from NumPy to NumPy."""

    def divergence(p, q, name="kl_divergence"):
        function = getattr(concept, name)
        return framework.numpy(function(framework.array(p), framework.array(q)))

    return divergence


@pytest.mark.equation("kl-definition")
@pytest.mark.parametrize("shape", [(3,), (4, 3), (2, 3, 5)], ids=str)
def test_value_and_gradient(concept, framework, rng, shape):
    p, q = softmax(rng.standard_normal((2, *shape)))
    assert_matches(framework, concept.kl_divergence, reference, p, q)


@pytest.mark.equation("kl-log-softmax")
@pytest.mark.parametrize("shape", [(3,), (4, 3), (2, 3, 5)], ids=str)
def test_value_and_gradient_from_logits(concept, framework, rng, shape):
    a, z = 3 * rng.standard_normal((2, *shape))
    function = concept.kl_divergence_from_logits
    assert_matches(framework, function, reference_from_logits, a, z)


@pytest.mark.equation("kl-units")
def test_worked_example_in_both_directions_and_three_units(divergence):
    nats = divergence(HALF, SKEWED), divergence(SKEWED, HALF)
    for base, expected in [
        (math.e, (0.5108, 0.3681)),
        (2, (0.7370, 0.5310)),
        (10, (0.2218, 0.1598)),
    ]:
        by_base = [
            sum(p * math.log(p / q, base) for p, q in zip(*pair, strict=True))
            for pair in ((HALF, SKEWED), (SKEWED, HALF))
        ]
        np.testing.assert_allclose(np.array(nats) / math.log(base), by_base, rtol=1e-12)
        np.testing.assert_allclose(by_base, expected, atol=5e-5)


@pytest.mark.equation("kl-zero-terms")
def test_zero_probabilities(divergence):
    np.testing.assert_allclose(divergence(SURE, SKEWED), math.log(1 / 0.9), rtol=1e-12)
    assert divergence(SURE, SURE) == 0
    for q in (SURE, SURE[::-1].copy()):  # the infinite term may be the first or last
        assert divergence(HALF, q) == np.inf
        assert divergence(q, HALF) == pytest.approx(math.log(2), rel=1e-12)
    shrinking = np.array([0.0, 1.0]) + 1e-9 * np.array([1, -1])
    np.testing.assert_allclose(divergence(shrinking, HALF), math.log(2), atol=1e-7)


def test_gradients_at_zero_probabilities_are_not_nan(concept, framework):
    three, q = np.array([0.5, 0.5, 0.0]), np.array([0.25, 0.75, 0.0])
    _, grads = framework.vjp(concept.kl_divergence, [three, q], np.float64(1))
    np.testing.assert_allclose(grads[0], [math.log(2) + 1, math.log(2 / 3) + 1, 0])
    np.testing.assert_allclose(grads[1], [-2, -2 / 3, 0])

    logits = [np.array([1.0, 2.0, -np.inf]), np.array([0.0, 3.0, -np.inf])]
    function = concept.kl_divergence_from_logits
    value, grads = framework.vjp(function, logits, np.float64(1))
    p, q = (softmax(z[:2]) for z in logits)
    np.testing.assert_allclose(value, reference(p, q), rtol=1e-12)
    np.testing.assert_allclose(grads[1], [*(q - p), 0], rtol=1e-12)
    assert np.isfinite(grads[0]).all()


@pytest.mark.equation("kl-nonnegative")
def test_is_zero_for_equal_distributions_only(divergence, rng):
    p, q = rng.dirichlet(np.ones(4), size=(2, 50))
    assert (divergence(p, q) > 1e-3).all()
    np.testing.assert_allclose(divergence(p, p), np.zeros(50), atol=1e-15)
    near = p + 1e-3 * (q - p)
    assert (divergence(p, near) > 0).all()


@pytest.mark.equation("kl-cross-entropy")
def test_is_cross_entropy_minus_entropy(divergence, rng):
    p, q = rng.dirichlet(np.ones(4), size=2)
    cross_entropy = -(p * np.log(q)).sum()
    entropy = -(p * np.log(p)).sum()
    np.testing.assert_allclose(divergence(p, q), cross_entropy - entropy, rtol=1e-12)


@pytest.mark.equation("kl-logit-gradients")
def test_gradients_with_respect_to_logits(concept, framework, rng):
    a, z = rng.standard_normal((2, 5))
    function = concept.kl_divergence_from_logits
    value, grads = framework.vjp(function, [a, z], np.float64(1))
    p, q = softmax(a), softmax(z)
    np.testing.assert_allclose(grads[0], p * (np.log(p / q) - value), atol=1e-12)
    np.testing.assert_allclose(grads[1], q - p, atol=1e-12)


@pytest.mark.equation("kl-moment-matching")
def test_matched_moments_are_stationary_in_one_direction_only(concept, framework, rng):
    x = np.linspace(-12, 12, 301)
    p = np.exp(-2 * (x - 1) ** 2) + 3 * np.exp(-((x + 2) ** 2))
    p /= p.sum()
    mean = (p * x).sum()
    std = np.sqrt((p * (x - mean) ** 2).sum())

    def towards(q_first):
        def function(mean, std):
            z = -0.5 * ((framework.array(x) - mean) / std) ** 2
            pair = (z, logits) if q_first else (logits, z)
            return concept.kl_divergence_from_logits(*pair)

        logits = framework.array(np.log(p))
        _, grads = framework.vjp(function, [mean[None], std[None]], np.float64(1))
        return np.abs(grads).max()

    assert towards(q_first=False) < 1e-6
    assert towards(q_first=True) > 1e-1


@pytest.mark.equation("js-divergence")
def test_jensen_shannon_is_symmetric_and_bounded(divergence, rng):
    def js(p, q):
        m = (p + q) / 2
        return (divergence(p, m) + divergence(q, m)) / 2

    def entropy(p):
        return -sum(x * math.log(x) for x in p if x > 0)

    p, q = rng.dirichlet(np.ones(4), size=2)
    np.testing.assert_allclose(js(p, q), js(q, p), rtol=1e-12)
    by_entropies = entropy((p + q) / 2) - (entropy(p) + entropy(q)) / 2
    np.testing.assert_allclose(js(p, q), by_entropies, rtol=1e-12)
    np.testing.assert_allclose(js(HALF, SKEWED), 0.1017, atol=5e-5)
    np.testing.assert_allclose(js(SURE, SURE[::-1].copy()), math.log(2), rtol=1e-12)


def test_float32_survives_logits_whose_softmax_underflows(concept, framework):
    logits = [np.zeros(2, np.float32), np.array([0, 1000], np.float32)]
    function = concept.kl_divergence_from_logits
    value, grads = framework.vjp(function, logits, np.float32(1))

    assert value.dtype == np.float32
    np.testing.assert_allclose(value, 500 - math.log(2), rtol=1e-6)
    np.testing.assert_allclose(grads[1], [-0.5, 0.5], rtol=1e-6)
    logits = [z + np.float32(1e4) for z in logits]
    value, _ = framework.vjp(function, logits, np.float32(1))
    np.testing.assert_allclose(value, 500 - math.log(2), rtol=1e-6)


def test_float32_softmax_over_many_classes_is_accepted(divergence, rng):
    p, q = softmax(rng.standard_normal((2, 50_000)).astype(np.float32))
    value = divergence(p, q)
    assert value.dtype == np.float32
    np.testing.assert_allclose(value, reference(p.astype(float), q), rtol=1e-4)


@pytest.mark.parametrize(
    "wrong",
    [[1.0, 1.0], [0.2, 0.2], [1.5, -0.5], [0.5, np.nan], [np.inf, 0.0], [0.5, 0.4999]],
    ids=str,
)
def test_rejects_what_is_not_a_distribution(divergence, wrong):
    for arguments, name in [((wrong, HALF), "p"), ((HALF, wrong), "q")]:
        with pytest.raises(ValueError, match=f"{name} must be at least 0 and sum to 1"):
            divergence(*map(np.array, arguments))
    rows = np.array([HALF, wrong])  # one bad row is enough
    with pytest.raises(ValueError, match=r"got entries from .* and sums from"):
        divergence(rows, np.array([HALF, HALF]))


@pytest.mark.parametrize(
    ("p", "q"),
    [((), ()), ((0,), (0,)), ((2,), (3,)), ((2, 2), (2,)), ((0, 2), (0, 2))],
    ids=str,
)
@pytest.mark.parametrize("name", ["kl_divergence", "kl_divergence_from_logits"])
def test_rejects_shapes_that_do_not_match(divergence, name, p, q):
    with pytest.raises(ValueError, match=r"must have one shape \(..., n\) .* got \("):
        divergence(np.full(p, 0.5), np.full(q, 0.5), name)


@pytest.mark.parametrize("wrong", [np.inf, np.nan, -np.inf])
def test_rejects_logits_without_a_finite_maximum(divergence, wrong):
    good, bad = np.zeros((2, 2)), np.array([[0.0, 0.0], [wrong, wrong]])
    for arguments, name in [((bad, good), "p_logits"), ((good, bad), "q_logits")]:
        with pytest.raises(ValueError, match=f"the largest entry of {name} .* finite"):
            divergence(*arguments, "kl_divergence_from_logits")


@pytest.mark.parametrize("name", ["kl_divergence", "kl_divergence_from_logits"])
def test_rejects_integers(divergence, name):
    whole = np.array([1, 0], np.int32)
    for arguments in ((whole, SURE), (SURE, whole), (whole, whole)):
        with pytest.raises(ValueError, match=r"must be floating point, got .*int32"):
            divergence(*arguments, name)
