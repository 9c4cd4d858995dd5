"""KL divergence in PyTorch. MXNet twin: kl_divergence_mxnet.py."""

import torch
from torch import Tensor


def kl_divergence(p: Tensor, q: Tensor) -> Tensor:
    r"""Measure the divergence of a model q from the distribution p of the data.

    $$D(p \| q) = \sum_i p_i \log \frac{p_i}{q_i}$$

    Args:
        p: (..., n). Probabilities, one distribution along the last axis.
        q: (..., n). Probabilities of the model, same shape as p.

    Returns:
        (...), dtype of p, in nats; divide by log(2) for bits. A term with p_i = 0 is
        0, and its gradient comes out as 0; a term with q_i = 0 < p_i is inf.

    Raises:
        ValueError: p and q are empty, differ in shape or are not floating point, hold a
            negative number, or do not sum to 1 along the last axis within 1e-5.

    Source:
        Cover & Thomas 2006, Elements of Information Theory, 2nd ed., section 2.3.
    """
    _check_shapes(p, q)
    _check_probabilities("p", p)
    _check_probabilities("q", q)
    # Replace what is not used before log sees it: 0 * log(0) and its gradient are nan.
    # An array of ones: with the number 1.0 the gradient of MXNet's where is wrong.
    ones = torch.ones_like(p)  # (..., n)
    log_p = torch.log(torch.where(p > 0, p, ones))  # (..., n)
    log_q = torch.log(torch.where(p > 0, q, ones))  # (..., n)
    # einsum, because MXNet's sum turns inf + 1 into nan.
    return torch.einsum("...i,...i->...", p, log_p - log_q)


def kl_divergence_from_logits(p_logits: Tensor, q_logits: Tensor) -> Tensor:
    r"""Measure the divergence of two softmax distributions that may underflow.

    $$D(p \| q) = \sum_i p_i (\log p_i - \log q_i), \qquad
      \log q_i = z_i - c - \log \sum_j e^{z_j - c}, \quad c = \max_j z_j$$

    Args:
        p_logits: (..., n). Logits, one distribution along the last axis; -inf stands
            for probability 0.
        q_logits: (..., n). Logits z of the model, same shape as p_logits.

    Returns:
        (...), dtype of p_logits, in nats.

    Raises:
        ValueError: The arguments are empty, differ in shape or are not floating point,
            or the largest logit of a distribution is not finite.

    Source:
        Cover & Thomas 2006, section 2.3; Blanchard, Higham & Higham 2019,
        arXiv:1909.03469, for the shift by c.
    """
    _check_shapes(p_logits, q_logits)
    log_p = _log_softmax("p_logits", p_logits)  # (..., n)
    log_q = _log_softmax("q_logits", q_logits)  # (..., n)
    p = torch.exp(log_p)  # (..., n)
    log_ratio = torch.where(p > 0, log_p - log_q, torch.zeros_like(p))  # (..., n)
    return torch.einsum("...i,...i->...", p, log_ratio)


def _log_softmax(name: str, logits: Tensor) -> Tensor:
    largest = logits.detach().amax(dim=-1, keepdim=True)  # (..., 1)
    if not abs(largest).max().item() < float("inf"):
        raise ValueError(
            f"the largest entry of {name} along the last axis must be finite, got "
            f"{largest.max().item()}; look for inf, nan, or a distribution all -inf"
        )
    shifted = logits - largest  # (..., n), at most 0, so exp cannot overflow
    return shifted - torch.log(torch.exp(shifted).sum(dim=-1, keepdim=True))


def _check_shapes(p: Tensor, q: Tensor) -> None:
    if p.ndim == 0 or 0 in p.shape or p.shape != q.shape:
        raise ValueError(
            "both arguments must have one shape (..., n) without an empty axis, got "
            f"{tuple(p.shape)} and {tuple(q.shape)}; repeat the smaller one yourself"
        )
    if not (p.is_floating_point() and q.is_floating_point()):
        raise ValueError(
            f"both arguments must be floating point, got {p.dtype} and {q.dtype}; "
            "convert them to float32"
        )


def _check_probabilities(name: str, values: Tensor) -> None:
    lowest = values.min().item()
    sums = values.sum(dim=-1)  # (...)
    if not (lowest >= 0 and abs(sums - 1).max().item() <= 1e-5):
        raise ValueError(
            f"{name} must be at least 0 and sum to 1 along the last axis, got entries "
            f"from {lowest:.6g} and sums from {sums.min().item():.6g} to "
            f"{sums.max().item():.6g}; divide counts by their sum, "
            "pass logits to kl_divergence_from_logits"
        )
