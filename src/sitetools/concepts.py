"""The list of the concepts covered so far, put into the pages that ask for it.

concepts.yml names every concept. The English page of a concept lists its ids in the
front matter, `covers: [l1-norm, l2-norm]`. A line `<!-- concepts -->` on a page becomes
the list of what is covered: the chapters and pages in the order of mkdocs.yml's nav,
under their own titles, each concept linked to the pages that show it.
"""

import difflib
import re
from pathlib import Path

import yaml
from markdown import Extension, Markdown
from markdown.preprocessors import Preprocessor
from mkdocs.exceptions import PluginError
from mkdocs.utils import meta

from sitetools import glossary

MARKER = "<!-- concepts -->"


_SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # where it has libyaml


class _Loader(_SafeLoader):
    """Reads mkdocs.yml; the values of its tags, `!ENV` and the like, do not matter."""


_Loader.add_multi_constructor("", lambda loader, tag, node: None)


def names(root: Path = glossary.ROOT) -> dict[str, dict[str, str]]:
    """Return {id: {"en": name, "zh": name}} from concepts.yml, in its order."""
    return yaml.load((root / "concepts.yml").read_text("utf-8"), _SafeLoader)


def nav(language: str, root: Path = glossary.ROOT) -> list[tuple[str, list[str]]]:
    """Return mkdocs.yml's nav: the chapters, title in the language, and their pages.

    A page that is in no chapter has an entry of its own, whose title is empty.
    """
    config = yaml.load((root / "mkdocs.yml").read_text("utf-8"), _Loader)
    plugins = [plugin for plugin in config["plugins"] if isinstance(plugin, dict)]
    i18n = next(plugin["i18n"] for plugin in plugins if "i18n" in plugin)
    translations = next(
        entry.get("nav_translations", {})
        for entry in i18n["languages"]
        if entry["locale"] == language
    )
    entries = []
    for entry in config["nav"]:
        [(title, pages)] = entry.items() if isinstance(entry, dict) else [("", entry)]
        if isinstance(pages, str):
            title, pages = "", [pages]
        entries.append((translations.get(title, title), pages))
    return entries


def chapters(language: str, root: Path = glossary.ROOT) -> list[tuple[str, list[str]]]:
    """Return the chapters of mkdocs.yml's nav: title in the language, and its pages."""
    return [(title, pages) for title, pages in nav(language, root) if title]


def covered(root: Path = glossary.ROOT) -> dict[str, list[str]]:
    """Return the pages that show each concept, as {id: ["foundations/norms.md"]}.

    Raises:
        PluginError: A page that is not English has `covers`, an id is not one of
            concepts.yml, or the page is in no chapter of the nav.
    """
    known = names(root)
    in_nav = {page for _, pages in chapters("en", root) for page in pages}
    pages_of: dict[str, list[str]] = {}
    for path in sorted((root / "docs").rglob("*.md")):
        ids = meta.get_data(path.read_text("utf-8"))[1].get("covers")
        language, _, page = path.relative_to(root / "docs").as_posix().partition("/")
        if ids is None:
            continue
        if language != "en" or page not in in_nav:
            raise PluginError(
                f"{path}: `covers` belongs to an English page in a chapter of "
                f"mkdocs.yml's nav, got {language}/{page}; move it, or add the page"
            )
        for name in ids:
            if name not in known:
                close = difflib.get_close_matches(str(name), known, 1, 0)[0]
                raise PluginError(
                    f"{path}: `covers` lists ids of concepts.yml, got {name!r}; "
                    f"did you mean {close!r}?"
                )
            pages_of.setdefault(name, []).append(page)
    return pages_of


def title(path: Path) -> str:
    """Return the title of a page: front matter, or else its first heading."""
    text, data = meta.get_data(path.read_text("utf-8"))
    return data.get("title") or re.search(r"^# (.+?)(?: \{.*\})?$", text, re.M)[1]


def listing(language: str, root: Path = glossary.ROOT) -> str:
    """Return the list as Markdown for docs/<language>/concepts.md."""
    known, pages_of = names(root), covered(root)
    lines = []
    for chapter, pages in chapters(language, root):
        heading = ["", f"## {chapter} {{ #{pages[0].partition('/')[0]} }}", ""]
        for page in pages:
            if ids := [name for name in known if page in pages_of.get(name, [])]:
                lines += heading
                lines.append(f"- [{title(root / 'docs' / language / page)}]({page})")
                lines += [f"    - [{known[name][language]}]({page})" for name in ids]
                heading = []
    return "\n".join(lines)


class _Concepts(Preprocessor):
    def run(self, lines: list[str]) -> list[str]:
        if MARKER not in lines:
            return lines
        language, _, root = glossary.current_page()
        place = lines.index(MARKER)
        return lines[:place] + listing(language, root).split("\n") + lines[place + 1 :]


class ConceptsExtension(Extension):
    """Python-Markdown extension: `- sitetools.concepts` in mkdocs.yml."""

    def extendMarkdown(self, md: Markdown) -> None:
        # Before comments are put aside, at priority 20.
        md.preprocessors.register(_Concepts(md), "concepts", 30)


def makeExtension(**options: object) -> ConceptsExtension:
    """Return the extension, as Python-Markdown asks for it."""
    return ConceptsExtension(**options)
