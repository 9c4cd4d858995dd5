"""Both tapes against finite differences and rules that NumPy states once more."""

import numpy as np
import pytest

from frameworks import assert_matches


class OnTape:
    """A framework whose gradients come from the tape instead of its own autograd."""

    def __init__(self, concept, framework):
        self.concept, self.framework = concept, framework

    def variable(self, values, tape, name=""):
        return self.concept.Variable(self.framework.array(values), tape, name)

    def numpy(self, array):
        return self.framework.numpy(array)

    def vjp(self, function, arrays, cotangent):
        tape = []
        xs = [self.variable(array, tape) for array in arrays]
        y = function(*xs)
        y.backward(self.framework.array(cotangent))
        return self.numpy(y.value), [self.numpy(x.grad) for x in xs]


@pytest.fixture
def on_tape(concept, framework):
    return OnTape(concept, framework)


OPERATIONS = {
    "add": (lambda a, b: a + b, lambda a, b: a + b),
    "multiply": (lambda a, b: a * b, lambda a, b: a * b),
    "number": (
        lambda a, b: 2.0 * a + 3 * b * a + 1,
        lambda a, b: 2 * a + 3 * a * b + 1,
    ),
    "twice": (lambda a, b: a * a + a * b * b, lambda a, b: a**2 + a * b**2),
    "exp": (lambda a, b: a.exp() * b, lambda a, b: np.exp(a) * b),
    "tanh": (lambda a, b: a.tanh() * b, lambda a, b: np.tanh(a) * b),
    "sum": (lambda a, b: a.sum() * b, lambda a, b: a.sum() * b),
}


@pytest.mark.equation("vjp-product")
@pytest.mark.equation("vjp-elementwise")
@pytest.mark.equation("vjp-broadcast")
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    "shapes",
    [[(), ()], [(3,), (3,)], [(2, 3), (3,)], [(2, 1), (1, 3)], [(1,), (4, 2, 3)]],
    ids=str,
)
def test_value_and_gradient(on_tape, rng, operation, shapes):
    function, reference = OPERATIONS[operation]
    a, b = (np.asarray(rng.standard_normal(shape)) for shape in shapes)

    assert_matches(on_tape, function, reference, a, b)
    assert_matches(
        on_tape, lambda b, a: function(a, b), lambda b, a: reference(a, b), b, a
    )


@pytest.mark.equation("vjp-matmul")
@pytest.mark.parametrize("n, k, m", [(1, 1, 1), (2, 3, 4), (3, 1, 2)])
def test_matmul(on_tape, rng, n, k, m):
    a, b = rng.standard_normal((n, k)), rng.standard_normal((k, m))

    assert_matches(on_tape, lambda a, b: a @ b, lambda a, b: a @ b, a, b)


def test_a_layer_also_against_the_frameworks_autograd(on_tape, framework, rng):
    x, w, b = (rng.standard_normal(shape) for shape in [(4, 3), (3, 2), (2,)])
    tanh = getattr(framework.module, "np", framework.module).tanh

    assert_matches(
        on_tape,
        lambda x, w, b: ((x @ w + b).tanh() * w.sum()).sum(),
        lambda x, w, b: (np.tanh(x @ w + b) * w.sum()).sum(),
        *(x, w, b),
    )
    _, mine = on_tape.vjp(
        lambda x, w, b: (x @ w + b).tanh(), [x, w, b], np.ones((4, 2))
    )
    _, theirs = framework.vjp(
        lambda x, w, b: tanh(x @ w + b), [x, w, b], np.ones((4, 2))
    )
    for got, want in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12)


@pytest.mark.equation("gradient-of-twice-the-square")
def test_twice_the_square(on_tape, framework, rng):
    for x in (np.arange(4.0), rng.standard_normal(5)):
        _, (grad,) = on_tape.vjp(lambda x: 2.0 * (x * x).sum(), [x], np.float64(1))
        np.testing.assert_allclose(grad, 4 * x, rtol=1e-12)
        _, (grad,) = framework.vjp(lambda x: 2.0 * (x * x).sum(), [x], np.float64(1))
        np.testing.assert_allclose(grad, 4 * x, rtol=1e-12)


@pytest.mark.equation("evaluation-trace")
def test_operands_stand_on_the_tape_before_their_result(on_tape, rng):
    tape = []
    arrays = [rng.standard_normal(shape) for shape in [(3, 2), (2, 4), 4]]
    x, w, b = (on_tape.variable(array, tape) for array in arrays)
    y = 0.5 * ((x @ w + b).tanh() + x.sum().exp()).sum()

    names = ["", "", "", "@", "+", "tanh", "sum", "exp", "+", "sum", "0.5", "*"]
    assert [variable.name for variable in tape] == names
    assert tape[-1] is y
    for k, variable in enumerate(tape):
        assert variable.tape is tape
        assert all(operand in tape[:k] for operand, _ in variable.operands)
    steps = [*arrays, arrays[0] @ arrays[1]]
    steps += [steps[-1] + arrays[2]]
    steps += [np.tanh(steps[-1]), arrays[0].sum(), np.exp(arrays[0].sum())]
    steps += [steps[5] + steps[7]]
    steps += [steps[-1].sum(), 0.5, 0.5 * steps[-1].sum()]
    for variable, value in zip(tape, steps, strict=True):
        np.testing.assert_allclose(on_tape.numpy(variable.value), value, rtol=1e-12)


def jacobians_of_a_program(x):
    """A program on vectors in steps, with the Jacobian of each step by each operand."""
    s = x * np.arange(1.0, 4.0)
    t = np.tanh(s)
    y = t * x
    steps = {
        ("s", "x"): np.diag(np.arange(1.0, 4.0)),
        ("t", "s"): np.diag(1 - t**2),
        ("y", "t"): np.diag(x),
        ("y", "x"): np.diag(t),
    }
    return y, steps


@pytest.mark.equation("adjoint")
@pytest.mark.equation("adjoint-recursion")
def test_adjoints_are_products_of_jacobians_summed_over_paths(on_tape, rng):
    x, cotangent = rng.standard_normal(3), rng.standard_normal(3)
    y_value, jacobian = jacobians_of_a_program(x)

    tape = []
    v = {"x": on_tape.variable(x, tape)}
    v["s"] = v["x"] * on_tape.variable(np.arange(1.0, 4.0), tape)
    v["t"] = v["s"].tanh()
    v["y"] = v["t"] * v["x"]
    v["y"].backward(on_tape.framework.array(cotangent))

    np.testing.assert_allclose(on_tape.numpy(v["y"].value), y_value, rtol=1e-12)
    long_way = jacobian["y", "t"] @ jacobian["t", "s"] @ jacobian["s", "x"]
    derivative = {  # of y, along every path
        "y": np.eye(3),
        "t": jacobian["y", "t"],
        "s": jacobian["y", "t"] @ jacobian["t", "s"],
        "x": long_way + jacobian["y", "x"],
    }
    for name, matrix in derivative.items():
        grad = on_tape.numpy(v[name].grad)
        np.testing.assert_allclose(grad, matrix.T @ cotangent, rtol=1e-12, err_msg=name)


@pytest.mark.equation("gradient-buffers")
def test_overwrite_and_add_between_two_calls(framework):
    if framework.name == "torch":
        w = framework.module.tensor(5.0, requires_grad=True)
        assert w.grad is None
        for total in (3.0, 6.0):
            (3 * w).backward()
            assert w.grad.item() == total
        return
    for request, totals in (("write", (3.0, 3.0)), ("add", (3.0, 6.0))):
        w = framework.array(np.float32(5.0))
        w.attach_grad(request)
        assert w.grad.item() == 0.0
        for total in totals:
            with framework.module.autograd.record():
                y = 3 * w
            y.backward()
            assert w.grad.item() == total


def test_each_call_starts_anew(on_tape):
    tape = []
    w = on_tape.variable(np.float64(5.0), tape)
    y, z = 3.0 * w, w * w
    for start, grad in ((y, 3.0), (y, 3.0), (z, 10.0), (y, 3.0)):
        start.backward()
        assert on_tape.numpy(w.grad) == grad
    assert z.grad is None


def test_gradients_do_not_share_memory_that_is_written(on_tape):
    x = on_tape.variable(np.ones(2), [])
    y = x + x
    y.backward(on_tape.framework.array(np.array([1.0, 10.0])))

    np.testing.assert_array_equal(on_tape.numpy(x.grad), [2.0, 20.0])
    np.testing.assert_array_equal(on_tape.numpy(y.grad), [1.0, 10.0])


def test_an_overflow_elsewhere_on_the_tape_does_no_harm(on_tape):
    tape = []
    x = on_tape.variable(np.float32(200.0), tape)
    unused = x.exp() * x.exp()  # exp(200) is inf in float32, and 0 * inf is nan
    y = x * x
    y.backward()

    assert np.isinf(on_tape.numpy(unused.value))
    assert unused.grad is None
    assert on_tape.numpy(x.grad) == 400.0


def test_an_input_has_no_name_and_no_gradient_of_itself(concept, framework):
    x = concept.Variable(framework.array(np.ones(2)), [])

    assert (x.name, tuple(x.operands), x.grad) == ("", (), None)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_number_takes_the_dtype_of_the_other_operand(on_tape, dtype):
    tape = []
    x = on_tape.variable(np.ones(2, dtype), tape)
    product = on_tape.numpy((0.1 * x).value)  # 0.1 is another number in float32

    assert on_tape.numpy(tape[1].value).dtype == product.dtype == dtype
    np.testing.assert_array_equal(product, np.full(2, 0.1, dtype))


@pytest.mark.parametrize("values", [[1.0, 2.0], 3.0], ids=str)
def test_float32_stays_float32(on_tape, values):
    x = on_tape.variable(np.float32(values), [])
    y = (2.0 * x).tanh().sum()
    y.backward()

    assert on_tape.numpy(y.value).dtype == on_tape.numpy(x.grad).dtype == np.float32


def test_the_frameworks_own_autograd_is_not_needed(on_tape):
    x = on_tape.variable(np.ones(2), [])
    y = (x * x).sum()
    if on_tape.framework.name == "torch":
        assert not y.value.requires_grad
    else:
        assert not on_tape.framework.module.autograd.is_recording()
        with pytest.raises(RuntimeError, match="not in a computational graph"):
            y.value.backward()


def test_rejects_whole_numbers(on_tape):
    with pytest.raises(ValueError, match=r"value must be floating point, got .*int64"):
        on_tape.variable(np.arange(3), [])


def test_rejects_empty_values(on_tape):
    with pytest.raises(ValueError, match=r"float64 of shape \(0, 3\).*no axis empty"):
        on_tape.variable(np.zeros((0, 3)), [])


def test_rejects_matmul_of_what_does_not_fit(on_tape, rng):
    tape = []
    a = on_tape.variable(rng.standard_normal((2, 3)), tape)
    b = on_tape.variable(rng.standard_normal(3), tape)

    for pair, shapes in (
        ((a, a), r"\(2, 3\) and \(2, 3\)"),
        ((a, b), r"\(2, 3\) and \(3,\)"),
        ((b, b), r"\(3,\) and \(3,\)"),
    ):
        with pytest.raises(ValueError, match=rf"two matrices, got shapes {shapes}"):
            pair[0] @ pair[1]


def test_rejects_operands_of_two_tapes(on_tape):
    a, b = on_tape.variable(np.ones(2), []), on_tape.variable(np.ones(2), [])
    for operation in (lambda: a + b, lambda: a * b):
        with pytest.raises(ValueError, match="on the same tape, got two tapes"):
            operation()


@pytest.mark.parametrize(
    "cotangent, got", [(None, "none"), (1.0, r"\(\)"), (np.ones((1, 3)), r"\(1, 3\)")]
)
def test_rejects_a_cotangent_of_another_shape(on_tape, cotangent, got):
    y = on_tape.variable(np.ones(3), []) * 2.0
    if cotangent is not None:
        cotangent = on_tape.framework.array(np.float64(cotangent))

    with pytest.raises(
        ValueError, match=rf"shape of value \(3,\), got {got}; pass one"
    ):
        y.backward(cotangent)
