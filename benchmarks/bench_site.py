"""What building the site costs, next to plain Material, and how soon a change is seen.

The notes are multiplied to 180 in each of two languages. A copy brings its own
programs, figures and concept files, and each of its formulas and programs differs from
those of the other copies, so that nothing is saved by their being copies.

Plain Material is what the same theme does with the same Markdown, languages, nav and
search when this project adds nothing: no hooks, no templates and extensions of ours.
Programs are colored and indexed, formulas left to the browser, terms to the reader, and
there is nothing to download. It is not strict, because equations have no ids without
our extension. No build keeps anything for the next one, so all of them are cold. Their
cost is CPU time, user and system, which depends little on what else the machine does.

Live reload is timed in a browser, from writing a file to reading the change on a page
that is open. The weight of a note is what a browser with an empty cache fetches for it,
and for a reader who moves, compressed with gzip; the notes are weighed in the
multiplied site, whose nav is longer.
"""

import functools
import http.server
import os
import re
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Error, Page, sync_playwright

from sitetools import environment, maths, weight

ROOT = Path(__file__).parents[1]
PAGES, ROUNDS = 180, 2
# What is saved while a page that shows it is open: after what, and the line put there.
SAVES, PATIENCE = 3, 300_000  # ms
SAVED = {
    "docs/en/foundations/norms.md": (r"\n## Idea .*\n\n", "{}"),
    "snippets/foundations/norms_torch.md": (r"```python\n", "# {}"),
    "src/twinnotes/foundations/norms_torch.py": (r"\A", "# {}"),
}
NOT_COPIED = ("site", "site-zensical", "tests")

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
    """Copy the project, without its tests, environments and built sites."""
    ignore = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for path in ROOT.iterdir():
        if path.name.startswith(".") or path.name in NOT_COPIED:
            continue
        if path.is_dir():
            shutil.copytree(path, folder / path.name, ignore=ignore)
        else:
            shutil.copy(path, folder / path.name)


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
            numbered = rf'\ntitle: "\1 {number}"\n'
            text = re.sub(r'\ntitle: "?(.*?)"?\n', numbered, text, count=1)
            write(path, rename(text))
    config = folder / "mkdocs.yml"
    line = f"      - {chapter}/{page}.md\n"
    config.write_text(
        config.read_text("utf-8").replace(
            line, line + line.replace(f"{page}.md", f"{page}-{number}.md"), 1
        ),
        "utf-8",
    )


def mkdocs(folder: Path, *arguments: str) -> subprocess.Popen:
    """Start MkDocs on a copy of the project, with the sitetools of the copy."""
    own = {"PYTHONPATH": str(folder / "src"), "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "mkdocs", *arguments],
        cwd=folder,
        env={**os.environ, **own},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def build(folder: Path, *arguments: str) -> float:
    """Build the site; return the CPU seconds that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = mkdocs(folder, "build", *arguments)
    output, _ = process.communicate()
    if process.returncode:
        raise SystemExit(output)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Run what `make serve` runs; yield the address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    [[_, _, *arguments]] = environment.lines_of("serve", port)
    process = mkdocs(folder, *arguments)
    for line in process.stdout:
        if "Serving on" in line:
            break
    else:
        raise SystemExit("mkdocs serve ended")
    # Nobody may leave the pipe full.
    threading.Thread(target=process.stdout.read, daemon=True).start()
    yield f"http://127.0.0.1:{port}/"
    process.terminate()
    process.wait()


def reload_seconds(folder: Path, page: Page) -> list[float]:
    """Save each kind of file a few times; return the longest waits in seconds."""
    longest = []
    with served(folder) as url:
        page.goto(f"{url}foundations/norms/")
        for path, (place, line) in SAVED.items():
            waits = []
            for number in range(SAVES):
                text = (folder / path).read_text("utf-8")
                mark = f"Saved {len(longest)}-{number}."
                new = rf"\g<0>{line.format(mark)}\n"
                changed = re.sub(place, new, text, count=1)
                started = time.perf_counter()
                (folder / path).write_text(changed, "utf-8")
                page.wait_for_function(
                    "mark => document.body?.textContent.includes(mark)",
                    arg=mark,
                    timeout=PATIENCE,
                )
                waits.append(time.perf_counter() - started)
            longest.append(max(waits))
    return longest


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_):
        pass


def weights(site: Path, browser: Browser) -> list[int]:
    """Return the bytes that each note of the project transfers, ascending."""
    found = []
    handler = functools.partial(Quiet, directory=site)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for note in (ROOT / "docs").glob("*/*/*.md"):
            path = note.relative_to(ROOT / "docs").with_suffix("").as_posix()
            url = f"http://127.0.0.1:{server.server_port}/{path.removeprefix('en/')}/"
            page = browser.new_page()  # with a cache of its own
            page.goto(url)
            for place in 0, 1:  # the reader moves: that sends for Material's script
                page.mouse.move(place, place)
            page.wait_for_function("window.component$")
            page.wait_for_load_state("networkidle")
            fetched = weight.files(page.evaluate(weight.FETCHED), site)
            found.append(sum(map(weight.compressed, fetched)))
            page.close()
        server.shutdown()
    return sorted(found)


def main() -> None:
    """Print the three tables."""
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        today, many = Path(scratch, "today"), Path(scratch, "many")
        site, plain_site = Path(scratch, "site"), Path(scratch, "plain")
        for folder in today, many:
            folder.mkdir()
            copy_project(folder)
        multiply(many, PAGES)
        (many / "plain.yml").write_text(PLAIN, "utf-8")
        (many / "empty").mkdir()
        plain, ours = [], []
        for _ in range(ROUNDS):
            plain.append(build(many, "-f", "plain.yml", "-d", str(plain_site)))
            ours.append(build(many, "--strict", "-d", str(site)))
        a, b = min(plain), min(ours)
        print(
            f"A cold build of {PAGES} notes in 2 languages, CPU time, best of {ROUNDS}"
        )
        print(f"  plain Material      {a:7.1f} s")
        print(f"  this site, strict   {b:7.1f} s")
        print(f"  ratio, goal 1.2     {b / a:7.2f}")

        browser = environment.find_browser()
        try:
            chromium = playwright.chromium.launch(
                executable_path=browser, args=["--no-sandbox", "--disable-gpu"]
            )
        except Error as error:
            raise SystemExit(f"no browser: {str(error).splitlines()[0]}") from None
        count = len(list((ROOT / "docs/en").glob("*/*.md")))
        few, lots = (
            reload_seconds(folder, chromium.new_page()) for folder in (today, many)
        )
        print(f"From saving to seeing it, longest of {SAVES}, goal 2 s")
        print(f"  {'':20}{count:5} notes{PAGES:6} notes")
        for path, first, second in zip(SAVED, few, lots, strict=True):
            print(f"  {path.split('/')[0]:20}{first:9.2f} s{second:10.2f} s")
        sizes = [size / 1000 for size in weights(site, chromium)]
        chromium.close()
        print("A note's first visit, gzip, goal 200 KB")
        print(f"  median              {statistics.median(sizes):7.0f} KB")
        print(f"  heaviest            {sizes[-1]:7.0f} KB")


if __name__ == "__main__":
    main()
