"""Figures that move: a still figure with a .js file beside it gets sliders.

A program drew docs/assets/figures/<chapter>/<concept>/<section>.svg, and that is what
readers see at first, on paper and without JavaScript. <section>.js beside it holds the
figure's formulas and words:

    export default {
      caption: { en: "What to move and what to see.", zh: "..." },
      sliders: {
        x: { name: "x", from: -6, to: 6, step: 0.05, start: 2 },
        w: {
          name: { en: "weight w", zh: "权重 w" },
          from: -4, to: 4, step: 0.1, start: 1,
        },
      },
      across: "x",
      vertical: { name: "y", from: 0, to: 1 },
      curves: ["σ(w x)"],
      values: ({ x, w }) => [1 / (1 + Math.exp(-w * x))],
    };

`across` is the slider that is the horizontal axis; each curve is a value over it, and
the values at its position are the numbers shown. A slider with `power: true` moves the
exponent of ten. A word is one text or one for each language. The sliders start where
the still figure was drawn.

The page needs nothing: the sliders are written here while the site is built, so that
nothing shifts when docs/assets/javascripts/moving.js brings them to life.
tests/moving_twins.py says what the values are to be compared with.

docs/assets/uplot holds the chart library, three files of the npm package uplot 1.6.32:
22 KB compressed where Chart.js 4.6.1 has 71. Only a reader who moves a slider loads it.
"""

import functools
import json
import re
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[2]

_IMAGE = re.compile(
    r'<p><img [^>]*src="((?:\.\./)*assets/)(figures/[^"]+)\.svg"[^>]*></p>'
)


def paths(root: Path = ROOT) -> list[Path]:
    """The .js file of each figure that moves."""
    return sorted((root / "docs/assets/figures").rglob("*.js"))


@functools.cache
def script(path: Path):
    """Run the file of a moving figure; the result evaluates JavaScript on `figure`."""
    import quickjs  # Starts a thread, so only a process that needs it imports it.

    context = quickjs.Context()
    source = path.read_text(encoding="utf-8")
    context.eval(source.replace("export default", "globalThis.figure =", 1))
    return context.eval


def load(path: Path) -> dict:
    """Everything about a moving figure but its formulas."""
    return json.loads(script(path)("JSON.stringify(figure)"))


def word(text: str | dict[str, str], language: str) -> str:
    """A text in one language; a text that is the same in all of them is given once."""
    return text if isinstance(text, str) else text[language]


def add_sliders(html: str, language: str) -> str:
    """Put sliders under each figure of a page that moves, and the module at its end.

    Args:
        html: The page's content.
        language: "en" or "zh".
    """
    modules = set()

    def below(match: re.Match[str]) -> str:
        path = ROOT / "docs" / "assets" / f"{match[2]}.js"
        if not path.exists():
            return match[0]
        modules.add(f"{match[1]}javascripts/moving.js")
        return _box(match[0], load(path), path.stem, language)

    html = _IMAGE.sub(below, html)
    tags = [f'\n<script type="module" src="{module}"></script>' for module in modules]
    return html + "".join(tags)


def _box(image: str, figure: dict, name: str, language: str) -> str:
    say = functools.partial(word, language=language)
    ids = {slider: f"moving-{name}-{slider}" for slider in figure["sliders"]}
    rows = [
        f'<label for="{ids[slider]}">{escape(say(spec["name"]))}</label>'
        f'<input id="{ids[slider]}" name="{slider}" type="range" autocomplete="off"'
        f' min="{spec["from"]}" max="{spec["to"]}" step="{spec["step"]}"'
        f' value="{spec["start"]}"><span></span>'
        for slider, spec in figure["sliders"].items()
    ]
    numbers = [
        f'<span class="curve">{escape(curve)} = <data></data></span>'
        for curve in figure["curves"]
    ]
    vertical = escape(say(figure["vertical"].get("name", "")))
    caption = f"moving-{name}"
    return "\n".join(
        [
            f'<div class="moving" data-vertical="{vertical}">',
            image,
            f'<section aria-labelledby="{caption}" data-search-exclude="true">',
            f'<p id="{caption}">{escape(say(figure["caption"]))}</p>',
            *rows,
            f'<output for="{" ".join(ids.values())}">',
            *numbers,
            "</output></section></div>",
        ]
    )
