"""The joint_distributions twins against the definitions, as loops in NumPy."""

from itertools import product

import numpy as np
import pytest

from frameworks import assert_matches


def draw(rng, *shape):
    """Conditional tables: positive, summing to 1 along the last axis."""
    table = rng.uniform(0.1, 1.0, shape)
    return table / table.sum(-1, keepdims=True)


def draw_joint(rng, *shape):
    return draw(rng, int(np.prod(shape))).reshape(shape)


def marginal(joint, keep):
    result = np.zeros([joint.shape[axis] for axis in keep])
    for index in np.ndindex(joint.shape):
        result[tuple(index[axis] for axis in keep)] += joint[index]
    return result


def condition(joint, axis, index):
    part = np.take(joint, index, axis)
    return part / sum(joint[i] for i in np.ndindex(joint.shape) if i[axis] == index)


def directed_joint(tables, parents):
    joint = np.ones([table.shape[-1] for table in tables])
    for index in np.ndindex(joint.shape):
        for i, (table, above) in enumerate(zip(tables, parents, strict=True)):
            joint[index] *= table[(*(index[j] for j in above), index[i])]
    return joint


CHAIN = [(), (0,), (1,)]  # a -> b -> c, in the order a, b, c
FORK = [(), (0,), (0,)]  # a <- b -> c, in the order b, a, c
COLLIDER = [(), (), (0, 1)]  # a -> b <- c, in the order a, c, b
DIAMOND = [(), (0,), (0,), (1, 2)]
GRAPHS = [CHAIN, FORK, COLLIDER, DIAMOND]
SIZES = (2, 3, 2, 2)


def draw_tables(rng, parents):
    shapes = [[SIZES[j] for j in (*above, i)] for i, above in enumerate(parents)]
    return [draw(rng, *shape) for shape in shapes]


def in_numpy(framework, function):
    """The function on NumPy arrays, or lists of them."""

    def call(first, *rest):
        if isinstance(first, list):
            return framework.numpy(function([framework.array(a) for a in first], *rest))
        return framework.numpy(function(framework.array(first), *rest))

    return call


@pytest.mark.equation("marginal-probability")
@pytest.mark.parametrize("keep", [(), (0,), (1, 2), (0, 2), (0, 1, 2)], ids=str)
def test_marginal_value_and_gradient(concept, framework, rng, keep):
    joint = draw_joint(rng, 2, 3, 4)

    def function(joint):
        return concept.marginal(joint, keep)

    assert_matches(framework, function, lambda joint: marginal(joint, keep), joint)


@pytest.mark.equation("conditional-probability")
@pytest.mark.parametrize(
    ("shape", "axis", "index"),
    [((2, 3, 4), 0, 1), ((2, 3, 4), 1, 0), ((2, 3, 4), 2, 3), ((2, 2), 1, 1)],
    ids=str,
)
def test_condition_value_and_gradient(concept, framework, rng, shape, axis, index):
    joint = draw_joint(rng, *shape)

    def function(joint):
        return concept.condition(joint, axis, index)

    assert_matches(framework, function, lambda j: condition(j, axis, index), joint)


@pytest.mark.equation("directed-factorization")
@pytest.mark.parametrize("parents", GRAPHS, ids=str)
def test_directed_joint_value_and_gradient(concept, framework, rng, parents):
    def function(*tables):
        return concept.directed_joint(list(tables), parents)

    def reference(*tables):
        return directed_joint(list(tables), parents)

    assert_matches(framework, function, reference, *draw_tables(rng, parents))


@pytest.mark.equation("joint-table")
@pytest.mark.parametrize("parents", GRAPHS, ids=str)
def test_a_product_of_conditionals_is_a_joint_table(concept, framework, rng, parents):
    tables = draw_tables(rng, parents)
    joint = in_numpy(framework, concept.directed_joint)(tables, parents)

    assert joint.min() >= 0
    np.testing.assert_allclose(joint.sum(), 1, rtol=1e-12)


@pytest.mark.equation("bayes-rule")
def test_bayes_rule(concept, framework, rng):
    prior, likelihood = draw(rng, 3), draw(rng, 3, 4)  # p(a), p(b | a)
    joint = in_numpy(framework, concept.directed_joint)([prior, likelihood], [(), (0,)])
    for b in range(4):
        evidence = sum(likelihood[a, b] * prior[a] for a in range(3))
        expected = [likelihood[a, b] * prior[a] / evidence for a in range(3)]
        posterior = in_numpy(framework, concept.condition)(joint, 1, b)
        np.testing.assert_allclose(posterior, expected, rtol=1e-12)


@pytest.mark.equation("probability-chain-rule")
def test_chain_rule_holds_for_every_table(concept, framework, rng):
    joint = draw_joint(rng, 2, 3, 2)
    condition = in_numpy(framework, concept.condition)
    first = in_numpy(framework, concept.marginal)(joint, (0,))  # p(a)
    second = np.zeros((2, 3))  # p(b | a)
    third = np.zeros((2, 3, 2))  # p(c | a, b)
    for a in range(2):
        given_a = condition(joint, 0, a)  # (3, 2)
        second[a] = given_a.sum(1)
        for b in range(3):
            third[a, b] = condition(given_a, 0, b)
    full = [(), (0,), (0, 1)]
    again = in_numpy(framework, concept.directed_joint)([first, second, third], full)

    np.testing.assert_allclose(again, joint, rtol=1e-12)


def dependence(table):
    """Largest distance of a joint table of two variables from their product."""
    return abs(table - np.outer(table.sum(1), table.sum(0))).max()


@pytest.mark.equation("independence")
@pytest.mark.equation("conditional-independence")
@pytest.mark.parametrize(
    ("parents", "middle", "blocked"), [(CHAIN, 1, 1), (FORK, 0, 1), (COLLIDER, 2, 0)]
)
def test_who_is_independent(concept, framework, rng, parents, middle, blocked):
    joint = in_numpy(framework, concept.directed_joint)(
        draw_tables(rng, parents), parents
    )
    ends = tuple(axis for axis in range(3) if axis != middle)
    alone = dependence(in_numpy(framework, concept.marginal)(joint, ends))
    given = max(
        dependence(in_numpy(framework, concept.condition)(joint, middle, value))
        for value in range(joint.shape[middle])
    )
    free, bound = (given, alone) if blocked else (alone, given)

    assert free < 1e-12
    assert bound > 1e-3


@pytest.mark.equation("parameter-count")
@pytest.mark.parametrize("parents", GRAPHS, ids=str)
def test_count_of_free_numbers(concept, framework, rng, parents):
    """The count is the number of directions in which the joint table can move."""
    tables = draw_tables(rng, parents)
    columns = []
    for i, table in enumerate(tables):
        for row in np.ndindex(table.shape[:-1]):
            for value in range(table.shape[-1] - 1):
                moved = [t.copy() for t in tables]
                moved[i][(*row, value)] += 1e-6
                moved[i][(*row, -1)] -= 1e-6
                columns.append((moved, i))
    joint = in_numpy(framework, concept.directed_joint)
    base = joint(tables, parents)
    moves = [(joint(moved, parents) - base).ravel() / 1e-6 for moved, _ in columns]
    sizes = [table.shape[-1] for table in tables]
    count = sum(
        (k - 1) * int(np.prod([sizes[j] for j in above]))
        for k, above in zip(sizes, parents, strict=True)
    )

    assert np.linalg.matrix_rank(np.array(moves), tol=1e-6) == len(columns) == count
    assert count < base.size - 1


@pytest.mark.equation("chain-slopes")
def test_slopes_along_a_chain_multiply(concept, framework, rng):
    tables = [draw(rng, 2), draw(rng, 2, 2), draw(rng, 2, 2)]
    joint = in_numpy(framework, concept.directed_joint)(tables, CHAIN)
    given = [in_numpy(framework, concept.condition)(joint, 0, a) for a in (0, 1)]
    difference = given[1].sum(0)[1] - given[0].sum(0)[1]  # p(c=1|a=1) - p(c=1|a=0)
    first, second = (table[1, 1] - table[0, 1] for table in tables[1:])

    np.testing.assert_allclose(difference, first * second, rtol=1e-10)


@pytest.mark.equation("undirected-factorization")
def test_factors_on_the_edges_of_a_chain(concept, framework, rng):
    ab, bc = rng.uniform(0.1, 5.0, (2, 3)), rng.uniform(0.1, 5.0, (3, 2))
    joint = np.zeros((2, 3, 2))
    for a, b, c in product(range(2), range(3), range(2)):
        joint[a, b, c] = ab[a, b] * bc[b, c]
    joint /= joint.sum()
    for b in range(3):
        given = in_numpy(framework, concept.condition)(joint, 1, b)
        expected = np.outer(ab[:, b] / ab[:, b].sum(), bc[b] / bc[b].sum())
        np.testing.assert_allclose(given, expected, rtol=1e-12)


def test_float32_condition_on_a_rare_value(concept, framework):
    joint = np.array([[1.0 - 3e-30, 1e-30], [0.0, 2e-30]], np.float32)
    given = in_numpy(framework, concept.condition)(joint, 1, 1)

    assert given.dtype == np.float32
    np.testing.assert_allclose(given, [1 / 3, 2 / 3], rtol=1e-6)


def test_one_variable(concept, framework, rng):
    joint = draw(rng, 3)

    assert in_numpy(framework, concept.condition)(joint, 0, 2) == 1
    np.testing.assert_array_equal(
        in_numpy(framework, concept.directed_joint)([joint], [()]), joint
    )


def test_ten_variables(concept, framework, rng):
    """MXNet refuses to sum over alternating axes or to slice beyond six axes."""
    parents = [(), *((i,) for i in range(9))]
    tables = [draw(rng, 2), *(draw(rng, 2, 2) for _ in range(9))]
    joint = in_numpy(framework, concept.directed_joint)(tables, parents)
    odd = in_numpy(framework, concept.marginal)(joint, (1, 3, 5, 7, 9))
    last = in_numpy(framework, concept.condition)(joint, 9, 1)

    np.testing.assert_allclose(odd, joint.sum((0, 2, 4, 6, 8)), rtol=1e-12)
    np.testing.assert_allclose(last, joint[..., 1] / joint[..., 1].sum(), rtol=1e-12)


def test_an_index_that_float32_cannot_hold(concept, framework):
    """MXNet rounds an index to float32 unless it is told to keep it."""
    joint = np.zeros(2**24 + 2, np.float32)
    joint[-1] = 1

    assert in_numpy(framework, concept.condition)(joint, 0, 2**24 + 1) == 1


NOT_A_JOINT = [
    ([[0.5, 0.6]], "got 0 negative entries and sums from 1.1 to 1.1"),
    ([[1.5, -0.5]], "got 1 negative entries and sums from 1 to 1"),
    ([[np.nan, 1.0]], "got 0 negative entries and sums from nan to nan"),
    ([[3.0, 1.0]], "sums from 4 to 4; divide counts by their sum"),
    (np.zeros((2, 0)), "sums from 0 to 0"),
]


@pytest.mark.equation("joint-table")
@pytest.mark.parametrize(("joint", "message"), NOT_A_JOINT, ids=str)
def test_rejects_what_is_not_a_joint_table(concept, framework, joint, message):
    joint = framework.array(np.array(joint))
    rule = f"joint must be at least 0 and sum to 1, .*{message}"
    with pytest.raises(ValueError, match=rule):
        concept.marginal(joint, (0,))
    with pytest.raises(ValueError, match=rule):
        concept.condition(joint, 0, 0)


@pytest.mark.parametrize("keep", [(2,), (-1,), (1, 0), (0, 0)], ids=str)
def test_rejects_axes_that_are_not_there(concept, framework, keep):
    joint = framework.array(np.full((2, 2), 0.25))
    rule = r"keep must be different numbers below 2 in increasing order, got \("
    with pytest.raises(ValueError, match=rule):
        concept.marginal(joint, keep)


@pytest.mark.parametrize(("axis", "index"), [(2, 0), (-1, 0), (0, 2), (0, -1)])
def test_rejects_values_that_are_not_there(concept, framework, axis, index):
    joint = framework.array(np.full((2, 2), 0.25))
    rule = rf"shape \(2, 2\), got axis {axis}, index {index}; both count from 0"
    with pytest.raises(ValueError, match=rule):
        concept.condition(joint, axis, index)


def test_rejects_a_value_of_probability_zero(concept, framework):
    joint = framework.array(np.array([[0.4, 0.6, 0.0], [0.0, 0.0, 0.0]]))
    for axis, index in ((0, 1), (1, 2)):
        rule = f"positive probability, got 0 for index {index} of axis {axis}"
        with pytest.raises(ValueError, match=rule):
            concept.condition(joint, axis, index)


HALF = np.full((2, 2), 0.5)
NOT_A_GRAPH = [
    ([HALF[0], HALF], [(), (1,)], "parents of variable 1 .* below 1 .* got"),
    ([HALF, HALF], [(1,), (0,)], "parents of variable 0 must be different numbers"),
    ([HALF[0], np.full((2, 2, 2), 0.5)], [(), (0, 0)], "parents of variable 1"),
    ([HALF[0], HALF[0]], [(), (0,)], r"table 1 .* sizes \(2,\), .* shape \(2,\)"),
    ([HALF[0], HALF[:1]], [(), (0,)], r"table 1 .* got shape \(1, 2\); transpose"),
    ([HALF[0], HALF.T[:, :1]], [(), (0,)], r"table 1 must be .* sums from 0.5 to 0.5"),
    ([HALF[0], HALF / HALF.sum()], [(), (0,)], "table 1 must be at least 0 and sum"),
    ([HALF], [()], r"table 0 .* of sizes \(\), .* got shape \(2, 2\)"),
]


@pytest.mark.parametrize(("tables", "parents", "message"), NOT_A_GRAPH)
def test_rejects_what_does_not_fit_the_graph(
    concept, framework, tables, parents, message
):
    tables = [framework.array(table.copy()) for table in tables]
    with pytest.raises(ValueError, match=message):
        concept.directed_joint(tables, parents)


@pytest.mark.parametrize(
    ("n", "parents"), [(2, [()]), (2, [(), (0,), (0,)]), (0, [])], ids=str
)
def test_rejects_tables_without_parents_and_the_reverse(concept, framework, n, parents):
    tables = [framework.array(table) for table in (HALF[0], HALF)[:n]]
    message = f"an entry for each variable, got {n} and {len(parents)}; without"
    with pytest.raises(ValueError, match=message):
        concept.directed_joint(tables, parents)
