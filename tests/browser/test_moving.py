"""Figures that move: every number and every dot is what the twins compute."""

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

import moving_twins
from frameworks import MXNet, Torch, need
from moving_twins import FIGURES, TWINS
from sitetools import availability, figures, moving

AXE = Path(__file__).with_name("axe") / "axe.min.js"

each_figure = pytest.mark.parametrize("name", FIGURES)


@pytest.fixture
def address(find):
    """A function: the paths of the pages that show a figure, the English one first."""
    return lambda name: find(f'class="moving"[^>]*>\\s*<p><img [^>]*{name}.svg"')


@pytest.fixture(scope="module")
def frameworks_here():
    """Both frameworks, or the one that runs here."""
    here = [one for one in (Torch, MXNet) if not availability.missing(one.name)]
    need(*(one.name for one in (Torch, MXNet) if availability.required(one.name)))
    if not here:  # and none is required: then there is no twin to compare with
        pytest.skip("neither framework is installed")
    return [one() for one in here]


class Figure:
    """A figure that moves, on a page, and what its twins compute."""

    def __init__(self, page: Page, name: str, frameworks: list):
        self.page, self.name, self.frameworks = page, name, frameworks
        self.figure = moving.load(FIGURES[name])
        self.sliders = self.figure["sliders"]
        expect(page.locator(".moving data").first).not_to_be_empty()

    def slider(self, key: str):
        return self.page.locator(f".moving input[name={key}]")

    def twins(self, positions: dict[str, float]) -> list:
        """The values at these positions, one list for each framework."""
        at = moving_twins.numbers(self.figure, positions)
        return [TWINS[self.name](framework, **at) for framework in self.frameworks]

    def check(self) -> tuple[float, ...]:
        """Compare the numbers that a reader sees with the twins'; return them."""
        positions, texts = self.page.evaluate(SHOWN)
        numbers = [float(text.replace("∞", "inf")) for text in texts]
        for expected in self.twins(positions):
            np.testing.assert_allclose(
                numbers, expected, rtol=1e-6, atol=1e-15, err_msg=str(positions)
            )
        return tuple(numbers)

    def check_picture(self) -> None:
        """Find each curve where the twins say, and each dot at a number shown."""
        across, vertical = self.figure["across"], self.figure["vertical"]
        place, (here, _) = self.sliders[across], self.page.evaluate(SHOWN)
        points = []
        for stop in {here[across], *moving_twins.stops(place, 5)[1:-1]}:
            for curve, y in enumerate(self.twins({**here, across: stop})[0]):
                if vertical["from"] < y < vertical["to"]:
                    points.append([moving_twins.number(place, stop), float(y), curve])
        assert points
        drawn = self.page.evaluate(COLORS, points)
        for (x, _, curve), counts in zip(points, drawn, strict=True):
            # What is drawn later may cover it.
            found = sum(counts.get(color, 0) for color in figures.COLORS[curve:3])
            is_dot = x == moving_twins.number(place, here[across])
            assert found >= (35 if is_dot else 1), (x, curve, counts)

    def check_words(self, language: str, other: str) -> None:
        controls = self.page.locator(".moving section")
        words = [self.figure["caption"], *(s["name"] for s in self.sliders.values())]
        for word in words:
            expect(controls).to_contain_text(moving.word(word, language))
            if not isinstance(word, str):
                expect(controls).not_to_contain_text(moving.word(word, other))


# Where the sliders stand, and the numbers under them.
SHOWN = """() => [
  Object.fromEntries([...document.querySelectorAll(".moving input")]
    .map(input => [input.name, input.valueAsNumber])),
  [...document.querySelectorAll(".moving data")].map(data => data.textContent),
]"""


@each_figure
def test_the_numbers_follow_the_keyboard(new_page, address, frameworks_here, name):
    page = new_page(address(name)[0])
    figure = Figure(page, name, frameworks_here)
    figure.check_words("en", "zh")
    figure.check()
    for key, spec in figure.sliders.items():
        thumb, seen = figure.slider(key), set()
        for press in "ArrowRight", "PageDown", "Home", "ArrowUp", "End", "ArrowDown":
            thumb.press(press)
            seen.add(figure.check())
        assert len(seen) > 2
        for stop in moving_twins.stops(spec, 4)[1:3]:
            thumb.fill(str(stop))
            figure.check()
        figure.check_picture()


# The colors within three pixels of points of the chart, and how many pixels have them.
COLORS = """async (points) => {
  const chart = await document.querySelector(".moving").chart;
  for (let frame = 0; ; frame++) { // a busy machine draws late
    await new Promise(requestAnimationFrame);
    const found = points.map(([x, y]) => colors(chart, x, y));
    if (frame > 60 || found.every((counts) => Object.keys(counts).length)) return found;
  }

function colors(chart, x, y) {
  const left = Math.round(chart.valToPos(x, "x", true)) - 3;
  const top = Math.round(chart.valToPos(y, "y", true)) - 3;
  const {data} = chart.ctx.getImageData(left, top, 7, 7);
  const counts = {};
  for (let i = 0; i < data.length; i += 4)
    if (data[i + 3] > 200) {
      const color = "#" + [...data.slice(i, i + 3)]
        .map(byte => byte.toString(16).padStart(2, "0")).join("");
      counts[color] = (counts[color] ?? 0) + 1;
    }
  return counts;
}
}"""


def test_the_still_figure_stays_until_a_slider_moves(new_page, address, pages):
    name = next(iter(FIGURES))
    with_one, *_ = address(name)
    without = next(path for path in pages if 'class="moving"' not in pages[path])
    page, asked = new_page(), []
    page.on("request", lambda request: asked.append(Path(request.url).name))

    page.goto(without, wait_until="networkidle")
    assert not {"moving.js", "uPlot.iife.min.js", "uPlot.min.css"} & {*asked}
    page.goto(with_one, wait_until="networkidle")
    assert "moving.js" in asked
    assert not {"uPlot.iife.min.js", "uPlot.min.css"} & {*asked}
    box = page.locator(".moving")
    expect(box.locator("img")).to_be_visible()
    box.locator("input").first.focus()
    # Of the box and of its section, whatever the sections around it do.
    height = "box => [box.offsetHeight, box.closest('.part').offsetHeight]"
    before = box.evaluate(height)

    box.locator("input").first.press("ArrowRight")
    expect(box.locator("canvas")).to_have_count(1)
    expect(box.locator("img")).to_have_count(0)
    assert {"uPlot.iife.min.js", "uPlot.min.css"} <= {*asked}
    assert box.evaluate(height) == before, "nothing around it moves"

    # All such figures are made alike, so one is enough for axe, which is slow.
    page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run('.moving', {resultTypes: ['violations']})")
    assert not found["violations"]


def test_a_slider_may_move_before_the_image_has_come(new_page, address):
    name, page = next(iter(FIGURES)), new_page()
    page.route(f"**/{name}.svg", lambda route: None)  # which is never answered
    page.goto(address(name)[0], wait_until="domcontentloaded")
    box = page.locator(".moving")
    expect(box.locator("data").first).not_to_be_empty()
    box.locator("input").first.focus()
    room = box.locator("img").bounding_box()

    box.locator("input").first.press("ArrowRight")
    expect(box.locator("canvas")).to_have_count(1)
    chart = box.locator("canvas").bounding_box()
    assert (chart["width"], chart["height"]) == (room["width"], room["height"])


def test_without_javascript_there_is_the_still_figure_alone(new_page, address):
    page = new_page(address(next(iter(FIGURES)))[0], java_script_enabled=False)
    expect(page.locator(".moving img")).to_be_visible()
    expect(page.locator(".moving section")).to_be_hidden()


@each_figure
def test_on_a_phone_by_touch_in_the_dark(new_page, address, frameworks_here, name):
    path = address(name)[1]
    page = new_page(path, width=360, color_scheme="dark", has_touch=True)
    figure = Figure(page, name, frameworks_here)
    figure.check_words("zh", "en")
    before = figure.check()
    for key in figure.sliders:
        thumb = figure.slider(key)
        box = thumb.bounding_box()
        assert box["height"] >= 24
        thumb.tap(position={"x": box["width"] / 3, "y": box["height"] / 2})
        numbers = figure.check()
        assert numbers != before
        before = numbers
    expect(page.locator(".moving canvas")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    figure.check_picture()

    filters = [dark_filter(page)]
    page.emulate_media(color_scheme="light")
    expect(page.locator("body")).to_have_attribute("data-md-color-scheme", "default")
    filters.append(dark_filter(page))
    assert filters == [["invert(1) hue-rotate(180deg)"] * 2, ["none"] * 2]


def dark_filter(page: Page) -> list[str]:
    """What the scheme does to the chart and to the colors beside the numbers."""
    return page.evaluate("""() => [
      getComputedStyle(document.querySelector(".moving canvas")).filter,
      getComputedStyle(document.querySelector(".moving .curve"), "::before").filter,
    ]""")
