"""Live reload, on a toy project in a real `mkdocs serve`: fast, and never stale."""

import filecmp
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE = 200  # seconds, on a machine that is busy
NAV = """nav:
  - Home: index.md
  - Foundations:
      - foundations/sums.md
      - foundations/means.md
  - concepts.md
  - glossary.md
"""
PAGE = """---
title: {title}
description: A page.
---

# {title} {{ #{name} }}

A gradient of $x$, 一个梯度，{text}.

$$
x + x
$$ {{ #twice }}

!!! note

    A note.

See [sums](sums.md#end) and [means](means.md#end).

=== "PyTorch"

    --8<-- "foundations/{name}_torch.md:one"

=== "MXNet"

    --8<-- "foundations/{name}_mxnet.md:one"

![A figure](../../assets/figures/foundations/{name}/one.svg)

## End {{ #end }}
"""
# The page of means shows the program of sums as well.
MORE = '\n--8<-- "foundations/sums_torch.md:one"\n'
SNIPPET = """<!-- --8<-- [start:one] -->

```python
--8<-- "twinnotes/foundations/{name}.py"
print(add(1, 2))
plt.show()
```

<!--pytest-codeblocks:expected-output-->

```text
3
```

<!-- --8<-- [end:one] -->
"""
FIGURE = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
GLOSSARY = "---\ntitle: G{0}\n---\n\n# G\n\n## {0} {{ #gradient }}\n\nSlopes.\n"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


@pytest.fixture
def project(tmp_path):
    """Two concepts in both languages, under this project's own configuration."""
    folder = tmp_path / "project"
    config = (ROOT / "mkdocs.yml").read_text("utf-8")
    config = re.sub(r"(?s)nav:\n.*?\n(?=\n)", NAV, config, count=1)
    note = "\n          admonition_translations: {note: 注意}"  # static-i18n's own part
    write(folder / "mkdocs.yml", config.replace("name: 中文", f"name: 中文{note}"))
    write(folder / "concepts.yml", "{}")
    write(folder / "redirects.yml", "")
    shutil.copytree(ROOT / "overrides", folder / "overrides")
    for assets in "katex", "stylesheets":
        shutil.copytree(
            ROOT / f"docs/assets/{assets}", folder / f"docs/assets/{assets}"
        )
    shutil.copy(ROOT / "constraints.txt", folder)
    for language in "en", "zh":
        docs = folder / "docs" / language
        write(docs / "index.md", f"---\ntitle: H{language}\n---\n\n# Home\n")
        write(docs / "concepts.md", "---\ntitle: C\n---\n\n# C\n\n<!-- concepts -->\n")
        write(docs / "glossary.md", GLOSSARY.format("gradient"))
        for name in "sums", "means":
            text = PAGE.format(name=name, title=name + language, text="plain words")
            write(docs / f"foundations/{name}.md", text + MORE * (name == "means"))
    for name in "sums", "means":
        figure = folder / f"docs/assets/figures/foundations/{name}/one.svg"
        write(figure, FIGURE)
        for half in (f"{name}_torch", f"{name}_mxnet"):
            text = SNIPPET.format(name=half)
            write(folder / f"snippets/foundations/{half}.md", text)
            source = "def add(a, b):\n    return a + b\n"
            write(folder / f"src/twinnotes/foundations/{half}.py", source)
    (folder / "src/sitetools").symlink_to(ROOT / "src/sitetools")
    return folder


class Served:
    """A running `make serve`: its address, its log, and the folder that it serves."""

    def __init__(self, project: Path, log: Path):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{probe.getsockname()[1]}"
        self.project, self.url, self.log = project, f"http://{address}/", log
        temporary = log.with_name("temporary")
        temporary.mkdir()
        self.env = {
            **os.environ,
            "PYTHONPATH": str(project / "src"),
            "TMPDIR": str(temporary),
            "SITE_URL": self.url,
            "NO_MKDOCS_2_WARNING": "1",
        }
        options = ["serve", "--no-strict", "--livereload", "--dev-addr", address]
        with log.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "mkdocs", *options],
                cwd=project,
                env=self.env,
                stdout=output,
                stderr=output,
            )
        self.wait_for("Serving on")
        [self.folder] = temporary.glob("mkdocs_*")
        self.epoch = self.poll(0)

    def poll(self, epoch: int) -> int:
        """Ask as a browser does: the answer waits a minute for something newer."""
        address = f"{self.url}livereload/{epoch}/1"
        with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
            return int(answer.read())

    def wait_for(self, text: str, times: int = 1) -> None:
        """Wait until the log has a text that often."""
        deadline = time.monotonic() + PATIENCE
        while self.log.read_text().count(text) < times:
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def change(self, path: str, old: str, new: str, *, reloads: bool = True) -> None:
        """Edit a file, and wait until the server tells the browsers to reload."""
        text = (self.project / path).read_text("utf-8")
        assert old in text
        (self.project / path).write_text(text.replace(old, new), "utf-8")
        if reloads:
            epoch, deadline = self.epoch, time.monotonic() + PATIENCE
            while self.epoch == epoch:
                assert time.monotonic() < deadline, self.log.read_text()
                self.epoch = self.poll(epoch)

    def whole_builds(self) -> int:
        return self.log.read_text().count("Building documentation...")

    def shown_on(self, text: str) -> set[str]:
        """The pages whose HTML has a text."""
        return {
            path.parent.relative_to(self.folder).as_posix()
            for path in self.folder.rglob("index.html")
            if text in path.read_text("utf-8")
        }


@pytest.fixture
def served(project, tmp_path):
    server = Served(project, tmp_path / "log")
    yield server
    server.process.terminate()
    server.process.wait()


def test_what_is_served_after_changes_is_what_a_whole_build_makes(served, tmp_path):
    notes = {
        f"{zh}foundations/{name}" for zh in ("", "zh/") for name in ("sums", "means")
    }

    # What other pages show too: the whole site.
    served.change("docs/en/glossary.md", "Slopes", "Steepness")
    assert served.whole_builds() == 2
    assert "foundations/sums" in served.shown_on("Steepness")
    served.change("docs/zh/foundations/sums.md", "title: sums", "title: totals")
    assert served.whole_builds() == 3
    assert "zh/foundations/means" in served.shown_on("totalszh")

    # What few pages show.
    served.change("docs/en/foundations/sums.md", "plain words", "first change")
    assert served.shown_on("first change") == {"foundations/sums"}
    served.change("docs/zh/foundations/sums.md", "plain words", "第二处改动")
    assert served.shown_on("第二处改动") == {"zh/foundations/sums"}
    served.change("docs/en/foundations/sums.md", "first change", "third change")
    assert served.shown_on("third change") == {"foundations/sums"}
    served.change("snippets/foundations/sums_torch.md", "add(1, 2)", "add(2, 1)")
    assert len(served.shown_on("sums_one_torch.py")) == 4
    served.change("src/twinnotes/foundations/sums_torch.py", "(a, b)", "(lucky, b)")
    assert served.shown_on("lucky") == notes
    served.change("src/twinnotes/foundations/means_mxnet.py", "(a, b)", "(happy, b)")
    assert served.shown_on("happy") == {"foundations/means", "zh/foundations/means"}
    figure = "docs/assets/figures/foundations/means/one.svg"
    served.change(figure, "/>", "><!-- drawn again --></svg>")

    # A mistake is told until it is mended, whatever else is saved meanwhile.
    mistake = "An error happened during the rebuild."
    served.change("docs/en/foundations/means.md", "$x$", r"$\x$", reloads=False)
    served.wait_for(mistake)
    told = served.log.read_text().count(mistake)
    served.change(
        "docs/en/foundations/sums.md", "third change", "fourth change", reloads=False
    )
    served.wait_for(mistake, times=told + 1)
    served.change("docs/en/foundations/means.md", r"$\x$", "$y$")
    assert served.shown_on("fourth change") == {"foundations/sums"}
    # An editor's own files, and a saved file without a change to it.
    write(served.project / "docs/en/.sums.md.swp", "")
    served.change("docs/en/foundations/means.md", "#end", "#end")
    assert served.whole_builds() == 3

    whole = tmp_path / "whole"
    subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--no-strict", "-q", "-d", whole],
        cwd=served.project,
        env=served.env,
        check=True,
    )
    assert differences(served.folder, whole) == []


def differences(one: Path, other: Path) -> list[str]:
    """The files that are in one folder only, or differ."""
    names = [
        {str(p.relative_to(top)) for p in top.rglob("*") if p.is_file()}
        for top in (one, other)
    ]
    _, different, errors = filecmp.cmpfiles(one, other, names[0] & names[1], False)
    return sorted({*(names[0] ^ names[1]), *different, *errors})
