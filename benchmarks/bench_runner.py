"""What isolation costs: 40 programs under our runner and under plain pytest-codeblocks.

Plain pytest-codeblocks runs all programs of a file in its own process; ours gives each
a process and an empty folder. Both run the same 40 programs, in turn, and the ratio of
the medians is printed; it should stay below 1.3.
"""

import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sitetools import programs

ROOT = Path(__file__).parents[1]
COUNT, ROUNDS = 40, 3


def choose(framework: str, count: int) -> list[programs.Program]:
    """Take programs of a framework, again from the first when all are taken."""
    paths = sorted(ROOT.glob(f"snippets/*/*_{framework}.md"))
    loaded = [p for path in paths for p in programs.load(path, ROOT)]
    # Drawing costs the same in both, but plain pytest-codeblocks draws nothing.
    loaded = [program for program in loaded if not program.shows_figure]
    return list(itertools.islice(itertools.cycle(loaded), count))


def write(folder: Path) -> None:
    """Write the programs as the snippet files of a project, includes resolved."""
    (folder / "snippets" / "bench").mkdir(parents=True)
    for framework in programs.FRAMEWORKS:
        chosen = choose(framework, COUNT // 2)
        for number, program in enumerate(chosen):
            program.section = f"program-{number}"
            program.source = program.code.splitlines()
        file = folder / "snippets" / "bench" / f"bench_{framework}.md"
        file.write_text(programs.dump(chosen), encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n")


def seconds(folder: Path, *options: str) -> float:
    """Time one run of pytest; ours must pass."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--codeblocks", *options, "snippets"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    # Without isolation a program or two fail on what others left in the process.
    if done.returncode and (options or done.returncode != 1):
        raise SystemExit(done.stdout)
    return time.perf_counter() - started


def main() -> None:
    """Print both times and their ratio."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write(folder)
        plain, ours = [], []
        for _ in range(ROUNDS):
            plain.append(seconds(folder))
            ours.append(seconds(folder, "-p", "sitetools.pytest_programs"))
    a, b = statistics.median(plain), statistics.median(ours)
    print(f"{COUNT} programs, median of {ROUNDS} runs")
    print(f"plain pytest-codeblocks, nothing isolated  {a:6.1f} s")
    print(f"our runner, every program isolated         {b:6.1f} s")
    print(f"ratio                                      {b / a:6.2f}")


if __name__ == "__main__":
    main()
