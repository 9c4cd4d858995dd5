"""How the site shows a ```text fence: as the output of the program above it."""

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
