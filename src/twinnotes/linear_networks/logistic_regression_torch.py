"""Logistic regression in PyTorch. MXNet twin: logistic_regression_mxnet.py."""

import torch
from torch import Tensor


def logistic_regression(features: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    r"""Score every example; the sigmoid of the score is the probability of label 1.

    $$z = X w + b, \qquad P(y = 1 \mid x) = \sigma(z) = \frac{1}{1 + e^{-z}}$$

    Args:
        features: (n, d). One example per row.
        weight: (d,). Log-odds of label 1 per unit of each feature.
        bias: (). Log-odds of label 1 where all features are 0.

    Returns:
        (n,), the logits z in nats. The probability is above 1/2 where z is positive.

    Raises:
        ValueError: features is not a matrix, or weight or bias has another shape.

    Source:
        Bishop 2006, Pattern Recognition and Machine Learning, section 4.3.2.
    """
    fit = weight.shape == features.shape[1:] and bias.ndim == 0
    if features.ndim != 2 or not fit or 0 in features.shape:
        raise ValueError(
            "features, weight and bias must have shapes (n, d), (d,) and (), got "
            f"{tuple(features.shape)}, {tuple(weight.shape)} and {tuple(bias.shape)}; "
            "a column of weights or a longer bias would broadcast, and an empty axis "
            "holds nothing"
        )
    return features @ weight + bias


def logistic_loss(logits: Tensor, labels: Tensor) -> Tensor:
    r"""Compute the binary cross-entropy of labels from logits, one loss per label.

    $$L = -y \log \sigma(z) - (1 - y) \log(1 - \sigma(z))
      = \max(z, 0) - z y + \log(1 + e^{-|z|})$$

    Args:
        logits: (...). Finite log-odds of label 1.
        labels: Same shape. 0 or 1, or a probability of label 1 between them.

    Returns:
        (...), the losses in nats. Their slope in z is sigma(z) - y, at z = 0 too.

    Raises:
        ValueError: The shapes differ or have an empty axis; logits are not floating
            point; a label lies outside [0, 1] or is nan.

    Source:
        Bishop 2006, Pattern Recognition and Machine Learning, section 4.3.2; the stable
        form is that of tf.nn.sigmoid_cross_entropy_with_logits in TensorFlow.
    """
    _check_labels(logits, labels)
    # Autograd takes 0 for the slope of |z| at 0, so `larger` has 1/2 there and the loss
    # 1/2 - y. With relu, whose slope at 0 is 0, the loss would have -y.
    magnitude = torch.abs(logits)
    larger = (logits + magnitude) / 2  # max(z, 0)
    return larger - logits * labels + torch.log1p(torch.exp(-magnitude))


def logistic_gradient(features: Tensor, logits: Tensor, labels: Tensor) -> tuple:
    r"""Compute the gradient of the mean logistic loss in the weight and the bias.

    $$\nabla_w L = \frac1n \sum_i (\sigma(z_i) - y_i) x_i, \qquad
      \frac{\partial L}{\partial b} = \frac1n \sum_i (\sigma(z_i) - y_i)$$

    Args:
        features: (n, d). One example per row, n >= 1.
        logits: (n,). Log-odds of label 1 from logistic_regression.
        labels: (n,). Numbers as for logistic_loss.

    Returns:
        The gradients in the weight, (d,), and in the bias, ().

    Raises:
        ValueError: The shapes do not fit, or a label lies outside [0, 1] or is nan.

    Source:
        Bishop 2006, Pattern Recognition and Machine Learning, section 4.3.2, for the
        sum of the losses; here it is the mean.
    """
    _check_labels(logits, labels)
    if features.ndim != 2 or 0 in features.shape or logits.shape != features.shape[:1]:
        raise ValueError(
            "features and logits must have shapes (n, d) and (n,) with n >= 1, got "
            f"{tuple(features.shape)} and {tuple(logits.shape)}; give one row of "
            "features for each logit"
        )
    error = torch.sigmoid(logits) - labels  # (n,)
    return features.T @ error / len(features), error.sum() / len(features)


def _check_labels(logits: Tensor, labels: Tensor) -> None:
    if logits.shape != labels.shape or 0 in labels.shape:
        raise ValueError(
            "logits and labels must have the same shape and no empty axis, got "
            f"{tuple(logits.shape)} and {tuple(labels.shape)}; reshape one of them, or "
            "broadcasting may compare every logit with every label"
        )
    if not logits.is_floating_point():
        raise ValueError(
            f"logits must be floating point, got {logits.dtype}; convert it"
        )
    lowest, highest = labels.min().item(), labels.max().item()
    if not (lowest >= 0 and highest <= 1):
        raise ValueError(
            f"labels must lie between 0 and 1, got values from {lowest} to {highest}; "
            "map the labels -1 and 1 to 0 and 1"
        )
