"""Mutation testing: small mistakes in src/twinnotes that the tests must see.

    make mutants                        every file
    make mutants ONLY=tanh              those whose path, or whose test's, has the word
    make mutants ONLY="norms softmax"   any of the words

mutmut makes the mistakes, one at a time: another operator, number or bound, an argument
dropped or None, the other branch. Each is judged by the file's own test alone, in a
process forked from one that has the frameworks loaded. A mutant that stays green, a
survivor, is a missing test, or it computes the same: then equivalent.yml has it, with
the reason.

What is not mutated: type hints and docstrings; a line that begins with a string, so the
parts of a message, because wording is not behavior; what stands outside of functions.
"""

import ast
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
EQUIVALENT = Path(__file__).with_name("equivalent.yml")
PROCESSES = 2
FLOOR = 98  # percent of all mutants
SEEN = {"killed", "timeout", "segfault", "suspicious"}  # the last is another crash

CONFIG = """
[tool.mutmut]
source_paths = ["src"]
only_mutate = {files}
pytest_add_cli_args_test_selection = [{judge}]
pytest_add_cli_args = ["-o", "addopts=--import-mode=importlib"]
also_copy = ["docs", "snippets"]
do_not_mutate_patterns = ['^ *[rf]?"']
use_git_change_detection = false
timeout_constant = 4  # so that a minute is the least: a busy machine is not a hang
"""

# mutmut names the tests by what they were called in its process's first run. It calls
# every mutant killed whose tests are not found under these names: pytest escapes the
# ids that a function makes (ids=str) once per run.
NAMES = """
import sys, pytest
class Names:
    def pytest_collection_finish(self, session):
        seen.append({item.nodeid for item in session.items})
seen = []
for _ in range(2):
    pytest.main(["-qq", "--collect-only", *sys.argv[1:]], plugins=[Names()])
if seen[0] != seen[1]:
    name = min(seen[0] - seen[1])
    sys.exit(f"mutmut would not find this test again, give it other ids: {name}")
"""


@dataclass
class Mutant:
    """A mistake that was made, and what became of it."""

    name: str
    """What mutmut calls it: module, function and a number."""
    status: str
    change: str = ""
    """The lines before, each after "- ", and those after it; "" if it was killed."""
    line: int = 0

    @property
    def file(self) -> str:
        return f"src/{self.name.rpartition('.')[0].replace('.', '/')}.py"

    def listed_in(self, entries: list[dict]) -> bool:
        """Whether an entry of equivalent.yml is about this mutant."""
        return any(is_about(entry, self) for entry in entries)


def is_about(entry: dict, mutant: Mutant) -> bool:
    return (entry["file"], entry["change"].strip()) == (mutant.file, mutant.change)


def load() -> list[dict]:
    """Read the mutants that no test can see: file, change and why."""
    return yaml.safe_load(EQUIVALENT.read_text(encoding="utf-8")) or []


def judges() -> dict[str, list[str]]:
    """The tests, each with the files that it judges."""
    found: dict[str, list[str]] = {}
    for path in sorted(ROOT.glob("src/twinnotes/*/*_*.py")):
        concept = re.sub("_(torch|mxnet)$", "", path.stem)
        if concept != path.stem:
            test = f"tests/{path.parent.name}/test_{concept}.py"
            found.setdefault(test, []).append(path.relative_to(ROOT).as_posix())
    return {**found, "tests/test_command.py": ["src/twinnotes/__main__.py"]}


def chosen(words: list[str]) -> dict[str, list[str]]:
    """The judges and files with a word in their path; without words all of them."""
    picked = {
        test: [f for f in files if any(w in f or w in test for w in words or [""])]
        for test, files in judges().items()
    }
    return {test: files for test, files in picked.items() if files}


def python(root: Path, *arguments: str) -> str:
    """Run Python in a folder; raises RuntimeError with its output if it fails."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=root,
        # With our plugins and the installed ones, pytest takes three times as long to
        # start, once per mutant; here they have nothing to say.
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    output = re.sub("^[⠀-⣿].*\n", "", done.stdout, flags=re.MULTILINE)  # its spinner
    if done.returncode:
        raise RuntimeError(f"python {' '.join(arguments)} failed:\n{output}")
    return output


def mutmut(root: Path, *arguments: str) -> str:
    return python(root, "-m", "mutmut", *arguments)


def examine(judge: str, files: list[str]) -> list[Mutant]:
    """Make every mutant of the files and have them judged."""
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        for name in ("src", "tests", "docs", "snippets"):  # mutmut copies what it needs
            (root / name).symlink_to(ROOT / name)
        config = CONFIG.format(files=json.dumps(files), judge=json.dumps(judge))
        project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        (root / "pyproject.toml").write_text(project + config, encoding="utf-8")
        python(root, "-c", NAMES, judge, "-o", "addopts=--import-mode=importlib")
        mutmut(root, "run", "--max-children", "1")
        listing = mutmut(root, "results", "--all", "true")
        found = re.findall(r"^ +(\S+): (.+)$", listing, re.MULTILINE)
        mutants = [Mutant(name, status) for name, status in found]
        for mutant in mutants:
            if mutant.status != "killed":
                describe(mutant, mutmut(root, "show", mutant.name))
    return mutants


def describe(mutant: Mutant, diff: str) -> None:
    """Note what a mutant changed, and in which line of its file."""
    (start, body) = re.search(r"^@@ -(\d+).*@@\n((?s:.*))", diff, re.MULTILINE).groups()
    lines = body.rstrip().splitlines()
    changed = [line for line in lines if line[:1] in ("-", "+")]
    mutant.change = "\n".join(f"{line[0]} {line[1:].strip()}" for line in changed)
    above = lines.index(changed[0])
    source = (ROOT / mutant.file).read_text(encoding="utf-8")
    mutant.line = first_line(source, mutant.name) + int(start) - 1 + above


def first_line(source: str, name: str) -> int:
    """The line of the def of a mutant's function."""
    path = re.sub("^x_?|__mutmut_\\d+$", "", name.rpartition(".")[2])
    nodes = ast.parse(source).body
    for part in filter(None, path.split("ǁ")):
        (node,) = [n for n in nodes if getattr(n, "name", None) == part]
        nodes = node.body
    return node.lineno


def summary(title: str, mutants: list[Mutant], entries: list[dict]) -> str:
    """One line of numbers."""
    survivors = [m for m in mutants if m.status not in SEEN]
    listed = sum(m.listed_in(entries) for m in survivors)
    late = sum(m.status == "timeout" for m in mutants)
    return (
        f"{title}: {len(mutants)} mutants, {len(mutants) - len(survivors) - late} "
        f"killed, {late} timed out, {len(survivors)} survived ({listed} listed), "
        f"{percentage(mutants):.1f} %"
    )


def percentage(mutants: list[Mutant]) -> float:
    """Percent of the mutants that the tests saw, equivalent ones among the others."""
    return 100 * sum(m.status in SEEN for m in mutants) / max(len(mutants), 1)


def verdict(
    mutants: list[Mutant], files: list[str], entries: list[dict], *, all_files: bool
) -> list[str]:
    """What is wrong, a paragraph each; [] is green."""
    survivors = [m for m in mutants if m.status not in SEEN]
    wrong = [
        f"{m.file}:{m.line}: {m.status}, and not in equivalent.yml\n{m.change}"
        for m in survivors
        if not m.listed_in(entries)
    ]
    wrong += [
        f"{entry['file']}: in equivalent.yml, but there is no such survivor\n"
        f"{entry['change'].strip()}"
        for entry in entries
        if entry["file"] in files and not any(is_about(entry, m) for m in survivors)
    ]
    wrong += [f"{f}: no mutants" for f in files if f not in {m.file for m in mutants}]
    # A small file may have more equivalent mutants than that.
    if all_files and percentage(mutants) < FLOOR:
        wrong.append(f"{percentage(mutants):.1f} % is less than {FLOOR} %")
    return wrong


def main() -> None:
    """Examine the files that were asked for, two tests at a time."""
    words = os.environ.get("ONLY", "").split()
    picked, entries, started = chosen(words), load(), time.monotonic()
    mutants: list[Mutant] = []
    failed: list[str] = []

    def work(judge: str, files: list[str]) -> None:
        began = time.monotonic()
        try:
            found = examine(judge, files)
        except RuntimeError as error:  # such as a test that is red without a mutant
            failed.append(f"{judge}: {error}")
            return
        mutants.extend(found)
        for file in files:
            own = [m for m in found if m.file == file]
            seconds = time.monotonic() - began
            print(f"{seconds:4.0f} s  {summary(file, own, entries)}", flush=True)

    with ThreadPoolExecutor(PROCESSES) as pool:
        for done in [pool.submit(work, *item) for item in picked.items()]:
            done.result()
    files = list(chain.from_iterable(picked.values()))
    wrong = verdict(mutants, files, entries, all_files=not words)
    late = [m for m in mutants if m.status == "timeout"]
    for paragraph in [
        *(f"{m.file}:{m.line}: timed out\n{m.change}" for m in late),
        *wrong,
        *failed,
    ]:
        print(paragraph, end="\n\n")
    minutes = (time.monotonic() - started) / 60
    print(f"{summary(f'{len(files)} files', mutants, entries)}, {minutes:.1f} minutes")
    sys.exit(bool(wrong or failed))


if __name__ == "__main__":
    main()
