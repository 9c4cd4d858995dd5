"""What each figure that moves must show, computed by the twins in float64.

A new figure is one more function here, under the path of its .js file.
"""

import importlib
import itertools
from pathlib import Path

import numpy as np

from sitetools import moving

ROOT = Path(__file__).parents[1]
FIGURES = {
    str(path.relative_to(ROOT / "docs/assets/figures").with_suffix("")): path
    for path in moving.paths()
}


def twin(framework, concept):
    return importlib.import_module(f"twinnotes.{concept}_{framework.name}")


def temperature(framework, tau, x3):
    concept = twin(framework, "linear_networks.softmax")
    logits = framework.array(np.array([x3, 2.0, 1.0]))
    return framework.numpy(concept.softmax(logits, temperature=tau))


def bernoulli(framework, p1, q1):
    concept = twin(framework, "probability_numerics.kl_divergence")
    p, q = np.array([[p1, 1 - p1], [q1, 1 - q1]], float)
    middle = (p + q) / 2
    first = framework.array(np.array([p, q, p, q]))
    second = framework.array(np.array([q, p, middle, middle]))
    forward, backward, *js = framework.numpy(concept.kl_divergence(first, second))
    return [forward, backward, sum(js) / 2]


def scaled(framework, w, b, c, x):
    concept = twin(framework, "mlp.sigmoid_tanh")
    z = framework.array(np.array(b + w * x, float))
    functions = concept.sigmoid, concept.tanh, concept.hard_sigmoid
    return [c * framework.numpy(f(z)).item() for f in functions]


def descent(framework, eta, k):
    concept = twin(framework, "foundations.matrix_calculus")

    def f(x):
        return ((x[0] ** 2 + 4 * x[1] ** 2) / 2).reshape(1)

    x = np.array([-2.0, -1.0])
    for _ in range(round(k)):
        (grad,) = framework.numpy(concept.jacobian(f, framework.array(x)))
        x = x - eta * grad
    return [*x, framework.numpy(f(framework.array(x))).item()]


TWINS = {
    "foundations/matrix_calculus/descent": descent,
    "linear_networks/softmax/temperature": temperature,
    "mlp/sigmoid_tanh/scaled": scaled,
    "probability_numerics/kl_divergence/bernoulli": bernoulli,
}


def number(slider, position):
    """The number that a slider stands for at a position."""
    return 10**position if slider.get("power") else position


def numbers(figure, positions):
    """What all sliders stand for."""
    sliders = figure["sliders"]
    return {name: number(sliders[name], at) for name, at in positions.items()}


def starts(figure):
    return {name: slider["start"] for name, slider in figure["sliders"].items()}


def stops(slider, count):
    """Positions of a slider, both ends among them."""
    last = round((slider["to"] - slider["from"]) / slider["step"])
    steps = np.unique(np.linspace(0, last, count).round())
    return [round(slider["from"] + step * slider["step"], 9) for step in steps]


def positions(figure, count):
    """Each slider moved from end to end, then all of them at their ends."""
    start, sliders = starts(figure), figure["sliders"]
    for name, slider in sliders.items():
        for stop in stops(slider, count):
            yield {**start, name: stop}
    ends = [(slider["from"], slider["to"]) for slider in sliders.values()]
    for corner in itertools.product(*ends):
        yield dict(zip(sliders, corner, strict=True))
