"""Both softmax_regression twins against the definition, written once more in NumPy."""

import numpy as np
import pytest

from frameworks import assert_matches, numeric_vjp

INF, NAN = float("inf"), float("nan")
each_size = pytest.mark.parametrize(("n", "k"), [(1, 2), (5, 3), (4, 10)], ids=str)


def softmax(o):
    return np.exp(o) / np.exp(o).sum(1, keepdims=True)


def cross_entropy(o, labels):
    return np.array([-np.log(p[t]) for p, t in zip(softmax(o), labels, strict=True)])


def one_hot(labels, k):
    return np.array([[float(j == t) for j in range(k)] for t in labels])


def compute(framework, function, *arrays):
    return framework.numpy(function(*map(framework.array, arrays)))


def loss_of_labels(concept, framework, labels):
    return lambda o: concept.cross_entropy(o, framework.array(labels))


@pytest.mark.equation("softmax-regression-logits")
@pytest.mark.parametrize(("n", "d", "k"), [(1, 1, 2), (5, 3, 4), (3, 4, 3)], ids=str)
def test_logits(concept, framework, rng, n, d, k):
    x, w, b = (rng.standard_normal(shape) for shape in ((n, d), (k, d), k))

    def reference(x, w, b):
        rows = [[sum(x[i] * w[j]) + b[j] for j in range(k)] for i in range(n)]
        return np.array(rows)

    assert_matches(framework, concept.softmax_regression, reference, x, w, b)


@pytest.mark.equation("softmax-cross-entropy")
@each_size
def test_value_and_gradient(concept, framework, rng, n, k):
    o, labels = 3 * rng.standard_normal((n, k)), rng.integers(k, size=n)

    assert_matches(
        framework,
        loss_of_labels(concept, framework, labels),
        lambda o: cross_entropy(o, labels),
        o,
    )


@pytest.mark.equation("softmax-cross-entropy-stable")
@pytest.mark.parametrize("center", [-1e4, 0.0, 1e4])
def test_float32_survives_where_the_exponentials_do_not(
    concept, framework, rng, center
):
    o = (center + 50 * rng.standard_normal((6, 4))).astype(np.float32)
    labels = np.array([0, 1, 2, 3, 0, 1])
    moved = o.astype(np.float64) - center  # the reference would overflow as well
    loss, (grad,) = framework.vjp(
        loss_of_labels(concept, framework, labels), [o], np.ones(6, np.float32)
    )
    wanted = softmax(moved) - one_hot(labels, 4)

    assert loss.dtype == np.float32
    np.testing.assert_allclose(loss, cross_entropy(moved, labels), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(grad, wanted, rtol=1e-5, atol=1e-6)
    by_formula = compute(framework, concept.cross_entropy_gradient, o, labels)
    assert by_formula.dtype == np.float32
    np.testing.assert_allclose(by_formula, wanted, rtol=1e-5, atol=1e-6)


def test_a_hopeless_label_has_a_finite_loss_and_a_full_slope(concept, framework):
    o = np.array([[0.0, 200.0]], np.float32)  # float32 holds no probability of e^-200
    loss, (grad,) = framework.vjp(
        loss_of_labels(concept, framework, np.array([0])), [o], np.ones(1, np.float32)
    )

    np.testing.assert_array_equal(loss, [200])
    np.testing.assert_array_equal(grad, [[-1, 1]])


@pytest.mark.equation("softmax-cross-entropy-gradient")
@each_size
def test_gradient_is_probability_minus_one_hot(concept, framework, rng, n, k):
    o, labels = 3 * rng.standard_normal((n, k)), rng.integers(k, size=n)
    got = compute(framework, concept.cross_entropy_gradient, o, labels)

    np.testing.assert_allclose(got, softmax(o) - one_hot(labels, k), rtol=1e-12)
    each = np.ones(n)
    (by_differences,) = numeric_vjp(lambda o: cross_entropy(o, labels), [o], each)
    np.testing.assert_allclose(got, by_differences, rtol=1e-6, atol=1e-8)
    _, (by_autograd,) = framework.vjp(
        loss_of_labels(concept, framework, labels), [o], each
    )
    np.testing.assert_allclose(got, by_autograd, rtol=1e-10, atol=1e-15)


def test_gradient_of_the_worked_example(concept, framework):
    o, labels = np.array([[1.0, 2.0, 3.0]]), np.array([0])
    got = compute(framework, concept.cross_entropy_gradient, o, labels)

    np.testing.assert_allclose(got, [[-0.9100, 0.2447, 0.6652]], atol=5e-5)


@pytest.mark.equation("softmax-gradient-cases")
@pytest.mark.equation("softmax-gradient-sum")
def test_the_sign_follows_the_label_and_not_the_prediction(concept, framework, rng):
    o, labels = rng.standard_normal((40, 4)), rng.integers(4, size=40)
    right = o.argmax(1) == labels
    assert 0 < right.sum() < 40
    got = compute(framework, concept.cross_entropy_gradient, o, labels)

    labeled = one_hot(labels, 4) == 1
    p = softmax(o)
    np.testing.assert_allclose(got[labeled], p[labeled] - 1, rtol=1e-12)
    np.testing.assert_allclose(got[~labeled], p[~labeled], rtol=1e-12)
    assert np.all(got[labeled] < 0) and np.all(got[~labeled] > 0)
    np.testing.assert_allclose(got.sum(1), 0, atol=1e-15)


@pytest.mark.equation("softmax-regression-loss")
@pytest.mark.equation("softmax-regression-gradients")
@pytest.mark.parametrize(("n", "d", "k"), [(1, 1, 2), (5, 3, 4), (6, 4, 3)], ids=str)
def test_gradients_of_the_parameters(concept, framework, rng, n, d, k):
    x, w, b = (rng.standard_normal(shape) for shape in ((n, d), (k, d), k))
    labels = rng.integers(k, size=n)

    def loss(w, b):
        logits = concept.softmax_regression(framework.array(x), w, b)
        return concept.cross_entropy(logits, framework.array(labels)).mean()

    def reference(w, b):
        return np.sum(cross_entropy(x @ w.T + b, labels)) / n

    assert_matches(framework, loss, reference, w, b)
    _, (weight_grad, bias_grad) = framework.vjp(loss, [w, b], np.float64(1.0))
    error = softmax(x @ w.T + b) - one_hot(labels, k)
    np.testing.assert_allclose(weight_grad, error.T @ x / n, rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(bias_grad, error.sum(0) / n, rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(weight_grad.sum(0), 0, atol=1e-14)


@pytest.mark.equation("softmax-regression-accuracy")
def test_accuracy(concept, framework, rng):
    o, labels = rng.standard_normal((40, 3)), rng.integers(3, size=40)
    hits = [max(range(3), key=row.__getitem__) for row in o] == labels
    got = compute(framework, concept.accuracy, o, labels)

    assert (got.shape, got.dtype) == ((), np.float64)
    np.testing.assert_allclose(got, sum(hits) / 40, rtol=1e-12)
    tied = np.array([[1.0, 2.0, 2.0], [1.0, 2.0, 2.0]])
    assert compute(framework, concept.accuracy, tied, np.array([1, 2])) == 0.5


@pytest.mark.equation("cross-entropy-of-probabilities-floor")
@pytest.mark.parametrize("k", [2, 3, 10])
def test_probabilities_as_logits_leave_a_floor(concept, framework, rng, k):
    labels = np.arange(k)
    sure = compute(framework, concept.cross_entropy, np.eye(k), labels)
    floor = np.log(1 + (k - 1) / np.e)

    np.testing.assert_allclose(sure, floor, rtol=1e-12)
    for scale in (1, 10, 100):
        p = softmax(scale * rng.standard_normal((k, k)))
        assert np.all(compute(framework, concept.cross_entropy, p, labels) >= floor)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_training_with_the_formula_separates_three_clusters(concept, framework, seed):
    rng = np.random.default_rng(seed)
    labels = np.arange(60) % 3
    x = 4 * np.eye(3)[labels] + 0.5 * rng.standard_normal((60, 3))
    w, b = np.zeros((3, 3)), np.zeros(3)
    losses = []
    for _ in range(20):
        logits = compute(framework, concept.softmax_regression, x, w, b)
        losses.append(compute(framework, concept.cross_entropy, logits, labels).mean())
        error = compute(framework, concept.cross_entropy_gradient, logits, labels) / 60
        w, b = w - 0.5 * error.T @ x, b - 0.5 * error.sum(0)

    np.testing.assert_allclose(losses[0], np.log(3), rtol=1e-12)
    assert np.all(np.diff(losses) < 0)
    assert compute(framework, concept.accuracy, logits, labels) == 1


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int32, np.int64])
def test_every_integer_dtype_is_a_label(concept, framework, rng, dtype):
    o, labels = rng.standard_normal((4, 3)), np.array([0, 1, 2, 1])
    narrow = labels.astype(dtype)

    np.testing.assert_allclose(
        compute(framework, concept.cross_entropy, o, narrow),
        cross_entropy(o, labels),
        rtol=1e-12,
    )
    gradient = compute(framework, concept.cross_entropy_gradient, o, narrow)
    np.testing.assert_allclose(gradient, softmax(o) - one_hot(labels, 3), rtol=1e-12)
    assert compute(framework, concept.accuracy, o, narrow) == np.mean(
        o.argmax(1) == labels
    )


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_keeps_the_dtype_of_the_logits(concept, framework, dtype):
    o, labels = np.array([[0, 1], [2, 0]], dtype), np.array([0, 1])
    for name in ("cross_entropy", "cross_entropy_gradient", "accuracy"):
        assert compute(framework, getattr(concept, name), o, labels).dtype == dtype


def test_a_class_that_is_ruled_out(concept, framework):
    o, labels = np.array([[1.0, -INF, 2.0], [-INF, 0.0, 0.0]]), np.array([0, 0])
    loss = compute(framework, concept.cross_entropy, o, labels)
    gradient = compute(framework, concept.cross_entropy_gradient, o, labels)

    np.testing.assert_allclose(loss, [np.log(1 + np.e), INF], rtol=1e-12)
    np.testing.assert_allclose(gradient[1], [-1, 0.5, 0.5], rtol=1e-12)
    assert gradient[0, 1] == 0


takes_labels = pytest.mark.parametrize(
    "name", ["cross_entropy", "cross_entropy_gradient", "accuracy"]
)


@takes_labels
@pytest.mark.parametrize("label", [-100, -1, 3, 7])
def test_rejects_labels_that_are_no_class(concept, framework, name, label):
    o, labels = np.zeros((2, 3)), np.array([0, label])
    message = f"between 0 and 2, got values from {min(label, 0)} to {max(label, 0)};"
    with pytest.raises(ValueError, match=message):
        getattr(concept, name)(framework.array(o), framework.array(labels))


@takes_labels
@pytest.mark.parametrize(
    "dtypes",
    [(np.float32, np.float32), (np.float32, np.bool_), (np.int32, np.int64)],
    ids=str,
)
def test_rejects_dtypes(concept, framework, name, dtypes):
    o, labels = np.zeros((2, 3), dtypes[0]), np.zeros(2, dtypes[1])
    message = "hold floating-point numbers and labels integers, got .* and .*; convert"
    with pytest.raises(ValueError, match=message):
        getattr(concept, name)(framework.array(o), framework.array(labels))


@takes_labels
@pytest.mark.parametrize(
    ("shape", "labels"),
    [
        *[((3,), (1,)), ((0, 3), (0,)), ((2, 1), (2,)), ((2, 3), ())],
        *[((2, 3), (3,)), ((2, 3), (2, 1)), ((2, 3), (2, 3))],
    ],
    ids=str,
)
def test_rejects_shapes(concept, framework, name, shape, labels):
    o, labels = np.zeros(shape), np.zeros(labels, np.int64)
    with pytest.raises(ValueError, match=r"k >= 2, labels \(n,\), got .* and .*; give"):
        getattr(concept, name)(framework.array(o), framework.array(labels))


@takes_labels
@pytest.mark.parametrize("row", [[NAN, 0.0], [INF, 0.0], [-INF, -INF]], ids=str)
def test_rejects_logits_without_a_finite_maximum(concept, framework, name, row):
    o, labels = np.array([[1.0, 2.0], row]), np.array([0, 1])
    with pytest.raises(ValueError, match=r"must be finite, got values from .* to .*;"):
        getattr(concept, name)(framework.array(o), framework.array(labels))


@pytest.mark.parametrize(
    "shapes",
    [
        *[((2, 3), (4, 2), (4,)), ((2, 3), (3, 4), (4,)), ((2, 3), (4, 3), (1,))],
        *[((2, 3), (4, 3), (2, 1)), ((3,), (4, 3), (4,)), ((2, 3), (3,), ())],
        *[((0, 3), (4, 3), (4,)), ((2, 0), (4, 0), (4,)), ((2, 3), (0, 3), (0,))],
    ],
    ids=str,
)
def test_rejects_parameters_of_other_shapes(concept, framework, shapes):
    arrays = [framework.array(np.zeros(shape)) for shape in shapes]
    message = r"shapes \(n, d\), \(k, d\) and \(k,\), got .*, .* and .*; flatten"
    with pytest.raises(ValueError, match=message):
        concept.softmax_regression(*arrays)
