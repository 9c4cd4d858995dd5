"""Every page as plain Markdown, and llms.txt, which lists them, for machines to read.

The hooks call `write` for a page and `index` for a language. As https://llmstxt.org
proposes, the Markdown of a page has the page's own address and index.html.md after it.
"""

import posixpath
import re
from pathlib import Path

import yaml

from sitetools import concepts, downloads, pages, programs, prose

ROOT = Path(__file__).parents[2]
FILE = "index.html.md"
OUTPUT = {"en": "Output:", "zh": "输出："}
LICENSE = {
    "en": "Programs: MIT License. Text and figures: CC BY 4.0.",
    "zh": "程序采用 MIT 许可证，文字与图采用 CC BY 4.0 许可协议。",
}
ABOUT = {
    "en": "Every program was run, in PyTorch and in MXNet; what it printed stands "
    "below it. Every numbered formula is checked by a test. Each note is also here [in "
    "Chinese]({}).",
    "zh": "每个程序都在 PyTorch 和 MXNet 中运行过，下面是它打印的内容；每个有编号的公式"
    "都有测试检验。每篇笔记都有[英文版]({})。",
}


def program(include: str, language: str) -> str:
    """A program under its framework's name, with what it printed.

    Args:
        include: What the page includes, foundations/norms_torch.md:scratch.
        language: "en" or "zh".
    """
    file, _, section = include.partition(":")
    found: programs.Program = downloads.loaded(ROOT / "snippets" / file)[section]
    text = f"**{downloads.LABELS[found.framework]}**\n\n```python\n{found.code}```"
    if found.output is not None:
        text += f"\n\n{OUTPUT[language]}\n\n```text\n{found.output}```"
    return text


def body(page: pages.Page, **how) -> str:
    """A page without its front matter, everything that it includes in its place.

    Args:
        page: The page, in one language.
        how: What `prose.convert` is told about links, formulas and headings.
    """
    language = _language(page)
    text = page.text
    if concepts.MARKER in text:
        text = text.replace(concepts.MARKER, concepts.listing(language))
    blocks = []
    for words, includes, figure in prose.parts(text):
        blocks.append(prose.convert(words, page, **how))
        blocks += [program(include, language) for include in includes]
        blocks.append(prose.convert(figure, page, **how))
    return "\n\n".join(filter(None, blocks)) + "\n"


def write(path: Path, folder: Path, url: str, site_url: str) -> None:
    """Write a page as Markdown.

    Args:
        path: The page's file.
        folder: Where the built page lies.
        url: The page's address.
        site_url: The site's address.
    """

    def address(target: str) -> str | None:
        if target.startswith("https://"):
            return target
        return None if target.startswith("#") else _address(path, target, site_url)

    page = pages.Page(path)
    meta = {
        "title": concepts.title(path),
        "description": page.meta.get("description", ""),
    }
    meta |= {"url": url, "license": LICENSE[_language(page)]}
    front = yaml.safe_dump(meta, allow_unicode=True, sort_keys=False, width=1000)
    text = f"---\n{front}---\n\n{body(page, address=address)}"
    (folder / FILE).write_text(text, "utf-8", newline="\n")


def index(
    name: str, summary: str, language: str, site_url: str, root: Path = ROOT
) -> str:
    """The text of llms.txt: every page, by chapter, with its description.

    Args:
        name: The site's name.
        summary: What the site is, in the language.
        language: "en" or "zh".
        site_url: The site's address.
        root: The project's root.
    """
    other = "llms.txt" if language == "zh" else "zh/llms.txt"
    lines = [f"# {name}", "", f"> {summary}", ""]
    lines += [ABOUT[language].format(site_url + other), LICENSE[language]]
    # Of sections, "Optional" alone has a meaning: what a reader in a hurry may skip.
    nav = sorted(concepts.nav(language, root), key=lambda entry: not entry[0])
    home = root / "docs" / language / "index.md"
    last = None
    for chapter, names in nav:
        if chapter != last:
            lines += ["", f"## {chapter or 'Optional'}", ""]
        last = chapter
        for page in names:
            path = home.parent / page
            if not path.is_file():  # a page whose twin is not written yet
                continue
            link = _address(home, page, site_url)
            about = pages.Page(path).meta.get("description", "")
            lines.append(f"- [{concepts.title(path)}]({link}): {about}")
    return "\n".join(lines) + "\n"


def _language(page: pages.Page) -> str:
    return _home(page.path).name


def _home(path: Path) -> Path:
    """The folder of a page's language, docs/en or docs/zh."""
    return next(folder for folder in path.parents if folder.parent.name == "docs")


def _address(path: Path, target: str, site_url: str) -> str:
    """Where the site has what a page's file calls `target`; Markdown has no anchors."""
    folder = path.parent.relative_to(_home(path).parent).as_posix()
    file = posixpath.normpath(posixpath.join(folder, target.partition("#")[0]))
    file = re.sub(r"(^|/)index\.md$", rf"\1{FILE}", file.removeprefix("en/"))
    return site_url + re.sub(r"(?<!html)\.md$", f"/{FILE}", file)
