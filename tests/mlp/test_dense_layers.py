"""Both dense-layer twins against the definition, written once more in NumPy."""

import numpy as np
import pytest

from frameworks import assert_matches, numeric_vjp

each_shape = pytest.mark.parametrize(
    "shape", [(3,), (1, 3), (2, 3), (2, 4, 3)], ids=str
)


def dense(x, weight, bias):
    """Every output on its own, as a sum over the inputs."""
    outputs = [
        sum(row[j] * x[..., j] for j in range(len(row))) + b
        for row, b in zip(weight, bias, strict=True)
    ]
    return np.stack(outputs, axis=-1)


def compute(framework, function, *arrays):
    return framework.numpy(function(*map(framework.array, arrays)))


def compute_vjp(framework, concept, *arrays):
    return list(map(framework.numpy, concept.dense_vjp(*map(framework.array, arrays))))


@pytest.mark.equation("dense-layer")
@each_shape
def test_value_and_gradient(concept, framework, rng, shape):
    x, weight, bias = (rng.standard_normal(s) for s in (shape, (5, 3), (5,)))

    assert_matches(framework, concept.dense, dense, x, weight, bias)


@pytest.mark.equation("dense-batch")
def test_a_batch_is_one_matrix_product(concept, framework, rng):
    x, weight, bias = (rng.standard_normal(s) for s in ((4, 3), (5, 3), (5,)))
    y = compute(framework, concept.dense, x, weight, bias)

    wanted = x @ weight.T + np.outer(np.ones(4), bias)
    np.testing.assert_allclose(y, wanted, rtol=1e-12, atol=1e-14)


@pytest.mark.equation("dense-jacobian")
def test_the_jacobian_is_the_weight(concept, framework, rng):
    x, weight, bias = (rng.standard_normal(s) for s in ((3,), (5, 3), (5,)))
    rows = [
        framework.vjp(concept.dense, [x, weight, bias], row)[1][0] for row in np.eye(5)
    ]
    y = compute(framework, concept.dense, x, weight, bias)

    np.testing.assert_array_equal(rows, weight)
    for j, step in enumerate(np.eye(3)):
        moved = compute(framework, concept.dense, x + step, weight, bias)
        assert np.all(np.abs(moved - y) > 1e-3)  # every output depends on every input
        np.testing.assert_allclose(moved - y, weight[:, j], rtol=1e-12, atol=1e-14)


@pytest.mark.equation("dense-vjp")
@each_shape
def test_vjp(concept, framework, rng, shape):
    x, weight, bias = (rng.standard_normal(s) for s in (shape, (5, 3), (5,)))
    cotangent = rng.standard_normal((*shape[:-1], 5))
    got = compute_vjp(framework, concept, x, weight, cotangent)

    by_differences = numeric_vjp(dense, [x, weight, bias], cotangent)
    _, by_autograd = framework.vjp(concept.dense, [x, weight, bias], cotangent)
    for grad, numeric, recorded in zip(got, by_differences, by_autograd, strict=True):
        np.testing.assert_allclose(grad, numeric, rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(grad, recorded, rtol=1e-12, atol=1e-14)


@pytest.mark.equation("dense-permutation")
@pytest.mark.equation("dense-permutation-gradient")
def test_permuted_inputs_and_weight_columns(concept, framework, rng):
    x, weight, bias = (rng.standard_normal(s) for s in ((4, 6), (5, 6), (5,)))
    cotangent = rng.standard_normal((4, 5))
    p = np.eye(6)[rng.permutation(6)]  # P of the page, P x is x in another order
    assert not np.array_equal(p, p.T)
    y = compute(framework, concept.dense, x, weight, bias)
    moved = compute(framework, concept.dense, x @ p.T, weight @ p.T, bias)
    _, grad, _ = compute_vjp(framework, concept, x, weight, cotangent)
    _, moved_grad, _ = compute_vjp(framework, concept, x @ p.T, weight @ p.T, cotangent)

    np.testing.assert_allclose(moved, y, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(moved_grad, grad @ p.T, rtol=1e-12, atol=1e-13)


@pytest.mark.equation("dense-convolution")
@pytest.mark.parametrize("m", [1, 3, 8])
def test_a_convolution_is_a_dense_layer(concept, framework, rng, m):
    x, kernel = rng.standard_normal(8), rng.standard_normal(m)
    weight = np.zeros((9 - m, 8))
    for i in range(9 - m):
        weight[i, i : i + m] = kernel
    y = compute(framework, concept.dense, x, weight, np.full(9 - m, 2.0))

    wanted = np.correlate(x, kernel, mode="valid") + 2
    np.testing.assert_allclose(y, wanted, rtol=1e-12, atol=1e-14)


def test_float32_over_many_inputs_of_many_sizes(concept, framework, rng):
    d = 10_000
    size = 10.0 ** rng.integers(-18, 19, d)
    x = (rng.standard_normal((3, d)) * size).astype(np.float32)
    weight = (rng.standard_normal((4, d)) / size).astype(np.float32)
    bias = np.full(4, 1e3, np.float32)
    y = compute(framework, concept.dense, x, weight, bias)

    assert y.dtype == np.float32
    exact = dense(*(a.astype(np.float64) for a in (x, weight, bias)))
    terms = dense(*(np.abs(a.astype(np.float64)) for a in (x, weight, bias)))
    assert np.all(np.abs(y - exact) <= 1e-5 * terms)
    assert np.abs(y - exact).max() < 0.01


def test_a_batch_without_examples_is_refused(concept, framework):
    """MXNet leaves the gradient of the weight unwritten: whatever lay in memory."""
    x, weight = np.zeros((0, 3)), np.ones((5, 3))
    message = r"got \(0, 3\) and \(5, 3\);.* leave no axis empty"
    with pytest.raises(ValueError, match=message):
        compute(framework, concept.dense, x, weight, np.ones(5))
    with pytest.raises(ValueError, match=message):
        compute_vjp(framework, concept, x, weight, np.zeros((0, 5)))


@pytest.mark.parametrize(
    ("x", "weight"),
    [
        ((2, 3), (3, 5)),  # stored as (d, out)
        ((2, 3, 4), (5, 12)),  # not flattened
        ((3, 2), (5, 3)),
        ((), (5, 1)),
        ((3,), (3,)),
        ((2, 3), (1, 5, 3)),
    ],
    ids=str,
)
def test_rejects_features_that_do_not_fit_the_weight(concept, framework, x, weight):
    x, weight = framework.array(np.zeros(x)), framework.array(np.zeros(weight))
    message = r"\(\.\.\., d\) and weight \(out, d\), got \(.*\) and \(.*\); reshape x"
    with pytest.raises(ValueError, match=message):
        concept.dense(x, weight, framework.array(np.zeros(5)))
    with pytest.raises(ValueError, match=message):
        concept.dense_vjp(x, weight, framework.array(np.zeros((2, 5))))


@pytest.mark.parametrize("shape", [(), (1,), (5, 1), (1, 5), (2, 5)], ids=str)
def test_rejects_a_bias_that_would_be_broadcast(concept, framework, shape):
    x, weight = framework.array(np.zeros((2, 3))), framework.array(np.zeros((5, 3)))
    with pytest.raises(ValueError, match=r"bias must have shape \(5,\), .* broadcast"):
        concept.dense(x, weight, framework.array(np.zeros(shape)))


@pytest.mark.parametrize("shape", [(5,), (1, 5), (2, 3), (2, 1), (5, 2)], ids=str)
def test_rejects_a_cotangent_of_another_shape(concept, framework, shape):
    x, weight = framework.array(np.zeros((2, 3))), framework.array(np.zeros((5, 3)))
    message = r"cotangent must have the shape of the output, \(2, 5\), got \("
    with pytest.raises(ValueError, match=message):
        concept.dense_vjp(x, weight, framework.array(np.zeros(shape)))
