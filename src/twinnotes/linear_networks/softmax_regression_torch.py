"""Softmax regression in PyTorch. MXNet twin: softmax_regression_mxnet.py."""

import torch
from torch import Tensor


def softmax_regression(features: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    r"""Give every class of every example a score, linear in the features.

    $$O = X W^\top + b$$

    Args:
        features: (n, d). One example per row, X in the formula.
        weight: (k, d). One row of weights per class, W in the formula.
        bias: (k,). One number per class.

    Returns:
        (n, k). Logits; their softmax along axis 1 are the probabilities of the classes.

    Raises:
        ValueError: The shapes do not belong together.

    Source:
        Bishop 2006, Pattern Recognition and Machine Learning, section 4.3.4.
    """
    ranks = features.ndim, weight.ndim, bias.ndim
    fit = features.shape[1:] + bias.shape == weight.shape[::-1]
    if ranks != (2, 2, 1) or not fit or 0 in features.shape + weight.shape:
        raise ValueError(
            "features, weight and bias must have shapes (n, d), (k, d) and (k,), got "
            f"{tuple(features.shape)}, {tuple(weight.shape)} and {tuple(bias.shape)}; "
            "flatten each example, give every class one row of the weight, and leave "
            "no axis empty"
        )
    return features @ weight.T + bias


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    r"""Compare logits with labels, without ever forming a probability.

    $$\ell = -\log \operatorname{softmax}(o)_t = \log \sum_j e^{o_j - m} - (o_t - m),
      \qquad m = \max_j o_j$$

    Args:
        logits: (n, k). Floating-point numbers o, k >= 2; -inf rules a class out.
        labels: (n,). Class t of each example, an integer from 0 to k - 1.

    Returns:
        (n,), dtype of logits, in nats. At least 0; inf where the label is ruled out.

    Raises:
        ValueError: Shapes or dtypes do not fit, a label is not a class, or the largest
            logit of an example is not finite.

    Source:
        Bishop 2006, Pattern Recognition and Machine Learning, eq. (4.108), per example.
    """
    shifted, labels = _check_and_shift(logits, labels)
    log_sum = torch.log(torch.exp(shifted).sum(dim=1))  # (n,), 0 to log k
    return log_sum - shifted.gather(1, labels[:, None]).squeeze(1)


def cross_entropy_gradient(logits: Tensor, labels: Tensor) -> Tensor:
    r"""Subtract the one-hot label from the probabilities.

    $$\frac{\partial \ell}{\partial o_j} = \operatorname{softmax}(o)_j - y_j, \qquad
      y_t = 1, \quad y_j = 0 \text{ for } j \ne t$$

    Args:
        logits: (n, k). As for cross_entropy.
        labels: (n,). As for cross_entropy.

    Returns:
        (n, k), dtype of logits. Gradient of each example's loss in its own logits, not
        divided by n; every row sums to 0.

    Raises:
        ValueError: As for cross_entropy.

    Source:
        Bishop 2006, Pattern Recognition and Machine Learning, the error in eq. (4.109).
    """
    shifted, labels = _check_and_shift(logits, labels)
    powers = torch.exp(shifted)  # (n, k), the largest of a row is 1
    p = powers / powers.sum(dim=1, keepdim=True)  # (n, k)
    return p - torch.nn.functional.one_hot(labels, logits.shape[1])


def accuracy(logits: Tensor, labels: Tensor) -> Tensor:
    r"""Count the examples whose largest logit is that of the label.

    $$\frac1n \sum_i [\arg\max_j o_{ij} = t_i]$$

    Args:
        logits: (n, k). As for cross_entropy; of tied logits the first one counts.
        labels: (n,). As for cross_entropy.

    Returns:
        (), dtype of logits. A share from 0 to 1; its gradient is 0 or undefined.

    Raises:
        ValueError: As for cross_entropy.

    Source:
        Goodfellow, Bengio & Courville 2016, Deep Learning, section 5.1.2.
    """
    shifted, labels = _check_and_shift(logits, labels)
    return (shifted.argmax(dim=1) == labels).to(shifted.dtype).mean()


def _check_and_shift(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    n, k = logits.shape if logits.ndim == 2 else (0, 0)
    if n < 1 or k < 2 or tuple(labels.shape) != (n,):
        raise ValueError(
            "logits must have shape (n, k) with n >= 1 and k >= 2, labels (n,), got "
            f"{tuple(logits.shape)} and {tuple(labels.shape)}; give one class number "
            "per example, the argmax of a one-hot row"
        )
    integers = (torch.uint8, torch.int8, torch.int32, torch.int64)
    if not logits.dtype.is_floating_point or labels.dtype not in integers:
        raise ValueError(
            "logits must hold floating-point numbers and labels integers, got "
            f"{logits.dtype} and {labels.dtype}; convert class numbers to int64"
        )
    first, last = labels.min().item(), labels.max().item()
    if first < 0 or last >= k:
        raise ValueError(
            f"labels must lie between 0 and {k - 1}, got values from {first} to "
            f"{last}; number the classes from 0"
        )
    # A constant: the shift cancels, so its gradient does too.
    largest = logits.detach().amax(dim=1, keepdim=True)  # (n, 1)
    if not torch.isfinite(largest).all():
        raise ValueError(
            "the largest logit of each example must be finite, got values from "
            f"{largest.min().item()} to {largest.max().item()}; look for inf or nan "
            "in the features, and try a smaller learning rate"
        )
    return logits - largest, labels.to(torch.int64)
