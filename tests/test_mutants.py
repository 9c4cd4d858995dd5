"""Mutation testing sees a weak test, and its list of equivalent mutants is in order."""

import os

import pytest

from mutants import mutate

CONCEPT = '''"""A concept."""


def first(x: int) -> int:
    return x + 1


class Scale:
    """A class."""

    def by(self, x: int, factor: int = 2) -> int:
        """Multiply."""
        if x < 0:
            raise ValueError(
                "x must not be negative"
            )
        product = x * factor
        return product
'''
TEST = """import pytest

from twinnotes.a import b_torch


def test_first():
    assert b_torch.first(1) == 2


def test_scale():
    assert b_torch.Scale().by(2, 1) == 2
    assert b_torch.Scale().by(0, 1) == 0
    with pytest.raises(ValueError, match="must not"):
        b_torch.Scale().by(-1, 1)
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with one concept, half of it well tested."""
    for name, text in {
        "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["src"]\n',
        "docs/en/a/b.md": "",
        "src/twinnotes/__init__.py": "",
        "src/twinnotes/a/__init__.py": "",
        "src/twinnotes/a/b_torch.py": CONCEPT,
        "tests/a/test_b.py": TEST,
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(mutate, "ROOT", tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    return tmp_path


@pytest.mark.skipif(os.name == "nt", reason="mutmut forks, which Windows cannot")
def test_a_weak_test_is_seen(project):
    (judge, files), *_ = mutate.chosen([]).items()
    mutants = mutate.examine(judge, files)

    assert (judge, files) == ("tests/a/test_b.py", ["src/twinnotes/a/b_torch.py"])
    by_function = {"first": [], "by": []}
    for mutant in mutants:
        by_function["first" if "x_first" in mutant.name else "by"].append(mutant)
    assert len(by_function["first"]) == 2  # x - 1 and x + 2
    assert {m.status for m in by_function["first"]} == {"killed"}
    survivors = [m for m in by_function["by"] if m.status == "survived"]
    assert {m.change: m.line for m in survivors} == {
        "- def by(self, x: int, factor: int = 2) -> int:\n"
        "+ def by(self, x: int, factor: int = 3) -> int:": 11,
        "- product = x * factor\n+ product = x / factor": 17,
    }

    wrong = mutate.verdict(mutants, files, [], all_files=False)
    assert len(wrong) == 2
    assert all(w.startswith("src/twinnotes/a/b_torch.py:1") for w in wrong)
    entries = [{"file": m.file, "change": f"{m.change}\n"} for m in survivors]
    assert mutate.verdict(mutants, files, entries, all_files=False) == []
    (low,) = mutate.verdict(mutants, files, entries, all_files=True)
    assert "less than 98 %" in low
    assert "2 survived (2 listed)" in mutate.summary("it", mutants, entries)

    gone = {"file": files[0], "change": "- if x < 0:\n+ if x == 0:\n"}
    (stale,) = mutate.verdict(mutants, files, [*entries, gone], all_files=False)
    assert "no such survivor" in stale


def test_a_file_without_mutants_is_not_a_success():
    assert mutate.verdict([], ["src/a.py"], [], all_files=False) == [
        "src/a.py: no mutants"
    ]


def test_every_file_has_its_judge():
    judged = [file for files in mutate.judges().values() for file in files]
    sources = mutate.ROOT.glob("src/twinnotes/**/*.py")
    wanted = {p.relative_to(mutate.ROOT).as_posix() for p in sources}
    wanted = {path for path in wanted if not path.endswith("/__init__.py")}
    assert sorted(judged) == sorted(wanted)
    for test in mutate.judges():
        assert (mutate.ROOT / test).is_file(), test


def test_files_are_chosen_by_a_word_in_their_path_or_their_tests():
    twins = [f"src/twinnotes/foundations/norms_{f}.py" for f in ("mxnet", "torch")]
    test = "tests/foundations/test_norms.py"

    assert mutate.chosen([test, "no such word"]) == {test: twins}
    assert mutate.chosen(["norms_torch"]) == {test: twins[1:]}
    assert mutate.chosen([]) == mutate.judges()


ENTRIES = mutate.load()


def test_equivalent_mutants_are_listed_once():
    keys = [(entry["file"], entry["change"]) for entry in ENTRIES]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: e["file"].split("/")[-1])
def test_an_equivalent_mutant_changes_a_line_that_is_there(entry):
    assert sorted(entry) == ["change", "file", "why"] and entry["why"]
    lines = (mutate.ROOT / entry["file"]).read_text(encoding="utf-8").splitlines()
    before = [c[2:] for c in entry["change"].splitlines() if c.startswith("- ")]
    assert before
    assert "\n".join(before) in "\n".join(line.strip() for line in lines)
