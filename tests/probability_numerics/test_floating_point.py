"""Both floating_point twins against the naive formulas in float64, and the grid itself.

Arithmetic is done by the framework; what it should give is known exactly, because
float64 holds every float16 number, and sums and products of two, without error.
"""

import numpy as np
import pytest

from frameworks import assert_matches

INF = float("inf")
FORMATS = {  # p, e_min, e_max
    np.float16: (11, -14, 15),
    np.float32: (24, -126, 127),
    np.float64: (53, -1022, 1023),
}
each_format = pytest.mark.parametrize("dtype", FORMATS, ids=lambda d: d.__name__)


def log_sum_exp(x, axis=-1):
    return np.log(np.exp(x).sum(axis))


def softmax(x, axis=-1):
    return np.exp(x) / np.exp(x).sum(axis, keepdims=True)


def log_sigmoid(x):
    return np.log(1 / (1 + np.exp(-x)))


def compute(framework, function, *arrays):
    return framework.numpy(function(*map(framework.array, arrays)))


def add(framework, a, b):
    """The sum of numbers of one format as the framework rounds it."""
    return compute(framework, lambda a, b: a + b, np.stack([a]), np.stack([b]))[0]


def float16_grid():
    """The non-negative float16 numbers by the formula, in order, in float64."""
    p, e_min, e_max = FORMATS[np.float16]
    m = np.arange(2**p)
    e = np.arange(e_min, e_max + 1)
    return np.unique(m * 2.0 ** (e[:, None] - p + 1))


@pytest.mark.equation("floating-point-numbers")
def test_grid_is_what_the_framework_can_hold(framework):
    grid = float16_grid()
    bits = np.arange(0x7C00, dtype=np.uint16).view(np.float16)  # below inf
    np.testing.assert_array_equal(grid, bits)

    kept = compute(framework, lambda x: x * 1, grid.astype(np.float16))
    np.testing.assert_array_equal(kept, grid)
    # One step up from x by addition: the next number, and never one in between.
    step = np.diff(grid).astype(np.float16)
    up = compute(framework, lambda x, y: x + y, grid[:-1].astype(np.float16), step)
    np.testing.assert_array_equal(up, grid[1:])


@pytest.mark.equation("number-spacing")
def test_spacing(framework):
    p, e_min, _ = FORMATS[np.float16]
    grid = float16_grid()
    x = grid[1:-1]
    e = np.floor(np.log2(x))
    expected = 2 ** (np.maximum(e, e_min) - p + 1)

    np.testing.assert_array_equal(np.diff(grid)[1:], expected)
    got = compute(framework, lambda a, b: b - a, *grid.astype(np.float16)[[1, 2]])
    assert got == 2.0**-24


@pytest.mark.equation("range-limits")
@each_format
def test_limits(framework, dtype):
    p, e_min, e_max = FORMATS[dtype]
    largest = dtype((1 - 2.0**-p) * 2.0) * dtype(2.0**e_max)
    normal, subnormal = dtype(2.0**e_min), dtype(2.0 ** (e_min - p + 1))
    info = np.finfo(dtype)

    assert (info.max, info.smallest_normal) == (largest, normal)
    assert info.smallest_subnormal == subnormal > 0
    assert add(framework, largest, -largest / 2) == largest / 2
    assert add(framework, largest, largest) == INF
    half = compute(framework, lambda x: x / 2, np.stack([normal, subnormal]))
    np.testing.assert_array_equal(half, [normal / 2, 0])
    assert half[0] > 0


@pytest.mark.equation("overflow-threshold")
@each_format
def test_overflow_starts_half_a_spacing_above_the_largest(framework, dtype):
    p, _, e_max = FORMATS[dtype]
    largest = np.finfo(dtype).max
    half = dtype(2.0 ** (e_max - p))
    below = np.nextafter(half, dtype(0))

    assert add(framework, largest, below) == largest
    assert add(framework, largest, half) == INF
    assert add(framework, -largest, -half) == -INF


@pytest.mark.equation("rounding-model")
@pytest.mark.parametrize("operation", ["+", "-", "*", "/"])
def test_each_operation_errs_by_half_an_epsilon(framework, rng, operation):
    def apply(x, y):
        return {"+": x + y, "-": x - y, "*": x * y, "/": x / y}[operation]

    x, y = rng.standard_normal((2, 1000)).astype(np.float32)
    exact = apply(x.astype(np.float64), y.astype(np.float64))
    error = np.abs(compute(framework, apply, x, y) - exact)

    assert np.all(error <= 2.0**-24 * np.abs(exact) * (1 + 1e-6))
    assert np.any(error > 2.0**-26 * np.abs(exact))


@pytest.mark.equation("absorption")
@pytest.mark.parametrize("a", [1.0, 1e8, 16777216.0, 3e-39])
def test_absorption_below_half_a_spacing(framework, a):
    a = np.float32(a)
    half = np.spacing(a) / np.float32(2)

    if half > 0:  # half of the smallest subnormal is 0 already
        assert add(framework, a, np.nextafter(half, np.float32(0))) == a
    assert add(framework, a, np.float32(2) * np.spacing(a)) > a


@pytest.mark.equation("cancellation-bound")
def test_subtraction_magnifies_earlier_errors_up_to_the_bound(framework, rng):
    a = rng.uniform(1, 2, 1000)
    b = a * (1 + rng.uniform(-1e-4, 1e-4, 1000))
    rounded = a.astype(np.float32), b.astype(np.float32)
    difference = compute(framework, lambda x, y: x - y, *rounded)
    error = np.abs(difference - (a - b)) / np.abs(a - b)
    bound = 2.0**-24 * (np.abs(a) + np.abs(b)) / np.abs(a - b)

    assert np.all(error <= bound)
    assert np.max(error / bound) > 0.8
    assert np.max(error) > 1e-3


@pytest.mark.equation("variance-two-ways")
def test_two_formulas_for_the_variance(framework, rng):
    def one_pass(x):
        return (x**2).mean() - x.mean() ** 2

    def two_pass(x):
        return ((x - x.mean()) ** 2).mean()

    x = rng.standard_normal(50)
    for formula in (one_pass, two_pass):
        np.testing.assert_allclose(compute(framework, formula, x), x.var(), rtol=1e-12)
    far = (1e4 + x).astype(np.float32)
    exact = far.astype(np.float64).var()
    np.testing.assert_allclose(compute(framework, two_pass, far), exact, rtol=1e-4)
    assert abs(compute(framework, one_pass, far) - exact) > 0.1


@pytest.mark.equation("log-sum-exp")
@pytest.mark.parametrize(
    ("shape", "axis"), [((4,), 0), ((3, 4), 0), ((3, 4), -1), ((2, 3, 5), 1)], ids=str
)
def test_log_sum_exp(concept, framework, rng, shape, axis):
    x = rng.standard_normal(shape)

    assert_matches(
        framework,
        lambda x: concept.log_sum_exp(x, axis),
        lambda x: log_sum_exp(x, axis),
        x,
    )


@pytest.mark.equation("softmax-shifted")
@pytest.mark.parametrize(("shape", "axis"), [((4,), 0), ((3, 4), -1), ((2, 3, 5), 1)])
def test_softmax(concept, framework, rng, shape, axis):
    x = rng.standard_normal(shape)

    assert_matches(
        framework, lambda x: concept.softmax(x, axis), lambda x: softmax(x, axis), x
    )


@pytest.mark.equation("log-sum-exp-gradient")
def test_gradient_of_log_sum_exp_is_softmax(concept, framework, rng):
    x = rng.standard_normal(5)
    _, (grad,) = framework.vjp(concept.log_sum_exp, [x], np.float64(1.0))

    np.testing.assert_allclose(grad, softmax(x), rtol=1e-12)


@pytest.mark.equation("log-sum-exp-shifted")
@pytest.mark.parametrize("center", [-1e4, -1000, -104, 88.8, 1000, 1e4])
def test_float32_survives_where_the_exponentials_do_not(
    concept, framework, rng, center
):
    offset = rng.standard_normal((3, 4)).astype(np.float32).round(2)
    x = (np.float32(center) + offset).astype(np.float32)
    with np.errstate(over="ignore"):
        assert not np.all(np.isfinite(np.exp(x)) & (np.exp(x) > 0))
    moved = x.astype(np.float64) - center  # the reference would overflow as well
    value, (grad,) = framework.vjp(concept.log_sum_exp, [x], np.ones(3, np.float32))

    assert value.dtype == np.float32
    np.testing.assert_allclose(value, center + log_sum_exp(moved), rtol=2e-7)
    np.testing.assert_allclose(grad, softmax(moved), rtol=1e-5)
    np.testing.assert_allclose(
        compute(framework, concept.softmax, x), softmax(moved), rtol=1e-5
    )


@pytest.mark.equation("log-sum-exp-bounds")
def test_log_sum_exp_lies_above_the_largest_by_at_most_log_n(concept, framework, rng):
    for n in (1, 2, 7):
        x = rng.standard_normal((20, n)) * 10
        value = compute(framework, concept.log_sum_exp, x)
        assert np.all(value >= x.max(1) - 1e-12)
        assert np.all(value <= x.max(1) + np.log(n) + 1e-12)
        equal = compute(framework, concept.log_sum_exp, np.full(n, 3.0))
        np.testing.assert_allclose(equal, 3 + np.log(n), rtol=1e-12)


def test_infinite_entries(concept, framework):
    x = np.array([[-INF, 0.0], [-INF, -INF], [INF, 0.0], [0.0, np.nan]], np.float32)
    value, (grad,) = framework.vjp(concept.log_sum_exp, [x], np.ones(4, np.float32))

    np.testing.assert_array_equal(value, [0.0, -INF, INF, np.nan])
    np.testing.assert_array_equal(grad, [[0, 1], [0, 0], [0, 0], [0, 0]])
    softmax = compute(framework, concept.softmax, x)
    np.testing.assert_array_equal(softmax[0], [0, 1])
    assert np.all(np.isnan(softmax[1:]).any(axis=1))


@pytest.mark.parametrize("shape", [(4,), (2, 3), ()], ids=str)
def test_log_sigmoid(concept, framework, rng, shape):
    x = np.asarray(rng.standard_normal(shape))

    assert_matches(framework, concept.log_sigmoid, log_sigmoid, x)


@pytest.mark.equation("log-sigmoid-stable")
def test_log_sigmoid_in_float32(concept, framework):
    x = np.array([-1e4, -100, -20, 0, 20, 80, 1e4, INF, -INF], np.float32)
    expected = [-1e4, -100, -20, -np.log(2), -np.exp(-20), -np.exp(-80), 0, 0, -INF]
    slope = [1, 1, 1, 0.5, np.exp(-20), np.exp(-80), 0, 0, 1]
    value, (grad,) = framework.vjp(concept.log_sigmoid, [x], np.ones(9, np.float32))

    assert value.dtype == np.float32
    np.testing.assert_allclose(value, expected, rtol=1e-6)
    np.testing.assert_allclose(grad, slope, rtol=1e-6)


def test_log_sigmoid_rounds_three_times_at_most(concept, framework):
    x = np.linspace(-3, 3, 6001).astype(np.float32)
    exact = -np.log1p(np.exp(-x.astype(np.float64)))
    value = compute(framework, concept.log_sigmoid, x)

    np.testing.assert_allclose(value, exact, rtol=1.5 * np.finfo(np.float32).eps)


@pytest.mark.parametrize("name", ["log_sum_exp", "softmax"])
def test_the_axis_is_the_last_unless_told_and_counts_from_either_end(
    concept, framework, rng, name
):
    function, reference = getattr(concept, name), globals()[name]
    x = rng.standard_normal((2, 1, 3))  # only the axis that was told goes away
    value = compute(framework, function, x)
    np.testing.assert_allclose(value, reference(x), rtol=1e-12)
    for axis in range(-3, 3):
        value = compute(framework, lambda x, axis=axis: function(x, axis), x)
        np.testing.assert_allclose(value, reference(x, axis), rtol=1e-12)


@pytest.mark.parametrize(
    ("shape", "axis"), [((2, 3), 2), ((2, 3), -3), ((), 0), ((), -1)], ids=str
)
@pytest.mark.parametrize("name", ["log_sum_exp", "softmax"])
def test_rejects_an_axis_that_is_not_there(concept, framework, name, shape, axis):
    with pytest.raises(ValueError, match=f"x must have an axis {axis} .* got shape"):
        getattr(concept, name)(framework.array(np.ones(shape)), axis)


@pytest.mark.parametrize("name", ["log_sum_exp", "softmax", "log_sigmoid"])
def test_rejects_integers(concept, framework, name):
    with pytest.raises(ValueError, match=r"floating-point numbers, got \S*int32; conv"):
        getattr(concept, name)(framework.array(np.array([1, 2], np.int32)))


@pytest.mark.parametrize("name", ["log_sum_exp", "softmax"])
def test_rejects_an_empty_axis(concept, framework, name):
    with pytest.raises(ValueError, match=r"no empty axis, got shape \(2, 0\); leave"):
        getattr(concept, name)(framework.array(np.zeros((2, 0))), axis=1)
