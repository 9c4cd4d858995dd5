"""Read the programs of `snippets/`: strict grammar, includes resolved by pymdownx.

A snippet file is a sequence of sections; a section is one program and at most one
output. Whatever does not fit this grammar is an error, so that nothing on a page can
be shown without having run. In a lab, whose file says so in its first line, the
programs are the cells of a notebook: each continues the one above.
"""

import ast
import io
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import markdown
from pytest_codeblocks import extract_from_buffer

FRAMEWORKS = ("torch", "mxnet")
OUTPUT_MARKER = "<!--pytest-codeblocks:expected-output-->"
LAB_MARKER = "<!-- lab: each program continues the one above -->"

_START = re.compile(r"<!-- --8<-- \[start:([a-z][a-z0-9-]*)\] -->")
_INCLUDE = re.compile(r'--8<-- "([^":]+)(?::([a-z][a-z0-9-]*))?"')
_ANY_MARKER = re.compile(r"--8<--\s*\[(start|end):\s*([\w-]+)\s*\]")


class SnippetError(Exception):
    """A snippet file that breaks the grammar; the message starts with file:line."""


@dataclass
class Program:
    """One program of a page, as the reader sees it."""

    path: Path
    """The snippet file, snippets/<chapter>/<concept>_<framework>.md."""
    section: str
    source: list[str]
    """Lines of the fence as written, includes not resolved."""
    lineno: int
    """Line of the opening fence in `path`, 1-based."""
    output: str | None
    lab: bool = False
    """Whether it continues the program above it."""
    code: str = ""
    """The whole program, includes resolved."""
    origins: list[tuple[Path, int]] = field(default_factory=list)
    """File and 1-based line that each line of `code` comes from."""

    @cached_property
    def concept(self) -> str:
        return self.path.stem.rpartition("_")[0]

    @cached_property
    def framework(self) -> str:
        return self.path.stem.rpartition("_")[2]

    @property
    def chapter(self) -> str:
        return self.path.parent.name

    @property
    def shows_figure(self) -> bool:
        return "plt.show()" in self.code

    @property
    def asserts(self) -> bool:
        own = "\n".join(line for line in self.source if not _INCLUDE.fullmatch(line))
        return any(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(own)))

    def figure(self, root: Path) -> Path:
        """Where the program's figure is kept, without suffix."""
        return root.joinpath(
            "docs/assets/figures", self.chapter, self.concept, self.section
        )

    def pages(self, root: Path) -> list[Path]:
        """The page that shows the program, in each language."""
        name = f"{self.chapter}/{self.concept}".replace("_", "-") + ".md"
        return [root / "docs" / language / name for language in ("en", "zh")]


def is_lab(path: Path) -> bool:
    """Tell whether the programs of a snippet file are the cells of a notebook."""
    return path.is_file() and path.read_text(encoding="utf-8").startswith(LAB_MARKER)


def load(path: Path, root: Path, *, complete: bool = True) -> list[Program]:
    """Read every program of a snippet file.

    Args:
        path: snippets/<chapter>/<concept>_<framework>.md.
        root: The project's root, under which snippets/ and src/ are searched.
        complete: Demand an output, a figure or an assertion from each program;
            False while outputs are being rewritten.

    Raises:
        SnippetError: A line that the grammar does not allow, an include that is not a
            concept file of the same framework, or a program that shows nothing.
    """
    text = path.read_text(encoding="utf-8")
    programs = _parse(path, text)
    _resolve(programs, path, text, root)
    for program in programs:
        try:
            ast.parse(program.code)
        except SyntaxError as error:
            file, line = program.origins[(error.lineno or 1) - 1]
            raise SnippetError(f"{file}:{line}: not Python: {error.msg}") from error
        shows = program.output is not None or program.shows_figure or program.asserts
        if complete and not shows:
            raise SnippetError(
                f"{path}:{program.lineno}: program [{program.section}] has no output, "
                "no figure and no assertion, so nothing of it is checked; print what "
                "the page claims and run `make outputs`"
            )
    return programs


def dump(programs: list[Program]) -> str:
    """Write the programs in the one form that `load` reads."""
    parts = [LAB_MARKER, ""] if programs[0].lab else []
    for program in programs:
        parts += [f"<!-- --8<-- [start:{program.section}] -->", ""]
        parts += ["```python", *program.source, "```", ""]
        if program.output is not None:
            parts += [OUTPUT_MARKER, "", "```text", program.output + "```", ""]
        parts += [f"<!-- --8<-- [end:{program.section}] -->", ""]
    return "\n".join(parts)


def _parse(path: Path, text: str) -> list[Program]:
    if path.stem.rpartition("_")[2] not in FRAMEWORKS:
        raise SnippetError(
            f"{path}:1: a snippet file is named <concept>_torch.md or "
            f"<concept>_mxnet.md, got {path.name}"
        )
    lines = text.splitlines()
    position = 0

    def fail(rule: str) -> SnippetError:
        got = repr(lines[position]) if position < len(lines) else "the end of the file"
        return SnippetError(f"{path}:{position + 1}: expected {rule}, got {got}")

    def skip_blank() -> str:
        nonlocal position
        while position < len(lines) and not lines[position].strip():
            position += 1
        return lines[position] if position < len(lines) else ""

    def fence(info: str) -> list[str]:
        nonlocal position
        if skip_blank() != f"```{info}":
            raise fail(f"a fence that opens with exactly ```{info}")
        start = position = position + 1
        while position < len(lines) and lines[position] != "```":
            if lines[position].lstrip().startswith(("```", "~~~")):
                raise fail("a closing fence of exactly ```")
            position += 1
        if position == len(lines):
            raise fail("a closing fence of exactly ```")
        position += 1
        return lines[start : position - 1]

    programs: list[Program] = []
    if lab := skip_blank() == LAB_MARKER:
        position += 1
    while skip_blank():
        match = _START.fullmatch(lines[position])
        if not match:
            raise fail("<!-- --8<-- [start:name] -->")
        name = match[1]
        if name in {program.section for program in programs}:
            raise fail(f"a section name that is new in this file, not {name!r}")
        position += 1
        skip_blank()
        lineno = position + 1
        source = fence("python")
        output = None
        if skip_blank() == OUTPUT_MARKER:
            position += 1
            output = "".join(line + "\n" for line in fence("text"))
        if skip_blank() != f"<!-- --8<-- [end:{name}] -->":
            raise fail(f"{OUTPUT_MARKER} or <!-- --8<-- [end:{name}] -->")
        position += 1
        programs.append(Program(path, name, source, lineno, output, lab))
    return programs


def _resolve(programs: list[Program], path: Path, text: str, root: Path) -> None:
    """Fill in code and origins; pymdownx and pytest-codeblocks have the last word."""
    bases = [str(root / "snippets"), str(root / "src")]
    md = markdown.Markdown(
        extensions=["pymdownx.snippets"],
        extension_configs={
            "pymdownx.snippets": {"base_path": bases, "check_paths": True}
        },
    )
    snippets = md.preprocessors["snippet"]
    for program in programs:
        for number, line in enumerate(program.source, program.lineno + 1):
            if include := _INCLUDE.fullmatch(line):
                if not include[1].endswith(f"_{program.framework}.py"):
                    raise SnippetError(
                        f"{path}:{number}: a {program.framework} program includes "
                        f"files named *_{program.framework}.py, got {include[1]}"
                    )
                program.origins += _included_lines(root / "src" / include[1], include)
            else:
                program.origins.append((path, number))
    try:
        resolved = "\n".join(snippets.run(text.splitlines()))
    except Exception as error:  # pymdownx names the include that it misses
        raise SnippetError(f"{path}:1: {error}") from error
    blocks = extract_from_buffer(io.StringIO(resolved))
    if [block.syntax for block in blocks] != ["python"] * len(programs):
        raise SnippetError(f"{path}:1: pytest-codeblocks sees other fences than we do")
    for program, block in zip(programs, blocks, strict=True):
        if block.expected_output != program.output:
            raise SnippetError(f"{path}:{program.lineno}: output was read two ways")
        program.code = block.code
        if len(program.code.splitlines()) != len(program.origins):
            raise SnippetError(f"{path}:{program.lineno}: lost count of the lines")


def _included_lines(file: Path, include: re.Match[str]) -> list[tuple[Path, int]]:
    """File and line of everything that an include brings, section markers left out."""
    if not file.is_file():
        return []  # pymdownx reports it
    section, inside, found = include[2], include[2] is None, []
    lines = file.read_text(encoding="utf-8").split("\n")
    for number, line in enumerate(lines, 1):
        if marker := _ANY_MARKER.search(line):
            if marker[2] == section:
                inside = marker[1] == "start"
        elif inside:
            found.append((file, number))
    return found
