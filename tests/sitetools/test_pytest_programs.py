"""The program runner, on a toy project: what must fail, fails and says where."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from sitetools import availability, device, programs, runner

SOURCE = Path(__file__).parents[2] / "src"
ENVIRONMENT = {
    "PYTHONPATH": str(SOURCE),
    "PYTEST_ADDOPTS": "-p no:hypothesispytest",  # a second to import, and not needed
    device.VARIABLE: "",  # on the CPU: outputs are not rewritten on another device
}
pytestmark = pytest.mark.skipif(
    bool(availability.missing("torch")) and not availability.required("torch"),
    reason="the toy project is written in torch",
)

# name: (program, shown output or None, what the report must say or None if it passes)
CASES = {
    "good": ("print(double(2.0))", "4.0", None),
    "text": ("print('a')", "b", "expected 'b', got 'a'"),
    "digit": ("print(0.5108)", "0.5118", "expected '0.5118', got '0.5108'"),
    "unshown": ("assert True\nprint('more')", None, "it prints what no page shows"),
    "silent": ("x = 1", "1", "expected 1 lines, got 0"),
    "raises": ("double('a', 'b')", "x", "double() takes 1 positional"),
    "deep": ("double(None)", "x", "src/twinnotes/toys/toy_torch.py:4"),
    "warns": (
        "import warnings\nwarnings.warn('old')\nprint(1)",
        "1",
        "it printed to standard error",
    ),
    "project": ("import twinnotes\nprint(1)", "1", "No module named 'twinnotes'"),
    "tools": ("import sitetools\nprint(1)", "1", "No module named 'sitetools'"),
    "exits": ("print(1)\nraise SystemExit(3)", "1", "it raised"),
    "dies": ("import os\nos.abort()", "1", "it was ended by signal 6"),
    # Each program has a process and a folder of its own, in either order.
    "leaves": (
        "import builtins, os, torch\n"
        "builtins.left = 1\ntorch.set_default_dtype(torch.float64)\n"
        "open('left', 'w').close()\nprint(sorted(os.listdir()))",
        "['left', 'program.py']",
        None,
    ),
    "finds": (
        "import builtins, os, torch\n"
        "print(hasattr(builtins, 'left'), torch.get_default_dtype())\n"
        "print(sorted(os.listdir()))",
        "False torch.float32\n['program.py']",
        None,
    ),
    "main": ("if __name__ == '__main__':\n    print('main')", "main", None),
    "figure": (
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
        None,
        "it draws a figure, but",
    ),
    "c-level": ("import os\nos.system('echo from below')", "from below", None),
}
COLD = ("good", "digit", "deep", "warns", "project", "leaves", "finds")


def write_project(root):
    """A project of one concept whose programs are the cases."""
    concept = root / "src/twinnotes/toys/toy_torch.py"
    concept.parent.mkdir(parents=True)
    concept.write_text('"""Toy."""\n\ndef double(x):\n    return 2 * x\n')
    lines = []
    for name, (code, shown, _) in CASES.items():
        output = (
            f"<!--pytest-codeblocks:expected-output-->\n\n```text\n{shown}\n```\n\n"
        )
        lines.append(
            f"<!-- --8<-- [start:{name}] -->\n\n"
            '```python\n--8<-- "twinnotes/toys/toy_torch.py"\n\n'
            f"{code}\n```\n\n{output if shown else ''}<!-- --8<-- [end:{name}] -->\n"
        )
    snippets = root / "snippets/toys/toy_torch.md"
    snippets.parent.mkdir(parents=True)
    snippets.write_text("\n".join(lines))
    (root / "pyproject.toml").write_text(
        "[tool.pytest.ini_options]\naddopts = ['-p', 'sitetools.pytest_programs']\n"
    )
    return snippets


def run_pytest(root, *options):
    return subprocess.run(
        [sys.executable, "-m", "pytest", "--codeblocks", *options, "snippets"],
        cwd=root,
        env={**os.environ, **ENVIRONMENT},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """What pytest reports of each case, forked and cold."""
    root = tmp_path_factory.mktemp("project")
    write_project(root)
    found = {}
    for mode, options in (
        ("forked", []),
        ("cold", ["--cold", "-k", " or ".join(COLD)]),
    ):
        done = run_pytest(root, "--junitxml", f"{mode}.xml", *options)
        assert done.returncode == 1, done.stdout
        cases = ElementTree.parse(root / f"{mode}.xml").iter("testcase")
        found[mode] = {case.get("name"): "".join(case.itertext()) for case in cases}
    return found


@pytest.mark.parametrize(
    ("mode", "name"),
    [*(("forked", name) for name in CASES), *(("cold", name) for name in COLD)],
)
def test_case(reports, mode, name):
    report, says = reports[mode][name], CASES[name][2]
    if says is None:
        assert not report
    else:
        assert says in report
        assert "docs/en/toys/toy.md, docs/zh/toys/toy.md" in report
        assert f"snippets/toys/toy_torch.md [{name}]" in report


def test_outputs_are_rewritten_and_then_agree(tmp_path):
    snippets = write_project(tmp_path)
    before = snippets.read_text()
    run_pytest(tmp_path, "--update-outputs", "-k", "digit or figure or raises")
    after = snippets.read_text()
    assert "0.5118" in before
    assert "0.5118" not in after
    assert "0.5108" in after
    again = run_pytest(tmp_path, "-k", "digit or figure")
    assert again.returncode == 0, again.stdout
    assert (tmp_path / "docs/assets/figures/toys/toy/figure.svg").exists()
    # The rest is as it was: only what ran and passed is rewritten.
    assert before.replace("0.5118", "0.5108").split() == after.split()
    record = json.loads((tmp_path / "snippets/toys/toy.verified.json").read_text())
    assert set(record["torch"]) == {"digit", "figure"}
    [ran] = record["environments"].values()
    assert ran.keys() == {"torch", "numpy", "python", "cpu"}
    assert ran["python"] == platform.python_version()


LAB = {  # section: (cell, shown output)
    "one": ('--8<-- "twinnotes/toys/toy_torch.py"\nx = double(2)\nprint(x)', "4"),
    "two": ("x += 1\nprint(x)\nopen('left', 'w').close()", "5"),
    "three": (
        "import os\nimport matplotlib.pyplot as plt\n"
        "print(double(x), os.listdir())\nplt.plot([x, 1])\nplt.show()",
        "10 ['left']",
    ),
}


def write_lab(root, **changed):
    """A project whose only snippet file is a lab."""
    snippets = write_project(root)
    cells = [
        programs.Program(snippets, name, code.splitlines(), 1, f"{shown}\n", lab=True)
        for name, (code, shown) in (LAB | changed).items()
    ]
    snippets.write_text(programs.dump(cells))
    return snippets


def test_the_cells_of_a_lab_continue_each_other(tmp_path):
    snippets = write_lab(tmp_path)
    right = snippets.read_text()
    assert right.startswith(programs.LAB_MARKER)
    snippets.write_text(right.replace("\n5\n", "\nwrong\n"))
    run_pytest(tmp_path, "--update-outputs")
    assert snippets.read_text() == right
    assert (tmp_path / "docs/assets/figures/toys/toy/three.svg").exists()
    done = run_pytest(tmp_path, "--cold")
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("x += 1\nprint(x + 1)", "expected '5', got '6'"),
        ("double(None)", "src/twinnotes/toys/toy_torch.py:4"),
    ],
)
def test_a_cell_that_fails_is_named(tmp_path, cell, says):
    write_lab(tmp_path, two=(cell, "5"))
    done = run_pytest(tmp_path)
    assert done.returncode == 1
    assert says in done.stdout
    assert "snippets/toys/toy_torch.md [two]" in done.stdout


def test_a_broken_file_is_an_error_not_a_skip(tmp_path):
    snippets = write_project(tmp_path)
    snippets.write_text(snippets.read_text().replace("```python", "```py", 1))
    done = run_pytest(tmp_path)
    assert done.returncode != 0
    assert "opens with exactly ```python" in done.stdout


def test_an_endless_program_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(runner, "LIMIT", 1)
    path = tmp_path / "toy_torch.md"
    code = "import time\nwhile True:\n    time.sleep(1)\n"
    for cold in (False, True):
        executor = runner.Runner(cold=cold)
        if cold:
            monkeypatch.setattr(runner, "LIMIT", 8)
        program = programs.Program(path, "endless", [], 1, None, code=code)
        [result] = executor.run([program])
        executor.close()
        assert result.status == -14
