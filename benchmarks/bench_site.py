"""What building the site costs, next to plain Material, and how fast a change is seen.

The pages are multiplied to 180 in each of two languages. A copy brings its own
programs, figures and concept files, and each of its formulas and programs differs from
those of the other copies, so that nothing is saved by their being copies.

Plain Material is what the same theme does with the same Markdown, languages, nav and
search when this project adds nothing: no hooks, no template of ours, none of our
extensions. Programs are colored and indexed, formulas are left to the browser, terms to
the reader, and there is nothing to download. It is not strict, because equations have
no ids without our extension. Neither build keeps a cache, so both are always cold.
Their cost is CPU time, user and system, which other work on the machine changes little.

The live reload is timed in a browser, from writing a file to reading the change on the
page, on the site as it is and on the multiplied one.
"""

import os
import re
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sitetools import maths

ROOT = Path(__file__).parents[1]
PAGES, ROUNDS = 180, 2
GOAL, RELOAD_GOAL = 1.2, 2.0
INPUTS = ("docs", "snippets", "src", "overrides", "mkdocs.yml", "concepts.yml")

PLAIN = """
INHERIT: mkdocs.yml
strict: false
hooks: []
theme: {custom_dir: empty}
extra_javascript:
  - assets/javascripts/site.js
  - https://unpkg.com/katex@0/dist/katex.min.js
  - https://unpkg.com/katex@0/dist/contrib/auto-render.min.js
markdown_extensions:
  - admonition
  - attr_list
  - def_list
  - md_in_html
  - tables
  - toc:
      permalink: true
      slugify: !!python/object/apply:pymdownx.slugs.slugify {kwds: {case: lower}}
  - pymdownx.arithmatex:
      generic: true
  - pymdownx.details
  - pymdownx.highlight:
      pygments_lang_class: true
  - pymdownx.snippets:
      base_path: [!relative $config_dir/snippets, !relative $config_dir/src]
      check_paths: true
  - pymdownx.superfences
  - pymdownx.tabbed:
      alternate_style: true
"""


def copy_project(folder: Path) -> None:
    """Copy what the site is built from, and no environment or built site."""
    for name in (*INPUTS, "constraints.txt"):
        if (ROOT / name).is_dir():
            ignore = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(ROOT / name, folder / name, ignore=ignore)
        else:
            shutil.copy(ROOT / name, folder / name)


def multiply(folder: Path, count: int) -> None:
    """Add copies of the pages in chapters until each language has `count` of them."""
    pages = sorted((folder / "docs/en").glob("*/*.md"))
    for number in range(len(pages), count):
        page = pages[number % len(pages)]
        add_copy(folder, page.parent.name, page.stem, number // len(pages) + 1)


def add_copy(folder: Path, chapter: str, page: str, number: int) -> None:
    """Write the files of a concept once more, under a name with a number."""
    package, concept = chapter.replace("-", "_"), page.replace("-", "_")

    def rename(text: str) -> str:
        old = rf"\b({package}/)?{concept}(?=_torch\b|_mxnet\b|/[\w-]+\.svg)"
        return re.sub(old, rf"\g<0>_{number}", text)

    def write(path: Path, text: str) -> None:
        name = re.sub(rf"^({page}|{concept})", rf"\1-{number}", path.name)
        if path.stem != page:
            name = name.replace("-", "_")
        path.with_name(name).write_text(text, "utf-8", newline="\n")

    def formula(match: re.Match[str]) -> str:
        tex = match["display"] or match["inline"]
        return match[0].replace(tex, "{}" * number + tex, 1) if tex else match[0]

    for path in folder.glob(f"src/twinnotes/{package}/{concept}_*.py"):
        write(path, path.read_text("utf-8"))
    for path in folder.glob(f"snippets/{package}/{concept}_*.md"):
        text = rename(path.read_text("utf-8"))
        own = f"```python\n# Copy {number}.\n"
        write(path, text.replace("```python\n", own))
    figures = folder / f"docs/assets/figures/{package}/{concept}"
    if figures.is_dir():
        shutil.copytree(figures, figures.with_name(f"{concept}_{number}"))
    for path in folder.glob(f"docs/*/{chapter}/*"):
        if path.suffix == ".ipynb" and path.stem.startswith(concept):
            write(path, path.read_text("utf-8"))
        elif path.stem == page:
            text = maths.SYNTAX.sub(formula, path.read_text("utf-8"))
            text = re.sub('^title: "?(.*?)"?$', rf'title: "\1 {number}"', text, 1, re.M)
            write(path, rename(text))
    config = folder / "mkdocs.yml"
    line = f"      - {chapter}/{page}.md\n"
    config.write_text(
        config.read_text("utf-8").replace(
            line, line + line.replace(page, f"{page}-{number}"), 1
        ),
        "utf-8",
    )


def command(folder: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "mkdocs", *arguments]


def environment(folder: Path) -> dict[str, str]:
    own = {"PYTHONPATH": str(folder / "src"), "NO_MKDOCS_2_WARNING": "1"}
    return {**os.environ, **own, "PYTHONDONTWRITEBYTECODE": "1"}


def build(folder: Path, *arguments: str) -> float:
    """Build the site; return the CPU seconds that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        command(folder, "build", *arguments),
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise SystemExit(done.stdout[-4000:])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
