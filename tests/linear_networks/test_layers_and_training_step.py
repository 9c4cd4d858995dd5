"""Both twins against the same layers and steps, written once more in NumPy."""

import numpy as np
import pytest

from frameworks import assert_matches, numeric_vjp

each_size = pytest.mark.parametrize(
    ("n", "d", "out"), [(8, 2, 1), (1, 3, 2), (5, 1, 4)], ids=str
)


def linear(x, weight, bias):
    return np.einsum("ni,oi->no", x, weight) + bias


def draw(rng, n, d, out):
    shapes = (n, d), (out, d), (out,), (n, out)
    return [rng.standard_normal(shape) for shape in shapes]


def make(concept, framework, weight, bias):
    return concept.Linear(framework.array(weight), framework.array(bias))


def backward(framework, output):
    """Differentiate what `output` computes, with MXNet's record around it."""
    if framework.name == "torch":
        output().backward()
    else:
        with framework.module.autograd.record():
            value = output()
        value.backward()


@pytest.mark.equation("linear-layer")
@each_size
def test_linear(concept, framework, rng, n, d, out):
    x, weight, bias, _ = draw(rng, n, d, out)
    layer = make(concept, framework, weight, bias)

    assert_matches(framework, layer, lambda x: linear(x, weight, bias), x)


@pytest.mark.equation("layer-chain")
def test_sequential_calls_its_layers_in_order(concept, framework, rng):
    first, second, bias, x = (
        rng.standard_normal(shape) for shape in ((4, 3), (2, 4), (2,), (5, 3))
    )
    zero = np.zeros(4)
    a = make(concept, framework, first, zero)
    b = make(concept, framework, second, bias)
    net = concept.Sequential(a, b)

    def chain(x):
        return linear(linear(x, first, zero), second, bias)

    assert_matches(framework, net, chain, x)
    wanted = [a.weight, a.bias, b.weight, b.bias]
    assert [id(p) for p in net.parameters()] == [id(p) for p in wanted]


def test_sequential_lists_a_repeated_layer_once(concept, framework, rng):
    weight, bias, x = (rng.standard_normal(s) for s in ((2, 2), (2,), (3, 2)))
    layer = make(concept, framework, weight, bias)
    net = concept.Sequential(layer, concept.Sequential(layer))

    assert [id(p) for p in net.parameters()] == [id(layer.weight), id(layer.bias)]
    cotangent = rng.standard_normal((3, 2))
    framework.vjp(net, [x], cotangent)
    (wanted,) = numeric_vjp(
        lambda w: linear(linear(x, w, bias), w, bias), [weight], cotangent
    )
    got = framework.numpy(layer.weight.grad)
    np.testing.assert_allclose(got, wanted, rtol=1e-6, atol=1e-8)


def test_a_layer_trains_copies(concept, framework, rng):
    weight = framework.array(np.ones((1, 2)))
    bias = framework.array(np.zeros(1))
    layers = [concept.Linear(weight, bias) for _ in range(2)]
    optimizer = concept.SGD(layers[0].parameters(), learning_rate=1.0)
    x, y = framework.array(np.ones((3, 2))), framework.array(np.zeros((3, 1)))
    concept.training_step(
        layers[0], concept.mean_squared_error, optimizer, features=x, target=y
    )

    assert np.all(framework.numpy(layers[0].weight) == 1 - 4)
    for untouched in (weight, layers[1].weight):
        assert np.all(framework.numpy(untouched) == 1)


@pytest.mark.equation("training-step-loss")
@pytest.mark.parametrize("shape", [(8, 1), (3, 4), (1, 1), (5,)], ids=str)
def test_mean_squared_error(concept, framework, rng, shape):
    prediction, target = rng.standard_normal((2, *shape))

    assert_matches(
        framework,
        concept.mean_squared_error,
        lambda p, t: np.sum((p - t) ** 2) / p.size,
        prediction,
        target,
    )


@pytest.mark.equation("training-step-gradient")
@each_size
def test_gradients_of_one_layer(concept, framework, rng, n, d, out):
    x, weight, bias, target = draw(rng, n, d, out)
    layer = make(concept, framework, weight, bias)
    features, y = framework.array(x), framework.array(target)
    concept.SGD(layer.parameters(), learning_rate=0.1)
    backward(framework, lambda: concept.mean_squared_error(layer(features), y))

    g = 2 / (n * out) * (linear(x, weight, bias) - target)
    np.testing.assert_allclose(
        framework.numpy(layer.weight.grad), g.T @ x, rtol=1e-11, atol=1e-14
    )
    np.testing.assert_allclose(
        framework.numpy(layer.bias.grad), g.sum(axis=0), rtol=1e-11, atol=1e-14
    )


@pytest.mark.equation("training-step-update")
@each_size
def test_ten_steps(concept, framework, rng, n, d, out):
    _, weight, bias, _ = draw(rng, n, d, out)
    net = concept.Sequential(make(concept, framework, weight, bias))
    optimizer = concept.SGD(net.parameters(), learning_rate=0.05)
    for _ in range(10):
        x, target = rng.standard_normal((n, d)), rng.standard_normal((n, out))
        got = concept.training_step(
            net,
            concept.mean_squared_error,
            optimizer,
            framework.array(x),
            framework.array(target),
        )

        def loss(weight, bias, x=x, target=target):
            return np.mean((linear(x, weight, bias) - target) ** 2)

        assert isinstance(got, float)
        np.testing.assert_allclose(got, loss(weight, bias), rtol=1e-7)
        steps = numeric_vjp(loss, [weight, bias], np.float64(1.0))
        weight, bias = weight - 0.05 * steps[0], bias - 0.05 * steps[1]
    for parameter, wanted in zip(net.parameters(), (weight, bias), strict=True):
        np.testing.assert_allclose(framework.numpy(parameter), wanted, rtol=1e-7)


def test_float32_stays_float32(concept, framework, rng):
    x, weight, bias, target = (a.astype(np.float32) for a in draw(rng, 64, 3, 1))
    x = 100 + x  # far from 0 the gradients are large
    layer = make(concept, framework, weight, bias)
    optimizer = concept.SGD(layer.parameters(), learning_rate=1e-5)
    arrays = framework.array(x), framework.array(target)
    for _ in range(2):
        concept.training_step(layer, concept.mean_squared_error, optimizer, *arrays)

    weight, bias = weight.astype(np.float64), bias.astype(np.float64)
    for _ in range(2):
        g = 2 / 64 * (linear(x.astype(np.float64), weight, bias) - target)
        weight, bias = weight - 1e-5 * g.T @ x, bias - 1e-5 * g.sum(axis=0)
    for parameter, wanted in zip(layer.parameters(), (weight, bias), strict=True):
        assert framework.numpy(parameter).dtype == np.float32
        np.testing.assert_allclose(framework.numpy(parameter), wanted, rtol=1e-5)


def test_gradients_add_up_until_they_are_cleared(concept, framework):
    layers = [make(concept, framework, np.ones((1, 1)), np.zeros(1)) for _ in range(2)]
    net = concept.Sequential(*layers)
    optimizer = concept.SGD(layers[1].parameters(), learning_rate=0.1)
    x = framework.array(np.ones((1, 1)))

    def gradients():
        return [framework.numpy(layer.weight.grad).item() for layer in layers]

    for total in ([1, 1], [2, 2]):
        backward(framework, lambda: net(x).sum())
        assert gradients() == total
    optimizer.clear_gradients()
    assert gradients() == [2, 0]  # it holds the second layer only
    optimizer.step()
    assert [framework.numpy(layer.weight).item() for layer in layers] == [1, 1]


def test_only_held_parameters_move(concept, framework):
    layers = [make(concept, framework, np.ones((1, 1)), np.zeros(1)) for _ in range(2)]
    net = concept.Sequential(*layers)
    optimizer = concept.SGD(layers[1].parameters(), learning_rate=0.25)
    x, y = framework.array(np.ones((2, 1))), framework.array(np.zeros((2, 1)))
    loss = concept.training_step(net, concept.mean_squared_error, optimizer, x, y)

    assert loss == 1
    assert framework.numpy(layers[0].weight).item() == 1
    assert framework.numpy(layers[1].weight).item() == 1 - 0.25 * 2


@pytest.mark.equation("trainer-step")
@pytest.mark.parametrize("batch_size", [4, 8])
def test_the_step_of_the_trainer(framework, rng, batch_size):
    """The frameworks' own steps on a minibatch of 4: a sum divided by batch_size."""
    x, weight, bias, target = (a.astype(np.float32) for a in draw(rng, 4, 2, 1))
    features, y = framework.array(x), framework.array(target)
    if framework.name == "torch":
        net = framework.module.nn.Linear(2, 1)
        net.load_state_dict(
            {"weight": framework.array(weight), "bias": framework.array(bias)}
        )
        optimizer = framework.module.optim.SGD(net.parameters(), lr=0.1)
        backward(framework, lambda: ((net(features) - y) ** 2).sum() / batch_size)
        optimizer.step()
        got = framework.numpy(net.weight)
    else:
        gluon = framework.module.gluon
        net = gluon.nn.Dense(1, in_units=2)
        net.initialize()
        net.weight.set_data(framework.array(weight))
        net.bias.set_data(framework.array(bias))
        options = {"learning_rate": 0.1}
        trainer = gluon.Trainer(net.collect_params(), "sgd", options, kvstore=None)
        backward(framework, lambda: (net(features) - y) ** 2)
        trainer.step(batch_size)
        got = framework.numpy(net.weight.data())

    def total(weight):
        return np.sum((linear(x, weight, bias) - target) ** 2)

    (gradient,) = numeric_vjp(total, [weight.astype(np.float64)], np.float64(1.0))
    np.testing.assert_allclose(got, weight - 0.1 / batch_size * gradient, rtol=1e-5)


@pytest.mark.equation("broadcast-loss-gradient")
@pytest.mark.parametrize("n", [1, 2, 8])
def test_the_gradient_that_a_forgotten_reshape_leaves(framework, rng, n):
    prediction, target = rng.standard_normal((n, 1)), rng.standard_normal(n)
    value, (gradient, _) = framework.vjp(
        lambda p, t: ((p - t) ** 2).mean(), [prediction, target], np.float64(1.0)
    )

    np.testing.assert_allclose(
        value, np.mean([(p - t) ** 2 for p in prediction for t in target]), rtol=1e-12
    )
    np.testing.assert_allclose(
        gradient, 2 / n * (prediction - target.mean()), rtol=1e-12, atol=1e-15
    )


@pytest.mark.parametrize(
    "shapes",
    [((8, 1), (8,)), ((8,), (8, 1)), ((3, 4), (4, 3)), ((0, 1), (0, 1)), ((0,), (0,))],
)
def test_rejects_shapes_that_differ(concept, framework, shapes):
    arrays = [framework.array(np.zeros(shape)) for shape in shapes]
    with pytest.raises(ValueError, match=r"same shape, got \(.* use target.reshape"):
        concept.mean_squared_error(*arrays)


def test_a_rejected_target_moves_nothing(concept, framework):
    layer = make(concept, framework, np.ones((1, 2)), np.zeros(1))
    optimizer = concept.SGD(layer.parameters(), learning_rate=0.1)
    x, y = framework.array(np.ones((8, 2))), framework.array(np.zeros(8))
    with pytest.raises(ValueError, match=r"got \(8, 1\) and \(8,\)"):
        concept.training_step(layer, concept.mean_squared_error, optimizer, x, y)
    assert np.all(framework.numpy(layer.weight) == 1)


def test_rejects_a_loss_for_each_example(concept, framework):
    layer = make(concept, framework, np.ones((1, 2)), np.zeros(1))
    optimizer = concept.SGD(layer.parameters(), learning_rate=0.1)
    x, y = framework.array(np.ones((8, 2))), framework.array(np.zeros((8, 1)))
    with pytest.raises(ValueError, match=r"one number, got shape \(8, 1\); take the"):
        concept.training_step(layer, lambda p, t: p - t, optimizer, x, y)


@pytest.mark.parametrize(
    "shapes", [((1, 2), ()), ((3, 2), (2,)), ((3, 2), (3, 1)), ((2,), (2,))], ids=str
)
def test_rejects_a_bias_that_does_not_fit(concept, framework, shapes):
    arrays = [framework.array(np.zeros(shape)) for shape in shapes]
    with pytest.raises(ValueError, match=r"bias \(out,\), got \(.* these are"):
        concept.Linear(*arrays)


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [((2, 2), "int64"), ((2, 2), "int32"), ((0, 2), "float64"), ((2, 0), "float32")],
    ids=str,
)
def test_rejects_a_weight_that_holds_no_floating_point_numbers(
    concept, framework, shape, dtype
):
    weight, bias = np.ones(shape, dtype), np.ones(shape[:1])
    message = rf"weight must hold floating-point numbers, .* got .*{dtype} of shape \("
    with pytest.raises(ValueError, match=message):
        make(concept, framework, weight, bias)


@pytest.mark.parametrize("shape", [(), (2,), (3, 1), (2, 3), (3, 2, 2)], ids=str)
def test_rejects_features_that_do_not_fit(concept, framework, shape):
    layer = make(concept, framework, np.ones((1, 2)), np.zeros(1))
    with pytest.raises(
        ValueError, match=r"must have shape \(n, 2\), got \(.*; flatten"
    ):
        layer(framework.array(np.ones(shape)))


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_rejects_predictions_that_are_integers(concept, framework, dtype):
    prediction, target = np.ones((2, 1), dtype), np.ones((2, 1))
    with pytest.raises(ValueError, match=rf"floating point, got .*{dtype}; convert it"):
        concept.mean_squared_error(*map(framework.array, (prediction, target)))


def test_a_step_of_a_chain_of_layers_returns_the_loss_before_it(concept, framework):
    layer = make(concept, framework, np.ones((1, 1)), np.zeros(1))
    optimizer = concept.SGD(layer.parameters(), learning_rate=0.25)
    x, y = framework.array(np.ones((1, 1))), framework.array(np.zeros((1, 1)))
    losses = [
        concept.training_step(layer, concept.mean_squared_error, optimizer, x, y)
        for _ in range(2)
    ]

    assert losses == [1, 0]  # weight and bias are 1/2 and -1/2 after the first step
