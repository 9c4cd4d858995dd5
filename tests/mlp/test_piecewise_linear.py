"""Both piecewise_linear twins against loops and numpy.interp."""

import itertools

import numpy as np
import pytest

from frameworks import assert_matches

INF, NAN = float("inf"), float("nan")
POINTS = [
    ([-1.0, 2.0], [3.0, -1.0]),
    ([0.0, 1.0, 3.0], [0.0, 2.0, 1.0]),
    ([-2.5, -1.0, 0.25, 0.5, 4.0], [1.0, -2.0, 0.5, 0.5, -3.0]),
]
each_curve = pytest.mark.parametrize(("knots", "values"), POINTS, ids=["1", "2", "4"])


def ramp(z):
    return np.clip(z, 0, 1)


def relu(z):
    return np.maximum(z, 0)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def activation(framework, name):
    """The activation function called relu, ramp or sigmoid, in the framework."""
    m = framework.module
    if framework.name == "torch":
        found = {"relu": m.relu, "sigmoid": m.sigmoid}
        found["ramp"] = lambda z: m.clip(z, 0, 1)
    else:
        found = {"relu": m.npx.relu, "sigmoid": m.npx.sigmoid}
        found["ramp"] = lambda z: m.np.clip(z, 0, 1)
    return found[name]


def loops(x, w, hidden_bias, c, b, sigma):
    """y = b + sum_i c_i sigma(b_i + sum_j w_ij x_j), one term at a time."""
    y = np.zeros(x.shape[:-1])
    for index in np.ndindex(y.shape):
        y[index] = b
        for i in range(len(c)):
            z = hidden_bias[i]
            for j in range(x.shape[-1]):
                z = z + w[i, j] * x[*index, j]
            y[index] += c[i] * sigma(z)
    return y


def curve(concept, framework, name):
    """The interpolant as a function of x, knots and values."""
    kind = {"relu": "relu_interpolant", "ramp": "hard_sigmoid_interpolant"}[name]
    sigma = activation(framework, name)

    def f(x, knots, values):
        network = getattr(concept, kind)(knots, values)
        return concept.one_hidden_layer(x.reshape(-1, 1), *network, sigma)

    return f


def compute(framework, function, *arrays):
    return framework.numpy(function(*map(framework.array, arrays)))


@pytest.mark.equation("one-hidden-layer")
@pytest.mark.equation("one-hidden-layer-matrix")
@pytest.mark.parametrize("name", ["relu", "ramp", "sigmoid"])
@pytest.mark.parametrize("shape", [(1,), (3,), (5, 3), (2, 3, 4)], ids=str)
def test_one_hidden_layer(concept, framework, rng, shape, name):
    d, hidden = shape[-1], 4
    arrays = [np.asarray(rng.standard_normal(s)) for s in (shape, (hidden, d))]
    arrays += [np.asarray(rng.standard_normal(s)) for s in (hidden, hidden, ())]
    sigma = {"relu": relu, "ramp": ramp, "sigmoid": sigmoid}[name]

    assert_matches(
        framework,
        lambda *a: concept.one_hidden_layer(*a, activation(framework, name)),
        lambda *a: loops(*a, sigma),
        *arrays,
    )
    x, w, hidden_bias, c, b = arrays
    if len(shape) == 1:
        matrices = b + c.T @ sigma(hidden_bias + w @ x)
        y = compute(
            framework,
            lambda *a: concept.one_hidden_layer(*a, activation(framework, name)),
            *arrays,
        )
        np.testing.assert_allclose(y, matrices, rtol=1e-12)


@pytest.mark.equation("piecewise-linear-interpolant")
@pytest.mark.equation("relu-interpolant")
@pytest.mark.equation("hard-sigmoid-interpolant")
@pytest.mark.parametrize("name", ["relu", "ramp"])
@each_curve
def test_both_networks_are_the_broken_line(concept, framework, knots, values, name):
    width = knots[-1] - knots[0]
    x = np.linspace(knots[0] - 1.03 * width, knots[-1] + 1.07 * width, 23)

    assert_matches(
        framework,
        curve(concept, framework, name),
        np.interp,
        x,
        *np.array((knots, values)),
    )


@pytest.mark.equation("relu-interpolant")
@pytest.mark.equation("hard-sigmoid-interpolant")
@each_curve
def test_parameters_of_the_networks(concept, framework, knots, values):
    arrays = [framework.array(np.array(a)) for a in (knots, values)]
    got = [framework.numpy(a) for a in concept.relu_interpolant(*arrays)]
    slopes = [0.0]
    for k in range(1, len(knots)):
        slopes.append((values[k] - values[k - 1]) / (knots[k] - knots[k - 1]))
    slopes.append(0.0)
    changes = [after - before for before, after in itertools.pairwise(slopes)]
    wanted = [np.ones((len(knots), 1)), -np.array(knots), np.array(changes)]
    for g, w in zip(got, [*wanted, np.array(values[0])], strict=True):
        assert (g.shape, g.dtype) == (w.shape, w.dtype)
        np.testing.assert_allclose(g, w, rtol=1e-14)

    got = [framework.numpy(a) for a in concept.hard_sigmoid_interpolant(*arrays)]
    weight = np.array([1 / (b - a) for a, b in itertools.pairwise(knots)])
    wanted = [weight[:, None], -weight * knots[:-1], np.diff(values)]
    for g, w in zip(got, [*wanted, np.array(values[0])], strict=True):
        assert (g.shape, g.dtype) == (w.shape, w.dtype)
        np.testing.assert_allclose(g, w, rtol=1e-14)


@pytest.mark.equation("relu-pair")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_two_relus_are_one_ramp_without_error(concept, framework, dtype):
    x = np.linspace(-3, 4, 2003).astype(dtype)
    knots, values = np.array([0, 1], dtype), np.array([0, 1], dtype)
    y = compute(framework, curve(concept, framework, "relu"), x, knots, values)

    assert y.dtype == dtype
    np.testing.assert_array_equal(y, ramp(x))
    np.testing.assert_array_equal(relu(x) - relu(x - dtype(1)), ramp(x))


@pytest.mark.equation("interpolation-error")
@pytest.mark.parametrize("name", ["relu", "ramp"])
@pytest.mark.parametrize(
    ("n", "printed"), [(4, 0.2105), (8, 0.0704), (16, 0.0188), (32, 0.0048)]
)
def test_error_of_a_smooth_curve(concept, framework, name, n, printed):
    x, knots = np.linspace(0, 2 * np.pi, 4001), np.linspace(0, 2 * np.pi, n + 1)
    y = compute(framework, curve(concept, framework, name), x, knots, np.sin(knots))
    error, bound = np.abs(y - np.sin(x)).max(), (2 * np.pi / n) ** 2 / 8

    np.testing.assert_allclose(error, printed, atol=5e-5)
    assert 0.6 * bound < error <= bound
    quadratic = compute(framework, curve(concept, framework, name), x, knots, knots**2)
    np.testing.assert_allclose(
        np.abs(quadratic - x**2).max(), 2 * bound, rtol=1e-3
    )  # f'' = 2 everywhere: the bound is attained


@pytest.mark.equation("interpolation-continuity")
@pytest.mark.parametrize(
    ("f", "modulus"), [(np.sqrt, np.sqrt), (lambda x: abs(x - 0.3), lambda h: h)]
)
def test_error_of_a_continuous_curve(concept, framework, f, modulus):
    x = np.linspace(0, 1, 2001)
    for n in (1, 3, 10, 50):
        knots = np.linspace(0, 1, n + 1)
        y = compute(framework, curve(concept, framework, "relu"), x, knots, f(knots))
        assert np.abs(y - f(x)).max() <= modulus(1 / n)


@pytest.mark.parametrize("hidden", [1, 5, 40])
def test_far_right_a_relu_network_is_a_line(concept, framework, rng, hidden):
    w, hidden_bias, c = rng.standard_normal((3, hidden))
    b = np.array(0.7)
    x = np.max(-hidden_bias / w) + np.array([[1e-3], [1.0], [1e3], [1e6]])
    network = map(framework.array, (x, w[:, None], hidden_bias, c, b))
    y = concept.one_hidden_layer(*network, activation(framework, "relu"))
    active = w > 0
    offset, slope = b + c[active] @ hidden_bias[active], c[active] @ w[active]

    np.testing.assert_allclose(
        framework.numpy(y), offset + slope * x[:, 0], rtol=1e-9, atol=1e-9
    )
    error = np.abs(x[:, 0] ** 2 - framework.numpy(y))
    assert error[3] > 1e5 * error[2] > 0


def test_float32_keeps_the_hard_sigmoids_in_range_far_out(concept, framework):
    knots = np.linspace(0, 2 * np.pi, 33).astype(np.float32)
    values = np.sin(knots)
    x = np.array([-1e8, 1e5, 1e8], np.float32)
    y = compute(framework, curve(concept, framework, "ramp"), x, knots, values)

    assert y.dtype == np.float32
    np.testing.assert_allclose(y, np.interp(x, knots, values), atol=1e-6)


@pytest.mark.parametrize("kind", ["relu_interpolant", "hard_sigmoid_interpolant"])
@pytest.mark.parametrize(
    ("shapes", "shown"),
    [
        (((3,), (2,)), r"\(3,\) and \(2,\)"),
        (((1,), (1,)), r"\(1,\) and \(1,\)"),
        (((), ()), r"\(\) and \(\)"),
        (((2, 2), (2, 2)), r"\(2, 2\) and \(2, 2\)"),
    ],
)
def test_rejects_points_that_do_not_match(concept, framework, kind, shapes, shown):
    arrays = [framework.array(np.arange(np.prod(s)).reshape(s)) for s in shapes]
    message = f"knots and values must be vectors of one length.* got shapes {shown}"
    with pytest.raises(ValueError, match=message):
        getattr(concept, kind)(*arrays)


@pytest.mark.parametrize("kind", ["relu_interpolant", "hard_sigmoid_interpolant"])
@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_rejects_knots_that_are_integers(concept, framework, kind, dtype):
    knots = framework.array(np.arange(3, dtype=dtype))
    message = f"knots must be floating point, got .*{np.dtype(dtype)}; convert them"
    with pytest.raises(ValueError, match=message):
        getattr(concept, kind)(knots, knots)


@pytest.mark.parametrize("kind", ["relu_interpolant", "hard_sigmoid_interpolant"])
@pytest.mark.parametrize(
    "knots", [[0, 0, 1], [1, 0], [0, 2, 1], [0, NAN], [NAN, 0, 1], [0, INF], [-INF, 0]]
)
def test_rejects_knots_that_do_not_increase(concept, framework, kind, knots):
    knots = framework.array(np.array(knots, float))
    with pytest.raises(ValueError, match=r"strictly increasing, got \[.*; sort"):
        getattr(concept, kind)(knots, knots)


SHAPES = [(2, 3), (4, 3), (4,), (4,), ()]


@pytest.mark.parametrize(
    ("argument", "shape"),
    [
        (0, (2, 4)), (0, (2, 1)), (0, ()), (1, (4,)), (1, (3, 4)), (1, (1, 3)),
        (1, ()), (2, (1,)), (2, ()), (2, (2, 4)), (3, (1,)), (3, (4, 1)), (4, (1,)),
        (4, (4,)),
    ],
)  # fmt: skip
def test_rejects_shapes_that_do_not_match(concept, framework, argument, shape):
    shapes = [shape if i == argument else s for i, s in enumerate(SHAPES)]
    arrays = [framework.array(np.ones(s)) for s in shapes]
    relu = activation(framework, "relu")
    assert concept.one_hidden_layer(
        *[framework.array(np.ones(s)) for s in SHAPES], relu
    ).shape == (2,)
    with pytest.raises(ValueError, match=r"must have shapes \(hidden, d\).* got \("):
        concept.one_hidden_layer(*arrays, relu)


@pytest.mark.parametrize(
    ("x", "hidden"), [((0, 3), 4), ((2, 0), 4), ((2, 3), 0), ((0, 3), 0)], ids=str
)
def test_rejects_empty_axes(concept, framework, x, hidden):
    shapes = [x, (hidden, x[-1]), (hidden,), (hidden,), ()]
    arrays = [framework.array(np.ones(s)) for s in shapes]
    with pytest.raises(ValueError, match=r"got .* for x \(.*an empty axis holds"):
        concept.one_hidden_layer(*arrays, activation(framework, "relu"))
