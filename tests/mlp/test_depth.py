"""Both tent networks and the count of pieces against formulas, once more in NumPy."""

import numpy as np
import pytest

from frameworks import assert_matches

DEPTHS = [0, 1, 2, 3, 5]


def tent(x):
    return np.where(x <= 0.5, 2 * x, 2 - 2 * x)


def composed(x, depth):
    """Fold piece by piece: rising on the even pieces, falling on the odd ones."""
    piece = np.floor(2**depth * x)
    return np.where(piece % 2 == 0, 2**depth * x - piece, piece + 1 - 2**depth * x)


def inside_pieces(rng, shape, depth):
    """Draw numbers that keep away from the kinks, for finite differences."""
    place = rng.integers(2**depth, size=shape) + rng.uniform(0.1, 0.9, shape)
    return place / 2**depth


def compute(framework, function, *arguments):
    arrays = [framework.array(a) if np.ndim(a) else a for a in arguments]
    return framework.numpy(function(*arrays))


def pieces(framework, concept, x, y):
    return concept.count_linear_pieces(framework.array(x), framework.array(y))


@pytest.mark.equation("tent-slopes")
@pytest.mark.parametrize("name", ["tent_network", "shallow_tent"])
@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("shape", [(4,), (2, 3), (2, 1, 3)], ids=str)
def test_value_and_gradient(concept, framework, rng, name, depth, shape):
    x = inside_pieces(rng, shape, depth)
    function = getattr(concept, name)

    assert_matches(
        framework, lambda x: function(x, depth), lambda x: composed(x, depth), x
    )


@pytest.mark.equation("tent-map")
def test_one_layer_is_the_tent(concept, framework, rng):
    x = np.append(rng.random(40), [0, 0.25, 0.5, 0.75, 1])
    value = compute(framework, concept.tent_network, x, 1)

    np.testing.assert_allclose(value, tent(x), rtol=1e-15)
    np.testing.assert_allclose(value, 1 - np.abs(2 * x - 1), rtol=1e-14, atol=1e-15)


@pytest.mark.equation("tent-composition")
@pytest.mark.parametrize("depth", DEPTHS)
def test_a_layer_more_applies_the_tent_once_more(concept, framework, rng, depth):
    x = rng.random(40)
    value = compute(framework, concept.tent_network, x, depth + 1)

    outside = tent(compute(framework, concept.tent_network, x, depth))
    inside = compute(framework, concept.tent_network, tent(x), depth)
    np.testing.assert_allclose(value, outside, rtol=1e-15)
    np.testing.assert_allclose(value, inside, rtol=1e-15)


@pytest.mark.equation("tent-shallow")
@pytest.mark.parametrize("depth", DEPTHS)
def test_the_shallow_sum_unit_by_unit(concept, framework, rng, depth):
    x = np.append(rng.random(20), [0, 1])
    units = 2**depth
    wanted = units * x
    for j in range(1, units):
        wanted = wanted + 2 * units * (-1) ** j * np.maximum(x - j / units, 0)

    value = compute(framework, concept.shallow_tent, x, depth)
    np.testing.assert_allclose(value, wanted, atol=1e-13)
    np.testing.assert_allclose(value, composed(x, depth), atol=1e-13)


@pytest.mark.equation("tent-pieces")
@pytest.mark.parametrize("depth", range(8))
@pytest.mark.parametrize("name", ["tent_network", "shallow_tent"])
def test_pieces_double_with_each_layer(concept, framework, name, depth):
    x = np.arange(257) / 256
    y = compute(framework, getattr(concept, name), x, depth)

    assert pieces(framework, concept, x, y) == 2**depth


def broken_line(rng, x, kinks):
    """Draw a function on the grid x with kinks at so many of its inner points."""
    slopes = np.zeros(len(x) - 1)
    where = 1 + rng.choice(len(x) - 2, size=kinks, replace=False)
    slopes[np.append(0, where)] = rng.choice([-3, -2, -1, 1, 2, 3], size=kinks + 1)
    slopes = np.cumsum(slopes)  # every kink changes the slope
    return np.append(0, np.cumsum(slopes * np.diff(x)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kinks", [0, 1, 2, 7, 31])
def test_counts_the_kinks_of_a_broken_line(concept, framework, rng, kinks, dtype):
    x = (np.arange(33) / 32).astype(dtype)
    for _ in range(5):
        y = broken_line(rng, x, kinks).astype(dtype)
        count = pieces(framework, concept, x, y)
        assert type(count) is int
        assert count == kinks + 1
    two = np.array([0, 1], dtype)
    assert pieces(framework, concept, two, two) == 1  # two points make a line
    x = np.delete(x, 16)  # steps need not be alike
    assert pieces(framework, concept, x, 3 * x - 1) == 1


@pytest.mark.equation("shallow-bound")
def test_one_hidden_layer_has_a_piece_more_than_units(concept, framework, rng):
    x = np.arange(129) / 128
    counts = []
    for units in (1, 2, 5, 20):
        for _ in range(10):
            kink = rng.integers(-64, 193, size=units) / 128  # some outside
            weight, change = rng.choice([-2, -1, 1, 2], size=(2, units))
            y = np.maximum(weight * (x[:, None] - kink), 0) @ change + 3
            counts.append((pieces(framework, concept, x, y), units))
    assert all(count <= units + 1 for count, units in counts)
    assert any(count == units + 1 for count, units in counts)


@pytest.mark.equation("pieces-of-sums-and-compositions")
def test_a_sum_adds_pieces_and_a_composition_multiplies_them(concept, framework, rng):
    def count(y):
        return pieces(framework, concept, x, y)

    x = np.arange(257) / 256
    for _ in range(10):
        f, g = broken_line(rng, x, 3), broken_line(rng, x, 4)
        assert count(f + g) <= count(f) + count(g) - 1
    for i, j in [(1, 1), (2, 3), (4, 2)]:
        outer, inner = composed(x, i), composed(x, j)
        y = composed(inner, i)
        assert count(y) == count(outer) * count(inner)
        assert count(y + x) == count(y)
    assert count(composed(x / 2, 2)) == 2 < count(composed(x, 2))


def test_deep_values_are_exact_and_shallow_ones_nearly(concept, framework, rng):
    x = rng.random(50).astype(np.float32)
    for depth in (4, 8, 12):
        wanted = composed(x.astype(np.float64), depth)
        deep = compute(framework, concept.tent_network, x, depth)
        shallow = compute(framework, concept.shallow_tent, x, depth)

        assert deep.dtype == shallow.dtype == np.float32
        np.testing.assert_array_equal(deep, wanted)
        bound = 4**depth * np.finfo(np.float32).eps
        np.testing.assert_allclose(shallow, wanted, atol=bound)


def test_every_bit_is_used_up(concept, framework):
    for dtype, bits in ((np.float32, 24), (np.float64, 53)):
        x = np.array([0.7, 0.9], dtype)
        assert set(compute(framework, concept.tent_network, x, bits)) <= {0, 1}
        assert set(compute(framework, concept.tent_network, x, bits + 1)) == {0}
        assert 0 < compute(framework, concept.tent_network, x, bits - 2).min() < 1


def test_gradient_at_kinks_and_ends(concept, framework):
    x = np.array([0, 0.25, 0.5, 0.75, 1])
    _, (grad,) = framework.vjp(lambda x: concept.tent_network(x, 2), [x], np.ones(5))

    np.testing.assert_array_equal(grad, [0, 4, -4, -4, 0])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("name", ["tent_network", "shallow_tent"])
def test_keeps_dtype(concept, framework, name, dtype):
    x = (np.arange(17) / 16).astype(dtype)
    value = compute(framework, getattr(concept, name), x, 3)

    assert value.dtype == dtype
    np.testing.assert_array_equal(value, composed(x, 3))


def test_float16_counts_all_units_of_eleven_layers(concept, framework):
    x = np.array([0, 2.0**-12, 2.0**-11], np.float16)  # on the first of 2048 pieces
    value = compute(framework, concept.shallow_tent, x, 11)

    np.testing.assert_array_equal(value, [0, 0.5, 1])


@pytest.mark.parametrize("name", ["tent_network", "shallow_tent"])
@pytest.mark.parametrize(
    ("shape", "dtype"), [((0,), "float32"), ((2, 0), "float64"), ((2,), "int64")]
)
def test_rejects_what_holds_no_floating_point_numbers(
    concept, framework, name, shape, dtype
):
    message = rf"x must hold floating-point numbers, at least one, got .*{dtype} of sha"
    with pytest.raises(ValueError, match=message):
        getattr(concept, name)(framework.array(np.zeros(shape, dtype)), 2)


@pytest.mark.parametrize("name", ["tent_network", "shallow_tent"])
def test_rejects_a_negative_depth(concept, framework, name):
    x = framework.array(np.ones(2))
    with pytest.raises(ValueError, match=r"depth must be at least 0, got -1; 0 leaves"):
        getattr(concept, name)(x, -1)


@pytest.mark.parametrize("name", ["tent_network", "shallow_tent"])
@pytest.mark.parametrize("bad", [-0.5, 1.5, np.nan, np.inf])
def test_rejects_numbers_outside_the_interval(concept, framework, name, bad):
    x = framework.array(np.array([0.5, bad]))
    with pytest.raises(ValueError, match=r"x must be from 0 to 1, .* got .* rescale x"):
        getattr(concept, name)(x, 2)


@pytest.mark.parametrize(
    ("n", "m"), [((3,), (4,)), ((1,), (1,)), ((2, 2), (2, 2))], ids=str
)
def test_rejects_what_is_no_grid_with_values(concept, framework, n, m):
    x, y = framework.array(np.ones(n)), framework.array(np.ones(m))
    with pytest.raises(ValueError, match=r"of the same length, at least 2, got shapes"):
        concept.count_linear_pieces(x, y)


@pytest.mark.parametrize("x", [[0.0, 1.0, 1.0], [1.0, 0.0], [0.0, np.nan]], ids=str)
def test_rejects_a_grid_that_does_not_increase(concept, framework, x):
    x = framework.array(np.array(x))
    with pytest.raises(ValueError, match="x must increase, got a step of"):
        concept.count_linear_pieces(x, x)
