"""Figures that move: their formulas against the twins, their words in two languages."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

import moving_twins
from moving_twins import FIGURES, TWINS
from sitetools import figures, glossary, moving, pages

ROOT = Path(__file__).parents[2]
CHINESE = re.compile(r"[\u4e00-\u9fff]")

each_figure = pytest.mark.parametrize("name", FIGURES)


def values(path, at):
    """What the figure's JavaScript computes."""
    script = f"JSON.stringify(figure.values({json.dumps(at)}).map(String))"
    return [float(value) for value in json.loads(moving.script(path)(script))]


def test_each_figure_has_its_twin():
    assert FIGURES.keys() == TWINS.keys()
    assert len(FIGURES) >= 4


@each_figure
def test_values_are_the_twins(framework, name):
    path, figure = FIGURES[name], moving.load(FIGURES[name])
    for positions in moving_twins.positions(figure, 21):
        at = moving_twins.numbers(figure, positions)
        expected = TWINS[name](framework, **at)
        assert not np.isnan(expected).any()
        np.testing.assert_allclose(
            values(path, at), expected, rtol=1e-10, atol=1e-15, err_msg=str(positions)
        )


# The still figure of the activations shows the sigmoid only, with nine triples.
@pytest.mark.parametrize(
    ("name", "drawn"),
    [(name, 1 if name == "mlp/sigmoid_tanh/scaled" else 3) for name in FIGURES],
)
def test_it_starts_as_the_still_figure(name, drawn):
    path, figure = FIGURES[name], moving.load(FIGURES[name])
    start = moving_twins.numbers(figure, moving_twins.starts(figure))
    described = json.loads(path.with_suffix(".json").read_text("utf-8"))
    found = set()
    for axes in described["axes"]:
        for line in axes["artists"]:
            if line["type"] != "Line2D" or len(line["points"]) < 3:
                continue
            x, y = np.array(line["points"]).T
            moved = [values(path, {**start, figure["across"]: at}) for at in x]
            for curve, wanted in enumerate(np.array(moved).T):
                if np.allclose(y, wanted, rtol=1e-4, atol=1e-4):
                    found.add(curve)
                    if drawn > 1:
                        assert line["color"] == figures.COLORS[curve]
    assert len(found) == drawn


@each_figure
def test_sliders_start_where_they_can_stop(name):
    figure = moving.load(FIGURES[name])
    assert figure["across"] in figure["sliders"]
    assert 1 <= len(figure["curves"]) <= 3, "as many colors as site.css names"
    for slider in figure["sliders"].values():
        for place in "start", "to":
            steps = (slider[place] - slider["from"]) / slider["step"]
            assert 0 <= round(steps) == pytest.approx(steps, abs=1e-9)
        assert slider["from"] <= slider["start"] <= slider["to"]


@each_figure
def test_words_in_both_languages(name):
    figure = moving.load(FIGURES[name])
    words = [figure["caption"], figure["vertical"].get("name", ""), *figure["curves"]]
    words += [slider["name"] for slider in figure["sliders"].values()]
    for word in words:
        en, zh = (moving.word(word, language) for language in pages.LANGUAGES)
        assert not CHINESE.search(en)
        if re.search(r"[A-Za-z]{4}", en) and not isinstance(word, str):
            assert CHINESE.search(zh)
        assert glossary.missing_terms(en, zh) == []
    # A caption has no program that could account for a decimal number.
    for caption in figure["caption"].values():
        assert not re.search(r"\d\.\d", caption)


def test_the_colors_are_those_of_the_still_figures():
    css = (ROOT / "docs/assets/stylesheets/site.css").read_text("utf-8")
    assert re.findall(r"--color: (#\w+)", css) == list(figures.COLORS[:3])
    assert re.findall(r"--ink: (#\w+)", css) == [figures.INK]


def test_only_a_figure_with_a_script_gets_sliders():
    still = '<p><img alt="a" src="../../assets/figures/foundations/norms/no.svg" /></p>'
    assert moving.add_sliders(still, "en") == still
    for language, label in ("en", "temperature τ"), ("zh", "温度 τ"):
        image = still.replace(
            "foundations/norms/no", "linear_networks/softmax/temperature"
        )
        html = moving.add_sliders(image + still, language)
        assert f">{label}</label>" in html
        assert image in html
        assert html.count('type="range"') == 2
        assert html.count('<script type="module" src="../../assets/javascripts/') == 1
