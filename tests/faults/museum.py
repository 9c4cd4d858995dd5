"""The fault museum: ways in which notes go wrong, and the tests that must see them.

    make faults            every fault
    make faults ONLY=tanh  those whose name contains a word

Each entry of the YAML files here changes a text or two, as somebody might by mistake,
and names the narrowest tests that should turn red and what their report must say. The
changes are made in copies of the project, never in the project itself.
"""

import os
import queue
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
COPIES = 3
"""On two cores: a test that waits for its browser leaves one idle."""
COPIED = ("docs/assets/javascripts/", "docs/assets/stylesheets/")
"""What a build puts into the site as it is, and no page reads."""
RAN_NOTHING = (3, 4, 5)  # pytest: internal error, wrong usage, no test


@dataclass
class Fault:
    """One way to go wrong."""

    name: str
    changes: list[dict]
    """Each with file, find and replace; `first: true` if it is the first of several."""
    run: str
    """Arguments of pytest."""
    says: str
    """What the report must contain: the place, or what is wrong there."""

    def apply(self, root: Path) -> None:
        """Make the changes below root, and fail if the project has moved on."""
        for change in self.changes:
            path = root / change["file"]
            text = path.read_text(encoding="utf-8")
            count = text.count(change["find"])
            if count != 1 and not (count and change.get("first")):
                raise ValueError(
                    f"fault {self.name!r} must find its text once in {change['file']}, "
                    f"got it {count} times; adapt `find` in tests/faults"
                )
            changed = text.replace(change["find"], change["replace"], 1)
            if changed == text:
                raise ValueError(f"fault {self.name!r} changes nothing")
            path.write_text(changed, encoding="utf-8")

    def restore(self, root: Path) -> None:
        """Undo the changes, and what the tests may have written over them."""
        for change in self.changes:
            shutil.copy(ROOT / change["file"], root / change["file"])


def load() -> list[Fault]:
    """Read the museum."""
    files = sorted(HERE.glob("*.yml"))
    return [Fault(**entry) for f in files for entry in yaml.safe_load(f.read_text())]


def copy_project(target: Path) -> Path:
    """Copy what git knows or would take, as it is now."""
    command = ["git", "ls-files", "-z", "-co", "--exclude-standard"]
    listed = subprocess.check_output(command, cwd=ROOT, text=True).split("\0")
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)
    return target


def change_site(fault: Fault, root: Path, built: Path, target: Path) -> bool:
    """Make in a built site the changes made below root, if a build would do no more.

    Scripts and our style sheets stand in the site, and in the sheet that the pages link
    to, word for word (test_built_site.py sees to that), so they are replaced there. All
    else is built: False. If a build did more after all, the site here would lack that
    part of the fault, which would at worst be reported as not seen.

    Args:
        fault: It has been applied below root.
        root: A copy of the project.
        built: The folder of the site without the fault, as `site_dir` made it.
        target: Where to put that folder with the changes.
    """
    files = {change["file"] for change in fault.changes}
    if not all(file.startswith(COPIED) for file in files):
        return False
    shutil.copytree(built, target)  # these faults' tests have asked for it
    for file in files:
        before, after = ((top / file).read_text("utf-8") for top in (ROOT, root))
        for path in target.glob("site/assets/*/*.*s"):
            text = path.read_text("utf-8")
            path.write_text(text.replace(before, after), "utf-8")
    return True


def pytest(
    root: Path, arguments: list[str], site: Path | None = None
) -> tuple[int, str]:
    """Run tests in a copy of the project, with the copy's own tools.

    Args:
        root: The copy.
        arguments: Of pytest.
        site: Where the site is, or is to be built for others too.
    """
    options = ["-q", "-p", "no:cacheprovider"]
    options += ["-p", "no:hypothesispytest"]  # a second to import, and not needed
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *arguments],
        cwd=root,
        env={
            **os.environ,
            "PYTHONPATH": str(root / "src"),
            **({"TWINNOTES_SITE": str(site)} if site else {}),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.returncode, done.stdout


def examine(fault: Fault, root: Path, built: Path) -> tuple[bool, str]:
    """Tell whether the tests see the fault, and how its report puts it."""
    fault.apply(root)
    changed = root.with_name(f"{root.name}-site")
    try:
        site = changed if change_site(fault, root, built, changed) else None
        status, report = pytest(root, shlex.split(fault.run), site)
    finally:
        fault.restore(root)
        shutil.rmtree(changed, ignore_errors=True)
    if status == 0:
        return False, "NOT SEEN: the tests are green"
    if status in RAN_NOTHING:
        return False, f"no test ran (pytest returned {status})"
    lines = [line.strip() for line in report.splitlines() if fault.says in line]
    if not lines:
        return False, f"red, but the report does not say {fault.says!r}:\n{report}"
    return True, lines[-1]


def suites(faults: list[Fault]) -> list[list[str]]:
    """The runs of all faults, as two: of all they name, and of all that `-k` picks.

    The second may hold more: what one fault picks from its file is picked from all.
    """
    named, files, picked = set(), set(), set()
    for fault in faults:
        path = next(word for word in shlex.split(fault.run) if "/" in word)
        _, pick, expression = fault.run.partition(" -k ")
        (files if pick else named).add(path)
        picked.update(shlex.split(expression))
    expression = " or ".join(f"({one})" for one in sorted(picked))
    runs = [["--codeblocks", *sorted(named)], ["-k", expression, *sorted(files)]]
    return [run for run, paths in zip(runs, (named, files), strict=True) if paths]


def main() -> None:
    """Examine the faults, each in one of some copies of the project."""
    word = os.environ.get("ONLY", "")
    faults = [fault for fault in load() if word in fault.name]
    started, missed = time.monotonic(), 0
    with tempfile.TemporaryDirectory() as scratch:
        roots = [copy_project(Path(scratch, str(n))) for n in range(COPIES)]
        # Red means nothing where it is red without the fault.
        built = Path(scratch, "built")
        built.mkdir()
        with ThreadPoolExecutor() as both:
            runs = both.map(pytest, roots, suites(faults), [built] * 2)
            for status, report in runs:
                if status:
                    sys.exit(f"{report}\nThe tests are red before any fault is made.")
        print("the tests are green without a fault", flush=True)
        waiting: queue.SimpleQueue[Fault] = queue.SimpleQueue()
        for fault in faults:
            waiting.put(fault)

        def work(root: Path) -> None:
            nonlocal missed
            while not waiting.empty():
                try:
                    fault = waiting.get_nowait()
                except queue.Empty:
                    return
                began = time.monotonic()
                seen, how = examine(fault, root, built)
                missed += not seen
                seconds = time.monotonic() - began
                verdict = "red " if seen else "FAIL"
                print(f"{verdict} {seconds:3.0f} s  {fault.name}: {how}", flush=True)

        workers = [threading.Thread(target=work, args=(root,)) for root in roots]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    minutes = (time.monotonic() - started) / 60
    print(f"{len(faults) - missed} of {len(faults)} faults seen, {minutes:.1f} minutes")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
