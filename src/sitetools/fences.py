"""How the site shows the fences: a program in colors, and under it its output."""

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
        f"<pre><code>{escape(source)}\n</code></pre></div>"
    )


_colored: dict[str, str] = {}


def program(
    source: str, language: str, css_class: str, options: dict, md: Markdown, **more: Any
) -> str:
    """Color a program as pymdownx does without us, but once for the two languages."""
    if source not in _colored:
        fences = md.preprocessors["fenced_code_block"]
        _colored[source] = fences.highlight(source, language, options, md, **more)
    return _colored[source]
