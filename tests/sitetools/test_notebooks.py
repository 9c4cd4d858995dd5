"""The notebooks: nothing lost on the way from the page, and what they show is so."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from frameworks import need
from sitetools import downloads, notebooks, outputs, pages, programs

ROOT = Path(__file__).parents[2]
LABS = list(notebooks.labs())
PAGES = [page for lang in pages.LANGUAGES for page in pages.concept_pages(ROOT, lang)]


def test_every_lab_has_its_four_notebooks():
    written = {path for path in ROOT.glob("docs/??/*/*.ipynb")}
    assert written == {file for file, _, _ in LABS}
    assert len(written) >= 4


@pytest.mark.parametrize(
    ("file", "page", "loaded"), LABS, ids=[str(lab[0].parent.name) for lab in LABS]
)
def test_a_committed_notebook_is_what_the_page_says(file, page, loaded):
    same = file.read_text(encoding="utf-8") == notebooks.build(page, loaded)
    assert same, f"{file} is stale: run `make outputs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.path.relative_to(ROOT)))
def test_a_page_becomes_a_notebook_without_loss(page):
    for framework in programs.FRAMEWORKS:
        name = f"{page.path.parent.name}/{page.path.stem}_{framework}.md"
        path = ROOT / "snippets" / name.replace("-", "_")
        text = notebooks.build(page, [*downloads.loaded(path).values()])
        notebook = nbformat.reads(text, 4)
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        wanted = [i.partition(":") for i in page.includes if f"_{framework}.md" in i]
        assert [cell.id for cell in code] == [section for *_, section in wanted]
        prose = [cell.source for cell in notebook.cells if cell.cell_type != "code"]
        for mark in ("--8<--", "{ #", "???", '=== "', ".md)", "](#", "\n    "):
            assert not any(mark in text for text in prose), mark
        text = "\n".join(prose)
        assert text.count("$$") == 2 * sum(f.display for f in page.formulas)
        assert text.count(r"\tag{") == len(page.equations)
        for _, title, _ in page.headings:
            assert f"# {title}\n" in f"{text}\n"


def notebooks_to_run():
    """Every notebook; in every run those of one page, and of the labs one half."""
    for page in PAGES:
        for half in programs.FRAMEWORKS:
            name = f"{page.path.parent.name}/{page.path.stem}_{half}".replace("-", "_")
            path = ROOT / "snippets" / f"{name}.md"
            language = page.path.parents[1].name
            lab, norms = programs.is_lab(path), page.path.stem == "norms"
            chosen = norms if language == "zh" else lab and half == "torch"
            marks = [] if chosen else [pytest.mark.slow]
            yield pytest.param(page, path, half, id=f"{language}/{name}", marks=marks)


@pytest.mark.parametrize(("page", "path", "half"), [*notebooks_to_run()])
def test_jupyter_prints_what_the_notebook_shows(page, path, half, tmp_path):
    need(half)
    notebook = nbformat.reads(notebooks.build(page, programs.load(path, ROOT)), 4)
    built = [cell for cell in notebook.cells if cell.cell_type == "code"]
    shown = [cell.outputs for cell in built]

    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=120, resources=resources).execute()

    for cell, before in zip(built, shown, strict=True):
        assert printed(cell.outputs, "stderr") == "", cell.id
        texts = [printed(side, "stdout") for side in (before, cell.outputs)]
        found = outputs.differences(*map(renumbered, texts))
        assert not found, f"{cell.id}: {found}"
        drawn = [
            {"display_data"} <= {output.output_type for output in side}
            for side in (before, cell.outputs)
        ]
        assert drawn[0] == drawn[1], cell.id


def renumbered(text: str) -> str:
    """The text with MXNet's automatic names counted from 0 in this output.

    MXNet counts them through the whole process, so in a notebook from cell to cell.
    """
    seen: dict[str, dict[str, int]] = {}

    def number(match: re.Match[str]) -> str:
        known = seen.setdefault(match[1], {})
        return f"{match[1]}{known.setdefault(match[2], len(known))}"

    return re.sub(r"\b(dense|batchnorm|null|var)(\d+)", number, text)


def test_names_are_renumbered_and_nothing_else():
    text = "dense6_weight dense7_bias dense6_bias float32 var9"
    assert renumbered(text) == "dense0_weight dense1_bias dense0_bias float32 var0"
    assert renumbered("dense6 dense6") != renumbered("dense6 dense7")


def printed(cell_outputs: list, stream: str) -> str:
    """Everything that a cell printed to a stream."""
    return "".join(
        output["text"]
        for output in cell_outputs
        if output["output_type"] == "stream" and output["name"] == stream
    )
