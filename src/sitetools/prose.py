"""The text of a page without what only this site understands.

Notebooks, plain Markdown and books are made of these parts: prose that any reader of
Markdown knows, and between it the programs.
"""

import re
import textwrap
from collections.abc import Callable, Iterator

from sitetools import maths, pages

NOTEBOOK_LINKS = re.compile(r"^.*\.ipynb\).*\n", re.MULTILINE)
"""A line that leads from the page of a lab to its notebooks."""

_FOLDED = re.compile(r'^\?\?\? \w+ "(.*)"\n((?:[ \t]*\n| {4}.*(?:\n|\Z))*)', re.M)
_PAIR = re.compile(
    r'^=== "PyTorch"\n\n    --8<-- "([^"]+)"\n\n'
    r'=== "MXNet"\n\n    --8<-- "([^"]+)"\n(?:\n(!\[[^\]]*\]\([^)]*\))\n)?',
    re.MULTILINE,
)
_HEADING_ID = re.compile(r"^(#+ .*?) \{ #[\w-]+ \}$", re.MULTILINE)
_LINK = re.compile(r"(!?)\[([^\]]+)\]\(([^)]*)\)")
# One sentence per line: a line break after a full-width mark, or between two Chinese
# characters, is not a space. What begins a block stays on its line.
_CHINESE_LINE_BREAK = re.compile(
    r"(?<=[\u3000-\u303f\uff00-\uffef\u2019\u201d])\n(?=[^\s#|*-])"
    r"|(?<=[\u4e00-\u9fff])\n(?=[\u4e00-\u9fff])"
)


def parts(text: str) -> Iterator[tuple[str, list[str], str]]:
    """Unfold the answers of a page and split it at its programs.

    Args:
        text: Markdown without front matter.

    Yields:
        Prose, as the page has it; the includes below it, PyTorch's and MXNet's, or none
        at the end of the page; and the image below those, or an empty text.
    """

    def unfold(match: re.Match[str]) -> str:
        return f"**{match[1]}**\n{textwrap.dedent(match[2])}"

    pieces = [*_PAIR.split(_FOLDED.sub(unfold, text)), "", "", ""]
    for prose, torch, mxnet, figure in zip(*[iter(pieces)] * 4, strict=True):
        yield prose, [torch, mxnet] if torch else [], figure or ""


def tagged(tex: str, display: bool, name: str | None, number: int | None) -> str:
    r"""Write a formula as TeX between dollars, its number in \tag."""
    if not display:
        return f"${tex}$"
    tag = rf" \tag{{{number}}}" if number else ""
    return f"$$\n{tex}{tag}\n$$"


def convert(
    text: str,
    page: pages.Page,
    address: Callable[[str], str | None],
    formula: Callable[..., str] = tagged,
    *,
    ids: bool = False,
) -> str:
    """Turn prose into Markdown that other programs read; formulas keep their numbers.

    Args:
        text: Prose of the page.
        page: The page, whose equations are numbered.
        address: Gives what a link leads to, or the file of an image, in the place of
            what the page says. None makes of a link the text that it shows.
        formula: Writes a formula: its TeX, whether it is displayed, its id and number.
        ids: Whether the headings keep their ids.
    """
    numbers = {name: place for place, name in enumerate(page.equations, 1)}
    kept: list[str] = []

    def keep(piece: str) -> str:
        kept.append(piece)
        return f"\ue000{len(kept) - 1}\ue001"

    def take(match: re.Match[str]) -> str:
        if match["link"]:
            return f"[({numbers[match['link'].removeprefix('#')]})]({match['link']})"
        if match["display"]:
            tex = "\n".join(line.strip() for line in match["display"].split("\n"))
            name = match["id"]
            return "\n" + keep(formula(tex, True, name, numbers.get(name)))
        if match["inline"]:
            return keep(formula(match["inline"], False, None, None))
        return "" if match[0].startswith("<!--") else keep(match[0])

    def lead(match: re.Match[str]) -> str:
        image, label, target = match.groups()
        target = address(target)
        return label if target is None else f"{image}[{label}]({target})"

    text = _LINK.sub(lead, maths.SYNTAX.sub(take, text))
    if not ids:
        text = _HEADING_ID.sub(r"\1", text)
    text = _CHINESE_LINE_BREAK.sub("", text)
    text = maths.TOKEN.sub(lambda token: kept[int(token[1])], text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()
