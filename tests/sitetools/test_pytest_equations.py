"""Equations and tests are bound both ways, on a project made for it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ENVIRONMENT = {
    "PYTHONPATH": str(Path(__file__).parents[2] / "src"),
    "PYTEST_ADDOPTS": "-p no:hypothesispytest",  # a second to import, and not needed
}
PAGE = """\
---
title: Toy
---

# Toy { #toy }

$$
y = 2x
$$ { #double }

$$
y = 3x
$$ { #triple }
"""
TEST = """\
import pytest

@pytest.mark.equation("double")
def test_double():
    assert 2 * 2 == 4

@pytest.mark.equation("triple")
def test_triple():
    assert 3 * 2 == 6
"""
OTHER = "def test_other():\n    pass\n"


@pytest.fixture
def run(tmp_path):
    """A function that runs the toy project with this test file."""
    for name in ("docs/en/toys/toy.md", "docs/zh/toys/toy.md"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(PAGE)
    (tmp_path / "tests/toys").mkdir(parents=True)
    (tmp_path / "tests/toys/test_other.py").write_text(OTHER)
    (tmp_path / "pyproject.toml").write_text(
        "[tool.pytest.ini_options]\naddopts = ['-p', 'sitetools.pytest_equations']\n"
        "markers = ['equation(id): x']\n"
    )

    def run_pytest(test, *options):
        (tmp_path / "tests/toys/test_toy.py").write_text(test)
        return subprocess.run(
            [sys.executable, "-m", "pytest", *(options or ("tests",))],
            cwd=tmp_path,
            env={**os.environ, **ENVIRONMENT},
            capture_output=True,
            text=True,
        )

    return run_pytest


@pytest.mark.parametrize("options", [(), ("-n", "2", "tests")], ids=str)
def test_green_when_each_equation_has_its_test(run, options):
    assert run(TEST, *options).returncode == 0


@pytest.mark.parametrize(
    "broken",
    [
        TEST.replace('@pytest.mark.equation("triple")\n', ""),
        TEST.replace('@pytest.mark.equation("triple")', '@pytest.mark.skip("later")'),
        TEST.replace('equation("triple")', 'equation("double")'),
        TEST.replace("def test_triple():", "@pytest.mark.skip\ndef test_triple():"),
    ],
    ids=["no mark", "another mark", "another equation", "skipped"],
)
@pytest.mark.parametrize("options", [(), ("-n", "2", "tests")], ids=str)
def test_red_when_no_test_that_passed_checks_an_equation(run, broken, options):
    done = run(broken, *options)
    assert done.returncode == 1
    assert "docs/en/toys/toy.md: no test that passed checks equation #triple" in (
        done.stdout
    )


def test_red_when_a_mark_names_no_equation(run):
    done = run(TEST + '\n@pytest.mark.equation("quad")\ndef test_q():\n    pass\n')
    assert done.returncode == 1
    assert "names the id of an equation on a page, got 'quad'" in done.stdout


def test_a_part_of_the_tests_does_not_ask_for_all_equations(run):
    broken = TEST.replace('@pytest.mark.equation("triple")\n', "")
    assert run(broken, "tests/toys/test_toy.py::test_double").returncode == 0
    assert run(broken, "-k", "double").returncode == 0
    assert run(broken, "tests/toys/test_other.py").returncode == 0
    assert run(broken, "tests/toys/test_toy.py").returncode == 1
