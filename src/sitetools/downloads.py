"""What stands under each program: its file to download, and on what it last ran.

The hooks call `add_links` before a page is converted and `write` once it is built; the
files lie beside the page, with the whole page as a notebook. The programs of a lab do
not run alone: it has only the notebook, which is committed.
"""

import functools
import re
from pathlib import Path

from sitetools import notebooks, pages, programs, verified
from sitetools.verified import LABELS

ROOT = Path(__file__).parents[2]
NOTEBOOK = {"en": "This page as a notebook:", "zh": "本页的笔记本："}
PROGRAM = {"en": "Download", "zh": "下载"}

_INCLUDE = re.compile(r'^( *)--8<-- "(\w+/\w+_(torch|mxnet)\.md):([\w-]+)"$', re.M)
_QUIET = '{: .take-away data-search-exclude="true" }'
_TITLE = re.compile(r"^# .*$", re.MULTILINE)


@functools.cache
def loaded(path: Path) -> dict[str, programs.Program]:
    """Read a snippet file once per build; `loaded.cache_clear()` begins a build."""
    return {program.section: program for program in programs.load(path, ROOT)}


def file_name(program: programs.Program) -> str:
    """Name of a program's file: norms_unit_balls_torch.py."""
    section = program.section.replace("-", "_")
    return f"{program.concept}_{section}_{program.framework}.py"


def script(program: programs.Program, page: pages.Page, url: str) -> str:
    """The program as a file, under a comment that says where it comes from."""
    needs = notebooks.requirements([program], ROOT)
    record = verified.read(verified.path_of(program))
    entry = verified.entry_of(program)
    ran = verified.versions(entry, record) if entry else "nothing since it was changed"
    return "\n".join(
        [
            f"# {page.meta['title']}: {program.section} ({LABELS[program.framework]})",
            f"# From Twin Notes, {url}, MIT License.",
            f"# Verified with {ran}.",
            f"# Install: pip install {needs}",
            "",
            program.code,
        ]
    )


def add_links(markdown: str, path: Path, language: str) -> str:
    """Put a link and a stamp under every program, the notebooks under the title.

    Args:
        markdown: Text of the page, without front matter.
        path: The page's file.
        language: "en" or "zh".
    """
    alone = False

    def below(match: re.Match[str]) -> str:
        nonlocal alone
        program = loaded(ROOT / "snippets" / match[2])[match[4]]
        line = verified.stamp(program, language)
        if not program.lab:
            alone = True
            name = file_name(program)
            line = f'<a href="{name}" download>{PROGRAM[language]} {name}</a><br>{line}'
        return f"{match[0]}\n\n{match[1]}{line}\n{match[1]}{_QUIET}"

    linked = _INCLUDE.sub(below, markdown)
    if not alone:  # a lab, whose text links its notebooks, or no programs
        return linked
    name = path.stem.replace("-", "_")
    links = ", ".join(
        f'<a href="{name}_{framework}.ipynb" download>{label}</a>'
        for framework, label in LABELS.items()
    )
    row = f"{NOTEBOOK[language]} {links}\n{_QUIET}"
    return _TITLE.sub(lambda match: f"{match[0]}\n\n{row}", linked, count=1)


def write(path: Path, folder: Path, url: str) -> None:
    """Write the files that a page links to.

    Args:
        path: The page's file.
        folder: Where the built page lies.
        url: The page's address.
    """
    page = pages.Page(path)
    for framework in LABELS:
        name = f"{path.parent.name}/{path.stem}_{framework}".replace("-", "_")
        snippets = ROOT / "snippets" / f"{name}.md"
        if not snippets.is_file() or programs.is_lab(snippets):
            continue
        found = loaded(snippets)
        for program in found.values():
            text = script(program, page, url)
            (folder / file_name(program)).write_text(text, "utf-8", newline="\n")
        notebook = notebooks.build(page, list(found.values()), ROOT)
        (folder / f"{Path(name).name}.ipynb").write_text(
            notebook, "utf-8", newline="\n"
        )
