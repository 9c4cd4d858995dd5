"""The lab's functions: files good and bad, encoding, training, folds, submission."""

import re
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def table(concept):
    """Three houses with all columns; a test changes what it needs."""
    table = {name: [str(3 * i), "NA", "7.5"] for i, name in enumerate(concept.NUMERIC)}
    table |= {name: ["a", "b", "NA"] for name in concept.CATEGORICAL}
    return {"Id": ["11", "12", "13"], **table, "SalePrice": ["100000", "2e5", "1"]}


@pytest.fixture
def write(tmp_path):
    """Write a table as a CSV file; return its path."""

    def write(table, change=lambda text: text):
        rows = zip(*table.values(), strict=True)
        lines = [",".join(table), *(",".join(row) for row in rows)]
        path = tmp_path / "houses.csv"
        path.write_text(change("\n".join(lines) + "\n"), encoding="utf-8")
        return str(path)

    return write


def test_a_good_file_is_read_as_it_is(concept, table, write):
    houses = concept.read_houses(write(table), priced=True)

    assert houses.ids.tolist() == ["11", "12", "13"]
    np.testing.assert_array_equal(houses.quantities[0], 3.0 * np.arange(35))
    assert np.isnan(houses.quantities[1]).all()
    np.testing.assert_array_equal(houses.quantities[2], np.full(35, 7.5))
    assert houses.categories.tolist() == [["a"] * 44, ["b"] * 44, ["NA"] * 44]
    np.testing.assert_allclose(houses.log_price, np.log([1e5, 2e5, 1]), rtol=1e-15)


def test_columns_may_come_in_any_order_and_values_may_be_missing(concept, table, write):
    shuffled = dict(reversed(table.items()))
    shuffled["LotArea"] = ["", " 5 ", "NA"]

    houses = concept.read_houses(
        write(shuffled, lambda text: "\ufeff" + text.replace("\n", "\n\n")), True
    )

    area = houses.quantities[:, concept.NUMERIC.index("LotArea")]
    np.testing.assert_array_equal(area, [np.nan, 5, np.nan])


def test_a_file_without_prices_has_none(concept, table, write):
    del table["SalePrice"]

    houses = concept.read_houses(write(table), priced=False)

    assert np.isnan(houses.log_price).all()
    assert len(houses.ids) == 3


def set_value(column, row, value):
    return lambda table: table[column].__setitem__(row - 2, value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            set_value("LotArea", 3, "big"),
            "row 3, column 'LotArea': expected a number or NA, got 'big'",
        ),
        (set_value("YearBuilt", 2, "nan"), "row 2, column 'YearBuilt'.*got 'nan'"),
        (set_value("PoolArea", 4, "inf"), "row 4, column 'PoolArea'.*got 'inf'"),
        (
            set_value("SalePrice", 3, "0"),
            "row 3, column 'SalePrice': expected a number above 0, got '0'",
        ),
        (set_value("SalePrice", 2, "-1"), "row 2, column 'SalePrice'.*got '-1'"),
        (set_value("SalePrice", 4, ""), "row 4, column 'SalePrice'.*got 'NA'"),
        (set_value("Id", 4, "11"), "row 4, column 'Id'.*'11', as in row 2"),
        (set_value("Id", 3, ""), "row 3, column 'Id'"),
        (lambda t: t.pop("LotArea"), "row 1: .* column 'LotArea' 0 times"),
        (lambda t: t.pop("SalePrice"), "row 1: .* column 'SalePrice' 0 times"),
        (lambda t: t.update(Pets=["0"] * 3), "row 1: .* column 'Pets' 1 times"),
    ],
)
def test_a_wrong_table_is_refused(concept, table, write, change, message):
    change(table)

    with pytest.raises(ValueError, match=message):
        concept.read_houses(write(table), priced=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda t: t[: t.index("\n12,") + 20],
            "row 3: expected 81 values, got .* cut short",
        ),
        (
            lambda t: t[: t.index("\n12,")] + "\n12,5\n",
            "row 3: expected 81 values, got 2, the last in column 'LotFrontage'; .*"
            "cut short",
        ),
        (lambda t: t[:-1], "end in row 4, column 'SalePrice'.*cut short"),
        (lambda t: t.split("\n")[0] + "\n", "end in row 1, column 'SalePrice'"),
        (lambda t: "", "column 'Id' 0 times"),
        (lambda t: t.replace(",", ",,", 82), "row 1: .* column '' 80 times"),
        (lambda t: t.replace("Id", "Id,Id", 1), "column 'Id' 2 times"),
        (lambda t: t.replace("\n12,", "\n12,,"), "row 3: expected 81 values, got 82"),
        (lambda t: t.replace("\n12", '\n"12'), "must be a CSV file in UTF-8, got"),
        (
            lambda t: t.replace(",b,", ",b\0,"),
            "in UTF-8, got: it holds the character NUL; download it again",
        ),
    ],
)
def test_a_damaged_file_is_refused(concept, table, write, change, message):
    with pytest.raises(ValueError, match=message):
        concept.read_houses(write(table, change), priced=True)


def test_a_file_in_another_encoding_is_refused(concept, tmp_path):
    path = tmp_path / "houses.csv"
    path.write_bytes("Id,价格\n".encode("gb18030"))

    with pytest.raises(ValueError, match="must be a CSV file in UTF-8"):
        concept.read_houses(str(path), priced=True)


@pytest.mark.equation("standardized-quantity")
def test_encoding_learns_from_the_training_houses_alone(concept, rng):
    quantities = rng.normal(3, [2, 2, 0.2, 2], (50, 4))
    quantities[rng.random((50, 4)) < 0.2] = np.nan
    quantities[:, 3] = 7.0  # constant
    categories = rng.choice(["a", "b", "NA"], (50, 2))
    new_quantities = np.array([[1.0, np.nan, 2.0, 9.0]])
    new_categories = np.array([["b", "never seen"]])

    encoding = concept.fit_encoding(quantities, categories)
    got = concept.encode(encoding, new_quantities, new_categories)

    mean, std = np.nanmean(quantities, 0), np.nanstd(quantities, 0)
    z = [(1 - mean[0]) / std[0], 0.0, (2 - mean[2]) / std[2], 2.0]
    # NA, a, b of the first column, in the order of their codes, then of the second.
    np.testing.assert_allclose(got, [[*z, 0, 0, 1, 0, 0, 0]], rtol=1e-6)
    assert got.dtype == np.float32
    own = concept.encode(encoding, quantities, categories)
    np.testing.assert_allclose(own[:, :4].mean(0), 0, atol=1e-6)
    np.testing.assert_array_equal(own[:, 4:].sum(1), 2)


@pytest.mark.parametrize(
    ("column", "mean"), [([np.nan] * 3, 0), ([np.nan, 4.0, np.nan], 4)]
)
def test_a_column_with_one_value_or_none_is_only_shifted(concept, column, mean):
    encoding = concept.fit_encoding(np.array(column)[:, None], np.array([["a"]] * 3))

    got = concept.encode(encoding, np.array([[5.0], [np.nan]]), np.array([["a"]] * 2))

    np.testing.assert_array_equal(got, [[5 - mean, 1], [0, 1]])


def test_an_infinite_quantity_is_refused(concept):
    good, categories = np.array([[1.0], [3.0]]), np.array([["a"]] * 2)
    encoding = concept.fit_encoding(good, categories)

    for refuse in (concept.fit_encoding, partial(concept.encode, encoding)):
        with pytest.raises(ValueError, match="must be finite or nan, got inf; correct"):
            refuse(np.array([[1.0], [-np.inf]]), categories)


@pytest.mark.parametrize(
    ("quantities", "categories"),
    [
        ((3, 2), (2, 4)),
        ((2, 2), (3, 4)),
        ((3,), (3, 4)),
        ((3, 2), (3,)),
        ((3, 2, 1), (3, 4)),
        ((3, 2), (3, 4, 1)),
        ((0, 2), (0, 4)),
        ((3, 0), (3, 4)),
        ((3, 2), (3, 0)),
    ],
)
def test_tables_that_do_not_fit_are_refused(concept, quantities, categories):
    encoding = concept.fit_encoding(np.zeros((3, 2)), np.full((3, 4), "a"))
    got = re.escape(f"got shapes {quantities} and {categories}; take both")

    for refuse in (concept.fit_encoding, partial(concept.encode, encoding)):
        with pytest.raises(ValueError, match=got):
            refuse(np.zeros(quantities), np.full(categories, "a"))


@pytest.mark.parametrize("widths", [(1, 4), (3, 4), (2, 3), (2, 5)])
def test_columns_that_were_not_learned_are_refused(concept, widths):
    encoding = concept.fit_encoding(np.zeros((3, 2)), np.full((3, 4), "a"))
    got = re.escape(f"must have the (2, 4) columns that fit_encoding saw, got {widths}")

    with pytest.raises(ValueError, match=got):
        concept.encode(encoding, np.zeros((5, widths[0])), np.full((5, widths[1]), "a"))


def reference_training(sizes, x, y, epochs, rate, decay, batch_size, seed):
    """Float64: forward, backward and momentum, written out."""
    rng = np.random.default_rng(seed)
    weights = [
        rng.normal(0, np.sqrt(2 / d), (out, d)).astype(np.float32).astype(float)
        for d, out in pairwise(sizes)
    ]
    parameters = [p for w in weights for p in (w, np.zeros(len(w)))]
    velocities = [np.zeros_like(p) for p in parameters]
    order = np.random.default_rng(seed)

    def forward(rows):
        hidden = [rows]
        for i in range(0, len(parameters), 2):
            z = hidden[-1] @ parameters[i].T + parameters[i + 1]
            hidden.append(np.maximum(z, 0) if i + 2 < len(parameters) else z)
        return hidden

    losses = []
    for _ in range(epochs):
        total = 0.0
        shuffled = order.permutation(len(x))
        starts = range(0, len(x) - batch_size + 1, batch_size)
        for start in starts:
            batch = shuffled[start : start + batch_size]
            hidden = forward(x[batch])
            error = hidden[-1] - y[batch, None]
            total += (error**2).mean() / len(starts)
            delta, gradients = 2 * error / batch_size, []
            for i in range(len(parameters) - 2, -1, -2):
                gradients = [delta.T @ hidden[i // 2], delta.sum(0), *gradients]
                delta = delta @ parameters[i] * (hidden[i // 2] > 0)
            for p, v, g in zip(parameters, velocities, gradients, strict=True):
                v *= 0.9
                v += g + decay * p
                p -= rate * v
        losses.append(total)
    return losses, forward(x)[-1][:, 0]


def test_a_new_network_has_all_its_parameters(concept, framework):
    network = concept.make_network([3, 4, 1], seed=5)

    if framework.name == "torch":
        got = [p.detach().numpy() for p in network.parameters()]
    else:
        got = [p.data().asnumpy() for p in network.collect_params().values()]
    rng = np.random.default_rng(5)
    for weight, bias, shape in zip(got[::2], got[1::2], [(4, 3), (1, 4)], strict=True):
        wanted = rng.normal(0, np.sqrt(2 / shape[1]), shape).astype(np.float32)
        for one, other in (weight, wanted), (bias, np.zeros(shape[0], np.float32)):
            assert (one.shape, one.dtype) == (other.shape, other.dtype)
            np.testing.assert_array_equal(one, other)


@pytest.mark.equation("momentum-step")
@pytest.mark.parametrize("hidden", [[], [5], [5, 4]], ids=str)
def test_training_follows_the_formulas(concept, rng, hidden):
    x = rng.normal(size=(45, 6)).astype(np.float32)
    y = x @ rng.normal(size=6) + 1
    sizes = [6, *hidden, 1]
    settings = {"epochs": 4, "learning_rate": 0.02, "weight_decay": 0.1}

    network = concept.make_network(sizes, seed=3)
    losses = concept.train(network, x, y, **settings, batch_size=10, seed=3)
    prediction = concept.predict(network, x)

    wanted = reference_training(sizes, x, y, 4, 0.02, 0.1, 10, 3)
    np.testing.assert_allclose(losses, wanted[0], rtol=1e-5)
    np.testing.assert_allclose(prediction, wanted[1], rtol=1e-4, atol=1e-5)
    assert prediction.dtype == np.float64


@pytest.mark.parametrize("dtype", [np.int64, np.float16, np.float64])
def test_the_type_of_the_prices_does_not_matter(concept, rng, dtype):
    x = rng.normal(size=(8, 2)).astype(np.float32)
    y = (rng.normal(12, 2, size=8) * 10).astype(dtype)

    first, second = (
        concept.train(concept.make_network([2, 1], 0), x, target, 3, 0.01, 0.0, 4, 0)
        for target in (y, y.astype(np.float32))
    )

    assert first == second
    assert {type(loss) for loss in first} == {float}


def test_as_many_houses_as_a_minibatch_are_enough(concept, rng):
    x, y = rng.normal(size=(8, 2)).astype(np.float32), rng.normal(size=8)
    network = concept.make_network([2, 1], seed=0)
    before = np.mean((concept.predict(network, x) - y) ** 2)

    losses = concept.train(network, x, y, 1, 0.1, 0.0, batch_size=8, seed=0)

    np.testing.assert_allclose(losses, [before], rtol=1e-6)


@pytest.mark.parametrize(
    ("features", "target"),
    [((9, 2), (9, 1)), ((9, 2), (8,)), ((9,), (9,)), ((9, 2, 1), (9,))],
)
def test_features_and_prices_that_do_not_fit_are_refused(concept, features, target):
    network = concept.make_network([2, 1], seed=0)
    got = re.escape(f"got {features} and {target}; give every house one price")

    with pytest.raises(ValueError, match=got):
        x, y = np.zeros(features, np.float32), np.zeros(target)
        concept.train(network, x, y, 1, 0.1, 0.0, batch_size=4, seed=0)


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused(concept, number):
    network = concept.make_network([2, 4, 1], seed=0)
    x, y = np.zeros((9, 2), np.float32), np.zeros(9)
    wrong = x.copy(), y.copy()
    for array in wrong:
        array[3] = number

    for pair in [(wrong[0], y), (x, wrong[1])]:
        with pytest.raises(ValueError, match="must be finite, got inf or nan; encode"):
            concept.train(network, *pair, 1, 0.1, 0.0, batch_size=4, seed=0)
    with pytest.raises(ValueError, match="must be finite, got inf or nan; encode"):
        concept.predict(network, wrong[0])


def test_a_network_that_has_diverged_predicts_no_number(concept):
    x = np.array([[-3.625, 3.375], [2.0, 3.625], [3.25, -4.0]], np.float32)
    network = concept.make_network([2, 3, 1], seed=0)
    target = np.array([2.0, 2.75, -3.25])
    losses = concept.train(network, x, target, 2, 0.125, 0.0, batch_size=1, seed=0)

    assert not np.isfinite(losses[-1])
    assert not np.isfinite(concept.predict(network, x)).any()


def test_fewer_houses_than_a_minibatch_are_refused(concept):
    network = concept.make_network([2, 1], seed=0)

    with pytest.raises(ValueError, match="batch_size = 8 rows, got 7; pass a smaller"):
        x = np.zeros((7, 2), np.float32)
        concept.train(network, x, np.zeros(7), 1, 0.1, 0.0, batch_size=8, seed=0)


@pytest.mark.equation("log-rmse")
def test_rmse_is_the_norm_of_the_error(concept, rng):
    a, b = rng.normal(size=(2, 9))

    assert concept.rmse(a, b) == pytest.approx(np.linalg.norm(a - b) / 3, rel=1e-14)
    assert concept.rmse(a, a) == 0
    assert concept.rmse(np.array([2.0]), np.array([5.0])) == 3  # one house


@pytest.mark.parametrize(
    ("prediction", "target", "error"),
    [
        ([0, 0, 0], [[0], [0], [0]], "nan"),
        ([], [], "nan"),
        ([0, 0, 0], [0, np.nan, 0], "nan"),
        ([np.inf, 0], [np.inf, 0], "nan"),
        ([1e200], [0], "inf"),
    ],
)
def test_rmse_refuses_what_has_no_score(concept, prediction, target, error):
    prediction, target = np.array(prediction, float), np.array(target, float)
    got = f"got shapes {prediction.shape} and {target.shape} and the error {error}; "

    with pytest.raises(ValueError, match=re.escape(got)):
        concept.rmse(prediction, target)


@pytest.mark.equation("fold-ensemble")
@pytest.mark.equation("ensemble-inequality")
@pytest.mark.parametrize("k", [2, 5])
def test_an_ensemble_is_at_least_as_good_as_its_members_on_average(concept, rng, k):
    for _ in range(20):
        target, members = rng.normal(size=30), rng.normal(size=(k, 30))
        ensemble = sum(members) / k
        average = sum(concept.rmse(member, target) for member in members) / k
        assert concept.rmse(ensemble, target) <= average
    assert concept.rmse(ensemble, target) < 0.9 * average  # and not just equal


@pytest.mark.parametrize(("n", "k"), [(10, 5), (11, 3), (4, 4), (5, 2)])
def test_every_house_is_held_out_once(concept, n, k):
    folds = concept.k_folds(n, k, seed=0)

    assert sorted(np.concatenate(folds)) == list(range(n))
    assert len(folds) == k
    assert {len(fold) for fold in folds} <= {n // k, -(-n // k)}
    assert all((np.diff(fold) > 0).all() for fold in folds)
    again, other = concept.k_folds(n, k, seed=0), concept.k_folds(n, k, seed=1)
    assert [f.tolist() for f in folds] == [f.tolist() for f in again]
    assert [f.tolist() for f in folds] != [f.tolist() for f in other]


@pytest.mark.parametrize("k", [1, 0, 6])
def test_impossible_folds_are_refused(concept, k):
    with pytest.raises(ValueError, match=f"from 2 to the number 5 of houses, got {k}"):
        concept.k_folds(5, k, seed=0)


@pytest.mark.equation("cross-validation-score")
def test_the_score_on_the_page_is_the_mean_of_its_folds(concept, framework):
    path = ROOT / f"snippets/shift_cases/house_prices_{framework.name}.md"
    shown = path.read_text(encoding="utf-8")
    for name in ("linear", "MLP"):
        folds = re.findall(rf"^fold .*{name} ([\d.]+)", shown, re.MULTILINE)
        [mean] = re.findall(rf"^{name}: mean ([\d.]+)", shown, re.MULTILINE)
        assert len(folds) == 5
        assert float(mean) == pytest.approx(np.mean([*map(float, folds)]), abs=1e-4)


def test_a_submission_can_be_read_back(concept, tmp_path):
    path = tmp_path / "submission.csv"
    log_price = np.log([100000.0, 234567.891, 0.5])

    for _ in range(2):  # an older submission is replaced
        concept.write_submission(str(path), np.array(["7", "9", "8"]), log_price)

    assert path.read_bytes() == b"Id,SalePrice\n7,100000.0\n9,234567.89\n8,0.5\n"


@pytest.mark.parametrize(
    "text",
    ["Id,MSSubClass\n", "Id,SalePrice,LotArea\n", "Id,SalePrice and notes\n", ""],
)
def test_a_file_that_is_no_submission_is_not_replaced(concept, tmp_path, text):
    path = tmp_path / "train.csv"
    path.write_text(text)
    message = (
        "must be new or an older submission, got: a file whose first line is not "
        "Id,SalePrice; choose another name"
    )

    with pytest.raises(ValueError, match=message):
        concept.write_submission(str(path), np.array(["7"]), np.array([1.0]))
    assert path.read_text() == text


@pytest.mark.parametrize(
    ("ids", "log_price"),
    [
        (["7"], [1.0, 2.0]),
        (["7"], [np.nan]),
        (["7"], [120000.0]),  # inf
        (["7"], [-1000.0]),  # 0
        ([["7"]], [[1.0]]),
    ],
)
def test_a_house_without_a_price_is_not_submitted(concept, tmp_path, ids, log_price):
    path = tmp_path / "submission.csv"

    with pytest.raises(ValueError, match="every Id must get one finite price"):
        concept.write_submission(str(path), np.array(ids), np.array(log_price))
    assert not path.exists()


@pytest.mark.parametrize("name", ["\r", "7\n8", "\0"])
def test_an_id_that_would_break_the_table_is_refused(concept, tmp_path, name):
    path, message = tmp_path / "submission.csv", re.escape(f"printable, got {name!r};")

    with pytest.raises(ValueError, match=f"every Id must be {message}"):
        concept.write_submission(str(path), np.array(["6", name], object), np.zeros(2))
    assert not path.exists()
