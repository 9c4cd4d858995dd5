"""The museum keeps up with the project: every fault can still be made."""

import shutil

import pytest

from faults import museum

FAULTS = museum.load()


def test_there_are_enough_faults_of_every_kind():
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 40
    kinds = [path.stem for path in museum.HERE.glob("*.yml")]
    assert sorted(kinds) == ["pages", "programs", "site", "twins"]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_can_be_made(fault, tmp_path):
    for change in fault.changes:
        target = tmp_path / change["file"]
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(museum.ROOT / change["file"], target)

    fault.apply(tmp_path)

    for change in fault.changes:
        before = (museum.ROOT / change["file"]).read_bytes()
        assert (tmp_path / change["file"]).read_bytes() != before
    fault.restore(tmp_path)
    for change in fault.changes:
        before = (museum.ROOT / change["file"]).read_bytes()
        assert (tmp_path / change["file"]).read_bytes() == before


def test_two_runs_hold_the_runs_of_all_faults():
    runs = ["tests/a.py -k one", 'tests/a.py -k "two and three"']
    runs += ["tests/b.py::four", "--codeblocks snippets/c.md -x"]
    faults = [museum.Fault(run, [], run, "") for run in runs]
    named = ["--codeblocks", "snippets/c.md", "tests/b.py::four"]
    picked = ["-k", "(one) or (two and three)", "tests/a.py"]
    assert museum.suites(faults) == [named, picked]
    assert museum.suites(faults[:1]) == [["-k", "(one)", "tests/a.py"]]


def test_a_script_and_a_sheet_are_changed_in_the_site_that_was_built(tmp_path):
    script = "docs/assets/javascripts/site.js"
    sheet = "docs/assets/stylesheets/site.css"
    built = {
        "site/assets/javascripts/site.js": script,
        "site/assets/stylesheets/all.css": sheet,
    }
    for path, name in built.items():
        text = (museum.ROOT / name).read_text("utf-8")
        write(tmp_path / "built" / path, f"/* more */{text}")
        write(tmp_path / "copy" / name, f"new {name}")
    target = tmp_path / "changed"

    def change(*names):
        fault = museum.Fault("", [{"file": name} for name in names], "", "")
        return museum.change_site(fault, tmp_path / "copy", tmp_path / "built", target)

    for name in ("docs/assets/figures/a.js", "docs/en/index.md", "mkdocs.yml"):
        assert not change(script, name)
    assert not target.exists()
    assert change(script, sheet)
    for path, name in built.items():
        assert (target / path).read_text("utf-8") == f"/* more */new {name}"


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
