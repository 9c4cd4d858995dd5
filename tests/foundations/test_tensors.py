"""Both write_block twins against NumPy's assignment, and the page's rules of slices."""

import itertools

import numpy as np
import pytest

from frameworks import assert_matches

VALUE_SHAPES = {
    "number": lambda h, w: (),
    "row": lambda h, w: (w,),
    "column": lambda h, w: (h, 1),
    "block": lambda h, w: (h, w),
}
BLOCKS = [
    ((3, 4), (0, 2), (1, 3)),
    ((3, 4), (0, 2), (0, 4)),  # whole rows
    ((3, 4), (2, 3), (3, 4)),  # the last cell
    ((2, 5), (0, 2), (0, 5)),  # everything
    ((1, 1), (0, 1), (0, 1)),
]


def reference(x, rows, columns, value):
    y = x.copy()
    y[slice(*rows), slice(*columns)] = value
    return y


@pytest.mark.equation("block-assignment")
@pytest.mark.parametrize("value_shape", VALUE_SHAPES)
@pytest.mark.parametrize(("shape", "rows", "columns"), BLOCKS, ids=str)
def test_value_and_gradient(concept, framework, rng, shape, rows, columns, value_shape):
    height, width = rows[1] - rows[0], columns[1] - columns[0]
    x = rng.standard_normal(shape)
    value = np.asarray(rng.standard_normal(VALUE_SHAPES[value_shape](height, width)))

    def ours(x, value):
        return concept.write_block(x, rows, columns, value)

    def numpys(x, value):
        return reference(x, rows, columns, value)

    assert_matches(framework, ours, numpys, x, value)


@pytest.mark.equation("block-assignment-gradient")
def test_gradient_goes_to_one_of_the_two(concept, framework, rng):
    x, block = rng.standard_normal((4, 5)), rng.standard_normal((2, 3))
    cotangent = rng.standard_normal((4, 5))
    outside = cotangent.copy()
    outside[1:3, 2:5] = 0
    for value, expected in [
        (block, cotangent[1:3, 2:5]),
        (block[0], cotangent[1][2:5] + cotangent[2][2:5]),
        (block[0, :1], cotangent[1:3, 2:5].sum(keepdims=True)[0]),
    ]:
        _, (grad_x, grad_value) = framework.vjp(
            lambda x, value: concept.write_block(x, (1, 3), (2, 5), value),
            [x, value],
            cotangent,
        )
        np.testing.assert_array_equal(grad_x, outside)
        np.testing.assert_allclose(grad_value, expected, rtol=1e-12)


def test_what_is_overwritten_leaves_no_trace(concept, framework):
    x, value = np.full((3, 4), np.nan), np.array(np.inf)
    y, (grad_x, grad_value) = framework.vjp(
        lambda x, value: concept.write_block(x, (0, 2), (1, 3), value),
        [x, value],
        np.ones((3, 4)),
    )
    np.testing.assert_array_equal(y, reference(x, (0, 2), (1, 3), value))
    np.testing.assert_array_equal(grad_x, reference(np.ones((3, 4)), (0, 2), (1, 3), 0))
    assert grad_value == 4


@pytest.mark.parametrize("axis", [0, 1])
def test_positions_that_float32_cannot_count(concept, framework, axis):
    n = 2**24 + 2  # the last two are one number in float32
    x = np.ones((n, 1) if axis == 0 else (1, n), bool)
    last = [(0, 1), (0, 1)]
    last[axis] = (n - 1, n)
    false = framework.array(np.array(False))
    y = framework.numpy(concept.write_block(framework.array(x), *last, false))

    np.testing.assert_array_equal(np.flatnonzero(~y), [n - 1])


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "bool"])
def test_arguments_and_result_share_no_memory(concept, framework, dtype):
    x, value = np.zeros((3, 4), dtype), np.ones((3, 4), dtype)
    a, b = framework.array(x), framework.array(value)
    y = concept.write_block(a, (0, 3), (0, 4), b)

    assert framework.numpy(y).dtype == dtype
    np.testing.assert_array_equal(framework.numpy(y), value)
    y[:] = 0
    a[:] = 1
    np.testing.assert_array_equal(framework.numpy(b), value)
    np.testing.assert_array_equal(framework.numpy(y), x)


@pytest.mark.parametrize("shape", [(), (4,), (2, 3, 4)], ids=str)
def test_rejects_what_is_not_a_matrix(concept, framework, shape):
    with pytest.raises(ValueError, match=r"x must be a matrix, got shape \("):
        concept.write_block(
            framework.array(np.zeros(shape)), (0, 1), (0, 1), framework.array(1.0)
        )


@pytest.mark.parametrize("wrong", [(0, 0), (2, 1), (-1, 2), (0, 5), (4, 5)], ids=str)
@pytest.mark.parametrize("axis", [0, 1])
def test_rejects_blocks_that_are_empty_or_not_inside(concept, framework, axis, wrong):
    rows, columns = (wrong, (0, 1)) if axis == 0 else ((0, 1), wrong)
    message = r"must satisfy 0 <= start < stop <= size, got .* of shape \(4, 4\)"
    with pytest.raises(ValueError, match=message):
        concept.write_block(
            framework.array(np.zeros((4, 4))), rows, columns, framework.array(1.0)
        )


@pytest.mark.parametrize(
    ("dtype", "other"), [("int64", "float64"), ("float32", "float64")]
)
def test_rejects_another_dtype(concept, framework, dtype, other):
    x, value = np.zeros((2, 2), dtype), np.array(0.9, other)
    with pytest.raises(ValueError, match=f"got .*{other} and .*{dtype}"):
        concept.write_block(framework.array(x), (0, 1), (0, 1), framework.array(value))


@pytest.mark.parametrize("shape", [(3,), (2, 1, 2), (3, 2)], ids=str)
def test_a_value_that_does_not_fit_is_an_error(concept, framework, shape):
    x, value = framework.array(np.zeros((3, 4))), framework.array(np.zeros(shape))
    with pytest.raises(ValueError, match=r"broadcast to the block \(2, 2\), got shape"):
        concept.write_block(x, (0, 2), (1, 3), value)


# The rules of the page that need no function of ours.


@pytest.mark.equation("slice-positions")
def test_a_slice_starts_at_start_and_leaves_the_stop_out(framework):
    x = framework.array(np.arange(12.0))
    for start, stop, step in itertools.product(range(12), range(13), range(1, 5)):
        if start >= stop:
            continue
        count = -((start - stop) // step)  # the quotient, rounded up
        expected = [start + k * step for k in range(count)]
        assert framework.numpy(x[start:stop:step]).tolist() == expected
    assert framework.numpy(x[0:9]).tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8]


@pytest.mark.equation("negative-position")
def test_a_negative_position_counts_from_the_end(framework, rng):
    n = 5
    values = rng.standard_normal(n)
    x = framework.array(values)
    for k in range(1, n + 1):
        assert framework.numpy(x[-k]) == values[n - k]
        np.testing.assert_array_equal(framework.numpy(x[-k:]), values[n - k :])
    for out in (n, -n - 1):
        with pytest.raises(IndexError):
            x[out]


@pytest.mark.equation("slice-address")
def test_a_slice_is_an_offset_and_two_strides(framework, rng):
    n, m = 4, 5
    memory = rng.standard_normal(n * m)
    x = framework.array(memory.reshape(n, m))
    for a, s, c, t in itertools.product(range(n), (1, 2, 3), range(m), (1, 2, 3)):
        part = x[a::s, c::t]
        offset, down, right = a * m + c, s * m, t
        for k, r in np.ndindex(tuple(part.shape)):
            cell = framework.numpy(part[k, r])
            assert cell == memory[offset + k * down + r * right]
        if framework.name == "torch":
            assert (part.storage_offset(), part.stride()) == (offset, (down, right))


def test_when_a_slice_is_a_view(framework):
    def choices(n):
        steps = itertools.product(range(n), range(1, n + 1), (1, 2, 3))
        return [*range(n), *(slice(a, b, s) for a, b, s in steps if a < b)]

    for index in itertools.product(choices(3), choices(4)):
        addresses = np.arange(12).reshape(3, 4)[index].reshape(-1)
        together = (np.diff(addresses) == 1).all()
        x = framework.array(np.zeros((3, 4)))
        part = x[index]
        part[() if part.ndim == 0 else slice(None)] = 1.0
        is_view = framework.numpy(x).sum() > 0
        assert is_view == (framework.name == "torch" or together), index
