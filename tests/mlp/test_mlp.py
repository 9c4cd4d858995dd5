"""Both mlp twins against the definition, written once more in NumPy."""

import importlib
from itertools import pairwise

import numpy as np
import pytest

from frameworks import MXNet, Torch, assert_matches, need

each_sizes = pytest.mark.parametrize(
    "sizes", [(3, 2), (2, 4, 1), (3, 4, 4, 2)], ids=str
)


def reference(x, *parameters):
    """W1, b1, W2, b2, ...: a dense layer, then ReLU and a dense layer for the rest."""
    layers = list(zip(parameters[::2], parameters[1::2], strict=True))
    h = x @ layers[0][0].T + layers[0][1]
    for weight, bias in layers[1:]:
        h = np.maximum(h, 0) @ weight.T + bias
    return h


def draw(rng, sizes):
    """Weights and biases W1, b1, W2, b2, ... in float64."""
    shapes = [shape for d, n in pairwise(sizes) for shape in ((n, d), (n,))]
    return [rng.standard_normal(shape) for shape in shapes]


def call(concept, x, *parameters):
    return concept.mlp(x, list(parameters[::2]), list(parameters[1::2]))


def compute(concept, framework, *arrays):
    return framework.numpy(call(concept, *map(framework.array, arrays)))


@pytest.mark.equation("mlp-layers")
@each_sizes
@pytest.mark.parametrize("batch", [(), (4,), (2, 3)], ids=str)
def test_value_and_gradient(concept, framework, rng, sizes, batch):
    x = rng.standard_normal((*batch, sizes[0]))

    def ours(*arrays):
        return call(concept, *arrays)

    assert_matches(framework, ours, reference, x, *draw(rng, sizes))


@pytest.mark.equation("mlp-batch")
def test_a_batch_is_one_matrix_product_per_layer(concept, framework, rng):
    x, (w1, b1, w2, b2) = rng.standard_normal((5, 3)), draw(rng, (3, 4, 2))
    h = np.maximum(0, np.einsum("nd,hd->nh", x, w1) + np.outer(np.ones(5), b1))
    y = np.einsum("nh,kh->nk", h, w2) + np.outer(np.ones(5), b2)

    np.testing.assert_allclose(
        compute(concept, framework, x, w1, b1, w2, b2), y, rtol=1e-12
    )
    for row, wanted in zip(x, y, strict=True):
        alone = compute(concept, framework, row, w1, b1, w2, b2)
        np.testing.assert_allclose(alone, wanted, rtol=1e-12)


def test_the_backward_pass_written_out(concept, framework, rng):
    x, (w1, b1, w2, b2) = rng.standard_normal((6, 3)), draw(rng, (3, 5, 2))
    g = rng.standard_normal((6, 2))
    z = x @ w1.T + b1
    g1 = (g @ w2) * (z > 0)
    wanted = [g1 @ w1, g1.T @ x, g1.sum(0), g.T @ np.maximum(z, 0), g.sum(0)]

    def ours(*arrays):
        return call(concept, *arrays)

    _, grads = framework.vjp(ours, [x, w1, b1, w2, b2], g)
    for got, want in zip(grads, wanted, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12)


def test_a_hidden_unit_at_zero_passes_no_gradient(concept, framework):
    w1, b1, w2, b2 = np.eye(2), np.zeros(2), np.ones((1, 2)), np.zeros(1)

    def ours(*arrays):
        return call(concept, *arrays)

    value, grads = framework.vjp(
        ours, [np.array([0.0, 3.0]), w1, b1, w2, b2], np.ones(1)
    )
    assert value == 3
    np.testing.assert_array_equal(grads[0], [0, 1])
    np.testing.assert_array_equal(grads[2], [0, 1])


def test_nan_is_not_hidden_by_relu(concept, framework):
    x = np.array([np.nan])
    one, zero = np.ones((1, 1)), np.zeros(1)

    assert np.isnan(compute(concept, framework, x, one, zero, one, zero))


def test_float32_with_large_and_small_layers(concept, framework, rng):
    x, (w1, b1, w2, b2) = rng.standard_normal((4, 64)), draw(rng, (64, 32, 3))
    arrays = [a.astype(np.float32) for a in (x, 1e15 * w1, 1e15 * b1, 1e-15 * w2, b2)]
    y = compute(concept, framework, *arrays)

    assert y.dtype == np.float32
    wanted = reference(*(a.astype(np.float64) for a in arrays))
    np.testing.assert_allclose(y, wanted, atol=2e-4)


@pytest.mark.equation("mlp-absolute-difference")
def test_two_hidden_units_compute_an_absolute_difference(concept, framework, rng):
    x = rng.standard_normal((20, 2))
    w1 = np.array([[1.0, -1.0], [-1.0, 1.0]])
    y = compute(concept, framework, x, w1, np.zeros(2), np.ones((1, 2)), np.zeros(1))

    np.testing.assert_allclose(y[:, 0], np.abs(x[:, 0] - x[:, 1]), rtol=1e-12)


@pytest.mark.equation("mlp-parameter-count")
@pytest.mark.parametrize(
    ("sizes", "count"),
    [
        ((784, 256, 10), 203_530),
        ((784, 512, 10), 407_050),
        ((784, 256, 256, 10), 269_322),
        ((2, 8, 2), 42),
        ((5, 1), 6),
    ],
)
def test_parameter_count(concept, framework, sizes, count):
    assert concept.parameter_count(list(sizes)) == count
    weights, biases = concept.initial_weights(list(sizes), seed=0)
    assert sum(framework.numpy(p).size for p in (*weights, *biases)) == count


@pytest.mark.equation("mlp-initial-weights")
def test_initial_weights(concept, framework):
    sizes = [50, 400, 100, 3]
    weights, biases = concept.initial_weights(sizes, seed=7)
    weights, biases = (list(map(framework.numpy, p)) for p in (weights, biases))

    assert {p.dtype for p in (*weights, *biases)} == {np.dtype("float32")}
    assert [w.shape for w in weights] == [(400, 50), (100, 400), (3, 100)]
    assert [b.shape for b in biases] == [(400,), (100,), (3,)]
    assert not any(b.any() for b in biases)
    for w in weights:
        tolerance = 5 / np.sqrt(2 * w.size)  # five standard deviations of the ratio
        np.testing.assert_allclose(w.var() * w.shape[1] / 2, 1, rtol=2 * tolerance)
        assert abs(w.mean()) < 5 * w.std() / np.sqrt(w.size)
    again = concept.initial_weights(sizes, seed=7)[0]
    other = concept.initial_weights(sizes, seed=8)[0]
    for w, same, different in zip(weights, again, other, strict=True):
        assert np.array_equal(w, framework.numpy(same))
        assert not np.any(w == framework.numpy(different))


def test_initial_weights_keep_the_size_of_the_values(concept, framework, rng):
    x = rng.standard_normal((50, 400)).astype(np.float32)
    for seed in (1, 2, 3):  # not 0, from which x is drawn
        weights, biases = concept.initial_weights([400] * 6, seed=seed)
        y = framework.numpy(concept.mlp(framework.array(x), weights, biases))
        assert 1 < np.mean(y.astype(np.float64) ** 2) < 4  # 2 on average


@pytest.mark.equation("mlp-linear-chain")
def test_without_biases_and_relu_the_chain_is_one_matrix(concept, framework, rng):
    x, w1, w2 = (rng.standard_normal(s) for s in ((5, 7), (6, 7), (3, 6)))
    for one_by_one in (
        compute(concept, framework, x, w1, np.zeros(6)) @ w2.T,
        x @ (w1.T @ w2.T),
    ):
        whole = compute(concept, framework, x, w2 @ w1, np.zeros(3))
        np.testing.assert_allclose(one_by_one, whole, rtol=1e-11)
    with_relu = compute(concept, framework, x, w1, np.zeros(6), w2, np.zeros(3))
    assert np.abs(with_relu - x @ (w2 @ w1).T).max() > 0.1


@pytest.mark.equation("mlp-permutation")
def test_hidden_units_may_change_places(concept, framework, rng):
    x, (w1, b1, w2, b2) = rng.standard_normal((5, 3)), draw(rng, (3, 4, 2))
    p = np.eye(4)[[2, 0, 3, 1]]
    moved = compute(concept, framework, x, p @ w1, p @ b1, w2 @ p.T, b2)

    wanted = compute(concept, framework, x, w1, b1, w2, b2)
    np.testing.assert_allclose(moved, wanted, rtol=1e-12)


def digits(rng):
    """Five examples like the pixels of a written digit: most are 0."""
    return (rng.random((5, 784)) * (rng.random((5, 784)) < 0.2)).astype(np.float32)


def net_of(framework, weights, biases):
    """The same perceptron out of the framework's own layers."""
    nn = framework.module.nn if framework.name == "torch" else framework.module.gluon.nn
    net = nn.Sequential()
    for i, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        n, d = weight.shape
        if framework.name == "torch":
            if i:
                net.append(nn.ReLU())
            layer = nn.Linear(d, n)
            layer.load_state_dict({"weight": weight, "bias": bias})
            net.append(layer)
        else:
            if i:
                net.add(nn.Activation("relu"))
            layer = nn.Dense(n, in_units=d)
            layer.initialize("zeros")
            layer.weight.set_data(weight)
            layer.bias.set_data(bias)
            net.add(layer)
    return net


def test_agrees_with_the_frameworks_layers(concept, framework, rng):
    x = framework.array(digits(rng))
    weights, biases = concept.initial_weights([784, 256, 10], seed=0)
    ours = framework.numpy(concept.mlp(x, weights, biases))

    theirs = framework.numpy(net_of(framework, weights, biases)(x))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)


def test_parameters_cross_between_the_frameworks(rng):
    need("torch", "mxnet")
    torch, mxnet = Torch(), MXNet()
    source = importlib.import_module("twinnotes.mlp.mlp_torch")
    trained = [list(p) for p in source.initial_weights([784, 256, 10], seed=0)]
    trained[1] = [bias + 0.1 for bias in trained[1]]
    x = digits(rng)
    there = net_of(torch, *trained)(torch.array(x))

    crossed = [[mxnet.array(torch.numpy(a)) for a in part] for part in trained]
    net = net_of(mxnet, *crossed)
    here = net(mxnet.array(x))
    np.testing.assert_allclose(torch.numpy(there), mxnet.numpy(here), rtol=0, atol=1e-6)
    back = [
        [
            torch.array(getattr(layer, kind).data().asnumpy())
            for layer in (net[0], net[2])
        ]
        for kind in ("weight", "bias")
    ]
    again = net_of(torch, *back)(torch.array(x))
    assert np.array_equal(torch.numpy(again), torch.numpy(there))


@pytest.mark.parametrize("name", ["parameter_count", "initial_weights"])
@pytest.mark.parametrize("sizes", [[], [3], [3, 0, 2], [-1, 2]], ids=str)
def test_rejects_sizes_that_are_no_network(concept, framework, name, sizes):
    arguments = (sizes, 0) if name == "initial_weights" else (sizes,)
    message = r"at least two layers, each 1 or more, got \[.*; start with the inputs"
    with pytest.raises(ValueError, match=message):
        getattr(concept, name)(*arguments)


@pytest.mark.parametrize(("weights", "biases"), [(0, 0), (2, 1), (1, 2)])
def test_rejects_a_layer_without_its_bias(concept, framework, weights, biases):
    square, one = framework.array(np.eye(2)), framework.array(np.ones(2))
    message = rf"one weight and one bias per layer, got {weights} and {biases}; for"
    with pytest.raises(ValueError, match=message):
        concept.mlp(one, [square] * weights, [one] * biases)


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((3,), (3, 2), (2,)), r"layer 1 of x \(3,\) .*, got \(2,\) and \(3, 2\); tr"),
        (((), (2, 1), (2,)), r"layer 1 of x \(\)"),
        (((), (2,), (2,)), r"layer 1 of x \(\)"),
        (((4, 3), (1, 2, 3), (1, 2)), r"layer 1 .*, got \(1, 2\) and \(1, 2, 3\)"),
        (((4, 3), (2, 3), (1,)), r"layer 1 of x \(4, 3\) .*, got \(1,\) and \(2, 3\)"),
        (((4, 3), (2, 3), ()), r"layer 1"),
        (((4, 3), (2, 3), (1, 2)), r"layer 1"),
        (((4, 3), (3,), (3,)), r"layer 1"),
        (((4, 3), (2, 3), (2,), (5, 3), (5,)), r"layer 2 of x \(4, 2\)"),
        (((4, 3), (0, 3), (0,)), r"layer 1 of x \(4, 3\) .*, got \(0,\) and \(0, 3\)"),
        (((0, 3), (2, 3), (2,)), r"x must not be empty, got shape \(0, 3\); pass"),
        (((4, 0), (2, 0), (2,)), r"x must not be empty, got shape \(4, 0\); pass"),
    ],
)
def test_rejects_layers_that_do_not_fit(concept, framework, shapes, message):
    with pytest.raises(ValueError, match=message):
        compute(concept, framework, *map(np.ones, shapes))
