"""Joint distributions in MXNet. PyTorch twin: joint_distributions_torch.py."""

from string import ascii_lowercase

import numpy

numpy.bool = numpy.bool_  # MXNet 1.9.1 reads numpy.bool, which NumPy 1.24 removed.
from mxnet import np, npx

npx.set_np()


def marginal(joint: np.ndarray, keep: tuple[int, ...]) -> np.ndarray:
    r"""Sum a joint table over every variable that is not asked for.

    $$p(a) = \sum_b p(a, b)$$

    Args:
        joint: (k_1, ..., k_n). Probabilities, one axis for each variable.
        keep: Axes of the variables that stay, in increasing order.

    Returns:
        One axis for each variable in keep, dtype of joint.

    Raises:
        ValueError: joint is not a table of probabilities that sum to 1 within 1e-5,
            or keep is not an increasing tuple of its axes.

    Source:
        Goodfellow, Bengio & Courville 2016, Deep Learning, section 3.4.
    """
    _check_probabilities("joint", joint, joint.sum())
    _check_increasing("keep", keep, joint.ndim)
    # One axis at a time, from the last: PyTorch takes an empty tuple of axes for all.
    for axis in reversed(range(joint.ndim)):
        if axis not in keep:
            joint = joint.sum(axis=axis)
    return joint


def condition(joint: np.ndarray, axis: int, index: int) -> np.ndarray:
    r"""Restrict a joint table to one value of one variable and rescale it to sum 1.

    $$p(a \mid b) = \frac{p(a, b)}{\sum_{a'} p(a', b)}$$

    Args:
        joint: (k_1, ..., k_n). Probabilities, one axis for each variable.
        axis: Axis of the variable b that is known, from 0.
        index: Its value, from 0.

    Returns:
        (k_1, ..., k_n) without axis, dtype of joint: the distribution of the others.

    Raises:
        ValueError: joint is not a table of probabilities that sum to 1 within 1e-5,
            has no such axis or index, or the known value has probability 0.

    Source:
        Goodfellow, Bengio & Courville 2016, Deep Learning, section 3.5.
    """
    _check_probabilities("joint", joint, joint.sum())
    if not (0 <= axis < joint.ndim and 0 <= index < joint.shape[axis]):
        raise ValueError(
            f"axis and index must name a slice of the shape {tuple(joint.shape)}, got "
            f"axis {axis}, index {index}; both count from 0"
        )
    part = np.take(joint, np.array(index, dtype="int64"), axis=axis)  # one axis less
    probability = part.sum()  # (), p(b)
    if not probability.item() > 0:
        raise ValueError(
            f"the known value must have positive probability, got 0 for index {index} "
            f"of axis {axis}; nothing is defined given what never happens"
        )
    return part / probability


def directed_joint(
    tables: list[np.ndarray], parents: list[tuple[int, ...]]
) -> np.ndarray:
    r"""Multiply the conditional tables of a directed graph to the joint table.

    $$p(x_1, \dots, x_n) = \prod_i p(x_i \mid \mathrm{pa}_i)$$

    Args:
        tables: n tables. Table i has one axis for each parent of variable i, then
            the k_i probabilities of its own values along the last axis.
        parents: n tuples of numbers below i, increasing: where arrows to i start.

    Returns:
        (k_1, ..., k_n), dtype of the tables. MXNet stops at 10 variables.

    Raises:
        ValueError: A parent does not come before its child, a table is missing, has
            another shape than the graph asks for, or does not sum to 1 along its last
            axis.

    Source:
        Bishop 2006, Pattern Recognition and Machine Learning, eq. (8.5).
    """
    if len(tables) != len(parents) or not tables:
        raise ValueError(
            "tables and parents must have an entry for each variable, got "
            f"{len(tables)} and {len(parents)}; without parents, the entry is ()"
        )
    joint, letters = np.ones_like(tables[0].sum()), ascii_lowercase
    for i, table in enumerate(tables):
        above = parents[i]
        _check_increasing(f"parents of variable {i}", above, i)
        wanted = tuple(joint.shape[j] for j in above)
        if table.ndim != len(above) + 1 or tuple(table.shape[:-1]) != wanted:
            raise ValueError(
                f"table {i} must have one axis for each of its parents, of sizes "
                f"{wanted}, then its own, got shape {tuple(table.shape)}; transpose it"
            )
        _check_probabilities(f"table {i}", table, table.sum(axis=-1))
        new = "".join(letters[j] for j in (*above, i))  # for the last of a chain: bc
        rule = f"{letters[:i]},{new}->{letters[: i + 1]}"  # ab,bc->abc
        joint = np.einsum(rule, joint, table)
    return joint


def _check_increasing(name: str, numbers: tuple[int, ...], stop: int) -> None:
    if [j for j in range(stop) if j in numbers] != list(numbers):
        raise ValueError(
            f"{name} must be different numbers below {stop} in increasing order, got "
            f"{numbers}; sort them, or renumber the variables"
        )


def _check_probabilities(name: str, table: np.ndarray, sums: np.ndarray) -> None:
    negative = (table < 0).sum().item()
    if negative or not abs(sums - 1).max().item() <= 1e-5:
        raise ValueError(
            f"{name} must be at least 0 and sum to 1, got {negative} negative entries "
            f"and sums from {sums.min().item():.6g} to {sums.max().item():.6g}; "
            "divide counts by their sum"
        )
