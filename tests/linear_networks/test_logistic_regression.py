"""The logistic regression twins against the definition, written once more in NumPy."""

import numpy as np
import pytest

from frameworks import assert_matches, numeric_vjp

each_shape = pytest.mark.parametrize("shape", [(), (5,), (3, 4)], ids=str)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def cross_entropy(z, y):
    return -y * np.log(sigmoid(z)) - (1 - y) * np.log(1 - sigmoid(z))


def mean_loss(features, weight, bias, labels):
    return np.mean(cross_entropy(features @ weight + bias, labels))


def compute(framework, function, *arrays):
    value = function(*map(framework.array, arrays))
    if isinstance(value, tuple):
        return [framework.numpy(v) for v in value]
    return framework.numpy(value)


@pytest.fixture
def data(rng):
    """Features, weight, bias and labels of six examples with three features."""
    features, weight = rng.standard_normal((6, 3)), rng.standard_normal(3)
    return features, weight, np.array(0.3), np.array([1.0, 0, 0, 1, 1, 0])


def test_logits_and_their_gradient(concept, framework, data):
    assert_matches(
        framework, concept.logistic_regression, lambda x, w, b: x @ w + b, *data[:3]
    )


@pytest.mark.equation("logistic-model")
@pytest.mark.equation("logistic-log-odds")
def test_probability_and_odds_of_the_logits(concept, framework, data):
    features, weight, bias, _ = data
    logits = compute(framework, concept.logistic_regression, *data[:3])
    for x, z in zip(features, logits, strict=True):
        score = sum(w * value for w, value in zip(weight, x, strict=True)) + bias
        p = 1 / (1 + np.exp(-score))
        np.testing.assert_allclose(sigmoid(z), p, rtol=1e-12)
        np.testing.assert_allclose(z, np.log(p / (1 - p)), rtol=1e-12)


@pytest.mark.equation("binary-cross-entropy")
@pytest.mark.equation("logistic-loss-from-logits")
@each_shape
def test_loss_and_gradient(concept, framework, rng, shape):
    logits = np.asarray(2 * rng.standard_normal(shape))
    labels = np.asarray(rng.uniform(0.1, 0.9, shape))

    assert_matches(framework, concept.logistic_loss, cross_entropy, logits, labels)
    hard = np.round(labels)
    value = compute(framework, concept.logistic_loss, logits, hard)
    np.testing.assert_allclose(value, cross_entropy(logits, hard), rtol=1e-12)
    stable = np.maximum(logits, 0) - logits * hard + np.log1p(np.exp(-np.abs(logits)))
    np.testing.assert_allclose(value, stable, rtol=1e-12)


@pytest.mark.equation("logistic-loss-slope")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("label", [0.0, 0.25, 1.0])
def test_slope_in_the_logit_also_at_zero(concept, framework, dtype, label):
    logits = np.array([0, -0.0, 1e-30, -1e-30, 1e-3, -1e-3, 3, -3, 90, -90], dtype)
    labels = framework.array(np.full(10, label, dtype))
    _, (grad,) = framework.vjp(
        lambda z: concept.logistic_loss(z, labels), [logits], np.ones(10, dtype)
    )

    assert grad.dtype == dtype
    wanted = sigmoid(logits.astype(np.float64)) - label
    np.testing.assert_allclose(grad, wanted, rtol=1e-5, atol=1e-7)


def test_float32_survives_large_logits(concept, framework):
    logits = np.array([1e4, -1e4, 1e4, -1e4, 20, -20], np.float32)
    labels = np.array([0, 1, 1, 0, 1, 0], np.float32)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        assert not np.isfinite(cross_entropy(logits, labels)[:4]).any()
    labels_there = framework.array(labels)
    value, (grad,) = framework.vjp(
        lambda z: concept.logistic_loss(z, labels_there), [logits], np.ones_like(logits)
    )

    assert value.dtype == np.float32
    tail = np.log1p(np.exp(-20.0))
    np.testing.assert_allclose(value, [1e4, 1e4, 0, 0, tail, tail], rtol=1e-5)
    np.testing.assert_allclose(grad, [1, -1, 0, 0, 0, 0], rtol=1e-6, atol=1e-7)


@pytest.mark.equation("logistic-gradient")
def test_gradient_of_one_example(concept, framework, data):
    features, weight, bias, labels = data
    for x, y in zip(features, labels, strict=True):
        p = sigmoid(x @ weight + bias)
        x, y = x[None], np.array([y])
        logits = x @ weight + bias
        dw, db = compute(framework, concept.logistic_gradient, x, logits, y)
        np.testing.assert_allclose(dw, (p - y) * x[0], rtol=1e-12)
        np.testing.assert_allclose(db, (p - y)[0], rtol=1e-12)


@pytest.mark.equation("logistic-batch-gradient")
def test_gradient_of_the_mean_loss(concept, framework, data):
    features, weight, bias, labels = data
    logits = features @ weight + bias
    got = compute(framework, concept.logistic_gradient, features, logits, labels)
    by_differences = numeric_vjp(
        lambda w, b: mean_loss(features, w, b, labels), [weight, bias], 1.0
    )
    x, y = framework.array(features), framework.array(labels)
    _, by_autograd = framework.vjp(
        lambda w, b: concept.logistic_loss(
            concept.logistic_regression(x, w, b), y
        ).mean(),
        [weight, bias],
        np.float64(1.0),
    )

    for a, b, c in zip(got, by_differences, by_autograd, strict=True):
        assert a.shape == c.shape
        np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(a, c, rtol=1e-12)


@pytest.mark.equation("logistic-hessian")
def test_hessian_is_positive_semidefinite(concept, framework, data):
    features, weight, bias, labels = data

    def gradient(w):
        logits = features @ w + bias
        return compute(framework, concept.logistic_gradient, features, logits, labels)

    steps = 1e-5 * np.eye(3)
    columns = [
        (gradient(weight + s)[0] - gradient(weight - s)[0]) / 2e-5 for s in steps
    ]
    p = sigmoid(features @ weight + bias)
    hessian = (features.T * (p * (1 - p))) @ features / 6
    np.testing.assert_allclose(columns, hessian, rtol=1e-7, atol=1e-10)
    assert np.linalg.eigvalsh(hessian).min() > 0


@pytest.mark.equation("logistic-two-class-softmax")
def test_equals_softmax_over_the_logit_and_zero(concept, framework, rng):
    z = 3 * rng.standard_normal(20)
    y = np.arange(20) % 2.0
    loss = compute(framework, concept.logistic_loss, z, y)
    two = np.stack([z, np.zeros(20)], axis=1)  # label 1 comes first
    p = np.exp(two) / np.exp(two).sum(1, keepdims=True)

    np.testing.assert_allclose(p[:, 0], sigmoid(z), rtol=1e-14)
    chosen = np.where(y == 1, p[:, 0], p[:, 1])
    np.testing.assert_allclose(loss, -np.log(chosen), rtol=1e-12)


def test_one_example_and_one_feature(concept, framework):
    arrays = (np.array([[2.0]]), np.array([1.5]), np.float64(-6.0))
    logits = compute(framework, concept.logistic_regression, *arrays)
    dw, db = compute(
        framework, concept.logistic_gradient, arrays[0], logits, np.array([1.0])
    )

    assert (logits.shape, dw.shape, db.shape) == ((1,), (1,), ())
    np.testing.assert_allclose([dw[0], db], [2 * sigmoid(-3) - 2, sigmoid(-3) - 1])


@pytest.mark.parametrize("dtype", [np.int64, np.int32])
def test_integer_labels_mean_the_same(concept, framework, rng, dtype):
    x, z = rng.standard_normal((4, 2)), rng.standard_normal(4).astype(np.float32)
    x, y = x.astype(np.float32), np.array([1, 0, 1, 1])
    loss = compute(framework, concept.logistic_loss, z, y.astype(dtype))
    dw, _ = compute(framework, concept.logistic_gradient, x, z, y.astype(dtype))

    np.testing.assert_allclose(loss, cross_entropy(z, y), rtol=1e-5)
    np.testing.assert_allclose(dw, x.T @ (sigmoid(z) - y) / 4, rtol=1e-5)


@pytest.mark.parametrize(
    "shapes",
    [((3,), (3,), ()), ((4, 3), (3, 1), ()), ((4, 3), (4,), ()), ((4, 3), (3,), (4,))],
    ids=str,
)
def test_rejects_shapes_that_would_broadcast(concept, framework, shapes):
    message = r"shapes \(n, d\), \(d,\) and \(\), got .*; a column"
    with pytest.raises(ValueError, match=message):
        concept.logistic_regression(*(framework.array(np.zeros(s)) for s in shapes))


@pytest.mark.parametrize("name", ["logistic_loss", "logistic_gradient"])
@pytest.mark.parametrize("shapes", [((4, 1), (4,)), ((4,), ()), ((0,), (0,))], ids=str)
def test_rejects_labels_of_another_shape(concept, framework, name, shapes):
    arrays = [framework.array(np.zeros(s)) for s in shapes]
    if name == "logistic_gradient":
        arrays.insert(0, framework.array(np.zeros((4, 2))))
    message = r"same shape and no empty axis, got \(.* and \(.*; reshape"
    with pytest.raises(ValueError, match=message):
        getattr(concept, name)(*arrays)


@pytest.mark.parametrize("name", ["logistic_loss", "logistic_gradient"])
@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_rejects_logits_that_are_integers(concept, framework, name, dtype):
    arrays = [framework.array(np.zeros(3, dtype)), framework.array(np.ones(3))]
    if name == "logistic_gradient":
        arrays.insert(0, framework.array(np.zeros((3, 2))))
    message = f"logits must be floating point, got .*{np.dtype(dtype)}; convert"
    with pytest.raises(ValueError, match=message):
        getattr(concept, name)(*arrays)


@pytest.mark.parametrize("name", ["logistic_loss", "logistic_gradient"])
@pytest.mark.parametrize("bad", [-1.0, 1.5, np.nan])
def test_rejects_labels_outside_zero_and_one(concept, framework, name, bad):
    arrays = [framework.array(np.zeros(3)), framework.array(np.array([0, 1, bad]))]
    if name == "logistic_gradient":
        arrays.insert(0, framework.array(np.zeros((3, 2))))
    message = rf"labels must lie between 0 and 1, got .*{bad}.*; map the labels -1"
    with pytest.raises(ValueError, match=message):
        getattr(concept, name)(*arrays)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (3, 2, 1)], ids=str)
def test_gradient_rejects_features_that_do_not_fit(concept, framework, shape):
    logits, labels = framework.array(np.zeros(3)), framework.array(np.ones(3))
    with pytest.raises(ValueError, match=r"\(n, d\) and \(n,\) with n >= 1, got \("):
        concept.logistic_gradient(framework.array(np.zeros(shape)), logits, labels)
