r"""Formulas of the pages, drawn by KaTeX while the site is built.

A Python-Markdown extension, `- sitetools.maths` in mkdocs.yml:

    An inline formula, $\|x\|$, ends on the line it begins on.

    $$
    \|\alpha x\| = |\alpha| \, \|x\|
    $$ { #vector-norm-homogeneity }

    A link without text, [](#vector-norm-homogeneity), shows the equation's number.

A display formula is a paragraph of its own, indented as its tab or admonition; those
with an id are numbered. A dollar sign is written `\$`. Every mistake is an error.

katex/katex.min.js and docs/assets/katex come from one release of the npm package katex;
katex.min.css there is katex-swap.min.css with its woff2 sources only.
"""

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from markdown import Extension, Markdown
from markdown.blockprocessors import BlockProcessor
from markdown.postprocessors import Postprocessor
from markdown.preprocessors import Preprocessor
from markdown.util import AtomicString
from mkdocs.exceptions import PluginError
from mkdocs.utils.meta import get_data

# What begins first wins, so a dollar inside code is never taken for a formula. A match
# of a display formula begins with the blank line before it.
SYNTAX = re.compile(
    r"""
    \A---[ \t]*\n(?=\w).*?^(?:---|\.\.\.)[ \t]*$  # front matter
  | ^[ \t]*(?P<fence>(?P<mark>[`~])(?P=mark){2,})[^`\n]*$
    .*?^[ \t]*(?P=fence)(?P=mark)*[ \t]*$
  | (?<!`)(?P<ticks>`+)(?!`)(?:(?!\n[ \t]*\n).)+?(?<!`)(?P=ticks)(?!`)  # code span
  | <!--.*?-->
  | \\[^\n]  # an escaped character
  | (?<!!)\[\]\((?P<link>[^)\n]*)\)
  | (?P<indent>(?:\A|^[ \t]*\n)[ \t]*)\$\$(?!\s*\{\s*\#)\s*
    (?P<display>(?!\s)(?:\\.|(?!\n[ \t]*\n)[^\\$])+?)\s*\$\$
    (?:[ \t]*\{[ \t]*\#(?P<id>[a-z][a-z0-9-]*)[ \t]*\})?[ \t]*
    (?=\n[ \t]*(?:\n|\Z)|\Z)
  | \$(?P<inline>(?![\s$])(?:\\[^\n]|[^\\$\n])+)(?<!\s)\$(?!\$|\s*\{\s*\#)
  | (?P<wrong>
      ^\#{1,6}[ \t](?:\\[^\n]|`[^`\n]*`|[^\n`\\$])*\$[^\n]*  # a heading's formula
    | ^[ \t]*\n[ \t]*\{[ \t]*\#[^\n]*  # an id that follows nothing
    | \$[^\n]*)  # any other dollar, and the rest of its line
    """,
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)
# Private-use characters mean nothing to Markdown, and digits need no escape.
TOKEN = re.compile("\ue000([0-9]+)\ue001")
ENGINE = r"""
function render(tex, displayMode) {
  let nonstandard = "";
  const options = {
    displayMode, output: "htmlAndMathml", throwOnError: true,
    strict: (code, message) => { nonstandard = message; return "error"; },
    trust: ({command}) => { throw new Error(command + " is not allowed"); },
  };
  try {
    const html = katex.renderToString(tex, options);
    return nonstandard ? {error: nonstandard} : {html};
  } catch (error) {
    return {error: (nonstandard || error.message).toWellFormed()};
  }
}
"""


class MathsError(PluginError):
    """A formula is wrong. MkDocs shows the message without a traceback."""


@dataclass(frozen=True)
class Formula:
    """A formula: its TeX and the line of the file on which it begins, from 1."""

    tex: str
    display: bool
    id: str | None
    line: int

    def __str__(self):
        text = " ".join(self.tex.split())
        return f"formula '{text[:60]}'" + " ..." * (len(text) > 60)


@functools.cache
def _engine() -> Callable[..., dict[str, str]]:
    import quickjs  # Starts a thread, so only a process that renders imports it.

    katex = Path(__file__).with_name("katex") / "katex.min.js"
    return quickjs.Function("render", katex.read_text("utf-8") + ENGINE)


@functools.cache
def render(tex: str, display: bool) -> str:
    """Return the formula as HTML for the eye and MathML for a screen reader.

    Raises:
        MathsError: KaTeX rejects the TeX, finds it nonstandard or does not trust it.
    """
    result = _engine()(tex, display, run_gc=False)  # Half the time of collecting.
    if "error" in result:
        # KaTeX underlines the place with U+0332, which few terminals can show.
        message = result["error"].removeprefix("KaTeX parse error: ")
        raise MathsError(f"KaTeX: {message.replace(chr(0x332), '')}; fix the TeX")
    return result["html"]


def find_formulas(
    text: str, path: str | Path = "<markdown>", offset: int = 0
) -> list[Formula]:
    """Return all formulas of a page in order, none of them rendered.

    Args:
        text: Markdown, with or without its front matter.
        path: The file named in errors.
        offset: How many lines the file has before the text.

    Raises:
        MathsError: A dollar sign or an equation's id stands where none may stand.
    """
    formulas = []
    for match in SYNTAX.finditer(text):
        if match["wrong"]:
            raise MathsError(
                f"{path}:{_line(match) + offset}: a formula is `$x$` on one line, or "
                "`$$x$$` with an optional `{ #some-id }` in a paragraph of its own; "
                f"headings hold none; got '{match[0].strip()}'; correct it, or write "
                "\\$ for a dollar sign"
            )
        if tex := match["display"] or match["inline"]:
            tex = "\n".join(line.strip() for line in tex.split("\n"))
            display = match["display"] is not None
            formulas.append(Formula(tex, display, match["id"], _line(match) + offset))
    return formulas


def _line(match: re.Match[str]) -> int:
    """Return the line of a match, which may begin with the blank line before it."""
    return match.string.count("\n", 0, match.end() - len(match[0].lstrip())) + 1


_source: tuple[str, int] = ("<markdown>", 0)


def set_source(path: str | Path) -> None:
    """Name the file of the page that is rendered next, for errors and labels.

    Args:
        path: The file itself (`page.file.abs_src_path`), with its front matter.
    """
    global _source
    path = Path(path)
    text = path.read_text("utf-8-sig")
    body, _ = get_data(text)  # What MkDocs leaves of the file before extensions see it.
    if path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    _source = path.as_posix(), text.count("\n") - body.count("\n")


class _Formulas(Preprocessor):
    """Puts a token in the place of each formula, before snippets bring in programs."""

    def run(self, lines: list[str]) -> list[str]:
        self.path, offset = _source
        text = "\n".join(lines)
        self.formulas = find_formulas(text, self.path, offset)
        self.html = []
        for formula in self.formulas:
            try:
                html = render(formula.tex, formula.display)
            except MathsError as error:
                raise self.error(formula, str(error)) from None
            # Material's search index takes up text again after the first end tag of the
            # excluded element's name, so it must be a name that KaTeX does not use.
            inline = f'<var class="formula" data-search-exclude="true">{html}</var>'
            self.html.append(html if formula.display else inline)
        ids = [formula.id for formula in self.formulas if formula.id]
        self.numbers = {name: f"({n})" for n, name in enumerate(ids, 1)}
        tokens = (f"\ue000{n}\ue001" for n in range(len(self.formulas)))

        def replace(match: re.Match[str]) -> str:
            if match["display"] or match["inline"]:
                return (match["indent"] or "") + next(tokens)
            if match["link"] is None:
                return match[0]
            name = match["link"].removeprefix("#")
            if match["link"] != f"#{name}" or name not in self.numbers:
                raise MathsError(
                    f"{self.path}:{_line(match) + offset}: a link without text shows "
                    "the number of an equation with an id on the same page "
                    f"({', '.join(ids)}), got '{match[0]}'; correct the id or write "
                    "the text"
                )
            return f"[{self.numbers[name]}](#{name})"

        return SYNTAX.sub(replace, text).split("\n")

    def error(self, formula: Formula, message: str) -> MathsError:
        return MathsError(f"{self.path}:{formula.line}: {formula}: {message}")


class _Equation(BlockProcessor):
    """Turns a display formula's token into an element, so that MkDocs sees its id."""

    def __init__(self, md: Markdown, page: _Formulas):
        super().__init__(md.parser)
        self.page = page

    def test(self, parent: ElementTree.Element, block: str) -> bool:
        token = TOKEN.fullmatch(block.strip())
        return token is not None and self.page.formulas[int(token[1])].display

    def run(self, parent: ElementTree.Element, blocks: list[str]) -> None:
        token = blocks.pop(0).strip()
        name = self.page.formulas[int(token[1:-1])].id
        attributes = {"class": "equation", "data-search-exclude": "true"}
        # A box that may scroll needs the keyboard: its link, or failing that, itself.
        attributes |= {"id": name} if name else {"tabindex": "0"}
        box = ElementTree.SubElement(parent, "div", attributes)
        box.text = AtomicString(token)
        if name:
            number = self.page.numbers[name]
            word = "公式" if "zh" in Path(self.page.path).parts else "Equation"
            attributes = {"class": "equation-number", "href": f"#{name}"}
            attributes |= {"aria-label": f"{word} {number}"}
            link = ElementTree.SubElement(box, "a", attributes)
            link.text = AtomicString(number)


class _Html(Postprocessor):
    """Puts the HTML in the place of the tokens, each of which must still be there."""

    def __init__(self, page: _Formulas):
        self.page = page

    def run(self, text: str) -> str:
        if not TOKEN.search(text):
            return text  # toc also sends each heading, and a heading holds no formula.
        shown = TOKEN.findall(re.sub(r"(?s)<pre\b.*?</pre>|<[^>]*>", "", text))
        for index, formula in enumerate(self.page.formulas):
            if shown.count(str(index)) != 1:
                raise self.page.error(
                    formula,
                    "it must show once on the page, but stands in indented code, in an "
                    "alt text or in a table cell beyond the last column; move it",
                )
            if formula.id and (times := text.count(f' id="{formula.id}"')) != 1:
                raise self.page.error(
                    formula,
                    f"the id '{formula.id}' must be on the page once, got {times} "
                    "times; choose another id, and keep equations out of raw HTML",
                )
        return TOKEN.sub(lambda token: self.page.html[int(token[1])], text)


class MathsExtension(Extension):
    """Formulas, equation numbers, and `\\$` for a dollar sign."""

    def extendMarkdown(self, md: Markdown) -> None:
        """Register the three steps."""
        page = _Formulas(md)
        md.ESCAPED_CHARS = [*md.ESCAPED_CHARS, "$"]
        md.preprocessors.register(page, "maths", 33)  # pymdownx.snippets has 32.
        md.parser.blockprocessors.register(_Equation(md, page), "maths", 12)
        md.postprocessors.register(_Html(page), "maths", 10)


def makeExtension(**options) -> MathsExtension:
    """Return the extension; Python-Markdown looks for this name."""
    return MathsExtension(**options)
