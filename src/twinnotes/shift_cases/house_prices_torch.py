"""House prices in PyTorch. MXNet twin: house_prices_mxnet.py."""

import csv
import io
import math
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy
import torch
from torch import nn

# --8<-- [start:read]
# Columns that hold quantities; MSSubClass is a code for the kind of house, so not here.
NUMERIC = """
    LotFrontage LotArea OverallQual OverallCond YearBuilt YearRemodAdd MasVnrArea
    BsmtFinSF1 BsmtFinSF2 BsmtUnfSF TotalBsmtSF 1stFlrSF 2ndFlrSF LowQualFinSF
    GrLivArea BsmtFullBath BsmtHalfBath FullBath HalfBath BedroomAbvGr KitchenAbvGr
    TotRmsAbvGrd Fireplaces GarageYrBlt GarageCars GarageArea WoodDeckSF OpenPorchSF
    EnclosedPorch 3SsnPorch ScreenPorch PoolArea MiscVal MoSold YrSold
""".split()
CATEGORICAL = """
    MSSubClass MSZoning Street Alley LotShape LandContour Utilities LotConfig LandSlope
    Neighborhood Condition1 Condition2 BldgType HouseStyle RoofStyle RoofMatl
    Exterior1st Exterior2nd MasVnrType ExterQual ExterCond Foundation BsmtQual BsmtCond
    BsmtExposure BsmtFinType1 BsmtFinType2 Heating HeatingQC CentralAir Electrical
    KitchenQual Functional FireplaceQu GarageType GarageFinish GarageQual GarageCond
    PavedDrive PoolQC Fence MiscFeature SaleType SaleCondition
""".split()


class Houses(NamedTuple):
    """The rows of one file, in its order."""

    ids: numpy.ndarray  # (n,) strings
    quantities: numpy.ndarray  # (n, 35) float64, nan where missing
    categories: numpy.ndarray  # (n, 44) strings, "NA" where missing
    log_price: numpy.ndarray  # (n,) float64, log of US dollars, nan without a price


def read_houses(path: str, priced: bool) -> Houses:
    r"""Read a file of Kaggle's house-price competition, or one with its columns.

    $$y = \log p$$

    Args:
        path: A CSV file in UTF-8 with the column Id, the columns NUMERIC and
            CATEGORICAL, and, if priced, SalePrice (p, in US dollars), in any order.
            NA and nothing at all stand for a missing value.
        priced: Whether the houses have a price, as in train.csv.

    Returns:
        n >= 1 houses.

    Raises:
        ValueError: The file cannot be read, is no such table or is cut short; a column
            is missing, unknown or repeated; a row has a value too few or too many,
            something else than a number in a column of NUMERIC, no price above 0, or
            the Id of another row. The message names the row and the column.

    Source:
        De Cock 2011, Ames, Iowa: Alternative to the Boston Housing Data, Journal of
        Statistics Education 19(3), doi:10.1080/10691898.2011.11889627.
    """
    columns = ["Id", *NUMERIC, *CATEGORICAL, *["SalePrice"] * priced]
    rows = _read_rows(path, columns)
    table = {
        name: [row[name].strip() or "NA" for row in rows.values()] for name in columns
    }
    first = dict(zip(reversed(table["Id"]), reversed(rows)))
    for line, name in zip(rows, table["Id"]):
        if name == "NA" or first[name] != line:
            raise ValueError(
                f"{path}, row {line}, column 'Id': every row has an Id of its own, got "
                f"{name!r}, as in row {first[name]}; remove one of the rows"
            )
    for name in (*NUMERIC, *["SalePrice"] * priced):
        for line, value in zip(rows, table[name]):
            if not _is_valid(value, is_price=name == "SalePrice"):
                rule = "a number above 0" if name == "SalePrice" else "a number or NA"
                raise ValueError(
                    f"{path}, row {line}, column {name!r}: expected {rule}, got "
                    f"{value!r}; correct the value or remove the row"
                )
        table[name] = ["nan" if value == "NA" else value for value in table[name]]
    prices = table["SalePrice"] if priced else ["nan"] * len(rows)
    return Houses(
        numpy.array(table["Id"]),
        numpy.array([table[name] for name in NUMERIC]).T.astype(float),
        numpy.array([table[name] for name in CATEGORICAL]).T,
        numpy.log(numpy.array(prices).astype(float)),
    )


def _read_rows(path: str, columns: list[str]) -> dict[int, dict[str, str]]:
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
        reader = csv.reader(io.StringIO(text), strict=True)
        if "\0" in text:
            raise csv.Error("it holds the character NUL")
        names = next(reader, [])
        rows = {}
        for row in reader:
            if row:  # an empty line is none
                rows[reader.line_num] = row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(
            f"{path} must be a CSV file in UTF-8, got: {error}; download it again"
        ) from None
    for name in [*columns, *names]:
        if name not in columns or names.count(name) != 1:
            raise ValueError(
                f"{path}, row 1: every column must be there once, and no other, got "
                f"column {name!r} {names.count(name)} times; is it the right file?"
            )
    for line, row in rows.items():
        if len(row) != len(names):
            last = names[min(len(row), len(names)) - 1]
            raise ValueError(
                f"{path}, row {line}: expected {len(names)} values, got {len(row)}, "
                f"the last in column {last!r}; a comma is missing or too many, or the "
                "file is cut short: download it again"
            )
    if not rows or not text.endswith("\n"):
        raise ValueError(
            f"{path} must end with a line break, after row 2 at least; got its end in "
            f"row {max(rows, default=1)}, column {names[-1]!r}; it is cut short: "
            "download it again"
        )
    return {line: dict(zip(names, row)) for line, row in rows.items()}


def _is_valid(value: str, is_price: bool) -> bool:
    if value == "NA":
        return not is_price
    try:
        number = float(value)
    except ValueError:
        return False
    return math.isfinite(number) and (number > 0 or not is_price)


# --8<-- [end:read]


# --8<-- [start:encode]
class Encoding(NamedTuple):
    """What is learned from the training houses and applied to all others."""

    mean: numpy.ndarray  # (35,) of the quantities that are there
    scale: numpy.ndarray  # (35,) their standard deviation; 1 where that is 0
    columns: numpy.ndarray  # (k,) the column of each one-hot feature
    values: numpy.ndarray  # (k,) and the category that makes it 1


def _check_houses(quantities: numpy.ndarray, categories: numpy.ndarray) -> None:
    """Refuse what has not one row for each house, or infinite numbers."""
    shapes = quantities.shape, categories.shape
    tables = quantities.ndim == categories.ndim == 2
    if not tables or shapes[0][0] != shapes[1][0] or 0 in shapes[0] + shapes[1]:
        raise ValueError(
            "quantities and categories must have a row for each house, and columns, "
            f"got shapes {shapes[0]} and {shapes[1]}; take both from read_houses"
        )
    if numpy.isinf(quantities).any():
        raise ValueError(
            "quantities must be finite or nan, got inf; correct the houses"
        )


def fit_encoding(quantities: numpy.ndarray, categories: numpy.ndarray) -> Encoding:
    r"""Learn how to turn houses into numbers, from the training houses alone.

    $$\mu_j = \frac{1}{n_j} \sum_i x_{ij}, \qquad
      s_j^2 = \frac{1}{n_j} \sum_i (x_{ij} - \mu_j)^2$$

    Args:
        quantities: (n, 35). Numbers, nan where missing; the sums leave nan out, n_j is
            the number of the others.
        categories: (n, 44). Strings; "NA" is a category like any other.

    Returns:
        Mean and scale of each quantity, 0 and 1 for one that is always missing; column
        and value of each category that occurs.

    Raises:
        ValueError: The shapes do not fit, or a quantity is infinite.

    Source:
        Hastie, Tibshirani & Friedman 2009, The Elements of Statistical Learning,
        section 7.10.2: why every step must be inside the cross-validation.
    """
    _check_houses(quantities, categories)
    known = ~numpy.isnan(quantities)  # (n, 35)
    count = numpy.maximum(known.sum(0), 1)
    mean = numpy.where(known, quantities, 0).sum(0) / count
    scale = numpy.sqrt((numpy.where(known, quantities - mean, 0) ** 2).sum(0) / count)
    seen = [numpy.unique(column) for column in categories.T]
    return Encoding(
        mean,
        numpy.where(scale > 0, scale, 1),
        numpy.repeat(numpy.arange(len(seen)), [len(values) for values in seen]),
        numpy.concatenate(seen),
    )


def encode(
    encoding: Encoding, quantities: numpy.ndarray, categories: numpy.ndarray
) -> numpy.ndarray:
    r"""Standardize the quantities and write the categories as one-hot features.

    $$z_{ij} = \frac{x_{ij} - \mu_j}{s_j}$$

    Args:
        encoding: From fit_encoding.
        quantities: (n, 35). Numbers, nan where missing.
        categories: (n, 44). Strings.

    Returns:
        (n, 35 + k) float32. A missing quantity is 0, the mean of the training houses; a
        category that no training house has is 0 in all its features.

    Raises:
        ValueError: The shapes do not fit, or a quantity is infinite.

    Source:
        As for fit_encoding.
    """
    _check_houses(quantities, categories)
    widths = quantities.shape[1], categories.shape[1]
    learned = len(encoding.mean), int(encoding.columns[-1]) + 1
    if widths != learned:
        raise ValueError(
            f"houses must have the {learned} columns that fit_encoding saw, got "
            f"{widths}; take both from read_houses"
        )
    standardized = (quantities - encoding.mean) / encoding.scale  # (n, 35)
    one_hot = categories[:, encoding.columns] == encoding.values  # (n, k)
    return numpy.hstack([numpy.nan_to_num(standardized), one_hot]).astype("float32")


# --8<-- [end:encode]


# --8<-- [start:network]
def make_network(sizes: list[int], seed: int) -> nn.Sequential:
    r"""Chain dense layers with ReLU between them; two sizes make a linear model.

    $$W_{ij} \sim \mathcal{N}(0, 2 / d), \qquad b = 0$$

    Args:
        sizes: Number d of features, widths of the hidden layers, number of outputs.
        seed: Of NumPy's generator, so that both frameworks start from equal weights.

    Returns:
        A network from (n, d) to (n, outputs).

    Source:
        He et al. 2015, arXiv:1502.01852, eq. (10): the variance 2 / d.
    """
    rng = numpy.random.default_rng(seed)
    layers: list[nn.Module] = []
    for d, out in pairwise(sizes):
        dense = nn.Linear(d, out)
        weight = rng.normal(0, numpy.sqrt(2 / d), (out, d))
        dense.weight.data = torch.tensor(weight, dtype=torch.float32)
        nn.init.zeros_(dense.bias)
        layers += [dense, nn.ReLU()]
    return nn.Sequential(*layers[:-1])  # no ReLU after the last layer


# --8<-- [end:network]


# --8<-- [start:train]
def train(
    network: nn.Sequential,
    features: numpy.ndarray,
    target: numpy.ndarray,
    epochs: int,
    learning_rate: float,
    weight_decay: float,
    batch_size: int,
    seed: int,
) -> list[float]:
    r"""Minimize the mean squared error by minibatch SGD with momentum, in place.

    $$L(B) = \frac{1}{|B|} \sum_{i \in B} (f(x_i) - y_i)^2$$

    Args:
        network: From (n, d) to (n, 1).
        features: (n, d) float32.
        target: (n,). Numbers y, in the unit of the network's output.
        epochs: Passes over the training houses.
        learning_rate: Step eta of v <- 0.9 v + gradient, w <- w - eta v.
        weight_decay: Factor lambda of lambda / 2 times the squared weights and biases.
        batch_size: Houses in a minibatch B; a shorter rest is left out.
        seed: Of NumPy's generator, which shuffles the houses for each epoch.

    Returns:
        Mean loss of each epoch's minibatches, squared unit of target.

    Raises:
        ValueError: The shapes do not fit, a number is inf or nan, or there are fewer
            houses than batch_size, so no step would be taken.

    Source:
        Sutskever et al. 2013, ICML, On the importance of initialization and momentum in
        deep learning, section 2: momentum, with the learning rate outside v.
    """
    if features.ndim != 2 or target.shape != features.shape[:1]:
        raise ValueError(
            "features must have shape (n, d) and target (n,), got "
            f"{features.shape} and {target.shape}; give every house one price"
        )
    if not numpy.isfinite(features).all() or not numpy.isfinite(target).all():
        raise ValueError(
            "features and target must be finite, got inf or nan; encode the houses, "
            "and leave out those without a price"
        )
    if len(features) < batch_size:
        raise ValueError(
            f"features must have at least batch_size = {batch_size} rows, got "
            f"{len(features)}; pass a smaller batch_size"
        )
    rng = numpy.random.default_rng(seed)
    x = torch.tensor(features)
    y = torch.tensor(target, dtype=torch.float32)[:, None]  # (n, 1), as the output
    optimizer = torch.optim.SGD(
        network.parameters(), learning_rate, momentum=0.9, weight_decay=weight_decay
    )
    losses = []
    for _ in range(epochs):
        total = 0.0
        order = rng.permutation(len(features))
        steps = len(features) // batch_size
        for batch in order[: steps * batch_size].reshape(steps, batch_size):
            loss = ((network(x[batch]) - y[batch]) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        losses.append(total / steps)
    return losses


# --8<-- [end:train]


# --8<-- [start:predict]
def predict(network: nn.Sequential, features: numpy.ndarray) -> numpy.ndarray:
    """Apply a trained network.

    Args:
        network: From (n, d) to (n, 1).
        features: (n, d) float32.

    Returns:
        (n,) float64, in the unit of the target it was trained with.

    Raises:
        ValueError: A feature is inf or nan.

    Source:
        Goodfellow, Bengio & Courville 2016, Deep Learning, algorithm 6.3.
    """
    if not numpy.isfinite(features).all():
        raise ValueError(
            "features must be finite, got inf or nan; encode the houses first"
        )
    with torch.no_grad():
        return network(torch.tensor(features))[:, 0].numpy().astype(float)


# --8<-- [end:predict]


# --8<-- [start:rmse]
def rmse(prediction: numpy.ndarray, target: numpy.ndarray) -> float:
    r"""Root of the mean squared error; on log prices it is the competition's score.

    $$\sqrt{\frac{1}{n} \sum_{i=1}^{n} (\hat{y}_i - y_i)^2}$$

    Args:
        prediction: (n,).
        target: (n,), in the same unit.

    Returns:
        Float, in the unit of the target.

    Raises:
        ValueError: The arguments differ in shape or are empty, or the result is not a
            number.

    Source:
        Kaggle, House Prices: Advanced Regression Techniques, Evaluation.
    """
    error = float("nan")
    if prediction.shape == target.shape and 0 not in target.shape:
        with numpy.errstate(all="ignore"):
            error = float(numpy.sqrt(numpy.mean((prediction - target) ** 2)))
    if not math.isfinite(error):
        raise ValueError(
            "prediction and target must have one shape and finite numbers, got shapes "
            f"{prediction.shape} and {target.shape} and the error {error}; houses "
            "without a price have the target nan"
        )
    return error


# --8<-- [end:rmse]


# --8<-- [start:folds]
def k_folds(n: int, k: int, seed: int) -> list[numpy.ndarray]:
    r"""Split n houses at random into k parts; each is held out once.

    $$\{0, \dots, n - 1\} = F_1 \cup \dots \cup F_k, \qquad
      F_i \cap F_j = \emptyset$$

    Args:
        n: Number of houses.
        k: Number of parts, 2 to n.
        seed: Of NumPy's generator.

    Returns:
        k arrays of indices, sorted; their lengths differ by at most 1.

    Raises:
        ValueError: k is not from 2 to n.

    Source:
        Hastie, Tibshirani & Friedman 2009, The Elements of Statistical Learning,
        section 7.10.1.
    """
    if not 2 <= k <= n:
        raise ValueError(
            f"k must be from 2 to the number {n} of houses, got {k}; 5 and 10 are usual"
        )
    shuffled = numpy.random.default_rng(seed).permutation(n)
    return [numpy.sort(part) for part in numpy.array_split(shuffled, k)]


# --8<-- [end:folds]


# --8<-- [start:submit]
def write_submission(path: str, ids: numpy.ndarray, log_price: numpy.ndarray) -> None:
    r"""Write prices in the form that the competition takes.

    $$\hat{p}_i = e^{\hat{y}_i}$$

    Args:
        path: File to write; an older submission there is replaced.
        ids: (n,). The Id of each house.
        log_price: (n,). Predictions y, log of US dollars.

    Returns:
        Nothing.

    Raises:
        ValueError: The arguments differ in length, a price is not finite and above 0,
            an Id is not printable, or path is no submission or cannot be written.

    Source:
        Kaggle, House Prices: Advanced Regression Techniques, Evaluation.
    """
    file = Path(path)
    with numpy.errstate(over="ignore"):
        prices = numpy.exp(log_price)  # (n,) US dollars
    good = numpy.isfinite(prices) & (prices > 0)
    if ids.shape != prices.shape or ids.ndim != 1 or not good.all():
        raise ValueError(
            f"every Id must get one finite price above 0, got ids {ids.shape} and "
            f"prices {prices.shape}, {int(good.sum())} of them finite and above 0; "
            "predict from the test houses and exponentiate only once"
        )
    for name in ids:
        if not str(name).isprintable():  # csv does not quote every line break
            raise ValueError(
                f"every Id must be printable, got {str(name)!r}; correct the houses"
            )
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["Id", "SalePrice"])
    writer.writerows(zip(ids, numpy.round(prices, 2).tolist()))
    try:
        content = text.getvalue().encode()  # an error must not leave an empty file
        # The whole first line: a training file may begin with Id,SalePrice,LotArea.
        if file.exists() and file.read_bytes().split(b"\n")[0] != b"Id,SalePrice":
            raise OSError("a file whose first line is not Id,SalePrice")
        file.write_bytes(content)
    except (OSError, UnicodeEncodeError) as error:
        raise ValueError(
            f"{path} must be new or an older submission, got: {error}; choose another "
            "name"
        ) from None


# --8<-- [end:submit]
