"""Forward and backward pass in PyTorch. MXNet twin: backpropagation_mxnet.py."""

from typing import NamedTuple

import torch
from torch import Tensor


class Values(NamedTuple):
    """What the forward pass computes, in its order."""

    z: Tensor  # (p,)
    h: Tensor  # (p,)
    o: Tensor  # (q,)
    loss: Tensor  # ()
    penalty: Tensor  # ()
    objective: Tensor  # ()


class Gradients(NamedTuple):
    """Gradients of the objective, in the order of the backward pass."""

    o: Tensor  # (q,)
    w2: Tensor  # (q, p)
    h: Tensor  # (p,)
    z: Tensor  # (p,)
    w1: Tensor  # (p, d)
    x: Tensor  # (d,)


def forward(
    x: Tensor, y: Tensor, w1: Tensor, w2: Tensor, weight_decay: float
) -> Values:
    r"""Compute the objective of a network with one hidden layer, and keep every step.

    $$z = W_1 x, \quad h = \tanh(z), \quad o = W_2 h, \qquad L = \tfrac12 \|o - y\|_2^2,
      \quad s = \tfrac{\lambda}{2} (\|W_1\|_F^2 + \|W_2\|_F^2), \quad J = L + s$$

    Args:
        x: (d,). Input, one example.
        y: (q,). Target, in the unit of the output.
        w1: (p, d). Weights of the hidden layer.
        w2: (q, p). Weights of the output layer.
        weight_decay: Factor of the penalty, lambda in the formula.

    Returns:
        z and h (p,), o (q,), then L, s and J ().

    Raises:
        ValueError: The shapes do not fit; another x or y would be broadcast.

    Source:
        Rumelhart, Hinton & Williams 1986, Nature 323, 533-536, eqs. (1)-(3), with tanh
        for the sigmoid and a penalty added.
    """
    shapes = [tuple(a.shape) for a in (x, y, w1, w2)]
    p, d, q = w1.shape[:1], w1.shape[1:], w2.shape[:1]
    if shapes != [d, q, p + d, q + p] or w1.ndim != 2 or 0 in (*p, *d, *q):
        raise ValueError(
            "x, y, w1 and w2 must have shapes (d,), (q,), (p, d) and (q, p), not "
            f"empty, got {', '.join(map(str, shapes))}; pass one example at a time"
        )
    z = w1 @ x  # (p,)
    h = torch.tanh(z)  # (p,)
    o = w2 @ h  # (q,)
    loss = ((o - y) ** 2).sum() / 2  # ()
    penalty = weight_decay / 2 * ((w1**2).sum() + (w2**2).sum())  # ()
    return Values(z, h, o, loss, penalty, loss + penalty)


def backward(
    x: Tensor,
    y: Tensor,
    w1: Tensor,
    w2: Tensor,
    weight_decay: float,
    values: Values,
) -> Gradients:
    r"""Compute the gradients of the objective, from the output back to the input.

    $$\tfrac{\partial J}{\partial o} = o - y, \quad
      \tfrac{\partial J}{\partial W_2} =
        \tfrac{\partial J}{\partial o} h^\top + \lambda W_2, \quad
      \tfrac{\partial J}{\partial h} = W_2^\top \tfrac{\partial J}{\partial o}, \quad
      \tfrac{\partial J}{\partial z} =
        \tfrac{\partial J}{\partial h} \odot (1 - h \odot h), \quad
      \tfrac{\partial J}{\partial W_1} =
        \tfrac{\partial J}{\partial z} x^\top + \lambda W_1, \quad
      \tfrac{\partial J}{\partial x} = W_1^\top \tfrac{\partial J}{\partial z}$$

    Args:
        x: (d,). Input of the forward pass.
        y: (q,). Target of the forward pass.
        w1: (p, d). Weights of the forward pass, not yet updated.
        w2: (q, p). Weights of the forward pass, not yet updated.
        weight_decay: Factor of the penalty, lambda in the formula.
        values: What forward returned for these arguments.

    Returns:
        One gradient each for o, W2, h, z, W1 and x, in the shape of that variable.

    Source:
        Rumelhart, Hinton & Williams 1986, Nature 323, 533-536, eqs. (4)-(7), with tanh
        for the sigmoid and a penalty added.
    """
    d_o = values.o - y  # (q,)
    # A weight matrix reaches J by two paths, through L and through s: two terms.
    d_w2 = torch.outer(d_o, values.h) + weight_decay * w2  # (q, p)
    d_h = w2.T @ d_o  # (p,)
    d_z = d_h * (1 - values.h**2)  # (p,)
    d_w1 = torch.outer(d_z, x) + weight_decay * w1  # (p, d)
    d_x = w1.T @ d_z  # (d,)
    return Gradients(d_o, d_w2, d_h, d_z, d_w1, d_x)
