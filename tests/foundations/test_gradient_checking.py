"""Both gradient_checking twins against gradients that are known by formula."""

import inspect
import re
from fractions import Fraction

import numpy as np
import pytest

EPS = 2.0**-52  # machine epsilon of float64


def ops(framework):
    """The module that holds sin, exp and so on."""
    return framework.module if framework.name == "torch" else framework.module.np


def cubes(x):
    return (x * x * x).sum()


def detached_cubes(x):
    """Value of cubes, but autograd finds x^2 where 3 x^2 is right."""
    return (x * x.detach() * x.detach()).sum()


@pytest.mark.equation("central-difference-gradient")
@pytest.mark.parametrize("shape", [(), (1,), (5,), (2, 3)], ids=str)
def test_central_difference_of_known_gradients(concept, framework, rng, shape):
    x, weights = np.asarray(rng.standard_normal((2, *shape)))
    w = framework.array(weights)
    for function, gradient in [
        (lambda t: (w * ops(framework).sin(t)).sum(), weights * np.cos(x)),
        (lambda t: (w * t).sum() * t.sum(), weights * x.sum() + (weights * x).sum()),
    ]:
        point = framework.array(x)
        got = framework.numpy(concept.central_difference(function, point))

        assert (got.shape, got.dtype) == (shape, np.float64)
        np.testing.assert_allclose(got, gradient, rtol=1e-7, atol=1e-9)
        assert concept.gradient_check(function, point) < 1e-8
        np.testing.assert_array_equal(framework.numpy(point), x)


@pytest.mark.equation("central-difference")
@pytest.mark.parametrize("step", [0.5, 0.1])
def test_large_steps_show_the_formula(concept, framework, rng, step):
    x = rng.standard_normal(4)
    got = framework.numpy(concept.central_difference(cubes, framework.array(x), step))

    # ((x + h)^3 - (x - h)^3) / 2h, multiplied out
    np.testing.assert_allclose(got, 3 * x**2 + step**2, rtol=1e-12)


@pytest.mark.equation("forward-difference")
@pytest.mark.equation("forward-truncation")
@pytest.mark.equation("central-truncation")
def test_truncation_errors(concept, framework, rng):
    sin, cos = ops(framework).sin, ops(framework).cos
    x = framework.array(rng.uniform(0.5, 1.0, 8))
    slope, sine = framework.numpy(cos(x)), framework.numpy(sin(x))
    for h in (2.0**-9, 2.0**-10):
        forward = framework.numpy((sin(x + h) - sin(x)) / h) - slope
        # What the formula calls O(h^2) is h / 3 * cot(x) of it, 0.12 % at most.
        np.testing.assert_allclose(forward / (h / 2), -sine, rtol=1e-2)
        central = framework.numpy(
            concept.central_difference(lambda t: sin(t).sum(), x, h)
        )
        np.testing.assert_allclose((central - slope) / (h**2 / 6), -slope, rtol=1e-5)


@pytest.mark.equation("difference-rounding")
def test_rounding_error_stays_below_its_bound_and_comes_near(framework, rng):
    # 1 / x is rounded correctly, x and h have few bits: only f is rounded, and the
    # exact quotient is a fraction.
    x = rng.uniform(1.0, 2.0, 500).astype(np.float32).astype(np.float64)
    h = 2.0**-24
    values = {d: framework.numpy(1 / framework.array(x + d * h)) for d in (-1, 0, 1)}
    worst = {}
    for name, low, width in (("forward", 0, 1), ("central", -1, 2)):
        ratios = []
        for i, point in enumerate(map(Fraction, x)):
            exact = 1 / (point + Fraction(h)) - 1 / (point + low * Fraction(h))
            rounded = Fraction(values[1][i]) - Fraction(values[low][i])
            error = abs(float((rounded - exact) / (width * Fraction(h))))
            ratios.append(error * width * h / (EPS * values[low][i]))
        worst[name] = max(ratios)
    assert 0.5 < worst["forward"] <= 1
    assert 0.5 < worst["central"] <= 1


@pytest.mark.equation("optimal-steps")
@pytest.mark.parametrize("eps", [2.0**-52, 2.0**-23])
def test_optimal_steps_minimize_the_sum_of_the_bounds(eps):
    f, f2, f3 = 0.3, 5.0, 7.0
    h = np.exp(np.linspace(np.log(1e-10), np.log(0.5), 200_001))
    forward = h[np.argmin(h / 2 * f2 + eps / h * f)]
    central = h[np.argmin(h**2 / 6 * f3 + eps / (2 * h) * f)]

    np.testing.assert_allclose(forward, (2 * eps * f / f2) ** (1 / 2), rtol=1e-3)
    np.testing.assert_allclose(central, (1.5 * eps * f / f3) ** (1 / 3), rtol=1e-3)


def test_default_step_is_the_cube_root_of_the_machine_epsilon(concept):
    for function in (concept.central_difference, concept.gradient_check):
        step = inspect.signature(function).parameters["step"].default
        np.testing.assert_allclose(step, EPS ** (1 / 3), rtol=0.02)


@pytest.mark.equation("gradient-check-error")
def test_error_is_the_largest_relative_one(concept, framework):
    x = np.array([0.4, -1.3, 2.1])
    wrong, right = x**2, 3 * x**2
    expected = np.max(abs(wrong - right) / np.maximum(abs(wrong), abs(right)))
    got = concept.gradient_check(detached_cubes, framework.array(x))

    assert isinstance(got, float)
    np.testing.assert_allclose(got, expected, rtol=1e-8)  # 2/3

    # The floor decides where both gradients are small, here 3e-4 and 1e-4.
    got = concept.gradient_check(detached_cubes, framework.array(x[:1] / 40), floor=0.1)
    np.testing.assert_allclose(got, 2 * (0.4 / 40) ** 2 / 0.1, rtol=1e-5)
    # It enters by itself where both are 0 but for noise: f = 1 + x^2 at 0.
    zero = framework.array(np.zeros(2))
    assert concept.gradient_check(lambda x: 1 + (x * x).sum(), zero) < 1e-7


@pytest.mark.parametrize("shape", [(0,), (2, 0)], ids=str)
def test_a_check_of_nothing_is_refused(concept, framework, shape):
    x, message = framework.array(np.ones(shape)), rf"got shape {re.escape(str(shape))};"
    with pytest.raises(ValueError, match=f"x must have an entry, {message}"):
        concept.gradient_check(detached_cubes, x)


@pytest.mark.parametrize("floor", [0.0, -1.0, np.inf, -np.inf, np.nan])
def test_floors_that_compare_nothing_are_refused(concept, framework, floor):
    x, message = framework.array(np.ones(2)), f"positive and finite, got {floor}; take"
    with pytest.raises(ValueError, match=f"floor must be {message}"):
        concept.gradient_check(detached_cubes, x, floor=floor)


@pytest.mark.parametrize("bad", range(4))
def test_one_wrong_entry_among_many_is_found(concept, framework, rng, bad):
    x = rng.uniform(1.0, 2.0, (2, 2))
    mask = np.zeros(4)
    mask[bad] = 1e-3  # of the gradient, in one entry
    share = framework.array(mask.reshape(2, 2))

    def slightly_wrong(x):
        return (x * x * x + share * (x - x.detach())).sum()

    got = concept.gradient_check(slightly_wrong, framework.array(x))
    gradient = 3 * x.ravel()[bad] ** 2
    np.testing.assert_allclose(got, 1e-3 / (gradient + 1e-3), rtol=1e-4)


@pytest.mark.equation("gradient-check-cotangent")
def test_ones_miss_what_a_random_cotangent_finds(concept, framework, rng):
    x, cotangent = rng.standard_normal((2, 5))
    softmax = np.exp(x) / np.exp(x).sum()
    gradient = softmax * (cotangent - (softmax * cotangent).sum())

    def right(x):
        return ops(framework).exp(x) / ops(framework).exp(x).sum()

    def zero_backward(x):
        return right(x).detach() + 0 * x

    def check(output, cotangent):
        weights = framework.array(cotangent)
        return concept.gradient_check(
            lambda x: (weights * output(x)).sum(), framework.array(x)
        )

    _, (vjp,) = framework.vjp(right, [x], cotangent)
    np.testing.assert_allclose(vjp, gradient, rtol=1e-12)
    assert check(right, cotangent) < 1e-7
    assert check(zero_backward, np.ones(5)) < 1e-7  # wrong, and passes
    assert check(zero_backward, cotangent) > 0.99


@pytest.mark.parametrize(("start", "difference"), [(0.0, 0.5), (2e-6, 2 / 3), (1.0, 1)])
def test_kinks_closer_than_the_step_raise_a_false_alarm(
    concept, framework, start, difference
):
    x = framework.array(np.array([start]))

    def relu(x):
        return (x * (x > 0)).sum()

    got = framework.numpy(concept.central_difference(relu, x))
    np.testing.assert_allclose(got, [difference], rtol=1e-6)
    right = float(start > 0)
    expected = abs(right - difference) / max(right, difference)
    np.testing.assert_allclose(concept.gradient_check(relu, x), expected, atol=1e-9)


def test_divides_by_the_step_that_was_taken(concept, framework):
    # Near 1e6 a step of 1e-6 is rounded by up to 1 part in 10^4.
    for start in 1e6 + 0.1 * np.arange(10):
        x = framework.array(np.array([start]))
        got = concept.central_difference(lambda x: x.sum(), x, 1e-6)
        np.testing.assert_array_equal(framework.numpy(got), [1.0])


def test_calls_the_function_twice_per_entry(concept, framework):
    calls = []

    def function(x):
        calls.append(framework.numpy(x))
        return cubes(x)

    concept.central_difference(function, framework.array(np.arange(6.0)), 0.25)
    assert len(calls) == 1 + 2 * 6
    moved = sorted((np.arange(6.0) - call).sum() for call in calls)
    np.testing.assert_array_equal(moved, [-0.25] * 6 + [0.0] + [0.25] * 6)


def test_a_function_that_overwrites_its_argument_does_no_harm(concept, framework):
    x = framework.array(np.ones(3))

    def function(x):
        y = x * 1
        x[0] = 7.0
        return cubes(y)

    got = framework.numpy(concept.central_difference(function, x))
    np.testing.assert_allclose(got, [3.0, 3.0, 3.0], rtol=1e-8)
    np.testing.assert_array_equal(framework.numpy(x), np.ones(3))


def test_nan_in_a_gradient_does_not_pass(concept, framework):
    x = framework.array(np.array([0.0, 1.0]))
    error = concept.gradient_check(lambda x: ops(framework).sqrt(x).sum(), x)

    assert np.isnan(error) and not error < 1e-6


def test_both_gradients_see_the_same_mode(concept, framework):
    x = framework.array(np.arange(1.0, 9.0))
    if framework.name == "torch":
        dropout = framework.module.nn.Dropout(0.5).eval()
    else:  # record() alone would switch to training mode
        dropout = framework.module.gluon.nn.Dropout(0.5)

    def function(x):
        return dropout(x * x).sum()

    assert concept.gradient_check(function, x) < 1e-8
    if framework.name == "torch":
        dropout.train()
        error = concept.gradient_check(function, x)
    else:
        with framework.module.autograd.train_mode():
            error = concept.gradient_check(function, x)
    assert error > 0.1  # another mask at every call: no gradient can pass


def test_batch_norm_passes_in_prediction_mode(concept, framework, rng):
    x, cotangent = rng.standard_normal((2, 4, 3))
    weights = framework.array(cotangent)
    if framework.name == "torch":
        norm = framework.module.nn.BatchNorm1d(3).double().eval()
    else:  # backward() alone would take the statistics of the batch
        norm = framework.module.gluon.nn.BatchNorm(in_channels=3)
        norm.initialize()
        norm.cast("float64")

    error = concept.gradient_check(
        lambda x: (weights * norm(x)).sum(), framework.array(x)
    )
    assert error < 1e-7


@pytest.mark.parametrize("dtype", [np.float32, np.int64], ids=lambda d: d.__name__)
@pytest.mark.parametrize("name", ["central_difference", "gradient_check"])
def test_rejects_points_that_are_not_float64(concept, framework, name, dtype):
    x = framework.array(np.ones(2, dtype))
    with pytest.raises(
        ValueError, match=rf"x must be float64, got .*{dtype.__name__};"
    ):
        getattr(concept, name)(cubes, x)


@pytest.mark.parametrize("step", [0.0, -1e-6, float("nan"), 1e-17])
def test_rejects_steps_that_change_nothing(concept, framework, step):
    with pytest.raises(
        ValueError, match="step must be positive and change every entry"
    ):
        concept.gradient_check(cubes, framework.array(np.array([1e-3, 1.0])), step)


def test_rejects_a_step_of_zero_at_a_point_without_entries(concept, framework):
    x = framework.array(np.zeros(0))
    assert framework.numpy(concept.central_difference(cubes, x)).shape == (0,)
    with pytest.raises(ValueError, match=r"step must be positive .*, got 0\.0;"):
        concept.central_difference(cubes, x, 0.0)


def test_rejects_values_that_are_not_float64_numbers(concept, framework):
    x = framework.array(np.ones(3))
    with pytest.raises(
        ValueError, match=r"float64 number, got .*float64 of shape \(3,\)"
    ):
        concept.gradient_check(lambda x: x * x, x)
    single = framework.array(np.ones(3, np.float32))
    with pytest.raises(ValueError, match=r"got .*float32 of shape \(\)"):
        concept.gradient_check(lambda x: (single * single).sum(), x)
