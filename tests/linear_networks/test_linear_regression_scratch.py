"""Both linear regression twins against the definition, written once more in NumPy."""

import numpy as np
import pytest

from frameworks import assert_matches

each_output = pytest.mark.parametrize("outputs", [(), (1,), (3,)], ids=str)


def predict(features, weight, bias):
    return np.einsum("nd,...d->n...", features, weight) + bias


def half_squares(prediction, target):
    return 0.5 * np.square(target - prediction)


def data(rng, n=12, d=3, outputs=()):
    """Features, target, weight and bias, all at random: nothing is fitted yet."""
    shapes = (n, d), (n, *outputs), (*outputs, d), outputs
    return [np.asarray(rng.standard_normal(shape)) for shape in shapes]


def with_ones(features):
    return np.concatenate([features, np.ones((len(features), 1))], 1)


def sum_of_losses(concept, features, target):
    def total(weight, bias):
        prediction = concept.linear_regression(features, weight, bias)
        return concept.squared_loss(prediction, target).sum()

    return total


def train(concept, framework, arrays, batch_size, orders, learning_rate):
    """Run one epoch per order; return the parameters after every step."""
    features, target, weight, bias = map(framework.array, arrays)
    parameters, history = (weight, bias), []
    for order in orders:
        for x, y in concept.minibatches(features, target, order, batch_size):
            values = [framework.numpy(p) for p in parameters]
            one = np.ones((), values[0].dtype)
            _, gradients = framework.vjp(sum_of_losses(concept, x, y), values, one)
            gradients = map(framework.array, gradients)
            concept.sgd_step(parameters, gradients, learning_rate, batch_size)
            history.append([framework.numpy(p) for p in parameters])
    return history


def normal_equations(features, target):
    a = with_ones(features)
    solution = np.linalg.solve(a.T @ a, a.T @ target)
    return solution[:-1].T, solution[-1]


@pytest.mark.equation("linear-regression-model")
@each_output
@pytest.mark.parametrize(("n", "d"), [(1, 1), (5, 1), (4, 3)])
def test_prediction_and_gradient(concept, framework, rng, n, d, outputs):
    features, _, weight, bias = data(rng, n, d, outputs)

    assert_matches(
        framework, concept.linear_regression, predict, features, weight, bias
    )


@pytest.mark.parametrize("shape", [(1,), (5,), (4, 3)], ids=str)
def test_loss_and_gradient(concept, framework, rng, shape):
    assert_matches(
        framework, concept.squared_loss, half_squares, *rng.standard_normal((2, *shape))
    )


@pytest.mark.equation("linear-regression-loss")
@pytest.mark.equation("linear-regression-gradient")
def test_gradient_of_the_mean_loss(concept, framework, rng):
    features, target, weight, bias = data(rng)
    x, y = map(framework.array, (features, target))
    residual = features @ weight + bias - target
    value, gradients = framework.vjp(
        lambda w, b: sum_of_losses(concept, x, y)(w, b) / 12,
        [weight, bias],
        np.ones(()),
    )

    np.testing.assert_allclose(value, residual @ residual / 24, rtol=1e-13)
    np.testing.assert_allclose(gradients[0], residual @ features / 12, rtol=1e-12)
    np.testing.assert_allclose(gradients[1], residual.mean(), rtol=1e-12)


@pytest.mark.equation("least-squares-with-bias")
@each_output
def test_the_gradient_vanishes_where_the_normal_equations_say(
    concept, framework, rng, outputs
):
    features, target, _, _ = data(rng, outputs=outputs)
    weight, bias = map(np.asarray, normal_equations(features, target))
    x, y = map(framework.array, (features, target))
    _, gradients = framework.vjp(
        sum_of_losses(concept, x, y), [weight, bias], np.ones(())
    )
    for gradient in gradients:
        np.testing.assert_allclose(gradient, 0, atol=1e-12)
    a = with_ones(features)
    solution = np.linalg.lstsq(a, target, rcond=None)[0]
    np.testing.assert_allclose(a.T @ a @ solution, a.T @ target, atol=1e-12)
    np.testing.assert_allclose(weight.T, solution[:-1], rtol=1e-10)


@pytest.mark.parametrize(("n", "batch_size"), [(6, 2), (7, 3), (3, 5), (4, 1), (1, 1)])
def test_minibatches_hold_every_example_once(concept, framework, rng, n, batch_size):
    features, target, _, _ = data(rng, n)
    order = rng.permutation(n)
    x, y = map(framework.array, (features, target))
    batches = concept.minibatches(x, y, order, batch_size)

    assert len(batches) == -(-n // batch_size)
    for number, (some, theirs) in enumerate(batches):
        rows = order[number * batch_size :][:batch_size]
        np.testing.assert_array_equal(framework.numpy(some), features[rows])
        np.testing.assert_array_equal(framework.numpy(theirs), target[rows])
    np.testing.assert_array_equal(framework.numpy(x), features)  # not shuffled itself


@pytest.mark.equation("minibatch-sgd")
@each_output
def test_step_against_the_formula(concept, framework, rng, outputs):
    arrays = data(rng, 7, 2, outputs)
    features, target, weight, bias = (a.copy() for a in arrays)
    orders = [rng.permutation(7) for _ in range(2)]
    history = train(concept, framework, arrays, 3, orders, 0.1)

    assert len(history) == 6
    expected = iter(history)
    for order in orders:
        for rows in (order[:3], order[3:6], order[6:]):  # the last has one example
            residual = predict(features[rows], weight, bias) - target[rows]
            weight = weight - 0.1 / 3 * residual.T @ features[rows]
            bias = bias - 0.1 / 3 * residual.sum(0)
            got = next(expected)
            np.testing.assert_allclose(got[0], weight, rtol=1e-12)
            np.testing.assert_allclose(got[1], bias, rtol=1e-12)


def test_step_changes_the_arrays_themselves_and_not_the_gradients(concept, framework):
    parameter, gradient = map(framework.array, (np.ones(2), np.array([1.0, -2.0])))
    result = concept.sgd_step([parameter], [gradient], 0.5, 2)

    assert result is None
    np.testing.assert_allclose(framework.numpy(parameter), [0.75, 1.5], rtol=1e-15)
    np.testing.assert_array_equal(framework.numpy(gradient), [1.0, -2.0])


def test_step_leaves_a_parameter_trainable(concept, framework):
    def two_steps(w):
        concept.sgd_step([w], [w.detach()], 0.5, 1)  # w is recorded: halve it anyway
        return (w**2).sum()

    if framework.name == "torch":
        w = framework.module.tensor([4.0], requires_grad=True)
        two_steps(w).backward()
    else:
        w = framework.module.np.array([4.0])
        w.attach_grad()
        with framework.module.autograd.record():
            loss = two_steps(w)
        loss.backward()
    assert (framework.numpy(w), framework.numpy(w.grad)) == (2, 4)


@pytest.mark.equation("gradient-descent-error")
def test_full_batch_error_is_multiplied_by_a_matrix(concept, framework, rng):
    arrays = data(rng, 12, 2)
    a = with_ones(arrays[0])
    matrix = np.eye(3) - 0.3 * a.T @ a / 12
    best = np.linalg.lstsq(a, arrays[1], rcond=None)[0]
    error = np.append(arrays[2], arrays[3]) - best
    orders = [rng.permutation(12) for _ in range(4)]  # of one batch: it has no effect
    for weight, bias in train(concept, framework, arrays, 12, orders, 0.3):
        error = matrix @ error
        np.testing.assert_allclose(np.append(weight, bias) - best, error, atol=1e-13)


@pytest.mark.equation("learning-rate-bound")
@pytest.mark.parametrize(
    ("factor", "grows"), [(0.5, False), (0.98, False), (1.02, True)]
)
def test_learning_rates_beyond_the_bound_diverge(
    concept, framework, rng, factor, grows
):
    arrays = data(rng, 12, 2)
    a = with_ones(arrays[0])
    bound = 2 / np.linalg.eigvalsh(a.T @ a / 12).max()
    best = np.linalg.lstsq(a, arrays[1], rcond=None)[0]
    orders = [np.arange(12)] * 200
    history = train(concept, framework, arrays, 12, orders, factor * bound)
    errors = [np.linalg.norm(np.append(w, b) - best) for w, b in history]

    assert (errors[-1] > 10 * errors[99]) == grows
    assert (errors[-1] < errors[99] / 10) != grows


@pytest.mark.equation("multi-output-loss")
def test_three_outputs_are_three_regressions(concept, framework, rng):
    arrays = data(rng, 10, 2, (3,))
    orders = [rng.permutation(10) for _ in range(3)]
    together = train(concept, framework, arrays, 4, orders, 0.1)
    for k in range(3):
        features, target, weight, bias = arrays
        one = [features, target[:, k], weight[k], np.asarray(bias[k])]
        alone = train(concept, framework, one, 4, orders, 0.1)
        for (all_weights, all_biases), (w, b) in zip(together, alone, strict=True):
            np.testing.assert_allclose(all_weights[k], w, rtol=1e-12)
            np.testing.assert_allclose(all_biases[k], b, rtol=1e-12)
    x, y, w, b = map(framework.array, arrays)
    total = framework.numpy(sum_of_losses(concept, x, y)(w, b))
    prediction = predict(arrays[0], arrays[2], arrays[3])
    separate = [half_squares(prediction[:, k], arrays[1][:, k]) for k in range(3)]
    np.testing.assert_allclose(
        total / 10, np.sum([loss.mean() for loss in separate]), rtol=1e-13
    )


@pytest.mark.parametrize("seed", range(3))
def test_float32_training_recovers_the_truth(concept, framework, seed):
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((1000, 2)).astype(np.float32)
    noise = 0.01 * rng.standard_normal(1000)
    target = (features @ [2, -3.4] + 4.2 + noise).astype(np.float32)
    arrays = [features, target, np.zeros(2, np.float32), np.zeros((), np.float32)]
    orders = [rng.permutation(1000) for _ in range(2)]
    weight, bias = train(concept, framework, arrays, 20, orders, 0.2)[-1]

    assert weight.dtype == bias.dtype == np.float32
    np.testing.assert_allclose(weight, [2, -3.4], atol=0.01)
    np.testing.assert_allclose(bias, 4.2, atol=0.01)


@pytest.mark.parametrize(
    ("features", "weight", "bias"),
    [
        ((4,), (4,), ()),
        ((4, 2), (3,), ()),
        ((4, 2), (2,), (4,)),  # would be a bias per example
        ((4, 2), (2,), (1,)),
        ((4, 2), (2, 1), ()),
        ((4, 2), (3, 2), ()),
        ((4, 2), (3, 2), (1,)),
        ((4, 2), (5, 3, 2), (5, 3)),
        ((4, 0), (0,), ()),
        ((4, 2), (0, 2), (0,)),
    ],
)
def test_rejects_parameters_that_do_not_fit(concept, framework, features, weight, bias):
    arrays = [framework.array(np.ones(shape)) for shape in (features, weight, bias)]
    with pytest.raises(ValueError, match=r"need weight .* got \(4.* reshape the param"):
        concept.linear_regression(*arrays)


@pytest.mark.parametrize("shape", [(4, 1), (1,), (), (3,)], ids=str)
def test_rejects_targets_that_would_be_broadcast(concept, framework, shape):
    prediction, target = (framework.array(np.ones(s)) for s in ((4,), shape))
    with pytest.raises(ValueError, match=r"same shape, got \(4,\) and \(.*; reshape"):
        concept.squared_loss(prediction, target)


@pytest.mark.parametrize(
    ("target", "order", "batch_size"), [(5, 4, 2), (4, 3, 2), (4, 4, 0), (4, 4, -2)]
)
def test_rejects_batches_that_leave_examples_out(
    concept, framework, target, order, batch_size
):
    arrays = [framework.array(np.ones(shape)) for shape in ((4, 2), (target,))]
    lengths = rf"\(4, 2\), \({target},\), \({order},\)"
    message = rf"equally long .* {lengths} and batch_size {batch_size};"
    with pytest.raises(ValueError, match=message):
        concept.minibatches(*arrays, np.arange(order), batch_size)


def test_rejects_a_missing_gradient(concept, framework):
    parameters = [framework.array(np.ones(2)) for _ in range(2)]
    with pytest.raises(ValueError, match="zip"):
        concept.sgd_step(parameters, parameters[:1], 0.1, 1)


def test_rejects_data_without_examples(concept, framework):
    features, target = framework.array(np.ones((0, 2))), framework.array(np.ones(0))
    with pytest.raises(ValueError, match=r"equally long .* \(0,\) and batch_size 2;"):
        concept.minibatches(features, target, np.arange(0), 2)
    with pytest.raises(ValueError, match=r"not empty, got \(0, 2\), \(2,\) and \(\)"):
        concept.linear_regression(features, *map(framework.array, (np.ones(2), 1.0)))


@pytest.mark.parametrize("order", [[0, 0, 2, 3], [1, 2, 3, 4], [-1, 0, 1, 2]], ids=str)
def test_rejects_an_order_that_is_no_permutation(concept, framework, order):
    features, target = framework.array(np.ones((4, 2))), framework.array(np.ones(4))
    message = r"each row number from 0 to 3 once, got \[.*; use rng.permutation"
    with pytest.raises(ValueError, match=message):
        concept.minibatches(features, target, np.array(order), 2)


@pytest.mark.parametrize("batch_size", [0, -2])
def test_step_rejects_batches_of_no_examples(concept, framework, batch_size):
    one = framework.array(np.ones(2))
    message = f"batch_size must be positive, got {batch_size}; count"
    with pytest.raises(ValueError, match=message):
        concept.sgd_step([one], [one], 0.1, batch_size)


@pytest.mark.parametrize(
    ("shape", "dtype"), [((1,), "float64"), ((), "float64"), ((2,), "int64")], ids=str
)
def test_a_rejected_gradient_changes_nothing(concept, framework, shape, dtype):
    parameters = [framework.array(np.ones(2)) for _ in range(2)]
    gradients = [np.ones(2), np.ones(shape, dtype)]
    message = rf"of shape \(2,\), as its parameter, got .*{dtype} of shape \("
    with pytest.raises(ValueError, match=message):
        concept.sgd_step(parameters, list(map(framework.array, gradients)), 0.1, 1)
    for parameter in parameters:
        np.testing.assert_array_equal(framework.numpy(parameter), [1, 1])
