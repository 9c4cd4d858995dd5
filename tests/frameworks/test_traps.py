"""Both twins of the safe spellings against NumPy, where the frameworks go wrong."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest

from frameworks import MXNet, Torch, assert_matches, need


def standard_deviation(x, axis):
    return np.sqrt(np.var(x, axis=axis))


def binary_cross_entropy(logits, labels):
    return np.logaddexp(0, logits) - labels * logits


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.equation("safe-standard-deviation")
@pytest.mark.parametrize(
    ("shape", "axis"), [((5,), 0), ((3, 4), 0), ((3, 4), -2), ((2, 3, 4), -1)]
)
def test_standard_deviation(concept, framework, rng, shape, axis):
    assert_matches(
        framework,
        lambda x: concept.standard_deviation(x, axis),
        lambda x: standard_deviation(x, axis),
        rng.standard_normal(shape),
    )


@pytest.mark.equation("safe-standard-deviation-gradient")
def test_gradient_of_the_standard_deviation(concept, framework, rng):
    x = 1000 + rng.standard_normal(7)
    _, (grad,) = framework.vjp(
        lambda x: concept.standard_deviation(x, 0), [x], np.array(1.0)
    )

    wanted = (x - x.mean()) / (len(x) * np.sqrt(((x - x.mean()) ** 2).mean()))
    np.testing.assert_allclose(grad, wanted, rtol=1e-9)
    assert abs(grad).max() > 0.1


def test_equal_numbers_have_deviation_and_gradient_0(concept, framework):
    x = np.array([[2.0, 2.0, 2.0], [1.0, 2.0, 4.0]])
    value, (grad,) = framework.vjp(
        lambda x: concept.standard_deviation(x, 1), [x], np.ones(2)
    )

    assert value[0] == 0
    np.testing.assert_array_equal(grad[0], 0)
    assert np.all(np.isfinite(grad)) and abs(grad[1]).min() > 0.05


def test_one_float32_number_has_deviation_0_in_float32(concept, framework):
    x = framework.array(np.array([[3.0, -4.0]], np.float32))
    value = framework.numpy(concept.standard_deviation(x, 0))

    assert value.dtype == np.float32
    np.testing.assert_array_equal(value, [0, 0])


@pytest.mark.parametrize(
    ("shape", "axis"), [((0, 3), 0), ((3, 0), 0), ((2, 3), 2), ((2, 3), -3)]
)
def test_an_empty_axis_and_one_that_is_not_there_are_refused(
    concept, framework, shape, axis
):
    message = re.escape(f"an axis {axis} and no empty axis, got shape {shape};")
    with pytest.raises(ValueError, match=message):
        concept.standard_deviation(framework.array(np.zeros(shape)), axis)


@pytest.mark.parametrize("function", ["standard_deviation", "binary_cross_entropy"])
def test_whole_numbers_are_refused(concept, framework, function):
    x = framework.array(np.array([0, 1]))
    with pytest.raises(ValueError, match=r"floating.point.*, got .*int64; convert it"):
        getattr(concept, function)(x, 0 if function == "standard_deviation" else x)


def test_labels_without_an_entry_are_refused(concept, framework):
    x = framework.array(np.zeros((2, 0)))
    with pytest.raises(ValueError, match=r"must agree, got \(2, 0\) and \(2, 0\);"):
        concept.binary_cross_entropy(x, x)


@pytest.mark.equation("safe-binary-cross-entropy")
def test_binary_cross_entropy(concept, framework, rng):
    logits = 3 * rng.standard_normal((4, 1, 5))
    labels = rng.random((4, 1, 5))

    assert_matches(
        framework,
        lambda x, z: concept.binary_cross_entropy(x, z),
        binary_cross_entropy,
        logits,
        labels * 0.9 + 0.05,  # central differences must stay in [0, 1]
    )


@pytest.mark.equation("safe-binary-cross-entropy-slope")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("label", [0.0, 0.25, 1.0])
def test_the_slope_at_0_and_far_from_it(concept, framework, dtype, label):
    x = np.array([0.0, -0.0, 1e-3, -1e-3, 2.0, -2.0, 80.0, -80.0, 1e4, -1e4], dtype)
    labels = np.full_like(x, label)
    value, (slope, _) = framework.vjp(
        concept.binary_cross_entropy, [x, labels], np.ones_like(x)
    )
    with np.errstate(over="ignore"):
        wanted = sigmoid(x.astype(np.float64)) - label

    np.testing.assert_allclose(slope, wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        value, np.logaddexp(0, x.astype(np.float64)) - label * x, rtol=1e-5, atol=1e-6
    )


def test_nan_stays_nan(concept, framework):
    x, z = (framework.array(np.array([v, 0.0])) for v in (np.nan, 0.0))

    value = framework.numpy(concept.binary_cross_entropy(x, z))
    assert np.isnan(value[0]) and value[1] == pytest.approx(np.log(2))


@pytest.mark.parametrize(
    ("logits", "labels", "message"),
    [
        (
            np.zeros((2, 3)),
            np.zeros(6),
            r"must agree, got \(6,\) and \(2, 3\); reshape",
        ),
        (np.zeros((4, 3)), np.zeros((3, 4)), r"got \(3, 4\) and \(4, 3\)"),
        (np.zeros(2), np.array([1.0, 2.0]), r"must lie in \[0, 1\], got 1.0 to 2.0"),
        (np.zeros(2), np.array([-0.5, 0.0]), r"must lie in \[0, 1\], got -0.5 to 0.0"),
        (np.zeros(2), np.array([np.nan, 0.0]), r"must lie in \[0, 1\]"),
    ],
)
def test_wrong_labels_are_refused(concept, framework, logits, labels, message):
    with pytest.raises(ValueError, match=message):
        concept.binary_cross_entropy(framework.array(logits), framework.array(labels))


@pytest.mark.equation("safe-select")
@pytest.mark.parametrize("other", [0.0, 1, -2.5, float("-inf")])
def test_select(concept, framework, rng, other):
    x = rng.standard_normal((3, 4))
    condition = x > 0.1
    value, (grad,) = framework.vjp(
        lambda x: concept.select(x > 0.1, x, other), [x], np.full_like(x, 3.0)
    )

    np.testing.assert_array_equal(value, np.where(condition, x, other))
    np.testing.assert_array_equal(grad, np.where(condition, 3.0, 0.0))
    assert condition.any() and not condition.all()


@pytest.mark.parametrize(
    "condition", [np.array([1.0, 0.0]), np.array([1, 0]), np.array([True])], ids=str
)
def test_a_condition_is_boolean_and_of_the_same_shape(concept, framework, condition):
    got = re.escape(f"{condition.dtype} {condition.shape}; compare, as in x > 0")
    with pytest.raises(
        ValueError, match=rf"must be boolean \(2,\), got (torch\.)?{got}$"
    ):
        concept.select(framework.array(condition), framework.array(np.ones(2)), 0.0)


@pytest.mark.equation("safe-sample")
def test_every_place_holds_every_number_equally_often(concept, framework):
    n, k, draws = 5, 3, 4000
    rng = np.random.default_rng(0)
    counts = np.zeros((k, n))
    for _ in range(draws):
        sample = framework.numpy(concept.sample_without_replacement(rng, n, k))
        assert sample.shape == (k,) and sample.dtype == np.int64
        assert len(set(sample.tolist())) == k
        counts[np.arange(k), sample] += 1

    deviation = np.sqrt(draws / n * (1 - 1 / n))
    assert abs(counts - draws / n).max() < 4 * deviation


@pytest.mark.parametrize(("n", "k"), [(0, 0), (3, 0), (3, 3)])
def test_the_ends_of_the_range(concept, framework, rng, n, k):
    sample = framework.numpy(concept.sample_without_replacement(rng, n, k))

    assert sorted(sample.tolist()) == list(range(n))[:k]


@pytest.mark.parametrize("k", [-1, 4])
def test_too_many_or_too_few_are_refused(concept, rng, k):
    with pytest.raises(ValueError, match=rf"k must be in 0\.\.3, got {k}"):
        concept.sample_without_replacement(rng, 3, k)


# What the page says beside its programs. What writes or reads memory that does not
# belong to it, or has an engine of its own, runs in a process of its own.


def child(code, engine="NaiveEngine"):
    """What an MXNet program prints until it ends, whichever way it ends."""
    need("mxnet")
    head = "import os, sys\nimport numpy\nnumpy.bool = numpy.bool_\nimport mxnet\n"
    head += "from mxnet import MXNetError, np, npx\nnpx.set_np()\n"
    # What has been damaged is not freed: that may hang.
    tail = "\nsys.stdout.flush()\nos._exit(0)"
    try:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", head + code + tail],
            env={**os.environ, "MXNET_ENGINE_TYPE": engine},
            capture_output=True,
            text=True,
            timeout=60,
        )
    except subprocess.TimeoutExpired as stopped:
        return (stopped.stdout or b"").decode()
    return done.stdout


@pytest.mark.parametrize("index", ["[-1]", "np.array([-1])", "np.array([400000])"])
def test_an_assignment_outside_the_array_is_neither_made_nor_refused(index):
    printed = child(
        "a = np.zeros(4)\nprint('made', flush=True)\n"
        f"try:\n    a[{index}] = 9\n"
        "except (IndexError, ValueError, MXNetError):\n    print('refused')\n"
        "print(a.tolist(), flush=True)"
    )

    assert printed in ("made\n", "made\n[0.0, 0.0, 0.0, 0.0]\n")


def test_an_assignment_by_integer_slice_or_mask_is_made():
    indices = ("-1", "slice(-1, None)", "np.array([0, 0, 0, 1]) > 0")
    code = [f"a = np.zeros(4)\na[{index}] = 9\nprint(a.tolist())" for index in indices]

    assert child("\n".join(code)) == 3 * "[0.0, 0.0, 0.0, 9.0]\n"


def test_batch_normalization_takes_more_channels_than_it_was_made_for():
    printed = child(
        "norm = mxnet.gluon.nn.BatchNorm(in_channels=3)\nnorm.initialize()\n"
        "try:\n    y = norm(np.ones((2, 5, 1, 1)))\n"
        "except (ValueError, MXNetError):\n    print('refused')\n"
        "print(y.shape, flush=True)"
    )

    assert printed == "(2, 5, 1, 1)\n"


@pytest.mark.parametrize(
    ("engine", "wanted"),
    [("NaiveEngine", "at the call\n"), ("ThreadedEnginePerDevice", "read\nagain\n")],
)
def test_where_a_failed_factorization_is_told(engine, wanted):
    code = """
try:
    y = 2 * np.linalg.cholesky(np.array([[1.0, 2.0], [2.0, 1.0]]))
    try:
        y.asnumpy()
    except MXNetError:
        print("read")
    y.asnumpy()
    print("again", flush=True)
except MXNetError:
    print("at the call", flush=True)
"""
    assert child(code, engine) == wanted


@pytest.mark.parametrize(
    ("engine", "wanted"),
    [("NaiveEngine", "refused\n"), ("ThreadedEnginePerDevice", "(0, 2, 3, 3)\n")],
)
def test_a_convolution_of_an_empty_batch_depends_on_the_engine(engine, wanted):
    code = """
layer = mxnet.gluon.nn.Conv2D(2, 3, in_channels=1)
layer.initialize()
try:
    print(layer(np.zeros((0, 1, 5, 5))).asnumpy().shape)
except MXNetError:
    print("refused")
"""
    assert child(code, engine) == wanted


@pytest.fixture
def mxnet():
    need("mxnet")
    return MXNet().module


@pytest.mark.parametrize("name", ["Huber", "Hinge", "KLDiv", "Triplet"])
def test_losses_for_older_arrays(mxnet, name):
    loss = getattr(mxnet.gluon.loss, f"{name}Loss")()
    x = [mxnet.np.ones((2, 3))] * (3 if name == "Triplet" else 2)

    with pytest.raises(TypeError, match="legacy operator"):
        loss(*x)
    with mxnet.util.np_array(False), mxnet.util.np_shape(False):
        assert loss(*(a.as_nd_ndarray() for a in x)).shape == (2,)


def test_parameters_without_weight_decay(mxnet):
    nn = mxnet.gluon.nn
    net = nn.Sequential()
    net.add(nn.Dense(1, in_units=1), nn.BatchNorm(in_channels=1))
    net.initialize()
    learned = [p for p in net.collect_params().values() if p.grad_req != "null"]
    for p in learned:
        p.set_data(mxnet.np.ones(p.shape))
    net.collect_params(".*bias|.*gamma|.*beta").setattr("wd_mult", 0)
    options = {"learning_rate": 1.0, "wd": 0.5}
    trainer = mxnet.gluon.Trainer(net.collect_params(), "sgd", options, kvstore=None)
    with mxnet.autograd.record():
        y = 0 * net(mxnet.np.ones((2, 1)))
    y.backward()
    trainer.step(1)

    assert [p.data().item() for p in learned] == [0.5, 1, 1, 1]


def test_an_array_crosses_as_a_copy():
    need("torch", "mxnet")
    torch, mx = Torch().module, MXNet().module
    t, b = torch.ones(2), mx.np.ones(2)

    for left, right in ((t, b), (b, t)):
        with pytest.raises(TypeError):
            left + right
    there, back = torch.tensor(b.asnumpy()), mx.np.array(t.numpy())
    b[0], t[0] = 5, 5
    assert there.tolist() == back.tolist() == [1, 1]


def steps(framework, name, count=3, gradient=2.0, **options):
    """Where an optimizer moves 1 by a constant gradient, after each step."""
    seen = []
    if framework.name == "torch":
        w = framework.module.tensor([1.0], requires_grad=True)
        optimizer = getattr(framework.module.optim, name)([w], lr=0.1, **options)
        for _ in range(count):
            w.grad = framework.module.tensor([gradient])
            optimizer.step()
            seen.append(w.item())
        return seen
    mxnet = framework.module
    w = mxnet.gluon.Parameter("w", shape=(1,), init=mxnet.init.One())
    w.initialize()
    options["learning_rate"] = 0.1
    trainer = mxnet.gluon.Trainer([w], name, options, kvstore=None)
    for _ in range(count):
        with mxnet.autograd.record():
            y = gradient * w.data()
        y.backward()
        trainer.step(1)
        seen.append(w.data().item())
    return seen


@pytest.mark.parametrize("optimizer", ["adagrad", "rmsprop", "adam"])
def test_where_epsilon_stands(framework, optimizer):
    """The formulas of the page, in NumPy, for an epsilon that shows."""
    eps, g, wanted, w, m, v = 0.5, 2.0, [], 1.0, 0.0, 0.0
    inside = framework.name == "mxnet"
    for t in (1, 2, 3):
        if optimizer == "adam":
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
            late = np.sqrt(1 - 0.999**t)  # the correction of the root of v
            root = np.sqrt(v) / late + (eps / late if inside else eps)
            w -= 0.1 * m / (1 - 0.9**t) / root
        else:
            v = v + g**2 if optimizer == "adagrad" else 0.9 * v + 0.1 * g**2
            w -= 0.1 * g / (np.sqrt(v + eps) if inside else np.sqrt(v) + eps)
        wanted.append(w)
    names = {"adagrad": "Adagrad", "rmsprop": "RMSprop", "adam": "Adam"}
    if inside:
        options = {"eps" if optimizer == "adagrad" else "epsilon": eps}
        got = steps(framework, optimizer, **options)
    else:
        options = {"eps": eps} | ({"alpha": 0.9} if optimizer == "rmsprop" else {})
        got = steps(framework, names[optimizer], **options)

    np.testing.assert_allclose(got, wanted, rtol=1e-5)


def test_which_weight_nesterov_decays_into_the_momentum(framework):
    g, wanted, w, m = 2.0, [], 1.0, 0.0
    for _ in range(3):
        decayed = g + 0.5 * w
        w, before = w - 0.1 * (0.9 * (0.9 * m + decayed) + decayed), w
        m = 0.9 * m + g + 0.5 * (w if framework.name == "mxnet" else before)
        wanted.append(w)
    if framework.name == "mxnet":
        got = steps(framework, "nag", momentum=0.9, wd=0.5)
    else:
        options = {"momentum": 0.9, "nesterov": True, "weight_decay": 0.5}
        got = steps(framework, "SGD", **options)

    np.testing.assert_allclose(got, wanted, rtol=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_initial_weights_spread_as_the_page_says(framework, seed):
    deviation = np.array([0.07 / 3**0.5, 0.07 / 3**0.5, 300**-0.5, 100**-0.5])
    if framework.name == "torch":
        torch = framework.module
        torch.manual_seed(seed)
        nn = torch.nn
        made = [nn.Linear(500, 100), nn.Embedding(500, 100)]
        made += [nn.Linear(500, 100), nn.Linear(500, 100)]
        nn.init.xavier_uniform_(made[2].weight)
        nn.init.xavier_normal_(made[3].weight)
        weights = [framework.numpy(layer.weight) for layer in made]
        deviation = np.array([1500**-0.5, 1, 300**-0.5, 300**-0.5])
    else:
        mx, nn = framework.module, framework.module.gluon.nn
        mx.npx.random.seed(seed)
        made = [nn.Dense(100, in_units=500), nn.Embedding(500, 100)]
        for init in (mx.init.Xavier(), mx.init.Xavier("gaussian")):
            made.append(nn.Dense(100, in_units=500, weight_initializer=init))
        for layer in made:
            layer.initialize()
        weights = [framework.numpy(layer.weight.data()) for layer in made]

    np.testing.assert_allclose([w.std() for w in weights], deviation, rtol=0.02)
