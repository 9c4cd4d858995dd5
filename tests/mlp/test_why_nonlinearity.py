"""Both stacks of affine layers against sums and loops written in NumPy."""

import re
from itertools import pairwise

import numpy as np
import pytest

from frameworks import assert_matches

SIZES = [(3, 2), (3, 4, 2), (2, 5, 1, 3), (4, 3, 5, 2, 6)]
each_stack = pytest.mark.parametrize("sizes", SIZES, ids=str)
XOR = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0.0, 1, 1, 0])


def layers(rng, sizes):
    """Weights and biases of a stack with these sizes, from input to output."""
    weights = [rng.standard_normal((out, size)) for size, out in pairwise(sizes)]
    return weights, [rng.standard_normal(out) for out in sizes[1:]]


def affine(x, weight, bias):
    """Every output on its own, as a sum over the inputs."""
    outputs = [
        sum(row[j] * x[..., j] for j in range(len(row))) + b
        for row, b in zip(weight, bias, strict=True)
    ]
    return np.stack(outputs, axis=-1)


def reference(x, weights, biases, activation):
    for number, layer in enumerate(zip(weights, biases, strict=True), 1):
        x = affine(x, *layer)
        if number < len(weights):
            x = activation(x)
    return x


def arrays(framework, *lists):
    return [list(map(framework.array, values)) for values in lists]


def collapse(framework, concept, weights, biases):
    result = concept.collapse(*arrays(framework, weights, biases))
    return tuple(map(framework.numpy, result))


def feed_forward(framework, concept, x, weights, biases, activation):
    weights, biases = arrays(framework, weights, biases)
    x = framework.array(x)
    return framework.numpy(concept.feed_forward(x, weights, biases, activation))


def identity(h):
    return h


def cube(h):
    return h * h * h


@pytest.mark.equation("feed-forward")
@pytest.mark.parametrize("activation", [identity, cube])
@pytest.mark.parametrize("shape", [(), (4,), (2, 3)], ids=str)
@each_stack
def test_value_and_gradient(concept, framework, rng, sizes, shape, activation):
    weights, biases = layers(rng, sizes)
    x, depth = 0.3 * rng.standard_normal((*shape, sizes[0])), len(weights)

    assert_matches(
        framework,
        lambda x, *w: concept.feed_forward(x, w[:depth], w[depth:], activation),
        lambda x, *w: reference(x, w[:depth], w[depth:], activation),
        *(x, *(0.5 * w for w in weights), *biases),
    )


@pytest.mark.equation("affine-stack")
@each_stack
def test_one_layer_computes_what_the_stack_does(concept, framework, rng, sizes):
    weights, biases = layers(rng, sizes)
    weight, bias = collapse(framework, concept, weights, biases)

    wanted_bias = sum(
        np.linalg.multi_dot([*weights[:number:-1], np.eye(len(w)), b])
        for number, (w, b) in enumerate(zip(weights, biases, strict=True))
    )
    wanted = np.linalg.multi_dot([*weights[::-1], np.eye(sizes[0])])
    np.testing.assert_allclose(weight, wanted, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(bias, wanted_bias, rtol=1e-12, atol=1e-13)
    x = rng.standard_normal((5, sizes[0]))
    by_layers = feed_forward(framework, concept, x, weights, biases, identity)
    np.testing.assert_allclose(affine(x, weight, bias), by_layers, atol=1e-12)


@pytest.mark.equation("affine-pair")
def test_two_layers(concept, framework, rng):
    (w1, w2), (b1, b2) = layers(rng, (3, 4, 2))
    weight, bias = collapse(framework, concept, [w1, w2], [b1, b2])
    x = rng.standard_normal(3)

    stacked = w2 @ (w1 @ x + b1) + b2
    np.testing.assert_allclose(weight @ x + bias, stacked, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(weight, w2 @ w1, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(bias, w2 @ b1 + b2, rtol=1e-12, atol=1e-13)


@each_stack
def test_gradient_of_the_one_layer(concept, framework, rng, sizes):
    weights, biases = layers(rng, sizes)
    x, depth = rng.standard_normal(sizes[0]), len(weights)

    def output(x, *parameters):
        weight, bias = concept.collapse(parameters[:depth], parameters[depth:])
        return (weight * x).sum(-1) + bias

    assert_matches(
        framework,
        output,
        lambda x, *w: reference(x, w[:depth], w[depth:], identity),
        *(x, *weights, *biases),
    )


@pytest.mark.equation("affine-stack-rank")
@pytest.mark.parametrize("sizes", [*SIZES, (6, 2, 6), (5, 1, 5, 4), (6, 4, 2, 5, 3)])
def test_rank_is_bounded_by_the_smallest_size(concept, framework, rng, sizes):
    weight, _ = collapse(framework, concept, *layers(rng, sizes))
    singular = np.linalg.svd(weight, compute_uv=False)

    assert weight.shape == (sizes[-1], sizes[0])
    assert np.all(singular[min(sizes) :] < 1e-12 * singular[0])
    assert singular[min(sizes) - 1] > 1e-6 * singular[0]  # random weights reach it


def test_float32_agrees_with_the_stack_to_six_digits(concept, framework, rng):
    sizes = (64, 32, 48, 16, 10)
    weights, biases = layers(rng, sizes)
    weights = [w / np.sqrt(w.shape[1]) for w in weights]
    x = rng.standard_normal((20, 64))
    exact = reference(x, weights, biases, identity)
    single = [[a.astype(np.float32) for a in values] for values in (weights, biases)]
    weight, bias = collapse(framework, concept, *single)
    y = feed_forward(framework, concept, x.astype(np.float32), *single, identity)

    assert weight.dtype == bias.dtype == y.dtype == np.float32
    size = np.abs(exact).max()
    assert np.abs(y - exact).max() < 1e-6 * size
    assert np.abs(x @ weight.T + bias - exact).max() < 1e-6 * size


@pytest.mark.equation("xor-affine")
def test_no_affine_map_separates_xor(concept, framework, rng):
    x, labels = XOR
    for sizes in [(2, 1), (2, 2, 1), (2, 1, 3, 1)]:
        y = feed_forward(framework, concept, x, *layers(rng, sizes), identity)[:, 0]
        np.testing.assert_allclose(y[0] + y[3], y[1] + y[2], rtol=1e-12, atol=1e-13)
        for sign in (1, -1):
            score = sign * y
            assert not score[labels == 1].min() > score[labels == 0].max()


def relu(framework):
    return (
        framework.module.relu
        if framework.name == "torch"
        else framework.module.npx.relu
    )


def xor_layers():
    weights = [np.ones((2, 2)), np.array([[1.0, -2.0]])]
    return weights, [np.array([0.0, -1.0]), np.zeros(1)]


@pytest.mark.equation("xor-relu")
def test_two_relu_units_compute_xor(concept, framework):
    x, labels = XOR
    y = feed_forward(framework, concept, x, *xor_layers(), relu(framework))

    np.testing.assert_array_equal(y[:, 0], labels)
    without = feed_forward(framework, concept, x, *xor_layers(), identity)
    np.testing.assert_array_equal(without[:, 0], [2, 1, 1, 0])


def test_the_hidden_units_make_xor_separable(concept, framework):
    x, labels = XOR
    (first, last), (bias, zero) = xor_layers()
    # A second layer that changes nothing shows what the units compute.
    hidden = feed_forward(
        framework, concept, x, [first, np.eye(2)], [bias, np.zeros(2)], relu(framework)
    )
    score = hidden @ last[0] + zero - 1 / 2

    np.testing.assert_array_equal(score > 0, labels == 1)
    np.testing.assert_array_equal(score < 0, labels == 0)


def test_a_product_makes_xor_affine(concept, framework):
    x, labels = XOR
    features = np.concatenate([x, x[:, :1] * x[:, 1:]], axis=1)
    weight, bias = [np.array([[1.0, 1.0, -2.0]])], [np.zeros(1)]
    y = feed_forward(framework, concept, features, weight, bias, identity)

    np.testing.assert_array_equal(y[:, 0], labels)


@pytest.mark.equation("xor-least-squares")
def test_least_squares_on_xor_is_a_constant(concept, framework, rng):
    x, labels = XOR

    def loss(weight, bias):
        y = concept.feed_forward(framework.array(x), [weight], [bias], identity)
        return ((y[:, 0] - framework.array(labels)) ** 2).mean()

    best = [np.zeros((1, 2)), np.array([0.5])]
    value, grads = framework.vjp(loss, best, np.float64(1.0))
    assert value == 1 / 4
    for grad in grads:
        np.testing.assert_allclose(grad, 0, atol=1e-15)
    for _ in range(20):
        moved = [a + 0.1 * rng.standard_normal(a.shape) for a in best]
        assert framework.vjp(loss, moved, np.float64(1.0))[0] > 1 / 4


@pytest.mark.parametrize(("weights", "biases"), [(0, 0), (1, 0), (2, 1), (1, 2)])
def test_rejects_lists_of_different_lengths(concept, framework, weights, biases):
    lists = arrays(framework, [np.eye(2)] * weights, [np.zeros(2)] * biases)
    message = f"same length, at least 1, got {weights} and {biases}; give zeros"
    with pytest.raises(ValueError, match=message):
        concept.collapse(*lists)
    with pytest.raises(ValueError, match=message):
        concept.feed_forward(framework.array(np.zeros((4, 2))), *lists, identity)


@pytest.mark.parametrize(
    ("number", "weights", "biases"),
    [
        (1, [(4, 3), (2, 4)], [(1,), (2,)]),  # would be broadcast
        (1, [(4, 3), (2, 4)], [(1, 4), (2,)]),
        (2, [(4, 3), (2, 4)], [(4,), (1,)]),
        (2, [(4, 3), (2, 4)], [(4,), ()]),
        (2, [(4, 3), (4, 2)], [(4,), (2,)]),  # stored as (in, out)
        (1, [(2, 4), (4, 3)], [(4,), (2,)]),  # from output to input
        (1, [(3,)], [()]),
        (1, [()], [()]),
        (1, [(0, 3)], [(0,)]),
        (2, [(4, 3), (0, 4)], [(4,), (0,)]),
        (3, [(4, 3), (4, 4), (1, 4, 4)], [(4,), (4,), (1,)]),
    ],
)
def test_rejects_layers_that_do_not_fit(concept, framework, number, weights, biases):
    shapes = [list(map(np.zeros, values)) for values in (weights, biases)]
    lists = arrays(framework, *shapes)
    message = rf"layer {number} must have a weight \(out, .*\), got \(.*; list the lay"
    with pytest.raises(ValueError, match=message):
        concept.collapse(*lists)
    with pytest.raises(ValueError, match=message):
        concept.feed_forward(framework.array(np.zeros((5, 3))), *lists, identity)


def test_names_the_shapes_that_would_fit(concept, framework):
    weights = [framework.array(np.ones((4, 3))), framework.array(np.ones((2, 5)))]
    biases = [framework.array(np.ones(4)), framework.array(np.ones(2))]
    second = r"layer 2 must have a weight \(out, 4\) .* got \(2, 5\) and \(2,\)"
    with pytest.raises(ValueError, match=second):
        concept.collapse(weights, biases)
    first = r"layer 1 must have a weight \(out, in\) .* got \(4, 3\) and \(2,\)"
    with pytest.raises(ValueError, match=first):
        concept.collapse(weights, biases[::-1])
    with pytest.raises(ValueError, match=r"layer 1 must have a weight \(out, 7\)"):
        concept.feed_forward(framework.array(np.ones(7)), weights, biases, identity)


def test_one_number_is_no_vector_of_one_feature(concept, framework):
    lists = arrays(framework, [np.ones((4, 1))], [np.ones(4)])
    with pytest.raises(ValueError, match="layer 1 must have"):
        concept.feed_forward(framework.array(np.array(2.0)), *lists, identity)


@pytest.mark.parametrize("shape", [(0, 3), (2, 0, 3)], ids=str)
def test_rejects_an_empty_batch(concept, framework, rng, shape):
    lists = arrays(framework, *layers(rng, (3, 4, 2)))
    message = rf"x must not be empty, got shape {re.escape(str(shape))}; pass one exam"
    with pytest.raises(ValueError, match=message):
        concept.feed_forward(framework.array(np.zeros(shape)), *lists, identity)


@pytest.mark.parametrize("shape", [(), (4,), (3, 4), (3, 1)], ids=str)
def test_rejects_features_that_do_not_fit_the_first_layer(
    concept, framework, rng, shape
):
    lists = arrays(framework, *layers(rng, (3, 4, 2)))
    with pytest.raises(ValueError, match=r"layer 1 must have a weight \(out, .*\)"):
        concept.feed_forward(framework.array(np.zeros(shape)), *lists, identity)
