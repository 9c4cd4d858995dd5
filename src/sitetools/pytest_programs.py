"""pytest --codeblocks: run every program of `snippets/` and check what it shows.

A thin layer over pytest-codeblocks, whose collector it replaces: that one runs a file's
fences in one process and skips those whose info string it does not know.
"""

import difflib
import json
import re
from pathlib import Path

import pytest
from pytest_codeblocks.plugin import TestBlock

from sitetools import availability, figures, outputs, programs
from sitetools.runner import LIMIT, Result, Runner

RUNNER = pytest.StashKey[Runner]()
UPDATES = pytest.StashKey[dict[Path, list[programs.Program]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what pytest-codeblocks lacks."""
    group = parser.getgroup("programs")
    group.addoption(
        "--cold", action="store_true", help="start a new interpreter per program"
    )
    group.addoption(
        "--update-outputs",
        action="store_true",
        help="rewrite the printed outputs and figures of the programs that run",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Take the place of pytest-codeblocks' collector; keep its option."""
    config.pluginmanager.unregister(name="codeblocks")
    if config.option.update_outputs and getattr(config.option, "numprocesses", None):
        raise pytest.UsageError("--update-outputs writes files: run it without -n")
    config.stash[RUNNER] = Runner(cold=config.option.cold)
    config.stash[UPDATES] = {}


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the framework processes."""
    config.stash[RUNNER].close()


def pytest_report_header() -> list[str]:
    """Say once which half does not run here, and why."""
    reasons = {name: availability.missing(name) for name in programs.FRAMEWORKS}
    return [f"{name} half NOT run: {why}" for name, why in reasons.items() if why]


def pytest_collect_file(
    file_path: Path, parent: pytest.Collector
) -> pytest.Collector | None:
    """Collect the snippet files, and no other Markdown."""
    snippets = parent.config.rootpath / "snippets"
    if not parent.config.option.codeblocks or file_path.suffix != ".md":
        return None
    if snippets not in file_path.parents:
        return None
    return SnippetFile.from_parent(parent, path=file_path)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Import the frameworks side by side while the first tests run."""
    config = session.config
    if config.option.collectonly:
        return
    items = [item for item in session.items if isinstance(item, ProgramItem)]
    for framework in {item.obj.framework for item in items}:
        if not availability.missing(framework):
            config.stash[RUNNER].start(framework)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the outputs that --update-outputs collected."""
    for path, changed in session.config.stash[UPDATES].items():
        path.write_text(programs.dump(changed), encoding="utf-8")


class SnippetFile(pytest.File):
    """One snippet file; its sections are its tests."""

    def collect(self):
        """Yield the programs; a file that breaks the grammar is an error."""
        update = self.config.option.update_outputs
        try:
            loaded = programs.load(self.path, self.config.rootpath, complete=not update)
        except programs.SnippetError as error:
            raise self.CollectError(str(error)) from None
        for program in loaded:
            item = ProgramItem.from_parent(self, name=program.section, obj=program)
            item.siblings = loaded
            yield item


class ProgramItem(TestBlock):
    """One program: run in isolation, its output and its figure compared."""

    obj: programs.Program
    siblings: list[programs.Program]

    def setup(self) -> None:
        """Skip the half whose framework is not here, unless it must be."""
        reason = availability.missing(self.obj.framework)
        if reason and availability.required(self.obj.framework):
            pytest.fail(reason, pytrace=False)
        if reason:
            pytest.skip(reason)

    def runtest(self) -> None:
        """Run the program; compare, or collect for rewriting."""
        result = self.config.stash[RUNNER].run(self.obj)
        self.user_properties.append(("seconds", result.seconds))
        if result.status:
            raise RuntimeError(self._report(_how_it_ended(result), result))
        if result.stderr:
            raise RuntimeError(self._report("it printed to standard error", result))
        if self.config.option.update_outputs:
            self._update(result)
            return
        if problem := self._wrong_output(result) or self._wrong_figure(result):
            raise RuntimeError(self._report(problem, result))

    def reportinfo(self):
        """Name the fence in the snippet file."""
        return self.path, self.obj.lineno - 1, f"{self.path.stem} [{self.name}]"

    def _update(self, result: Result) -> None:
        self.obj.output = result.stdout or None
        self.config.stash[UPDATES][self.path] = self.siblings
        if result.svg is None:
            return
        target = self.obj.figure(self.config.rootpath)
        # Twins draw the same figure: PyTorch's is kept, MXNet's is compared with it.
        if self.obj.framework == "torch" or not target.with_suffix(".svg").exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            for suffix, text in ((".svg", result.svg), (".json", result.description)):
                file = target.with_suffix(suffix)
                file.write_text(text, encoding="utf-8", newline="\n")
        elif problem := self._wrong_figure(result):
            raise RuntimeError(self._report(problem, result))

    def _wrong_output(self, result: Result) -> str | None:
        expected = self.obj.output
        if expected is None and result.stdout:
            return f"it prints what no page shows (make outputs):\n{result.stdout}"
        found = outputs.differences(expected or "", result.stdout)
        if not found:
            return None
        diff = difflib.unified_diff(
            (expected or "").splitlines(),
            result.stdout.splitlines(),
            "shown on the page",
            "printed now",
            lineterm="",
        )
        return "\n".join(["the output differs", *found, *diff])

    def _wrong_figure(self, result: Result) -> str | None:
        target = self.obj.figure(self.config.rootpath)
        svg, known = target.with_suffix(".svg"), target.with_suffix(".json")
        if result.description is None:
            return f"it draws nothing, but {svg} exists" if svg.exists() else None
        if not (svg.exists() and known.exists()):
            return f"it draws a figure, but {svg} does not exist (make outputs)"
        try:
            figures.check_pair(svg, known)
        except ValueError as error:
            return str(error)
        found = figures.compare(
            json.loads(known.read_text(encoding="utf-8")),
            json.loads(result.description),
        )
        return "\n".join([f"the figure {svg} is stale", *found]) if found else None

    def _report(self, problem: str, result: Result) -> str:
        root, program = self.config.rootpath, self.obj
        pages = ", ".join(str(p.relative_to(root)) for p in program.pages(root))
        where = program.path.relative_to(root)
        lines = [
            problem,
            f"page      {pages}",
            f"program   {where} [{program.section}], fence at line {program.lineno}",
        ]
        lines += [
            f"line {line:<4} {program.origins[line - 1][0].relative_to(root)}"
            f":{program.origins[line - 1][1]}"
            for line in _lines_in(result.stderr)
            if line <= len(program.origins)
        ]
        return "\n".join(lines) + "\n" + result.stderr


def _how_it_ended(result: Result) -> str:
    if result.status == -14:
        return f"it ran longer than {LIMIT} seconds and was stopped"
    if result.status < 0:
        return f"it was ended by signal {-result.status}"
    return "it raised"


def _lines_in(stderr: str) -> list[int]:
    """The program's line numbers that a traceback or warning names."""
    found = re.findall(r'program\.py(?:", line |:)(\d+)', stderr)
    return list(dict.fromkeys(map(int, found)))
