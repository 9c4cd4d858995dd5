"""The suites again, under everything that a machine can vary.

    make matrix               every row
    make matrix ONLY=threads  those whose name contains a word

Three rows need an environment of their own. It is made in .venv-NAME, and its
install.log says how; a row whose Python is not on the PATH is not run, and says so.
"""

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from sitetools import environment

ROOT = Path(__file__).parents[1]
CHAPTERS = sorted(
    f"tests/{path.name}"
    for path in (ROOT / "src/twinnotes").iterdir()
    if path.is_dir() and (ROOT / "tests" / path.name).is_dir()
)
CONCEPTS = [*CHAPTERS, "tests/test_hostile.py", "tests/test_matrix.py"]
PROGRAMS = ["--codeblocks", "snippets"]
COLD = ["--cold", *PROGRAMS]
QR = "snippets/probability_numerics/conditioning_mxnet.md::differences"
"""What NumPy 1.25 broke, says its page: np.linalg.qr still works with NumPy 1.23."""
PROCESSORS = {
    # OpenBLAS, in NumPy and in MXNet; MKL and PyTorch's own; oneDNN, old name and new.
    "SSE4": ("Nehalem", "SSE4_2", "default", "SSE41", "SSE41"),
    "AVX2": ("Haswell", "AVX2", "avx2", "AVX2", "AVX2"),
}
"""What makes the libraries compute as on an older processor, where sums of products
are added up in another order; what this processor lacks, they leave out anyway."""
SWITCHES = [
    "OPENBLAS_CORETYPE",
    "MKL_ENABLE_INSTRUCTIONS",
    "ATEN_CPU_CAPABILITY",
    "DNNL_MAX_CPU_ISA",
    "ONEDNN_MAX_CPU_ISA",
]
LIMIT = 3600
"""Seconds after which a row is stopped."""


@dataclass
class Row:
    """One way to run the suites."""

    name: str
    arguments: list[str]
    """Of pytest."""
    variables: dict[str, str] = field(default_factory=dict)
    needs: str = "torch,mxnet"
    """What must not be missing."""
    home: str = ".venv"
    """The environment: .venv, or one of HOMES."""


ROWS = [
    *[
        Row(f"threads {n}", [*CONCEPTS, *PROGRAMS], {"OMP_NUM_THREADS": n})
        for n in ("1", "2")
    ],
    Row("NaiveEngine", [*CONCEPTS, *PROGRAMS], {"MXNET_ENGINE_TYPE": "NaiveEngine"}),
    # The rows above fork a program off an interpreter that has its framework loaded. A
    # child that is forked off a threaded engine has the engine's locks, but not the
    # threads that open them: here each program has an interpreter of its own.
    Row(
        "default engine, cold",
        [*CONCEPTS, *COLD],
        {"MXNET_ENGINE_TYPE": "ThreadedEnginePerDevice"},
    ),
    *[
        Row(f"first {name}", CONCEPTS, {"TWINNOTES_FIRST": order})
        for name, order in (("torch", "torch mxnet"), ("mxnet", "mxnet torch"))
    ],
    *[
        Row(
            f"processor {name}",
            [*CONCEPTS, *PROGRAMS],
            dict(zip(SWITCHES, values, strict=True)),
        )
        for name, values in PROCESSORS.items()
    ],
    # Modules, and the tests in each: mixing them all makes a module's fixtures anew for
    # every test.
    *[
        Row(
            f"order {seed}",
            [
                *["--random-order-bucket=module", f"--random-order-seed={seed}"],
                *["tests", *PROGRAMS, "--ignore=tests/browser"],
            ],
        )
        for seed in (1, 2, 3)
    ],
    Row(
        "python 3.12", [*CONCEPTS, *PROGRAMS, "-k", "mxnet"], {}, "mxnet", "python3.12"
    ),
    Row(
        "numpy 1.23.5",
        [*CONCEPTS, *PROGRAMS, "-k", "mxnet", f"--deselect={QR}"],
        {},
        "mxnet",
        "numpy1",
    ),
    Row("numpy 2, no mxnet", [*CONCEPTS, *PROGRAMS], {}, "torch", "numpy2"),
]

# Python, what is installed, and the versions that are not those of constraints.txt:
# NumPy's, and of what else does not run with that NumPy, the newest that does.
HOMES = {
    "python3.12": ("python3.12", ["-e", ".[site,test,mxnet]"], {}),
    "numpy1": (
        "python3.11",
        ["mxnet", "setuptools", "-e", ".[site,test]"],
        {
            "numpy": "1.23.5",
            "contourpy": "1.2.1",
            "matplotlib": "3.10.9",  # figures: only the data are compared
            "pandas": "2.2.3",
            "pytz": "2026.1",
        },
    ),
    "numpy2": ("python3.11", ["-e", ".[site,test,torch]"], {"numpy": "2.4.6"}),
}


def constraints(versions: dict[str, str]) -> str:
    """The lines of constraints.txt, with some other versions."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line.split("==")[0] not in versions]
    return "\n".join([*kept, *(f"{n}=={v}" for n, v in versions.items())]) + "\n"


def python_of(home: str) -> tuple[Path | None, str]:
    """The interpreter of an environment, which is made if need be, or why not."""
    if home == ".venv":
        return Path(sys.executable), ""
    name, packages, versions = HOMES[home]
    version = tuple(int(n) for n in re.findall(r"\d+", name))
    found = [environment.probe(python) for python in (name, sys.executable)]
    found = [p[1] for p in found if p and p[0][:2] == version and p[2]]
    if not found:
        return None, f"{name} is not on the PATH"
    folder = ROOT / f".venv-{home}"
    python = folder / "bin/python"
    wanted = constraints(versions) + f"{packages} {ROOT}\n"
    stamp, log = folder / "installed", folder / "install.log"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return python, ""
    print(f"Making {folder.name} ...", flush=True)
    subprocess.run([found[0], "-m", "venv", "--clear", folder], check=True)
    file = folder / "constraints.txt"
    file.write_text(constraints(versions), encoding="utf-8")
    pip = [python, "-m", "pip", "install", "--no-input", "-c", file]
    index = ["--extra-index-url", environment.TORCH_INDEX]
    torch = f"torch=={environment.pinned('torch')}+cpu"
    steps = [[*pip, torch]] if "torch" in packages[-1] else []
    with log.open("w", encoding="utf-8") as target:
        for step in [*steps, [*pip, *packages]]:
            for more in ([], index if step in steps else []):
                done = subprocess.run(
                    [*step, *more], cwd=ROOT, stdout=target, stderr=target
                )
                if done.returncode == 0 or not steps or step not in steps:
                    break
            if done.returncode:
                return None, f"pip failed, see {log.relative_to(ROOT)}"
    stamp.write_text(wanted, encoding="utf-8")
    return python, ""


def run(row: Row) -> tuple[str, str]:
    """Run a row: "green", "RED" or "not run", and what pytest counted or why."""
    python, reason = python_of(row.home)
    if python is None:
        return "not run", reason
    line = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "2"]
    variables = {**os.environ, **row.variables, "TWINNOTES_REQUIRE": row.needs}
    try:
        done = subprocess.run(
            [*line, *row.arguments],
            cwd=ROOT,
            env=variables,
            capture_output=True,
            text=True,
            timeout=LIMIT,
        )
    except subprocess.TimeoutExpired:
        return "RED", f"stopped after {LIMIT} s"
    report = done.stdout + done.stderr
    counted = re.findall(r"^=*\s*(.*\d+ passed.* in .*?)\s*=*$", report, re.MULTILINE)
    if "mxnet" not in row.needs and report.count("mxnet half NOT run: ") != 1:
        print(report)
        return "RED", "the reason why MXNet is left out must be printed once"
    if done.returncode or not counted:
        print(report)
        return "RED", counted[-1] if counted else f"pytest returned {done.returncode}"
    return "green", counted[-1]


def main() -> None:
    """Run the rows, one after another, and print a table."""
    word = os.environ.get("ONLY", "")
    rows = [row for row in ROWS if word in row.name]
    if not rows:
        names = ", ".join(row.name for row in ROWS)
        sys.exit(f"ONLY must be part of a row's name, got {word!r}; rows are {names}")
    seen = []
    for row in rows:
        started = time.monotonic()
        verdict, what = run(row)
        seen.append(verdict)
        seconds = time.monotonic() - started
        print(f"{row.name:18} {verdict:8} {seconds:5.0f} s  {what}", flush=True)
    counts = {verdict: seen.count(verdict) for verdict in ("green", "RED", "not run")}
    print(", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count))
    # In CI nothing may be left out.
    left_out = counts["not run"] if os.environ.get("CI") else 0
    sys.exit(bool(counts["RED"] or left_out))


if __name__ == "__main__":
    main()
