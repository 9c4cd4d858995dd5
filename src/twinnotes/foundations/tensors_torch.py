"""Block assignment in PyTorch. MXNet twin: tensors_mxnet.py."""

import torch
from torch import Tensor, nn


def write_block(
    x: Tensor, rows: tuple[int, int], columns: tuple[int, int], value: Tensor
) -> Tensor:
    r"""Overwrite one block of a matrix in a new matrix, leaving the old one as it is.

    $$Y_{ij} = \begin{cases} V_{i-a,\,j-c} & a \le i < b \text{ and } c \le j < d \\
      X_{ij} & \text{otherwise} \end{cases}$$

    Args:
        x: (n, m). The matrix X, of any dtype.
        rows: (a, b). First row of the block and first row after it, counted from 0.
        columns: (c, d). First column of the block and first column after it.
        value: (b - a, d - c) or a shape that broadcasts to it. What to write, V.

    Returns:
        (n, m), dtype of x. Its gradient goes to x outside the block and to value in
        it, summed over the cells into which the same entry of value was written.

    Raises:
        ValueError: x is not a matrix, the block is empty or not inside x, or value has
            another dtype or does not broadcast to the block.

    Source:
        Harris et al. 2020, arXiv:2006.10256, section NumPy arrays: y[a:b, c:d] = value
        on a copy y of x. NumPy also cuts the block to fit and converts value.
    """
    if x.ndim != 2:
        raise ValueError(
            f"x must be a matrix, got shape {tuple(x.shape)}; reshape it to two axes"
        )
    (n, m), (top, bottom), (left, right) = x.shape, rows, columns
    if not (0 <= top < bottom <= n and 0 <= left < right <= m):
        raise ValueError(
            f"rows and columns must satisfy 0 <= start < stop <= size, got {rows} and "
            f"{columns} for a matrix of shape ({n}, {m}); count from 0 and leave the "
            "stop out, so that (size - 1, size) is the last one"
        )
    if value.dtype != x.dtype:
        raise ValueError(
            f"value must have the dtype of x, got {value.dtype} and {x.dtype}; convert "
            "one of them: an assignment would turn 0.9 into 0 to fit whole numbers"
        )
    block_shape = (bottom - top, right - left)
    sizes = zip(value.shape[::-1], block_shape[::-1], strict=False)
    if value.ndim > 2 or any(size not in (1, wanted) for size, wanted in sizes):
        raise ValueError(
            f"value must broadcast to the block {block_shape}, got shape "
            f"{tuple(value.shape)}; reshape it"
        )
    i = torch.arange(n)[:, None]  # (n, 1)
    j = torch.arange(m)  # (m,)
    # The product of booleans is their "and"; MXNet has no & for them.
    inside = (top <= i) * (i < bottom) * (left <= j) * (j < right)  # (n, m)
    block = torch.broadcast_to(value, block_shape)
    # Zeros around the block make it as large as x; where drops them again.
    padded = nn.functional.pad(block, (left, m - right, top, n - bottom))  # (n, m)
    return torch.where(inside, padded, x)
