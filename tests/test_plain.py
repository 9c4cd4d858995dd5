"""The site for machines: llms.txt lists every page, and its Markdown loses nothing."""

import re
from pathlib import Path

import pytest

from built_site import SITE_URL
from sitetools import concepts, downloads, pages

ROOT = Path(__file__).parents[1]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)]*)\)")
MARKS = ("--8<--", "{ #", "{:", "???", '=== "', "<!--", "](#", ".md#", "\ue000")
NAV = re.findall(
    r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text("utf-8").partition("\nsite_name")[0]
)
NAMES = [(language, name) for language in pages.LANGUAGES for name in NAV]


def markdown_of(site, language, name):
    """Where the built site has a page's Markdown."""
    folder = name.removesuffix(".md").removesuffix("index")
    return site / ("" if language == "en" else language) / folder / "index.html.md"


def ran(page):
    """Language and text of the code blocks that a page must show, in order."""
    blocks = []
    for include in page.includes:
        file, _, section = include.partition(":")
        program = downloads.loaded(ROOT / "snippets" / file)[section]
        blocks.append(("python", program.code))
        if program.output is not None:
            blocks.append(("text", program.output))
    return blocks


def wrong(text: str, page: pages.Page, site: Path) -> list[str]:
    """List what is lost or left over on the way from a page to its Markdown."""
    found = []
    if FENCE.findall(text) != ran(page):
        found.append("not the programs and outputs of the page, in its order")
    if re.findall(r"^\*\*(PyTorch|MXNet)\*\*\n\n```python", text, re.M) != page.tabs:
        found.append("not every program stands under its framework")
    prose = FENCE.sub("", text.partition("\n---\n")[2])
    found += [f"left over: {mark}" for mark in MARKS if mark in prose]
    tags = re.findall(r"\\tag\{(\d+)\}\n\$\$$", prose, re.MULTILINE)
    if tags != [str(place + 1) for place in range(len(page.equations))]:
        found.append(f"numbers of the formulas: {tags}")
    if prose.count("\n$$\n") != 2 * sum(f.display for f in page.formulas):
        found.append("not every displayed formula is a block of its own")
    for formula in page.formulas:
        wanted = f"$$\n{formula.tex}" if formula.display else f"${formula.tex}$"
        if wanted not in prose:
            found.append(f"no {formula}")
    found += [
        f"no heading {t}" for n, t, _ in page.headings if f"{'#' * n} {t}" not in prose
    ]
    # A link to a place on the page itself is text; the others lead somewhere.
    links = LINK.findall(re.sub(r"`[^`\n]*`", "", prose))
    if concepts.MARKER not in page.text:
        pairs = re.findall(r"(!?)\[[^\]]+\]\(([^#)][^)]*)\)", page.text)
        if [image for image, *_ in links] != [image for image, _ in pairs]:
            found.append("not the links and figures of the page")
    for _, _, target in links:
        file = site / target.removeprefix(SITE_URL)
        if not (file.is_file() if target.startswith(SITE_URL) else "://" in target):
            found.append(f"leads nowhere: {target}")
    return found


@pytest.mark.parametrize(("language", "name"), NAMES)
def test_the_markdown_of_a_page_loses_nothing(site_dir, language, name):
    page = pages.Page(ROOT / "docs" / language / name)
    text = markdown_of(site_dir, language, name).read_text("utf-8")
    assert not wrong(text, page, site_dir)
    url = SITE_URL + ("zh/" if language == "zh" else "")
    url += re.sub("index/$", "", f"{name.removesuffix('.md')}/")
    assert f"\ndescription: {page.meta['description']}\nurl: {url}\n" in text
    html = markdown_of(site_dir, language, name).with_suffix("").read_text("utf-8")
    assert html.count('type="text/markdown" href="index.html.md"') == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("p = 2.0: norm 5.0000", "p = 2.0: norm 5.0001"),
        ("import torch\n", ""),
        ("**MXNet**", "MXNet"),
        ("\n## Idea\n", "\n## Idea { #idea }\n"),
        ("\n## Idea\n", "\n"),
        ("**PyTorch**\n", '=== "PyTorch"\n'),
        ("\n**Answer**", '\n??? success "Answer"'),
        ("\n## Idea\n", '\n--8<-- "x.md:y"\n\n## Idea\n'),
        (r" \tag{3}", ""),
        (r"\tag{3}", r"\tag{4}"),
        ("$x$", "x"),
        ("unit-balls.svg", "unit_balls.svg"),
        ("matrix-calculus/index.html.md", "matrix-calculus.md"),
        ("(https://", "("),
        ("![The vectors", "[The vectors"),
    ],
)
def test_the_check_sees_what_is_lost(site_dir, old, new):
    page = pages.Page(ROOT / "docs/en/foundations/norms.md")
    text = markdown_of(site_dir, "en", "foundations/norms.md").read_text("utf-8")
    text += "\n[d2l](https://d2l.ai)\n"
    page.text += "\n[d2l](https://d2l.ai)\n"
    assert not wrong(text, page, site_dir)
    assert old in text
    assert wrong(text.replace(old, new), page, site_dir)


@pytest.mark.parametrize("language", pages.LANGUAGES)
def test_llms_txt_lists_every_page_once(site_dir, language):
    prefix = "" if language == "en" else "zh/"
    text = (site_dir / prefix / "llms.txt").read_text("utf-8")
    head, *sections = re.split(r"^## (.+)\n\n", text, flags=re.MULTILINE)
    assert re.match(r"# Twin Notes\n\n> [^\n]+\n\n[^#]+\Z", head)
    titles = [title for title, _ in concepts.chapters(language)]
    assert sections[::2] == [*titles, "Optional"]
    listed = []
    for section in sections[1::2]:
        for line in section.strip().split("\n"):
            title, url, about = re.fullmatch(r"- \[(.+)\]\((.+)\): (.+)", line).groups()
            assert url.startswith(SITE_URL + prefix)
            listed.append(url.removeprefix(SITE_URL))
            front = (site_dir / listed[-1]).read_text("utf-8").split("\n---\n")[0]
            assert f"\ndescription: {about}\n" in front
            assert f"\n# {title}\n" in (site_dir / listed[-1]).read_text("utf-8")
    wanted = [markdown_of(site_dir, language, name) for name in NAV]
    assert sorted(listed) == sorted(
        path.relative_to(site_dir).as_posix() for path in wanted
    )
    other = "llms.txt" if language == "zh" else "zh/llms.txt"
    assert f"({SITE_URL}{other})" in head
    assert (site_dir / other).is_file()
