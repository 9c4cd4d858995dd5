"""Watch a program run: the numbers it shows, before they are rounded, and on what.

The program runner loads this file by its path, for a run that will be recorded. What a
program formats or prints passes through `seen` on its way; nothing else is changed.
"""

import ast
import math
import platform
import sys
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np

SEEN = "__seen__"


class Watch:
    """What one program formats, prints and plots."""

    def __init__(self) -> None:
        self.numbers: list[float] = []

    def compile(self, source: str, path: str) -> CodeType:
        """Compile a program so that the values of its f-strings are seen."""
        tree = ast.fix_missing_locations(_Mark().visit(ast.parse(source)))
        return compile(tree, path, "exec")

    def names(self) -> dict[str, Any]:
        """What the compiled program has to find among its globals."""
        return {SEEN: self.seen, "print": self.print}

    def seen(self, value: Any) -> Any:
        """Note the numbers in a value; returns the value."""
        self.numbers += _numbers(value)
        return value

    def print(self, *values: Any, **options: Any) -> None:
        """Note the numbers, then print."""
        for value in values:
            self.seen(value)
        print(*values, **options)


class _Mark(ast.NodeTransformer):
    """Make {value:.4f} of an f-string {__seen__(value):.4f}."""

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.FormattedValue:
        name = ast.Name(SEEN, ast.Load())
        node.value = ast.Call(name, [self.visit(node.value)], [])
        return node


def _numbers(value: Any) -> list[float]:
    """The numbers in a value of Python, NumPy or a framework, in order, as float64."""
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, (list, tuple)):
        return [number for item in value for number in _numbers(item)]
    if isinstance(value, float):
        return [float(value)]
    if isinstance(value, int) and not isinstance(value, bool):
        return [float(value)] if abs(value) < 2**1023 else [math.inf]
    if hasattr(value, "asnumpy"):
        value = value.asnumpy()
    elif hasattr(value, "detach"):
        value = value.detach().cpu()
        value = (value.double() if value.is_floating_point() else value).numpy()
    if isinstance(value, (np.ndarray, np.number)) and value.dtype.kind in "iuf":
        return value.astype(float).ravel().tolist()
    return []


def environment(framework: str) -> dict[str, str]:
    """Versions of what has been imported, and the CPU."""
    return {
        framework: sys.modules[framework].__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "cpu": _cpu(),
    }


def _cpu() -> str:
    """The CPU as the system names it, or else its architecture."""
    info = Path("/proc/cpuinfo")
    for line in info.read_text().splitlines() if info.exists() else ():
        key, _, name = line.partition(":")
        if key.strip() == "model name":
            return " ".join(name.split())
    return platform.processor() or platform.machine()
