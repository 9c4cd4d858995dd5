"""Both vector_norm twins against the definition, written once more in NumPy."""

import numpy as np
import pytest

from frameworks import assert_matches

INF = float("inf")
ORDERS = [1.0, 1.5, 2.0, 3.0, INF]


def reference(x, p=2.0):
    magnitudes = [abs(entry) for entry in x]
    if p == INF:
        return np.float64(max(magnitudes))
    return np.float64(sum(m**p for m in magnitudes) ** (1 / p))


@pytest.mark.equation("p-norm")
@pytest.mark.equation("infinity-norm")
@pytest.mark.parametrize("p", ORDERS)
@pytest.mark.parametrize("n", [1, 2, 7])
def test_value_and_gradient(concept, framework, rng, n, p):
    x = rng.standard_normal(n)

    def norm(x):
        return concept.vector_norm(x, p)

    assert_matches(framework, norm, lambda x: reference(x, p), x)


@pytest.mark.equation("l2-norm-gradient")
def test_gradient_of_l2_is_the_unit_vector(concept, framework, rng):
    x = rng.standard_normal(5)
    _, (grad,) = framework.vjp(concept.vector_norm, [x], np.float64(1.0))

    np.testing.assert_allclose(grad, x / np.sqrt((x**2).sum()), rtol=1e-12)


@pytest.mark.equation("norm-homogeneity")
@pytest.mark.equation("norm-triangle-inequality")
@pytest.mark.equation("norm-definiteness")
@pytest.mark.parametrize("p", ORDERS)
def test_axioms(concept, framework, rng, p):
    def norm(x):
        return framework.numpy(concept.vector_norm(framework.array(x), p))

    for _ in range(20):
        x, y, a = rng.standard_normal(4), rng.standard_normal(4), rng.standard_normal()
        np.testing.assert_allclose(norm(a * x), abs(a) * norm(x), rtol=1e-12)
        assert norm(x + y) <= norm(x) + norm(y) + 1e-12
        assert norm(x) > 0
    assert norm(np.zeros(4)) == 0


@pytest.mark.equation("norm-bounds")
def test_bounds_are_reached(concept, framework, rng):
    def norm(x, p):
        return framework.numpy(concept.vector_norm(framework.array(x), p))

    for x in rng.standard_normal((20, 6)):
        assert norm(x, 2.0) <= norm(x, 1.0) <= np.sqrt(6) * norm(x, 2.0)
    axis, diagonal = np.eye(6)[0], np.ones(6)
    np.testing.assert_allclose(norm(axis, 1.0), norm(axis, 2.0), rtol=1e-12)
    np.testing.assert_allclose(
        norm(diagonal, 1.0), np.sqrt(6) * norm(diagonal, 2.0), rtol=1e-12
    )


@pytest.mark.parametrize("size", [1e-30, 1e30])
@pytest.mark.parametrize("p", ORDERS)
def test_float32_survives_entries_whose_squares_do_not(concept, framework, size, p):
    x = np.array([3 * size, -4 * size], np.float32)
    norm = framework.numpy(concept.vector_norm(framework.array(x), p))

    assert norm.dtype == np.float32
    np.testing.assert_allclose(norm, reference(x.astype(np.float64), p), rtol=1e-6)


def test_gradient_at_zero_is_nan_for_l2_and_zero_for_l1(concept, framework):
    for p, expected in [(2.0, np.nan), (1.0, 0.0), (INF, 0.0)]:
        _, (grad,) = framework.vjp(
            lambda x, p=p: concept.vector_norm(x, p), [np.zeros(2)], np.float64(1.0)
        )
        np.testing.assert_array_equal(grad, [expected, expected])


@pytest.mark.parametrize("shape", [(), (0,), (2, 3)], ids=str)
def test_rejects_what_is_not_a_vector(concept, framework, shape):
    with pytest.raises(ValueError, match=r"x must be a vector .* got shape \("):
        concept.vector_norm(framework.array(np.zeros(shape)))


def test_rejects_whole_numbers(concept, framework):
    with pytest.raises(ValueError, match=r"got shape \(2,\) and .*int64; convert"):
        concept.vector_norm(framework.array(np.array([3, -4])))


@pytest.mark.parametrize("p", [1.0, 2.0, 3.5, 1e300, INF])
def test_norm_of_what_is_not_finite(concept, framework, p):
    for x, expected in [([2.0, -INF], INF), ([INF, np.nan], np.nan)]:
        x = framework.array(np.array(x))
        np.testing.assert_equal(float(concept.vector_norm(x, p)), expected)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("p", [1e29, 1e31, 1e300])
def test_norm_of_huge_order_is_the_largest_entry(concept, framework, p, dtype):
    for x, expected in [([0.0], 0.0), ([3.0, -4.0, 4.0], 4.0)]:
        x = framework.array(np.array(x, dtype))
        assert float(concept.vector_norm(x, p)) == expected


@pytest.mark.parametrize("p", [0.0, 0.5, float("nan")])
def test_rejects_orders_below_one(concept, framework, p):
    with pytest.raises(ValueError, match="p must be at least 1, got"):
        concept.vector_norm(framework.array(np.ones(2)), p)
