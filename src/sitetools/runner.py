"""Run programs as a reader would: in an empty folder, without this project."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from sitetools.programs import Program

LIMIT = 30
"""Seconds after which a program is stopped."""
LAB_LIMIT = 120
"""Seconds after which a lab is stopped, or a program on another device."""

_ENGINE_LINE = re.compile(r"^.*MXNet start using engine: \w+\n?", re.MULTILINE)


@dataclass
class Result:
    """What a program did."""

    status: int
    stdout: str
    stderr: str
    seconds: float
    svg: str | None
    description: str | None
    """The figure's JSON description."""
    watched: dict | None = None
    """What zygote.watch found, if it was asked to and the program ended well."""


class Runner:
    """Runs programs, by default each forked from a process that has its framework.

    Args:
        cold: Start a new interpreter for each program, with the reader's own
            environment, instead of forking. The only way where there is no fork.
    """

    def __init__(self, *, cold: bool = False) -> None:
        self.cold = cold or not hasattr(os, "fork")
        self._zygotes: dict[str, subprocess.Popen] = {}
        self._ready: set[str] = set()

    def start(self, framework: str) -> None:
        """Begin to import a framework in the background, before it is needed."""
        if not self.cold and framework not in self._zygotes:
            self._zygotes[framework] = self._spawn(framework)

    def run(
        self,
        programs: list[Program],
        *,
        device: str | None = None,
        watch: bool = False,
    ) -> list[Result]:
        """Run a program, or the cells of a lab; collect what they printed and drew.

        Args:
            programs: One program, or all programs of a lab, in order.
            device: Where PyTorch computes, if not on the CPU.
            watch: Collect also what a record of the run needs.

        Returns:
            One result for each that was started: a cell that fails is the last. The
            seconds are those of all together.
        """
        with tempfile.TemporaryDirectory() as scratch:
            home = Path(scratch)
            (home / "folder").mkdir()
            cells = []
            for number, program in enumerate(programs):
                # A single program lies in its own folder, as a reader's would.
                cell = home / ("folder" if len(programs) == 1 else f"cell-{number}")
                figure = home / f"figure-{number}"
                for folder in (cell, figure):
                    folder.mkdir(exist_ok=True)
                (cell / "program.py").write_text(program.code, encoding="utf-8")
                paths = {
                    "program": cell / "program.py",
                    "figure": figure,
                    "stdout": home / f"stdout-{number}",
                    "stderr": home / f"stderr-{number}",
                    "watched": home / f"watched-{number}",
                }
                cells.append({key: str(path) for key, path in paths.items()})
            request = {
                "cells": cells,
                "folder": str(home / "folder"),
                "framework": programs[0].framework,
                "device": device,
                "watch": watch,
                "limit": LAB_LIMIT if programs[0].lab or device else LIMIT,
            }
            ask = self._ask_new if self.cold else self._ask_zygote
            status, seconds = ask(programs[0].framework, request)

            def read(name: str) -> str | None:
                path = home / name
                return path.read_text(encoding="utf-8") if path.exists() else None

            started = [n for n in range(len(cells)) if read(f"stdout-{n}") is not None]
            return [
                Result(
                    status if number == len(started) - 1 else 0,
                    read(f"stdout-{number}") or "",
                    _ENGINE_LINE.sub("", read(f"stderr-{number}") or ""),
                    seconds,
                    read(f"figure-{number}/figure.svg"),
                    read(f"figure-{number}/figure.json"),
                    json.loads(read(f"watched-{number}") or "null"),
                )
                for number in started or [0]
            ]

    def close(self) -> None:
        """End the framework processes."""
        for zygote in self._zygotes.values():
            zygote.stdin.close()
            zygote.stdout.close()
            zygote.wait()
        self._zygotes.clear()
        self._ready.clear()

    def _spawn(self, framework: str, *options: str) -> subprocess.Popen:
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        if not self.cold:
            # MXNet's naive engine raises errors where they are made; `make matrix` sets
            # these variables itself.
            environment.setdefault("OMP_NUM_THREADS", "1")
            environment.setdefault("MXNET_ENGINE_TYPE", "NaiveEngine")
        zygote = Path(__file__).with_name("zygote.py")
        command = [sys.executable, "-I", str(zygote), framework]
        return subprocess.Popen(
            [*command, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )

    def _ask_zygote(self, framework: str, request: dict) -> tuple[int, float]:
        self.start(framework)
        zygote = self._zygotes[framework]
        if framework not in self._ready and zygote.stdout.readline() != "ready\n":
            raise RuntimeError(
                f"{framework} could not be imported by the program runner; "
                "see what it printed above"
            )
        self._ready.add(framework)
        zygote.stdin.write(json.dumps(request) + "\n")
        zygote.stdin.flush()
        reply = json.loads(zygote.stdout.readline())
        return reply["status"], reply["seconds"]

    def _ask_new(self, framework: str, request: dict) -> tuple[int, float]:
        started = time.perf_counter()
        process = self._spawn(framework, "--once")
        try:
            process.communicate(json.dumps(request) + "\n", request["limit"])
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return -14, time.perf_counter() - started
        return process.returncode, time.perf_counter() - started
