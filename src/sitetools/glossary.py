"""The glossary: its terms, the links to it, and a check of the words of a translation.

An entry of docs/<language>/glossary.md is a heading, comments, and a definition whose
first line is plain text, since it is also the tooltip of the links:

    ## 叶节点（leaf） { #leaf }

    <!-- also: 叶张量 -->
    <!-- not: 叶子节点; 叶结点 -->
    <!-- loose -->

    计算图中不由任何运算产生的张量，即输入或参数。

`also` lists other forms of the term (an English plural in -s is understood), `not` the
words that must not stand for it. `loose` marks a word that is an everyday word too: no
translation has to use it, and it becomes a link only where a page links it by hand.
"""

import functools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element

from markdown import Extension, Markdown
from markdown.treeprocessors import Treeprocessor
from mkdocs.exceptions import PluginError

from sitetools import maths

ROOT = Path(__file__).parents[2]

_ENTRY = re.compile(
    r"(?P<term>[^（\n]+?)(?:（(?P<english>[^\n]+)）)? \{ #(?P<slug>[a-z0-9-]+) \}\n+"
    r"(?P<comments>(?:<!-- (?:(?:also|not): [^\n]+|loose) -->\n+)*)"
    r"(?P<definition>[^\n$`*\[<#]+)\n"
)
_NOT_PROSE = re.compile(  # includes, targets of links, attributes
    r"^.*--8<--.*$|(?<=\])\([^)\n]*\)|\{:? *[#.][^}\n]*\}", re.MULTILINE
)
_NOT_RUNNING = {
    *("a", "abbr", "button", "code", "kbd", "label", "math", "pre", "script", "style"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "summary", "svg", "th"),
}


@dataclass(frozen=True)
class Term:
    """One entry; `forms` begins with the term itself."""

    term: str
    english: str
    definition_text: str
    forms: tuple[str, ...]
    banned: tuple[str, ...]
    loose: bool


def load(language: str, root: Path = ROOT) -> dict[str, Term]:
    """Read the glossary of a language: the terms by their ids, in the page's order."""
    path = root / "docs" / language / "glossary.md"
    return _read(path.read_text("utf-8"), path)


@functools.cache
def _read(page: str, path: Path) -> dict[str, Term]:
    terms = {}
    for text in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
        entry = _ENTRY.match(text)
        if not entry or entry["slug"] in terms:
            raise PluginError(
                f"{path}: an entry is '## term {{ #id }}' with an id of its own, "
                "<!-- also: ... -->, <!-- not: ... --> or <!-- loose -->, and a "
                "definition whose first line has no formula, code or link; got "
                f"{'## ' + text[:200]!r}"
            )
        listed = {"also": [], "not": []}
        for kind, words in re.findall(r"<!-- (\w+): (.+) -->", entry["comments"]):
            listed[kind] += words.split("; ")
        terms[entry["slug"]] = Term(
            term=entry["term"],
            english=entry["english"] or entry["term"],
            definition_text=entry["definition"],
            forms=(entry["term"], *listed["also"]),
            banned=tuple(listed["not"]),
            loose="<!-- loose -->" in entry["comments"],
        )
    return terms


def missing_terms(en_text: str, zh_text: str, root: Path = ROOT) -> list[str]:
    """Compare the words of a page with those of its translation.

    Args:
        en_text: Markdown of the English page.
        zh_text: Markdown of the Chinese page.
        root: Folder that holds docs/en/glossary.md and docs/zh/glossary.md.

    Returns:
        One sentence for each term that only the English page uses and for each banned
        word of the Chinese page.
    """
    english, chinese = load("en", root), load("zh", root)
    prose = _prose(zh_text)
    used = {}
    for slug, match in finder(english)(_prose(en_text)):
        used.setdefault(slug, match[0])
    problems = [
        f"{word!r} on the English page is {chinese[slug].term} in the glossary; the "
        "Chinese page does not say it"
        for slug, word in used.items()
        if not any(_search(form, prose) for form in chinese[slug].forms)
    ]
    problems += [
        f"the glossary says {term.term}, not {word}; the Chinese page says {word}"
        for term in chinese.values()
        for word in term.banned
        if _search(word, prose)
    ]
    return problems


def _prose(text: str) -> str:
    """Return a page without code, formulas, comments, front matter and markup."""
    return _NOT_PROSE.sub(" ", maths.SYNTAX.sub(" ", text))


def _pattern(forms: list[str]) -> re.Pattern[str]:
    """Match a form as a whole word, or anywhere in Chinese text; one group for each."""
    words = [r"[\s-]+".join(map(re.escape, form.split())) for form in forms]
    # Most places in a text are ruled out by the letter there, without trying each form.
    first = "".join(sorted({re.escape(form[0]) for form in forms}))
    choice = "|".join(f"({word})" for word in words)
    return re.compile(
        rf"(?<![A-Za-z0-9_-])(?=[{first}])(?:{choice})s?(?![A-Za-z0-9_-])",
        re.IGNORECASE,
    )


def _search(form: str, text: str) -> re.Match | None:
    return _pattern([form]).search(text)


def finder(terms: dict[str, Term]) -> Callable[[str], Iterator[tuple[str, re.Match]]]:
    """Return a function that yields the ids and places of the terms in a text.

    Longer forms win, so `vector-Jacobian product` does not mention a Jacobian.
    """
    forms = [(f, slug) for slug, t in terms.items() if not t.loose for f in t.forms]
    forms.sort(key=lambda pair: -len(pair[0]))
    pattern = _pattern([form for form, _ in forms])

    def find(text: str) -> Iterator[tuple[str, re.Match]]:
        for match in pattern.finditer(text):
            yield forms[match.lastindex - 1][1], match

    return find


_page: tuple[str, Path] | None = None


def set_page(source: str, root: Path = ROOT) -> None:
    """Say which page is converted next, as `zh/foundations/norms.md`."""
    global _page
    _page = source, root


def current_page() -> tuple[str, str, Path]:
    """Return the language of the page, its path below docs/<language>, and the root."""
    if _page is None:
        raise RuntimeError(
            "sitetools.glossary and sitetools.concepts must know the page they are on, "
            "got none: call sitetools.glossary.set_page(source) before converting it"
        )
    language, _, path = _page[0].partition("/")
    return language, path, _page[1]


class _Linker(Treeprocessor):
    """Links the first use of each term in running prose to the glossary."""

    def run(self, root: Element) -> None:
        language, path, folder = current_page()
        if path == "glossary.md":
            return
        self.terms = load(language, folder)
        self.find = finder(self.terms)
        self.target = "../" * path.count("/") + "glossary.md#"
        self.seen: set[str] = set()
        self.walk(root)

    def walk(self, element: Element) -> None:
        if element.tag == "a":
            self.mark(element, element.get("href", ""))
        quiet = element.get("class") in ("admonition-title", "take-away")
        if quiet or element.tag in _NOT_RUNNING:
            return
        children = list(element)
        element.text = self.link(element, 0, element.text)
        for child in children:
            self.walk(child)
            after = list(element).index(child) + 1
            child.tail = self.link(element, after, child.tail)

    def mark(self, link: Element, target: str) -> None:
        """Give a link to the glossary its tooltip."""
        slug = target.removeprefix(self.target)
        if slug != target and slug in self.terms:
            link.set("class", "term")
            link.set("title", self.terms[slug].definition_text)
            self.seen.add(slug)

    def link(self, parent: Element, index: int, text: str | None) -> str | None:
        """Put links for the terms in `text` at `index`; return the text before them."""
        if not text:
            return text
        links, parts = [], [0]
        for slug, match in self.find(text):
            if slug not in self.seen:
                link = Element("a", {"href": self.target + slug})
                link.text = match[0]
                self.mark(link, self.target + slug)
                links.append(link)
                parts += match.span()
        parts.append(len(text))
        for link, start, end in zip(links, parts[2::2], parts[3::2], strict=True):
            link.tail = text[start:end]
        parent[index:index] = links
        return text[: parts[1]]


class GlossaryExtension(Extension):
    """Python-Markdown extension: `- sitetools.glossary` in mkdocs.yml."""

    def extendMarkdown(self, md: Markdown) -> None:
        # After inline markup and attr_list; before MkDocs checks links, at priority 0.
        md.treeprocessors.register(_Linker(md), "glossary", 6)


def makeExtension(**options: object) -> GlossaryExtension:
    """Return the extension, as Python-Markdown asks for it."""
    return GlossaryExtension(**options)
