"""Both twins of forward and backward against loops and central differences in NumPy."""

import re

import numpy as np
import pytest

from frameworks import assert_matches, numeric_vjp

DECAY = 0.3
SIZES = [(1, 1, 1), (3, 4, 2), (2, 5, 3)]  # d, p, q
VARIABLES = ["o", "w2", "h", "z", "w1", "x"]


def data(rng, sizes=(3, 4, 2)):
    d, p, q = sizes
    return [rng.standard_normal(shape) for shape in ((d,), (q,), (p, d), (q, p))]


def reference(x, y, w1, w2, decay=DECAY):
    """The forward pass, entry by entry."""
    z = np.array(
        [sum(w * entry for w, entry in zip(row, x, strict=True)) for row in w1]
    )
    h = (np.exp(2 * z) - 1) / (np.exp(2 * z) + 1)
    o = np.array(
        [sum(w * entry for w, entry in zip(row, h, strict=True)) for row in w2]
    )
    loss = np.float64(sum((a - b) ** 2 for a, b in zip(o, y, strict=True)) / 2)
    penalty = np.float64(decay / 2 * sum(w**2 for w in [*w1.flat, *w2.flat]))
    return {"z": z, "h": h, "o": o, "loss": loss, "penalty": penalty}


def objective(x, y, w1, w2):
    values = reference(x, y, w1, w2)
    return values["loss"] + values["penalty"]


def objective_from(name, x, y, w1, w2):
    """The objective as a function of one variable, and that variable's value."""
    values = reference(x, y, w1, w2)
    s = values["penalty"]

    def from_o(o):
        return ((o - y) ** 2).sum() / 2 + s

    functions = {
        "o": from_o,
        "w2": lambda w2: objective(x, y, w1, w2),
        "h": lambda h: from_o(np.einsum("qp,p->q", w2, h)),
        "z": lambda z: from_o(np.einsum("qp,p->q", w2, np.tanh(z))),
        "w1": lambda w1: objective(x, y, w1, w2),
        "x": lambda x: objective(x, y, w1, w2),
    }
    return functions[name], {**values, "w2": w2, "w1": w1, "x": x}[name]


def run(concept, framework, arrays, decay=DECAY):
    arrays = [framework.array(a) for a in arrays]
    values = concept.forward(*arrays, decay)
    return values, concept.backward(*arrays, decay, values)


@pytest.mark.equation("forward-z")
@pytest.mark.equation("forward-h")
@pytest.mark.equation("forward-o")
@pytest.mark.equation("forward-loss")
@pytest.mark.equation("forward-penalty")
@pytest.mark.equation("forward-objective")
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_every_step_of_the_forward_pass(concept, framework, rng, sizes):
    arrays = data(rng, sizes)
    values, _ = run(concept, framework, arrays)
    expected = {**reference(*arrays), "objective": objective(*arrays)}

    assert list(values._fields) == list(expected)
    for name, want in expected.items():
        got = framework.numpy(getattr(values, name))
        assert (got.shape, got.dtype) == (want.shape, want.dtype), name
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_autograd_of_the_objective(concept, framework, rng, sizes):
    def function(x, y, w1, w2):
        return concept.forward(x, y, w1, w2, DECAY).objective

    assert_matches(framework, function, objective, *data(rng, sizes))


@pytest.mark.parametrize("name", VARIABLES)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_backward_agrees_with_central_differences(concept, framework, rng, sizes, name):
    arrays = data(rng, sizes)
    got = framework.numpy(getattr(run(concept, framework, arrays)[1], name))
    function, at = objective_from(name, *arrays)
    (want,) = numeric_vjp(function, [at], 1.0)

    assert (got.shape, got.dtype) == (at.shape, at.dtype)
    np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_backward_agrees_with_autograd(concept, framework, rng, sizes):
    arrays = data(rng, sizes)
    _, gradients = run(concept, framework, arrays)

    def function(x, w1, w2):
        return concept.forward(x, framework.array(arrays[1]), w1, w2, DECAY).objective

    _, wanted = framework.vjp(function, [arrays[0], *arrays[2:]], np.float64(1.0))
    for name, want in zip(("x", "w1", "w2"), wanted, strict=True):
        got = framework.numpy(getattr(gradients, name))
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12, err_msg=name)


@pytest.mark.equation("backward-o")
@pytest.mark.equation("backward-w2")
@pytest.mark.equation("backward-h")
@pytest.mark.equation("backward-z")
@pytest.mark.equation("backward-w1")
@pytest.mark.equation("backward-x")
def test_the_equations_of_the_page(concept, framework, rng):
    x, y, w1, w2 = arrays = data(rng)
    values = reference(*arrays)
    d_o = values["o"] - y
    d_h = np.einsum("qp,q->p", w2, d_o)
    d_z = d_h * (4 / (np.exp(values["z"]) + np.exp(-values["z"])) ** 2)
    formulas = {
        "o": d_o,
        "w2": np.einsum("q,p->qp", d_o, values["h"]) + DECAY * w2,
        "h": d_h,
        "z": d_z,
        "w1": np.einsum("p,d->pd", d_z, x) + DECAY * w1,
        "x": np.einsum("pd,p->d", w1, d_z),
    }
    _, gradients = run(concept, framework, arrays)
    for name, formula in formulas.items():
        function, at = objective_from(name, *arrays)
        (numeric,) = numeric_vjp(function, [at], 1.0)
        np.testing.assert_allclose(formula, numeric, rtol=1e-6, atol=1e-7)
        got = framework.numpy(getattr(gradients, name))
        np.testing.assert_allclose(got, formula, rtol=1e-12, atol=1e-12, err_msg=name)


@pytest.mark.equation("tanh-slope")
def test_slope_of_tanh_comes_from_its_value(concept, framework, rng):
    arrays = data(rng)
    z = reference(*arrays)["z"]
    _, gradients = run(concept, framework, arrays)
    slope = framework.numpy(gradients.z) / framework.numpy(gradients.h)
    (numeric,) = numeric_vjp(np.tanh, [z], np.ones(len(z)))

    np.testing.assert_allclose(slope, numeric, rtol=1e-6)
    np.testing.assert_allclose(slope, 1 - np.tanh(z) ** 2, rtol=1e-12)


@pytest.mark.equation("backward-paths")
def test_gradients_of_two_paths_add(concept, framework, rng):
    arrays = x, y, w1, w2 = data(rng)
    _, gradients = run(concept, framework, arrays)
    d_o, d_z = (framework.numpy(getattr(gradients, name)) for name in "oz")
    penalty = {
        "w1": lambda w1: reference(x, y, w1, w2)["penalty"],
        "w2": lambda w2: reference(x, y, w1, w2)["penalty"],
    }
    head = {
        "w1": (lambda w1: reference(x, y, w1, w2)["z"], d_z, w1),
        "w2": (lambda w2: reference(x, y, w1, w2)["o"], d_o, w2),
    }
    for name in ("w1", "w2"):
        function, cotangent, w = head[name]
        (by_loss,) = numeric_vjp(function, [w], cotangent)
        (by_penalty,) = numeric_vjp(penalty[name], [w], 1.0)
        got = framework.numpy(getattr(gradients, name))
        np.testing.assert_allclose(got, by_loss + by_penalty, rtol=1e-6, atol=1e-7)
        assert np.abs(got - by_loss).max() > 0.1


def test_the_backward_pass_visits_users_before_what_they_use(concept):
    visited = concept.Gradients._fields
    edges = [("x", "z"), ("w1", "z"), ("z", "h"), ("h", "o"), ("w2", "o")]

    assert sorted(visited) == sorted(VARIABLES)
    for tail, head in edges:
        assert visited.index(head) < visited.index(tail), (tail, head)


def test_float32_survives_a_saturated_hidden_layer(concept, framework):
    arrays = [
        np.array(a, np.float32) for a in ([1e4], [0.5], [[1.0], [-1.0]], [[2.0, -1.0]])
    ]
    values, gradients = run(concept, framework, arrays)

    np.testing.assert_array_equal(framework.numpy(values.h), [1, -1])
    for name, gradient in zip(gradients._fields, gradients, strict=True):
        gradient = framework.numpy(gradient)
        assert gradient.dtype == np.float32
        assert np.isfinite(gradient).all(), name
    np.testing.assert_array_equal(framework.numpy(gradients.z), [0, 0])
    np.testing.assert_allclose(
        framework.numpy(gradients.w1), DECAY * arrays[2], rtol=1e-6
    )


def test_zero_weights_stop_every_gradient_but_the_output(concept, framework, rng):
    x, y, w1, w2 = data(rng)
    _, gradients = run(concept, framework, [x, y, 0 * w1, 0 * w2])

    np.testing.assert_array_equal(framework.numpy(gradients.o), -y)
    for gradient in gradients[1:]:
        assert not framework.numpy(gradient).any()


@pytest.mark.parametrize(
    ("x", "y"), [((3, 1), (2,)), ((2,), (2,)), ((3,), (1,)), ((3,), (2, 1))], ids=str
)
def test_rejects_what_would_be_broadcast(concept, framework, rng, x, y):
    _, _, w1, w2 = data(rng)
    arrays = [framework.array(a) for a in (np.ones(x), np.ones(y), w1, w2)]
    message = r"x, y, w1 and w2 must have shapes \(d,\), .* got \(.*pass one example"
    with pytest.raises(ValueError, match=message):
        concept.forward(*arrays, DECAY)


@pytest.mark.parametrize(
    "shapes",
    [
        ((0,), (2,), (4, 0), (2, 4)),
        ((3,), (2,), (0, 3), (2, 0)),
        ((3,), (0,), (4, 3), (0, 4)),
        ((3, 5), (2,), (4, 3, 5), (2, 4)),  # they fit, but w1 is no matrix
        ((), (2,), (4,), (2, 4)),
    ],
    ids=str,
)
def test_rejects_empty_axes_and_weights_that_are_no_matrix(concept, framework, shapes):
    arrays = [framework.array(np.ones(shape)) for shape in shapes]
    with pytest.raises(ValueError, match=re.escape(f"got {str(shapes)[1:-1]}; pass")):
        concept.forward(*arrays, DECAY)
