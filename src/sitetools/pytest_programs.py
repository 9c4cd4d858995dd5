"""pytest --codeblocks: run every program of `snippets/` and check what it shows.

A thin layer over pytest-codeblocks, whose collector it replaces: that one runs a file's
fences in one process and skips those whose info string it does not know.
"""

import difflib
import json
import re
from importlib.metadata import version
from pathlib import Path

import pytest
from pytest_codeblocks.plugin import TestBlock

from sitetools import (
    availability,
    device,
    environment,
    figures,
    outputs,
    programs,
    verified,
)
from sitetools.runner import LAB_LIMIT, LIMIT, Result, Runner

RUNNER = pytest.StashKey[Runner]()
UPDATES = pytest.StashKey[dict[Path, list[programs.Program]]]()
RUNS = pytest.StashKey[list[tuple[programs.Program, dict]]]()
GPU_RUNS = pytest.StashKey[list[tuple[programs.Program, dict, dict]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what pytest-codeblocks lacks."""
    group = parser.getgroup("programs")
    group.addoption(
        "--cold", action="store_true", help="start a new interpreter per program"
    )
    group.addoption(
        "--update-outputs",
        action="store_true",
        help="rewrite the outputs, figures and records of the programs that run; with "
        f"{device.VARIABLE} set, only what the records say of that device",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Take the place of pytest-codeblocks' collector; keep its option."""
    config.pluginmanager.unregister(name="codeblocks")
    config.stash[RUNNER] = Runner(cold=config.option.cold)
    config.stash[UPDATES] = {}
    config.stash[RUNS], config.stash[GPU_RUNS] = [], []
    if config.option.update_outputs and getattr(config.option, "numprocesses", None):
        raise pytest.UsageError("--update-outputs writes files: run it without -n")
    first = not hasattr(config, "workerinput")  # of pytest-xdist's processes
    name = device.wanted()
    if name and first and not availability.missing("torch"):
        if problem := device.problem(name):
            raise pytest.UsageError(problem)
        if name == device.FAKE and config.option.update_outputs:
            raise pytest.UsageError("the record is of GPUs: 'fake' is none")


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the framework processes."""
    config.stash[RUNNER].close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say once which half did not run here, and why."""
    for name in programs.FRAMEWORKS:
        if why := availability.missing(name):
            terminalreporter.line(f"{name} half NOT run: {why}", yellow=True)


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
    for framework in {item.framework for item in items}:
        if not availability.missing(framework):
            config.stash[RUNNER].start(framework)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the outputs that --update-outputs collected, and the records."""
    stash = session.config.stash
    for path, changed in stash[UPDATES].items():
        path.write_text(programs.dump(changed), encoding="utf-8")
    verified.update(stash[RUNS], stash[GPU_RUNS])


class SnippetFile(pytest.File):
    """One snippet file; its sections are its tests."""

    def collect(self):
        """Yield the programs; a file that breaks the grammar is an error."""
        update = self.config.option.update_outputs
        try:
            loaded = programs.load(self.path, self.config.rootpath, complete=not update)
        except programs.SnippetError as error:
            raise self.CollectError(str(error)) from None
        if loaded and loaded[0].lab:
            yield ProgramItem.from_parent(self, name="lab", obj=loaded, loaded=loaded)
            return
        for program in loaded:
            yield ProgramItem.from_parent(
                self, name=program.section, obj=[program], loaded=loaded
            )


class ProgramItem(TestBlock):
    """One program, or a lab: run in isolation, outputs and figures compared."""

    obj: list[programs.Program]

    def __init__(self, *, loaded: list[programs.Program], **kwargs) -> None:
        super().__init__(**kwargs)
        self.loaded = loaded
        """All programs of the file."""

    @property
    def framework(self) -> str:
        """The framework of all programs of the file."""
        return self.obj[0].framework

    @property
    def title(self) -> str:
        """As in reports: norms_torch [scratch]."""
        return f"{self.path.stem} [{self.name}]"

    @property
    def device(self) -> str | None:
        """Where the programs compute, if not on the CPU."""
        return device.wanted() if self.framework == "torch" else None

    @property
    def rewrites(self) -> bool:
        """Whether what the programs show now becomes what their page shows."""
        return self.config.option.update_outputs and not device.wanted()

    def setup(self) -> None:
        """Skip the half whose framework is not here, unless it must be."""
        reason = availability.missing(self.framework)
        if reason and availability.required(self.framework):
            pytest.fail(reason, pytrace=False)
        reason = reason or (self.device and device.unfit(self.title))
        if reason:
            pytest.skip(reason)

    def runtest(self) -> None:
        """Run the programs; compare, or collect for rewriting."""
        stash, update = self.config.stash, self.config.option.update_outputs
        results = stash[RUNNER].run(self.obj, device=self.device, watch=update)
        self.user_properties.append(("seconds", results[0].seconds))
        for program, result in zip(self.obj, results, strict=False):
            if problem := self._problem(program, result):
                raise RuntimeError(self._report(problem, program, result))
        ran = [result.watched for result in results]
        if self.rewrites:
            stash[UPDATES][self.path] = self.loaded
            stash[RUNS] += zip(self.obj, ran, strict=True)
        elif update and self.device:
            on_cpu = [
                result.watched for result in stash[RUNNER].run(self.obj, watch=True)
            ]
            stash[GPU_RUNS] += zip(self.obj, ran, on_cpu, strict=True)

    def reportinfo(self):
        """Name the fence in the snippet file."""
        return self.path, self.obj[0].lineno - 1, self.title

    def _problem(self, program: programs.Program, result: Result) -> str | None:
        if result.status:
            return _how_it_ended(program, result)
        if result.stderr:
            return "it printed to standard error"
        if self.rewrites:
            return self._update(program, result)
        return self._wrong_output(program, result) or self._wrong_figure(
            program, result
        )

    def _update(self, program: programs.Program, result: Result) -> str | None:
        program.output = result.stdout or None
        if result.svg is None:
            return None
        target = program.figure(self.config.rootpath)
        # Twins draw the same figure: PyTorch's is kept, MXNet's is compared with it.
        if program.framework == "torch" or not target.with_suffix(".svg").exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            for suffix, text in ((".svg", result.svg), (".json", result.description)):
                file = target.with_suffix(suffix)
                file.write_text(text, encoding="utf-8", newline="\n")
            return None
        return self._wrong_figure(program, result)

    def _wrong_output(self, program: programs.Program, result: Result) -> str | None:
        expected = program.output
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

    def _wrong_figure(self, program: programs.Program, result: Result) -> str | None:
        target = program.figure(self.config.rootpath)
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
            layout=version("matplotlib") == environment.pinned("matplotlib"),
        )
        return "\n".join([f"the figure {svg} is stale", *found]) if found else None

    def _report(self, problem: str, program: programs.Program, result: Result) -> str:
        root = self.config.rootpath
        pages = ", ".join(str(p.relative_to(root)) for p in program.pages(root))
        where = program.path.relative_to(root)
        lines = [
            problem,
            f"page      {pages}",
            f"program   {where} [{program.section}], fence at line {program.lineno}",
        ]
        # A traceback of a lab's cell may pass through the cells above it.
        for cell, line in _lines_in(result.stderr):
            origins = self.obj[cell].origins
            if line <= len(origins):
                file, number = origins[line - 1]
                lines.append(f"line {line:<4} {file.relative_to(root)}:{number}")
        return "\n".join(lines) + "\n" + result.stderr


def _how_it_ended(program: programs.Program, result: Result) -> str:
    if result.status == -14:
        limit = LAB_LIMIT if program.lab or device.wanted() else LIMIT
        return f"it ran longer than {limit} seconds and was stopped"
    if result.status < 0:
        return f"it was ended by signal {-result.status}"
    return "it raised"


def _lines_in(stderr: str) -> list[tuple[int, int]]:
    """The cells and their line numbers that a traceback or warning names."""
    pattern = r'(?:cell-(\d+)/)?program\.py(?:", line |:)(\d+)'
    found = re.findall(pattern, stderr)
    return list(dict.fromkeys((int(cell or 0), int(line)) for cell, line in found))
