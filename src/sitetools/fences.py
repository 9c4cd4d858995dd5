"""How the site shows the fences: a program in colors, and under it its output."""

import re
from html import escape
from typing import Any

from markdown import Markdown


def output(
    source: str, language: str, css_class: str, options: dict, md: Markdown, **_: Any
) -> str:
    """Render an output: no highlighting, no copy button, not in the search index.

    The arguments are those that pymdownx.superfences passes to a custom fence. The
    label above the output is in site.css, because it depends on the page's language.
    """
    return (
        f'<div class="{css_class} no-copy" data-search-exclude="true">'
        f"<pre>{_code(source)}{escape(source)}\n</code></pre></div>"
    )


def _code(source: str) -> str:
    """The start tag of a block, which says how high it will be."""
    return f'<code style="--lines: {source.count(chr(10)) + 1}">'


_colored: dict[str, str] = {}

# Names and blanks have no color of their own, and are a third of a program's elements.
_UNCOLORED = re.compile(r'<span class="[nw]">([^<]*)</span>')


def program(
    source: str, language: str, css_class: str, options: dict, md: Markdown, **more: Any
) -> str:
    """Color a program as pymdownx does without us, but once for the two languages."""
    if source not in _colored:
        fences = md.preprocessors["fenced_code_block"]
        html = fences.highlight(source, language, options, md, **more)
        html = _UNCOLORED.sub(r"\1", html)
        _colored[source] = html.replace("<code>", _code(source), 1)
    return _colored[source]
