"""Both jacobian twins against formulas and differences, written in NumPy."""

import numpy as np
import pytest

from frameworks import assert_matches, numeric_vjp


def matrix_times(framework, a):
    """The function x -> A x, in the framework."""
    a = framework.array(a)
    if framework.name == "torch":
        return lambda x: a @ x
    return lambda x: framework.module.np.dot(a, x)


def curved(framework):
    """A function from 3 numbers to 2: (x1 x2 + sin x3, exp(x1) x3^2)."""
    m = framework.module if framework.name == "torch" else framework.module.np

    def function(x):
        return m.stack([x[0] * x[1] + m.sin(x[2]), m.exp(x[0]) * x[2] ** 2])

    return function


def curved_reference(x):
    return np.array([x[0] * x[1] + np.sin(x[2]), np.exp(x[0]) * x[2] ** 2])


def curved_jacobian(x):
    """Worked out on paper."""
    return np.array(
        [
            [x[1], x[0], np.cos(x[2])],
            [np.exp(x[0]) * x[2] ** 2, 0, 2 * np.exp(x[0]) * x[2]],
        ]
    )


def jacobian(concept, framework, function, x):
    x = framework.array(x) if isinstance(x, np.ndarray) else x
    return framework.numpy(concept.jacobian(function, x))


@pytest.mark.equation("jacobian-numerator-layout")
@pytest.mark.equation("jacobian-denominator-layout")
def test_entries_and_their_layout(concept, framework, rng):
    x = rng.standard_normal(3)
    j = jacobian(concept, framework, curved(framework), x)

    assert (j.shape, j.dtype) == ((2, 3), np.float64)
    np.testing.assert_allclose(j, curved_jacobian(x), rtol=1e-12)
    # The denominator layout column by column: the gradient of one output each.
    for i, one_hot in enumerate(np.eye(2)):
        (grad,) = numeric_vjp(curved_reference, [x], one_hot)
        np.testing.assert_allclose(j.T[:, i], grad, rtol=1e-6, atol=1e-8)


@pytest.mark.equation("jacobian-of-linear-map")
@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (4, 2), (1, 5), (5, 1)], ids=str)
def test_linear_map(concept, framework, rng, shape):
    a, x = rng.standard_normal(shape), rng.standard_normal(shape[1])
    j = jacobian(concept, framework, matrix_times(framework, a), x)

    assert j.shape == shape
    np.testing.assert_allclose(j, a, rtol=1e-12)


@pytest.mark.equation("jacobian-vjp")
def test_rows_combine_to_the_frameworks_backward_pass(concept, framework, rng):
    x, v = rng.standard_normal(3), rng.standard_normal(2)
    j = jacobian(concept, framework, curved(framework), x)
    _, (grad,) = framework.vjp(curved(framework), [x], v)

    assert grad.shape == x.shape
    np.testing.assert_allclose(grad, v @ j, rtol=1e-12)
    assert_matches(framework, curved(framework), curved_reference, x)


@pytest.mark.equation("jacobian-chain-rule")
def test_chain_rule_and_its_order(concept, framework, rng):
    a, x = rng.standard_normal((3, 2)), rng.standard_normal(2)
    f, g = matrix_times(framework, a), curved(framework)
    whole = jacobian(concept, framework, lambda x: g(f(x)), x)
    j_f = jacobian(concept, framework, f, x)
    j_g = jacobian(concept, framework, g, a @ x)

    np.testing.assert_allclose(whole, curved_jacobian(a @ x) @ a, rtol=1e-12)
    np.testing.assert_allclose(whole, j_g @ j_f, rtol=1e-12)
    np.testing.assert_allclose(whole.T, j_f.T @ j_g.T, rtol=1e-12)


@pytest.mark.equation("quadratic-form-gradient")
@pytest.mark.parametrize("n", [1, 2, 5])
def test_quadratic_form(concept, framework, rng, n):
    a, x = rng.standard_normal((n, n)), rng.standard_normal(n)
    times = matrix_times(framework, a)
    _, (grad,) = framework.vjp(lambda x: (x * times(x)).sum(), [x], np.float64(1.0))
    row = jacobian(concept, framework, lambda x: (x * times(x)).sum().reshape(1), x)

    expected = [sum((a[i, j] + a[j, i]) * x[j] for j in range(n)) for i in range(n)]
    np.testing.assert_allclose(grad, expected, rtol=1e-12)
    np.testing.assert_allclose(row, [expected], rtol=1e-12)


def surface(x):
    """A scalar function of two numbers that is not quadratic."""
    return curved_reference(np.array([x[0], x[1], 0.5 * x[0] - x[1]])).sum()


def gradient_and_slopes(concept, framework, x, directions):
    """The gradient by autograd, and the slope along each direction by differences."""
    lift = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, -1.0]])
    f, g = matrix_times(framework, lift), curved(framework)
    (grad,) = jacobian(concept, framework, lambda x: g(f(x)).sum().reshape(1), x)
    h = 1e-5
    slopes = [(surface(x + h * u) - surface(x - h * u)) / (2 * h) for u in directions]
    return grad, np.array(slopes)


CIRCLE = np.stack([np.cos(t := np.radians(np.arange(360))), np.sin(t)], axis=1)


@pytest.mark.equation("slope-along-direction")
@pytest.mark.equation("steepest-ascent-l2")
@pytest.mark.parametrize("x", [(0.3, -0.7), (-1.0, 0.2), (0.0, 1.5)], ids=str)
def test_steepest_of_360_directions_is_the_gradient(concept, framework, x):
    grad, slopes = gradient_and_slopes(concept, framework, np.array(x), CIRCLE)
    length = np.sqrt((grad**2).sum())

    np.testing.assert_allclose(slopes, CIRCLE @ grad, atol=1e-8 * length)
    best = slopes.argmax()
    # Directions are 1 degree apart, so one lies within half a degree of the gradient.
    half = np.cos(np.radians(0.5))
    assert CIRCLE[best] @ grad / length >= half - 1e-9
    assert half - 1e-8 <= slopes[best] / length <= 1 + 1e-8


@pytest.mark.equation("steepest-ascent-infinity")
@pytest.mark.parametrize("x", [(0.3, -0.7), (-1.0, 0.2), (0.0, 1.5)], ids=str)
def test_steepest_in_the_infinity_norm_is_the_sign(concept, framework, x):
    square = CIRCLE / np.abs(CIRCLE).max(axis=1, keepdims=True)
    grad, slopes = gradient_and_slopes(concept, framework, np.array(x), square)

    np.testing.assert_allclose(square[slopes.argmax()], np.sign(grad), rtol=1e-12)
    np.testing.assert_allclose(slopes.max(), np.abs(grad).sum(), rtol=1e-7)


@pytest.mark.equation("descent-factors")
@pytest.mark.parametrize("learning_rate", [0.1, 0.25, 0.45, 0.5, 0.51])
def test_each_step_of_descent_multiplies_by_the_factors(
    concept, framework, learning_rate
):
    def f(x):
        return ((x[0] ** 2 + 4 * x[1] ** 2) / 2).reshape(1)

    x = start = np.array([-2.0, -1.0])
    for k in range(1, 21):
        (grad,) = jacobian(concept, framework, f, x)
        x = x - learning_rate * grad
        factors = 1 - learning_rate * np.array([1.0, 4.0])
        np.testing.assert_allclose(x, factors**k * start, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_float32_keeps_rows_of_very_different_size(concept, framework, size):
    a = np.array([[size, 2 * size], [3.0, 4.0]], np.float32)
    x = np.array([5.0, -6.0], np.float32)
    j = jacobian(concept, framework, matrix_times(framework, a), x)

    assert j.dtype == np.float32
    np.testing.assert_array_equal(j, a)


def test_entries_that_ignore_x_have_rows_of_zeros(concept, framework):
    w = framework.array(np.array([2.0, 3.0]))
    if framework.name == "torch":
        w.requires_grad_()
    else:
        w.attach_grad()

    j = jacobian(concept, framework, lambda x: 5 * w, np.ones(3))
    np.testing.assert_array_equal(j, np.zeros((2, 3)))
    j = jacobian(concept, framework, lambda x: x[:2] * w, np.ones(3))
    np.testing.assert_array_equal(j, [[2, 0, 0], [0, 3, 0]])


def test_leaves_its_argument_alone(concept, framework):
    x = framework.array(np.array([1.0, 2.0]))
    concept.jacobian(lambda x: x * x, x)
    if framework.name == "torch":
        assert not x.requires_grad
        x.requires_grad_()
        (x * x).sum().backward()
    else:
        x.attach_grad()
        with framework.module.autograd.record():
            y = (x * x).sum()
        y.backward()
    j = jacobian(concept, framework, lambda x: x * x, x)

    np.testing.assert_array_equal(j, [[2, 0], [0, 4]])
    np.testing.assert_array_equal(framework.numpy(x.grad), [2, 4])


def test_stays_on_the_device_of_the_point(concept, framework):
    if framework.name == "torch":
        x, device = framework.module.zeros(3, device="meta"), "device"
    else:
        x, device = (
            framework.array(np.zeros(3)).as_in_ctx(framework.module.cpu(1)),
            "ctx",
        )
    j = concept.jacobian(lambda x: x[:2] * x[:2], x)

    assert tuple(j.shape) == (2, 3)
    assert getattr(j, device) == getattr(x, device)


@pytest.mark.parametrize("shape", [(), (2, 3)], ids=str)
def test_rejects_a_point_that_is_not_a_vector(concept, framework, shape):
    with pytest.raises(ValueError, match=r"x must be a vector, got shape \("):
        concept.jacobian(lambda x: x, framework.array(np.ones(shape)))


def test_rejects_whole_numbers(concept, framework):
    with pytest.raises(ValueError, match=r"got shape \(2,\) and .*int64; flatten"):
        concept.jacobian(lambda x: x, framework.array(np.array([3, -4])))


@pytest.mark.parametrize("shape", [(), (2, 3), (0,)], ids=str)
def test_rejects_a_function_that_returns_no_vector(concept, framework, shape):
    def function(x):
        return x[:0] if shape == (0,) else x.sum() if shape == () else x.reshape(shape)

    match = r"function must return a vector .* got shape \(" + str(shape)[1:-1]
    with pytest.raises(ValueError, match=match):
        concept.jacobian(function, framework.array(np.ones(6)))
