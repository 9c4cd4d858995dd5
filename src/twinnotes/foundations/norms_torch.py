"""Vector norms in PyTorch. MXNet twin: norms_mxnet.py."""

import torch
from torch import Tensor


def vector_norm(x: Tensor, p: float = 2.0) -> Tensor:
    r"""Measure the length of a vector by its p-norm.

    $$\|x\|_p = \Big(\sum_i |x_i|^p\Big)^{1/p}, \qquad \|x\|_\infty = \max_i |x_i|$$

    Args:
        x: (n,). A vector of floating-point numbers, n >= 1.
        p: Order of the norm, at least 1; float("inf") for the largest entry.

    Returns:
        (), dtype of x, in the unit of x; inf or nan if an entry is. For 1 < p < inf the
        gradient at x = 0, where the norm has none, comes out as nan.

    Raises:
        ValueError: x is not a vector of floating-point numbers with at least one entry,
            or p < 1.

    Source:
        Golub & Van Loan 2013, Matrix Computations, 4th ed., section 2.2.1.
    """
    if x.ndim != 1 or len(x) == 0 or not x.is_floating_point():
        raise ValueError(
            f"x must be a vector with at least one entry, got shape {tuple(x.shape)} "
            f"and {x.dtype}; convert whole numbers, flatten it, or take a "
            "matrix norm if it is a matrix"
        )
    if not p >= 1:
        raise ValueError(
            f"p must be at least 1, got {p}; below 1 the triangle inequality fails"
        )
    magnitude = torch.abs(x)  # (n,)
    largest = magnitude.max()  # ()
    # The p-th root of n is 1 from 1e30 on, and inf / inf would be nan.
    if p > 1e30 or not torch.isfinite(largest):
        return largest
    # Divide by the largest entry first: in float32 the square of 1e20 is inf.
    one = torch.ones_like(largest)
    scale = torch.where(largest > 0, largest, one).detach()  # ()
    return scale * ((magnitude / scale) ** p).sum() ** (1 / p)
