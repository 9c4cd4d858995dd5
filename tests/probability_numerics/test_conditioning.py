"""Both conditioning twins against eigenvalues, exact arithmetic and the bounds."""

from fractions import Fraction

import numpy as np
import pytest

from frameworks import assert_matches


def hilbert(n):
    return 1.0 / (np.arange(n)[:, None] + np.arange(n) + 1)


def reference(a):
    """Ratio of singular values by way of eigenvalues: no SVD."""
    eigenvalues = np.linalg.eigvalsh(a.T @ a if len(a) >= a.shape[1] else a @ a.T)
    return np.sqrt(eigenvalues[-1] / eigenvalues[0])


def reference_bound(a, x, b):
    residual = b - np.einsum("ij,j->i", a, x)
    return reference(a) * np.sqrt((residual**2).sum() / (b**2).sum())


def orthogonal(rng, n):
    return np.linalg.qr(rng.standard_normal((n, n)))[0]


def with_singular_values(rng, values):
    """A random matrix A = U diag(values) V^T, with U and V."""
    u, v = (orthogonal(rng, len(values)) for _ in range(2))
    return u @ np.diag(values) @ v.T, u, v


def exact_inverse(n):
    """The inverse of the Hilbert matrix, integers from fractions, then rounded."""
    rows = [
        [Fraction(1, i + j + 1) for j in range(n)]
        + [Fraction(i == k) for k in range(n)]
        for i in range(n)
    ]
    for i in range(n):
        rows[i] = [entry / rows[i][i] for entry in rows[i]]
        for k in set(range(n)) - {i}:
            factor = rows[k][i]
            rows[k] = [p - factor * q for p, q in zip(rows[k], rows[i], strict=True)]
    return np.array([[float(entry) for entry in row[n:]] for row in rows])


@pytest.fixture
def kappa(concept, framework):
    """condition_number from NumPy to a number."""
    return lambda a: framework.numpy(concept.condition_number(framework.array(a)))[()]


@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (5, 2), (2, 5)], ids=str)
def test_value_and_gradient(concept, framework, rng, shape):
    a = rng.standard_normal(shape)
    assert_matches(framework, concept.condition_number, reference, a)


@pytest.mark.equation("residual-error-bound")
@pytest.mark.parametrize("n", [1, 2, 4])
def test_bound_value_and_gradient(concept, framework, rng, n):
    a, x, b = (rng.standard_normal(shape) for shape in ((n, n), (n,), (n,)))
    assert_matches(framework, concept.error_bound, reference_bound, a, x, b)


@pytest.mark.equation("singular-vectors")
@pytest.mark.equation("condition-number-definition")
def test_ratio_of_the_half_axes(kappa, rng):
    values = np.array([6.0, 5.0, 3.0, 1.5])
    a, u, v = with_singular_values(rng, values)

    np.testing.assert_allclose(a @ v, u * values, atol=1e-12)
    np.testing.assert_allclose(a.T @ u, v * values, atol=1e-12)
    np.testing.assert_allclose(kappa(a), 4.0, rtol=1e-12)
    norms = [np.sqrt(np.linalg.eigvalsh(m.T @ m)[-1]) for m in (a, np.linalg.inv(a))]
    np.testing.assert_allclose(kappa(a), norms[0] * norms[1], rtol=1e-12)


def test_properties(kappa, rng):
    a = rng.standard_normal((4, 4))
    for same in (-1e-6 * a, a.T, orthogonal(rng, 4) @ a, np.linalg.inv(a)):
        np.testing.assert_allclose(kappa(same), kappa(a), rtol=1e-10)
    np.testing.assert_allclose(kappa(1e-3 * orthogonal(rng, 4)), 1.0, rtol=1e-12)


@pytest.mark.parametrize(("n", "rtol"), [(5, 1e-9), (8, 1e-5), (10, 1e-2)])
def test_hilbert_matrix_against_its_exact_inverse(kappa, n, rtol):
    exact = np.sqrt(
        np.linalg.eigvalsh(hilbert(n) @ hilbert(n))[-1]
        * np.linalg.eigvalsh(exact_inverse(n) @ exact_inverse(n))[-1]
    )
    np.testing.assert_allclose(kappa(hilbert(n)), exact, rtol=rtol)


def test_float32_survives_entries_whose_squares_do_not(kappa):
    for size in (1e-30, 1e30):
        result = kappa(size * np.array([[3.0, 0.0], [4.0, 5.0]], np.float32))
        assert result.dtype == np.float32
        np.testing.assert_allclose(result, 3.0, rtol=1e-5)


def test_singular_matrices(kappa):
    assert kappa(np.ones((3, 3))) > 1e15
    assert kappa(np.diag([2.0, 0.0])) == np.inf
    with np.errstate(invalid="ignore"):
        assert np.isnan(kappa(np.zeros((2, 2))))


@pytest.mark.equation("rhs-perturbation")
def test_right_hand_side_is_amplified_by_at_most_the_condition_number(kappa, rng):
    a, u, _ = with_singular_values(rng, np.array([50.0, 4.0, 2.0, 0.1]))

    def amplification(b, change):
        x, moved = np.linalg.solve(a, b), np.linalg.solve(a, b + change)
        norm = np.linalg.norm
        return norm(moved - x) / norm(x) / (norm(change) / norm(b))

    for b, change in rng.standard_normal((50, 2, 4)):
        assert amplification(b, change) <= kappa(a) * (1 + 1e-9)
    worst = amplification(u[:, 0], 0.01 * u[:, 3])
    np.testing.assert_allclose(worst, kappa(a), rtol=1e-9)
    best = amplification(u[:, 3], 0.01 * u[:, 0])
    np.testing.assert_allclose(best, 1 / kappa(a), rtol=1e-9)


@pytest.mark.equation("matrix-perturbation")
def test_matrix_is_amplified_by_at_most_the_condition_number(kappa, rng):
    a, u, v = with_singular_values(rng, np.array([50.0, 4.0, 2.0, 0.1]))
    norm = np.linalg.norm

    def amplification(b, change):
        x, moved = np.linalg.solve(a, b), np.linalg.solve(a + change, b)
        return norm(moved - x) / norm(moved) / (norm(change, 2) / norm(a, 2))

    for _ in range(50):
        change = rng.standard_normal((4, 4)) * 10.0 ** rng.uniform(-6, 1)
        assert amplification(rng.standard_normal(4), change) <= kappa(a) * (1 + 1e-6)
    change = 0.01 * np.outer(u[:, 3], v[:, 0])
    worst = amplification((a + change) @ v[:, 0], change)
    np.testing.assert_allclose(worst, kappa(a), rtol=1e-9)


@pytest.mark.equation("residual-error-bound")
def test_bound_holds_and_is_reached(concept, framework, rng):
    a, u, _ = with_singular_values(rng, np.array([30.0, 5.0, 0.5]))

    def check(b, approximate):
        x = np.linalg.solve(a, b)
        bound = concept.error_bound(*map(framework.array, (a, approximate, b)))
        return np.linalg.norm(approximate - x) / np.linalg.norm(x), float(bound)

    for b, approximate in rng.standard_normal((50, 2, 3)):
        error, bound = check(b, approximate)
        assert error <= bound * (1 + 1e-9)
    error, bound = check(u[:, 0], np.linalg.solve(a, u[:, 0] + 0.01 * u[:, 2]))
    np.testing.assert_allclose(error, bound, rtol=1e-9)


def test_bound_of_an_exact_solution_is_zero(concept, framework):
    a, x, b = 2 * np.eye(2), np.array([1.0, 3.0]), np.array([2.0, 6.0])
    assert float(concept.error_bound(*map(framework.array, (a, x, b)))) == 0


@pytest.mark.equation("rounding-amplification")
@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_rounding_the_data_to_float32(kappa, n):
    a = hilbert(n)
    b = a.sum(axis=1)
    rounded = [z.astype(np.float32).astype(np.float64) for z in (a, b)]
    error = np.linalg.norm(np.linalg.solve(*rounded) - 1) / np.sqrt(n)

    assert error <= kappa(a) * np.finfo(np.float32).eps
    assert error > 1e-2 * np.finfo(np.float32).eps


@pytest.mark.equation("gram-condition")
@pytest.mark.equation("ridge-condition")
def test_gram_matrix_and_ridge(kappa, rng):
    a = rng.standard_normal((6, 3))
    gram = a.T @ a
    np.testing.assert_allclose(kappa(gram), kappa(a) ** 2, rtol=1e-10)
    first, *_, last = np.linalg.svd(a, compute_uv=False)
    for lam in (0.01, 1.0, 100.0):
        wanted = (first**2 + lam) / (last**2 + lam)
        np.testing.assert_allclose(kappa(gram + lam * np.eye(3)), wanted, rtol=1e-10)


@pytest.mark.equation("condition-number-gradient")
def test_gradient_by_the_formula(concept, framework, rng):
    values = np.array([7.0, 2.0, 2.0, 0.5])  # equal in the middle: no harm
    a, u, v = with_singular_values(rng, values)
    _, (grad,) = framework.vjp(concept.condition_number, [a], np.float64(1.0))

    first, last = (np.outer(u[:, i], v[:, i]) for i in (0, -1))
    np.testing.assert_allclose(grad, (first - 14.0 * last) / 0.5, rtol=1e-9, atol=1e-9)


@pytest.mark.equation("solve-gradient")
def test_gradient_of_solve_is_another_solve(framework, rng):
    a, b, cotangent = (rng.standard_normal(shape) for shape in ((4, 4), (4, 1), (4, 1)))
    linalg = framework.module if framework.name == "torch" else framework.module.np
    x, grads = framework.vjp(linalg.linalg.solve, [a, b], cotangent)

    b_bar = np.linalg.inv(a).T @ cotangent
    np.testing.assert_allclose(grads[1], b_bar, rtol=1e-9)
    np.testing.assert_allclose(grads[0], -b_bar @ x.T, rtol=1e-9)
    assert_matches(framework, linalg.linalg.solve, np.linalg.solve, a, b)


@pytest.mark.parametrize("shape", [(), (3,), (2, 0), (2, 3, 3)], ids=str)
def test_rejects_what_is_not_a_matrix(concept, framework, shape):
    with pytest.raises(ValueError, match=r"a must be a matrix .* got shape \("):
        concept.condition_number(framework.array(np.ones(shape)))


@pytest.mark.parametrize(
    "shapes",
    [
        ((3, 3), (3,), (3, 1)),
        ((3, 3), (3, 1), (3,)),
        ((3, 2), (2,), (3,)),
        ((3, 2), (3,), (3,)),
        ((), (), ()),
        ((2, 2, 2, 2), (2, 2), (2, 2)),
    ],
    ids=str,
)
def test_rejects_what_would_broadcast(concept, framework, shapes):
    with pytest.raises(ValueError, match=r"a must be \(n, n\) and x and b \(n,\), got"):
        concept.error_bound(*(framework.array(np.ones(shape)) for shape in shapes))


@pytest.mark.parametrize("wrong", [np.inf, -np.inf, np.nan])
def test_rejects_what_is_not_finite(concept, framework, wrong):
    a = framework.array(np.array([[1.0, 2.0], [3.0, wrong]]))
    with pytest.raises(ValueError, match="every entry of a must be finite, got inf or"):
        concept.condition_number(a)
