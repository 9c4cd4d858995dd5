"""Softmax in PyTorch. MXNet twin: softmax_mxnet.py."""

import torch
from torch import Tensor


def softmax(logits: Tensor, axis: int = -1, temperature: float = 1.0) -> Tensor:
    r"""Turn logits into probabilities that sum to 1 along an axis.

    $$p_i = \frac{e^{(x_i - c) / \tau}}{\sum_j e^{(x_j - c) / \tau}}, \qquad
      c = \max_j x_j$$

    Args:
        logits: (..., n, ...). Any floating-point numbers; -inf gets probability 0.
        axis: The axis of length n >= 1 along which the probabilities sum to 1.
        temperature: tau > 0, in the unit of the logits. Small values favor the largest
            logit, large values make the probabilities alike.

    Returns:
        Shape and dtype of logits.

    Raises:
        ValueError: logits has no such axis, has an empty axis, or does not hold
            floating-point numbers; the largest logit along axis is not finite;
            temperature is not positive and finite in the dtype of logits.

    Source:
        Goodfellow, Bengio & Courville 2016, Deep Learning, section 6.2.2.3; with a
        temperature in Hinton, Vinyals & Dean 2015, arXiv:1503.02531, eq. (1).
    """
    _, scaled = _shift_and_scale(logits, axis, temperature)
    numerator = torch.exp(scaled)  # (..., n, ...), the largest is 1
    return numerator / numerator.sum(dim=axis, keepdim=True)


def softmax_vjp(p: Tensor, cotangent: Tensor, axis: int = -1) -> Tensor:
    r"""Multiply a cotangent by the Jacobian of softmax without forming the Jacobian.

    $$(g^\top J)_i = p_i \Big(g_i - \sum_j g_j p_j\Big), \qquad
      J = \operatorname{diag}(p) - p p^\top$$

    Args:
        p: (..., n, ...). Probabilities, the output of softmax at temperature 1.
        cotangent: Same shape. Gradient g of the loss with respect to p.
        axis: The axis of length n along which the probabilities sum to 1.

    Returns:
        Same shape. Gradient of the loss with respect to the logits x; its sum along
        axis is 0.

    Raises:
        ValueError: The arguments differ in shape, have no such axis, or have an empty
            axis.

    Source:
        Gao & Pavel 2017, arXiv:1704.00805, the Jacobian of softmax.
    """
    if p.shape != cotangent.shape:
        raise ValueError(
            "p and cotangent must have the same shape, got "
            f"{tuple(p.shape)} and {tuple(cotangent.shape)}; repeat the smaller one"
        )
    if not -p.ndim <= axis < p.ndim or 0 in p.shape:
        raise ValueError(
            f"p must have an axis {axis} and no empty axis, got shape "
            f"{tuple(p.shape)}; name the axis of the classes"
        )
    mean = (cotangent * p).sum(dim=axis, keepdim=True)  # (..., 1, ...)
    return p * (cotangent - mean)


def soft_maximum(logits: Tensor, axis: int = -1, temperature: float = 1.0) -> Tensor:
    r"""Smooth the maximum; the gradient is softmax at the same temperature.

    $$m_\tau(x) = \tau \log \sum_i e^{x_i / \tau}$$

    Args:
        logits: (..., n, ...). Any floating-point numbers; -inf is left out of the sum.
        axis: The axis of length n >= 1 to reduce.
        temperature: tau > 0, in the unit of the logits. The result is above the maximum
            by at most tau log n.

    Returns:
        Shape of logits without axis, dtype and unit of logits.

    Raises:
        ValueError: As for softmax.

    Source:
        Blanchard, Higham & Higham 2021, IMA J. Numer. Anal. 41(4), arXiv:1909.03469,
        the shifted log-sum-exp. The paper has no temperature.
    """
    largest, scaled = _shift_and_scale(logits, axis, temperature)
    total = torch.exp(scaled).sum(dim=axis, keepdim=True)  # (..., 1, ...), 1 to n
    return (largest + temperature * torch.log(total)).squeeze(axis)


def _shift_and_scale(logits: Tensor, axis: int, temperature: float) -> tuple:
    if not -logits.ndim <= axis < logits.ndim or 0 in logits.shape:
        raise ValueError(
            f"logits must have an axis {axis} and no empty axis, got shape "
            f"{tuple(logits.shape)}; name the axis of the classes"
        )
    if not logits.dtype.is_floating_point:
        raise ValueError(
            f"logits must hold floating-point numbers, got {logits.dtype}; "
            "convert them to float32"
        )
    smallest = float(torch.finfo(logits.dtype).tiny)
    if not smallest <= temperature < float("inf"):
        raise ValueError(
            f"temperature must be finite and at least {smallest:.1e}, got "
            f"{temperature}; for the limit 0 take argmax, for inf a mean"
        )
    # A constant: the shift cancels, so its gradient does too.
    largest = logits.detach().amax(dim=axis, keepdim=True)  # (..., 1, ...)
    if not torch.isfinite(largest).all():
        raise ValueError(
            f"the largest logit along axis {axis} must be finite, got values from "
            f"{largest.min().item()} to {largest.max().item()}; look for inf or nan, "
            "and leave out slices in which -inf masks every logit"
        )
    # Shift before dividing: x / temperature may overflow, this can only underflow.
    return largest, (logits - largest) / temperature  # (..., n, ...), at most 0
