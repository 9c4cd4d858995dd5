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
