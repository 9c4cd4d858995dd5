"""What a reader takes away from the built site: it is there, whole, and it runs."""

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from built_site import parse
from frameworks import need
from sitetools import downloads, outputs, pages, programs, verified

ROOT = Path(__file__).parents[1]
PAGES = [
    (language, page.path.relative_to(ROOT / "docs" / language).with_suffix(""))
    for language in pages.LANGUAGES
    for page in pages.concept_pages(ROOT, language)
]


def folder_of(site, language, name):
    return site / ("" if language == "en" else language) / name


@pytest.mark.parametrize(("language", "name"), PAGES, ids=lambda part: str(part))
def test_every_link_leads_to_a_whole_program_or_notebook(site_dir, language, name):
    folder = folder_of(site_dir, language, name)
    html = (folder / "index.html").read_text(encoding="utf-8")
    linked = {link["href"] for link in parse(html).select("a[download]")}
    for framework in programs.FRAMEWORKS:
        concept = str(name).replace("-", "_")
        path = ROOT / "snippets" / f"{concept}_{framework}.md"
        if programs.is_lab(path):
            assert not linked
            assert f"../{path.stem}.ipynb" in html
            continue
        for program in downloads.loaded(path).values():
            file = folder / downloads.file_name(program)
            text = file.read_text(encoding="utf-8")
            head = text.removesuffix(program.code)
            assert text.endswith(program.code)
            assert len(head.splitlines()) == 5
            assert f"/{name}/, MIT License" in head
            assert f"# Verified with {downloads.LABELS[framework]} " in head
            assert f"pip install {framework}==" in head
            linked.remove(file.name)
        notebook = nbformat.read(folder / f"{path.stem}.ipynb", 4)
        wanted = f"`pip install {framework}=="
        assert any(wanted in cell.source for cell in notebook.cells)
        linked.remove(f"{path.stem}.ipynb")
    assert not linked, "links without a file"


@pytest.mark.parametrize(("language", "name"), PAGES, ids=lambda part: str(part))
def test_every_program_has_its_stamp(site_dir, language, name):
    html = (folder_of(site_dir, language, name) / "index.html").read_text("utf-8")
    shown = {}
    for code in parse(html).select("div.language-python pre"):
        line = code.find_next("p", class_="take-away")
        # The cells of a lab may read the same in both tabs.
        shown.setdefault(code.get_text(), []).append(line.get_text())
        assert not line.find_all("a", class_="term"), "a stamp is no running text"
    for framework in programs.FRAMEWORKS:
        concept = str(name).replace("-", "_")
        path = ROOT / "snippets" / f"{concept}_{framework}.md"
        for program in downloads.loaded(path).values():
            stamp = verified.stamp(program, language)
            assert stamp != verified.TEXT[language]["stale"]
            assert any(line.endswith(stamp) for line in shown[program.code])


@pytest.mark.parametrize("half", programs.FRAMEWORKS)
def test_a_downloaded_program_runs_alone(site_dir, tmp_path, half):
    need(half)
    name = f"norms_scratch_{half}.py"
    file = tmp_path / name
    file.write_bytes((site_dir / "foundations/norms" / name).read_bytes())

    done = subprocess.run(
        [sys.executable, "-I", name], cwd=tmp_path, capture_output=True, text=True
    )

    path = ROOT / f"snippets/foundations/norms_{half}.md"
    [program] = [p for p in programs.load(path, ROOT) if p.section == "scratch"]
    assert done.returncode == 0, done.stderr
    assert not outputs.differences(program.output, done.stdout)


def test_the_versions_are_those_that_were_tested(site_dir):
    text = (site_dir / "foundations/norms/norms_unit_balls_torch.py").read_text()
    needed = re.search(r"pip install (.*)$", text, re.MULTILINE)[1].split()
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert [pin.partition("==")[0] for pin in needed] == [
        "torch",
        "numpy",
        "matplotlib",
    ]
    assert all(f"\n{pin}" in pins for pin in needed)
