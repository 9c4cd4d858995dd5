"""make matrix: what a row varies reaches the process that runs a program."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

import matrix
from frameworks import need
from sitetools import programs, runner

REPORT = {
    "torch": "import torch\nprint(torch.get_num_threads())\n",
    "mxnet": (
        "import ctypes\nimport numpy\nnumpy.bool = numpy.bool_\n"
        "import warnings\nwarnings.simplefilter('ignore')\n"
        "from mxnet import np, npx\nnpx.set_np()\n"
        "print(ctypes.CDLL('libgomp.so.1').omp_get_max_threads())\n"
        # The naive engine raises at the call, the default one when the value is used.
        "try:\n    np.linalg.cholesky(np.array([[1.0, 2.0], [2.0, 1.0]]))\n"
        "    print('default')\n"
        "except Exception:\n    print('naive')\n"
        "import os\nos._exit(0 if not __import__('sys').stdout.flush() else 1)\n"
    ),
}


def printed(half, cold):
    """What a program of this framework prints about where it runs."""
    need(half)
    executor = runner.Runner(cold=cold)
    path = Path(f"toy_{half}.md")
    program = programs.Program(path, "report", [], 1, None, code=REPORT[half])
    try:
        [result] = executor.run([program])
    finally:
        executor.close()
    assert result.status == 0, result.stderr
    return result.stdout.split()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("half", "cold", "engine"),
    [
        ("torch", False, None),
        ("torch", True, None),
        ("mxnet", False, "NaiveEngine"),
        ("mxnet", True, "ThreadedEnginePerDevice"),
    ],
)
def test_threads_and_engine_reach_the_program(monkeypatch, half, cold, engine):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    if engine:
        monkeypatch.setenv("MXNET_ENGINE_TYPE", engine)
    seen = ["2"] + [{"NaiveEngine": "naive"}.get(engine, "default")] * bool(engine)
    assert printed(half, cold) == seen


FACTOR = {
    "torch": "import torch\nx = torch.linalg.qr(torch.tensor(a))[1].numpy()\n",
    "mxnet": (
        "numpy.bool = numpy.bool_\nfrom mxnet import np, npx\nnpx.set_np()\n"
        "x = np.linalg.inv(np.array(a, dtype='float64')).asnumpy()\n"
    ),
}


@pytest.mark.slow
@pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"), reason="the names are of x86"
)
@pytest.mark.parametrize("half", FACTOR)
def test_another_processor_rounds_otherwise(half):
    """In one of the two, at least: this machine may be such a processor itself."""
    need(half)
    code = "import numpy\na = numpy.random.default_rng(0).normal(size=(64, 64))\n"
    code += FACTOR[half] + "print(x.tobytes().hex())"
    rows = [row.variables for row in matrix.ROWS if row.name.startswith("processor")]
    seen = {
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code],
            env={**os.environ, **variables},
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        for variables in ({}, *rows)
    }
    assert len(rows) == 2 and len(seen) >= 2


@pytest.mark.skipif(
    "TWINNOTES_FIRST" not in os.environ,
    reason="only a row of `make matrix` imports the frameworks in an order of its own",
)
def test_the_frameworks_were_imported_in_this_order():
    order = os.environ["TWINNOTES_FIRST"].split()
    assert [name for name in sys.modules if name in order] == order


def test_every_row_runs_something_else():
    runs = [(r.arguments, r.variables, r.home) for r in matrix.ROWS]
    assert all(runs.count(run) == 1 for run in runs)
    assert {row.home for row in matrix.ROWS} == {".venv", *matrix.HOMES}


def test_a_matrix_environment_takes_its_versions_from_one_place():
    text = matrix.constraints({"numpy": "1.23.5"})
    assert text.count("\nnumpy==") == 1
    assert "numpy==1.23.5\n" in text
    assert "mxnet==1.9.1\n" in text
