"""What the from-scratch ops cost: each against the framework's own, on the same work.

One thread, float32, a million numbers, forward only; the best of several calls. The
goal is a ratio of at most 3. A formula written out passes over memory once per
operation and a framework's kernel once in all, so not every op can reach it.
"""

import importlib
import os
import time

os.environ["OMP_NUM_THREADS"] = "1"  # before a framework is imported

import numpy

GOAL, ROUNDS = 3, 9

# Op, concept file, our call, PyTorch's, MXNet's.
OPS = """
softmax              | linear_networks.softmax
    ours.softmax(rows)
    functional.softmax(rows, -1)
    npx.softmax(rows)
cross-entropy        | linear_networks.softmax_regression
    ours.cross_entropy(rows, labels)
    functional.cross_entropy(rows, labels, reduction="none")
    gluon.loss.SoftmaxCrossEntropyLoss()(rows, labels)
binary cross-entropy | linear_networks.logistic_regression
    ours.logistic_loss(x, zero_one)
    functional.binary_cross_entropy_with_logits(x, zero_one, reduction="none")
    gluon.loss.SigmoidBCELoss()(x, zero_one)
squared loss         | linear_networks.linear_regression_scratch
    ours.squared_loss(x, zero_one)
    functional.mse_loss(x, zero_one, reduction="none")
    gluon.loss.L2Loss()(x, zero_one)
dense layer          | mlp.dense_layers
    ours.dense(rows, weight, bias)
    functional.linear(rows, weight, bias)
    npx.fully_connected(rows, weight, bias, num_hidden=100, flatten=False)
sigmoid              | mlp.sigmoid_tanh
    ours.sigmoid(x)
    torch.sigmoid(x)
    npx.sigmoid(x)
tanh                 | mlp.sigmoid_tanh
    ours.tanh(x)
    torch.tanh(x)
    np.tanh(x)
hard sigmoid         | mlp.sigmoid_tanh
    ours.hard_sigmoid(x)
    functional.hardsigmoid(x)
    nd.hard_sigmoid(x_nd)
ReLU                 | mlp.relu_family
    ours.relu(x)
    functional.relu(x)
    npx.relu(x)
leaky ReLU           | mlp.relu_family
    ours.leaky_relu(x, 0.1)
    functional.leaky_relu(x, 0.1)
    npx.leaky_relu(x, act_type="leaky", slope=0.1)
PReLU                | mlp.relu_family
    ours.prelu(rows, slope)
    functional.prelu(rows, slope)
    npx.leaky_relu(rows, slope, act_type="prelu")
maxout               | mlp.relu_family
    ours.maxout(pieces)
    pieces.amax(dim=-1)
    pieces.max(axis=-1)
softplus             | mlp.relu_family
    ours.softplus(x)
    functional.softplus(x)
    npx.activation(x, act_type="softrelu")
"""


def arrays() -> dict[str, numpy.ndarray]:
    """The work: a million numbers, flat and as rows, and what goes with them."""
    rng = numpy.random.default_rng(0)
    x = rng.normal(size=1_000_000).astype("float32")
    return {
        "x": x,
        "rows": x.reshape(10_000, 100),
        "pieces": x.reshape(250_000, 4),
        "zero_one": (x > 0).astype("float32"),
        "labels": rng.integers(0, 100, 10_000),
        "weight": rng.normal(size=(100, 100)).astype("float32"),
        "bias": rng.normal(size=100).astype("float32"),
        "slope": numpy.full(1, 0.2, "float32"),
    }


def torch_names() -> dict:
    """What PyTorch's calls refer to."""
    import torch
    from torch.nn import functional

    tensors = {name: torch.tensor(values) for name, values in arrays().items()}
    return {"torch": torch, "functional": functional, "finish": lambda: None, **tensors}


def mxnet_names() -> dict:
    """What MXNet's calls refer to; `finish` waits for the calls to end."""
    numpy.bool = numpy.bool_
    from mxnet import gluon, nd, np, npx

    npx.set_np()
    names = {
        name: np.array(values, dtype=values.dtype) for name, values in arrays().items()
    }
    names |= {"gluon": gluon, "nd": nd, "np": np, "npx": npx, "finish": npx.waitall}
    return {**names, "x_nd": names["x"].as_nd_ndarray()}


def milliseconds(call: str, names: dict) -> float:
    """The shortest of several calls."""
    code = compile(call, "<call>", "eval")
    found = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        eval(code, names)
        names["finish"]()
        found.append(time.perf_counter() - started)
    return 1000 * min(found)


def main() -> None:
    """Print the ratios of all ops in both frameworks."""
    frameworks = {"torch": torch_names(), "mxnet": mxnet_names()}
    print(f"{'ours / the framework, ms':26}", *(f"{f:>22}" for f in frameworks))
    lines = [line.strip() for line in OPS.strip().splitlines()]
    for head, ours, *theirs in zip(*[iter(lines)] * 4, strict=True):
        name, module = (part.strip() for part in head.split("|"))
        print(f"{name:26}", end="")
        for (framework, names), call in zip(frameworks.items(), theirs, strict=True):
            names["ours"] = importlib.import_module(f"twinnotes.{module}_{framework}")
            a, b = milliseconds(ours, names), milliseconds(call, names)
            late = "*" if a > GOAL * b else " "
            print(f"{a:8.2f} /{b:6.2f} {a / b:5.1f}{late}", end="")
        print()
    print(f"* more than {GOAL} times the framework's own op")


if __name__ == "__main__":
    main()
