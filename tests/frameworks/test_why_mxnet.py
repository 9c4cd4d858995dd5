"""Networks moved between the frameworks, against a network written in NumPy."""

import importlib

import numpy as np
import pytest

from frameworks import MXNet, Torch, assert_matches, need
from sitetools import device

NAMES = [
    "0.weight",
    "0.bias",
    "1.weight",
    "1.bias",
    "1.running_mean",
    "1.running_var",
    "4.weight",
    "4.bias",
]
SHAPES = [(4, 2, 3, 3), (4,), (4,), (4,), (4,), (4,), (3, 64), (3,)]


def layers(framework):
    """Give {kind: constructor} in the words of this test, one for both frameworks."""
    if framework.name == "torch":
        nn = framework.module.nn
        return {
            "conv": lambda i, o: nn.Conv2d(i, o, 3),
            "norm": nn.BatchNorm2d,
            "relu": nn.ReLU,
            "tanh": nn.Tanh,
            "flat": nn.Flatten,
            "dense": nn.Linear,
            # On the CPU: the fake device has no lazy parameters.
            "lazy": lambda o: nn.LazyLinear(o, device="cpu"),
        }
    nn = framework.module.gluon.nn
    return {
        "conv": lambda i, o: nn.Conv2D(o, 3, in_channels=i),
        "norm": lambda n: nn.BatchNorm(in_channels=n),
        "relu": lambda: nn.Activation("relu"),
        "tanh": lambda: nn.Activation("tanh"),
        "flat": nn.Flatten,
        "dense": lambda i, o: nn.Dense(o, in_units=i),
        "lazy": lambda o: nn.Dense(o),
    }


def build(framework, *kinds, dtype="float32"):
    """Build a network in prediction mode from (kind, *sizes)."""
    made = [layers(framework)[kind](*sizes) for kind, *sizes in kinds]
    if framework.name == "torch":
        net = framework.module.nn.Sequential(*made).eval()
        return net.double() if dtype == "float64" else net
    net = framework.module.gluon.nn.Sequential()
    net.add(*made)
    net.initialize()
    if dtype == "float64":
        net.cast("float64")
    return net


def convolutional(framework):
    return build(
        framework, ("conv", 2, 4), ("norm", 4), ("relu",), ("flat",), ("dense", 64, 3)
    )


def perceptron(framework, dtype="float32"):
    return build(framework, ("dense", 3, 4), ("tanh",), ("dense", 4, 2), dtype=dtype)


def draw(rng):
    """Random values for the convolutional network, its variances positive."""
    return {
        name: rng.uniform(0.5, 1.5, shape).astype(np.float32)
        for name, shape in zip(NAMES, SHAPES, strict=True)
    }


def reference(x, arrays):
    """Convolution, batch norm in prediction, ReLU, dense: loops and float64."""
    a = {name: value.astype(np.float64) for name, value in arrays.items()}
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(2, 3))
    h = np.einsum("nchwij,ocij->nohw", windows, a["0.weight"])
    h = np.moveaxis(h, 1, -1) + a["0.bias"]
    h = (h - a["1.running_mean"]) / np.sqrt(a["1.running_var"] + 1e-5)
    h = np.maximum(h * a["1.weight"] + a["1.bias"], 0)
    flat = np.moveaxis(h, -1, 1).reshape(len(x), -1)
    return flat @ a["4.weight"].T + a["4.bias"]


def predict(framework, net, x):
    return framework.numpy(net(framework.array(x)))


@pytest.fixture
def both():
    """Both frameworks, each with its half of the concept."""
    need("torch", "mxnet")
    name = "twinnotes.frameworks.why_mxnet_"
    found = [f() for f in (Torch, MXNet)]
    return [(f, importlib.import_module(name + f.name)) for f in found]


def test_names_shapes_and_copies(concept, framework):
    net = convolutional(framework)
    arrays = concept.parameters_to_arrays(net)

    assert list(arrays) == NAMES
    assert [a.shape for a in arrays.values()] == SHAPES
    assert {a.dtype for a in arrays.values()} == {np.dtype("float32")}
    arrays["0.bias"] += 7
    again = concept.parameters_to_arrays(net)
    assert not np.array_equal(again["0.bias"], arrays["0.bias"])


def test_names_in_a_network_of_networks(concept, framework):
    inner = build(framework, ("dense", 3, 4), ("norm", 4))
    if framework.name == "torch":
        net = framework.module.nn.Sequential(inner)
    else:
        net = framework.module.gluon.nn.Sequential()
        net.add(inner)

    names = ["0.weight", "0.bias", *NAMES[2:6]]
    assert list(concept.parameters_to_arrays(net)) == [f"0.{name}" for name in names]


@pytest.mark.equation("same-function-two-frameworks")
def test_loaded_network_is_the_function_of_its_arrays(concept, framework, rng):
    net, arrays = convolutional(framework), draw(rng)
    x = rng.standard_normal((5, 2, 6, 6)).astype(np.float32)
    concept.arrays_to_parameters(net, arrays)

    np.testing.assert_allclose(predict(framework, net, x), reference(x, arrays), 1e-5)
    for name, array in concept.parameters_to_arrays(net).items():
        np.testing.assert_array_equal(array, arrays[name], err_msg=name)
    arrays["4.bias"] += 1  # the network took a copy
    np.testing.assert_allclose(
        predict(framework, net, x), reference(x, arrays) - 1, 1e-5
    )


@pytest.mark.equation("same-function-two-frameworks")
def test_torch_to_mxnet_to_torch(both, rng, tmp_path):
    x = rng.standard_normal((5, 2, 6, 6)).astype(np.float32)
    (torch, torch_side), (mxnet, mxnet_side) = both
    nets = [convolutional(torch), convolutional(mxnet), convolutional(torch)]
    torch_side.arrays_to_parameters(nets[0], draw(rng))
    sides = [torch_side, mxnet_side, torch_side]

    files = []
    for i in (0, 1):
        files.append(tmp_path / f"{i}.npz")
        np.savez(files[i], **sides[i].parameters_to_arrays(nets[i]))
        with np.load(files[i], allow_pickle=False) as file:
            sides[i + 1].arrays_to_parameters(nets[i + 1], file)

    assert files[0].read_bytes() == files[1].read_bytes()
    outputs = [
        predict(f, net, x) for f, net in zip((torch, mxnet, torch), nets, strict=True)
    ]
    assert np.abs(outputs[0]).max() > 1
    np.testing.assert_allclose(outputs[1], outputs[0], rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(outputs[2], outputs[0])


def test_loaded_network_is_differentiable_and_keeps_float64(concept, framework, rng):
    shapes = {"0.weight": (4, 3), "0.bias": (4,), "2.weight": (2, 4), "2.bias": (2,)}
    arrays = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    net = perceptron(framework, "float64")
    concept.arrays_to_parameters(net, arrays)

    def mlp(x):
        hidden = np.tanh(x @ arrays["0.weight"].T + arrays["0.bias"])
        return hidden @ arrays["2.weight"].T + arrays["2.bias"]

    assert_matches(framework, net, mlp, rng.standard_normal((5, 3)))


@pytest.mark.equation("batch-norm-prediction-affine")
def test_batch_norm_in_prediction_is_an_affine_map(concept, framework, rng):
    net = build(framework, ("norm", 3))
    shapes = ["0.weight", "0.bias", "0.running_mean", "0.running_var"]
    arrays = {n: rng.uniform(0.5, 1.5, 3).astype(np.float32) for n in shapes}
    arrays["0.running_var"] *= 1e-4  # so small that it shows where eps stands
    concept.arrays_to_parameters(net, arrays)
    gamma, beta, mean, var = (arrays[name].astype(np.float64) for name in shapes)
    x = rng.standard_normal((4, 3, 2, 2)).astype(np.float32)
    a = gamma / np.sqrt(var + 1e-5)
    c = beta - a * mean

    expected = a[:, None, None] * x + c[:, None, None]
    np.testing.assert_allclose(predict(framework, net, x), expected, 1e-5, 1e-6)


@pytest.mark.equation("running-mean-conventions")
@pytest.mark.parametrize("weight", [0.1, 0.9])
def test_running_statistics_under_both_conventions(concept, framework, rng, weight):
    batches = (rng.standard_normal((4, 8, 3)) + 2).astype(np.float32)
    if framework.name == "torch":
        layer = framework.module.nn.BatchNorm1d(3, momentum=weight)
    else:
        layer = framework.module.gluon.nn.BatchNorm(momentum=1 - weight, in_channels=3)
        layer.initialize()
    unbiased = framework.name == "torch"
    mean, var = np.zeros(3), np.ones(3)
    for batch in batches:
        framework.vjp(layer, [batch], np.ones_like(batch))
        mean = (1 - weight) * mean + weight * batch.mean(axis=0)
        var = (1 - weight) * var + weight * batch.var(axis=0, ddof=int(unbiased))

    found = concept.parameters_to_arrays(layer)
    np.testing.assert_allclose(found["running_mean"], mean, rtol=1e-5)
    np.testing.assert_allclose(found["running_var"], var, rtol=1e-5)


def test_when_running_statistics_move(framework):
    batch = framework.array(np.ones((4, 3), np.float32))
    if framework.name == "torch":
        layer = framework.module.nn.BatchNorm1d(3)
        layer(batch)
        assert (layer.running_mean != 0).all()
    else:
        layer = framework.module.gluon.nn.BatchNorm(in_channels=3)
        layer.initialize()
        with framework.module.autograd.record():
            y = layer(batch)
        assert (framework.numpy(layer.running_mean.data()) == 0).all()
        y.backward()
        assert (framework.numpy(layer.running_mean.data()) != 0).all()


def test_lstm_gates_have_one_order(concept, framework, rng):
    steps, size, hidden = 4, 3, 2
    if framework.name == "torch":
        if device.wanted() == device.FAKE:  # a CPU and a GPU run it
            pytest.skip(device.NO_LSTM)
        net = framework.module.nn.LSTM(size, hidden)
    else:
        net = framework.module.gluon.rnn.LSTM(hidden, input_size=size)
        net.initialize()
    shapes = [(8, size), (8, hidden), (8,), (8,)]
    arrays = [rng.standard_normal(shape).astype(np.float32) for shape in shapes]
    names = concept.parameters_to_arrays(net)
    concept.arrays_to_parameters(net, dict(zip(names, arrays, strict=True)))
    x = rng.standard_normal((steps, 1, size)).astype(np.float32)

    def sigmoid(a):
        return 1 / (1 + np.exp(-a))

    h, c = np.zeros(hidden), np.zeros(hidden)
    for t in range(steps):
        total = arrays[0] @ x[t, 0] + arrays[1] @ h + arrays[2] + arrays[3]
        i, f, g, o = np.split(total, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
    start = () if framework.name == "torch" else (net.begin_state(batch_size=1),)
    output, _ = net(framework.array(x), *start)
    np.testing.assert_allclose(framework.numpy(output[-1, 0]), h, rtol=1e-5)


def spoiled(rng, name, change):
    arrays = draw(rng)
    arrays[name] = change(arrays[name])
    return arrays


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a[:2], r"4\.bias must be float32 of shape \(3,\), got .*\(2,\)"),
        (lambda a: a.astype(np.float64), r"4\.bias must be float32 .* got float64"),
    ],
    ids=["shape", "dtype"],
)
def test_a_wrong_array_is_named_and_nothing_is_loaded(
    concept, framework, rng, change, message
):
    net = convolutional(framework)
    before = concept.parameters_to_arrays(net)

    with pytest.raises(ValueError, match=message):
        concept.arrays_to_parameters(net, spoiled(rng, "4.bias", change))
    for name, array in concept.parameters_to_arrays(net).items():
        np.testing.assert_array_equal(array, before[name], err_msg=name)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("4.bias", None, r"missing: \['4\.bias'\], unknown: \[\]"),
        ("4.bias", "5.bias", r"missing: \['4\.bias'\], unknown: \['5\.bias'\]"),
        (None, "5.bias", r"missing: \[\], unknown: \['5\.bias'\]"),
    ],
    ids=["missing", "renamed", "unknown"],
)
def test_names_must_agree_and_nothing_is_loaded(
    concept, framework, rng, old, new, message
):
    net, arrays = convolutional(framework), draw(rng)
    before = concept.parameters_to_arrays(net)
    array = arrays.pop(old) if old else np.zeros(3, np.float32)
    if new:
        arrays[new] = array

    with pytest.raises(ValueError, match=message):
        concept.arrays_to_parameters(net, arrays)
    for name, value in concept.parameters_to_arrays(net).items():
        np.testing.assert_array_equal(value, before[name], err_msg=name)


def test_a_parameter_without_values_is_named(concept, framework):
    net = build(framework, ("dense", 3, 4), ("lazy", 2))

    for call in (
        lambda: concept.parameters_to_arrays(net),
        lambda: concept.arrays_to_parameters(net, {}),
    ):
        with pytest.raises(ValueError, match=r"1\.weight has none yet"):
            call()


def test_without_a_gpu_mxnet_counts_none_and_refuses_arrays_there():
    need("mxnet")
    mxnet = MXNet().module

    assert mxnet.context.num_gpus() == 0
    # Not by `initialize`: NaiveEngine ends the process when it clears up after it.
    with pytest.raises(mxnet.base.MXNetError, match="not implemented for GPU"):
        mxnet.np.ones(2, ctx=mxnet.gpu())
