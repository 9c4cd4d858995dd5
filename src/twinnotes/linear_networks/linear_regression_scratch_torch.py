"""Linear regression in PyTorch. MXNet twin: linear_regression_scratch_mxnet.py."""

import numpy
import torch
from torch import Tensor


def linear_regression(features: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    r"""Predict a weighted sum of the features plus a bias.

    $$\hat y_i = w^\top x_i + b$$

    Args:
        features: (n, d). One example per row.
        weight: (d,), or (k, d) for k outputs. Unit of the target per unit of a feature.
        bias: (), or (k,) for k outputs. Prediction where all features are 0.

    Returns:
        Predictions (n,), or (n, k), in the unit of the target.

    Raises:
        ValueError: The shapes do not fit; a bias of shape (n,) would be broadcast.

    Source:
        Bishop 2006, Pattern Recognition and Machine Learning, sections 3.1 and 3.1.5.
    """
    wanted = (*bias.shape, *features.shape[-1:])
    empty = 0 in features.shape + weight.shape
    if features.ndim != 2 or weight.shape != wanted or bias.ndim > 1 or empty:
        raise ValueError(
            "features (n, d) need weight (d,) and bias (), or weight (k, d) and bias "
            f"(k,), not empty, got {tuple(features.shape)}, {tuple(weight.shape)} and "
            f"{tuple(bias.shape)}; reshape the parameters"
        )
    return features @ weight.swapaxes(0, -1) + bias  # (n,) or (n, k)


def squared_loss(prediction: Tensor, target: Tensor) -> Tensor:
    r"""Compute half the squared error of every example.

    $$\ell_i = \tfrac12 (\hat y_i - y_i)^2$$

    Args:
        prediction: (n,), or (n, k) for k outputs.
        target: Shape of prediction. What was observed, in the same unit.

    Returns:
        Shape of prediction, not summed, in the unit of the target squared.

    Raises:
        ValueError: The shapes differ; (n,) and (n, 1) would be broadcast to (n, n).

    Source:
        Bishop 2006, Pattern Recognition and Machine Learning, eq. (1.2), one summand.
    """
    if prediction.shape != target.shape:
        raise ValueError(
            "prediction and target must have the same shape, got "
            f"{tuple(prediction.shape)} and {tuple(target.shape)}; reshape one of them"
        )
    return (prediction - target) ** 2 / 2


def minibatches(features, target, order: numpy.ndarray, batch_size: int) -> list:
    """Split the examples, taken in the given order, into minibatches.

    Args:
        features: (n, d). One example per row.
        target: (n,), or (n, k) for k outputs.
        order: (n,). Row numbers, shuffled anew for every epoch: rng.permutation(n).
        batch_size: Examples per minibatch.

    Returns:
        Pairs (features, target); if batch_size does not divide n, the last is smaller.

    Raises:
        ValueError: The lengths differ or are 0, order does not hold each row number
            once, or batch_size is not positive.

    Source:
        Goodfellow, Bengio & Courville 2016, Deep Learning, section 8.1.3.
    """
    n = len(order)
    if not features.shape[:1] == target.shape[:1] == (n,) or batch_size < 1 or n < 1:
        raise ValueError(
            "features, target and order must be equally long and batch_size positive, "
            f"got shapes {tuple(features.shape)}, {tuple(target.shape)}, ({n},) and "
            f"batch_size {batch_size}; use rng.permutation(len(features)) as order"
        )
    if sorted(order) != list(range(n)):
        raise ValueError(
            f"order must hold each row number from 0 to {n - 1} once, got "
            f"{list(order)}; use rng.permutation(len(features))"
        )
    # One copy of all rows, then views: faster than a copy for every minibatch.
    features, target = features[order], target[order]
    slices = [slice(i, i + batch_size) for i in range(0, n, batch_size)]
    return [(features[part], target[part]) for part in slices]


def sgd_step(parameters, gradients, learning_rate: float, batch_size: int) -> None:
    r"""Change the parameters in place by one step of minibatch SGD.

    $$w \leftarrow w - \frac{\eta}{m} \sum_{i \in B} \nabla_w \ell_i$$

    Args:
        parameters: Arrays of any shapes.
        gradients: One per parameter: gradient of the sum of the losses of a minibatch.
        learning_rate: Factor eta of the mean gradient.
        batch_size: Number m that makes the sum a mean.

    Returns:
        None. The arrays in parameters are changed, gradients are not set to zero.

    Raises:
        ValueError: A gradient has another shape than its parameter or is not floating
            point, or batch_size is not positive; nothing has been changed then.

    Source:
        Goodfellow, Bengio & Courville 2016, Deep Learning, algorithm 8.1.
    """
    if batch_size < 1:
        raise ValueError(
            f"batch_size must be positive, got {batch_size}; count examples"
        )
    pairs = list(zip(parameters, gradients, strict=True))
    for parameter, gradient in pairs:
        if parameter.shape != gradient.shape or not gradient.is_floating_point():
            raise ValueError(
                f"a gradient must be floating point and of shape "
                f"{tuple(parameter.shape)}, as its parameter, got {gradient.dtype} of "
                f"shape {tuple(gradient.shape)}; sum it over the minibatch"
            )
    with torch.no_grad():
        for parameter, gradient in pairs:
            # In place: a new array would leave the caller's parameter as it was.
            parameter -= learning_rate / batch_size * gradient
