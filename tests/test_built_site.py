"""What the built HTML shows is what ran, in both languages; building is repeatable."""

import filecmp
import functools
import re
from pathlib import Path
from urllib.parse import urljoin
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup, SoupStrainer, Tag

from built_site import SITE_URL, build, parse
from sitetools import pages, programs, theme

ROOT = Path(__file__).parents[1]


@functools.cache
def all_programs():
    """Every program of the project, by its whole text."""
    return {
        program.code: program
        for path in sorted(ROOT.glob("snippets/*/*.md"))
        for program in programs.load(path, ROOT)
    }


def blocks(html: str) -> list[tuple[str, str]]:
    """Every code block of a page in order: ("program" or "output", its text)."""
    found = []
    for pre in parse(html).find_all("pre"):
        inside = pre.find_parent(class_="output")
        found.append(("output" if inside else "program", pre.get_text()))
    return found


def wrong_blocks(shown: list, ran: dict[str, programs.Program]) -> list[str]:
    """List what a page shows that did not run, or not with that output."""
    wrong = []
    for index, (kind, text) in enumerate(shown):
        before = shown[index - 1] if index else ("", "")
        after = shown[index + 1] if index + 1 < len(shown) else ("", "")
        if kind == "program" and text not in ran:
            wrong.append(f"no program that ran reads:\n{text}")
        elif kind == "program":
            expected = ran[text].output
            got = after[1] if after[0] == "output" else None
            if got != expected:
                wrong.append(f"{ran[text].section}: output {got!r}, ran {expected!r}")
        elif before[0] != "program":
            wrong.append(f"an output without its program:\n{text}")
    return wrong


@pytest.fixture(scope="module")
def built(site_dir):
    """The code blocks of every page, by its path in the site."""
    files = sorted(site_dir.rglob("*.html"))
    assert len(files) > 10
    return {
        str(path.relative_to(site_dir)): blocks(path.read_text(encoding="utf-8"))
        for path in files
    }


def test_every_code_block_shown_is_a_program_that_ran(built):
    ran = all_programs()
    for name, shown in built.items():
        assert not wrong_blocks(shown, ran), name


@pytest.mark.parametrize("language", pages.LANGUAGES)
def test_every_program_is_shown_in_both_languages(built, language):
    prefix = "" if language == "en" else f"{language}/"
    for code, program in all_programs().items():
        slug = f"{program.chapter}/{program.concept}".replace("_", "-")
        assert ("program", code) in built[f"{prefix}{slug}/index.html"]


@pytest.mark.parametrize(
    "break_it",
    [
        lambda tag: tag.find("pre").append("!"),  # a program nobody ran
        lambda tag: tag.find(class_="output").find("code").append("!"),
        lambda tag: tag.find(class_="output").decompose(),
        lambda tag: tag.find(class_="output").find_previous("pre").decompose(),
        lambda tag: tag.append(Tag(name="pre")),
    ],
    ids=["program", "output", "no output", "no program", "one more block"],
)
def test_the_check_sees_a_page_that_lies(site_dir, break_it):
    ran = all_programs()
    html = site_dir.joinpath("foundations/norms/index.html").read_text("utf-8")
    page = BeautifulSoup(html, "html.parser", parse_only=SoupStrainer("article"))
    assert not wrong_blocks(blocks(str(page)), ran)
    break_it(page)
    assert wrong_blocks(blocks(str(page)), ran)


@pytest.fixture(scope="module")
def heads(site_dir):
    """The links, descriptions and pictures of every page, by its address."""
    found = {}
    for path in sorted(site_dir.rglob("index.html")):
        address = SITE_URL + path.relative_to(site_dir).as_posix()[: -len("index.html")]
        head, _, body = path.read_text(encoding="utf-8").partition("</head>")
        head += "".join(re.findall("<img [^>]*>", body))
        found[address] = BeautifulSoup(head, "html.parser")
    return found


def twins(address: str) -> dict[str, str]:
    """The address of a page in each language."""
    path = address.removeprefix(SITE_URL).removeprefix("zh/")
    return {"en": SITE_URL + path, "zh": f"{SITE_URL}zh/{path}"}


def test_a_page_says_what_it_is_and_where_its_twin_is(heads):
    seen = {}
    for address, head in heads.items():
        (canonical,) = head.select('link[rel~="canonical"]')
        assert canonical["href"] == address
        links = head.select('link[rel~="alternate"][hreflang]')
        assert {link["hreflang"]: link["href"] for link in links} == twins(address)
        (description,) = head.select('meta[name="description"]')
        text = description["content"]
        assert len(text) > 15, address
        assert seen.setdefault(text, address) == address, "the description of another"
        chinese = bool(re.search("[\u4e00-\u9fff]", text))
        assert chinese == address.startswith(f"{SITE_URL}zh/"), f"{address}: {text}"


def test_the_sitemap_lists_every_page_with_its_twin(heads, site_dir):
    entries = list(ElementTree.parse(site_dir / "sitemap.xml").getroot())
    listed = {}
    for entry in entries:
        links = entry.findall("{http://www.w3.org/1999/xhtml}link")
        languages = {link.get("hreflang"): link.get("href") for link in links}
        listed[entry.find("{*}loc").text] = languages
    assert listed == {address: twins(address) for address in heads}
    assert len(entries) == len(listed)


def test_a_page_links_to_one_style_sheet(heads):
    for address, head in heads.items():
        links = [link["href"] for link in head.select('link[rel="stylesheet"]')]
        assert [urljoin(address, link) for link in links] == [SITE_URL + theme.SHEET]


def test_the_style_sheet_has_all_of_ours_and_what_it_names_is_there(site_dir):
    sheet = site_dir / theme.SHEET
    text = sheet.read_text(encoding="utf-8")
    for ours in (ROOT / "docs/assets/stylesheets").glob("*.css"):
        assert text.count(ours.read_text(encoding="utf-8")) == 1, ours.name
    names = re.findall(r"url\(([\w./-]+)\)", text)
    assert len(names) > 10
    for name in names:
        assert sheet.parent.joinpath(name).is_file(), name


def test_a_picture_has_its_size_before_it_arrives(heads, site_dir):
    for address, head in heads.items():
        for image in head.find_all("img"):
            size = [int(image[side]) for side in ("width", "height")]
            if "/figures/" in image["src"]:
                path = urljoin(address, image["src"]).removeprefix(SITE_URL)
                svg = ElementTree.parse(site_dir / path).getroot()
                assert size == [int(svg.get(side)) for side in ("width", "height")]


def test_a_figure_below_the_second_heading_waits_for_the_reader(site_dir):
    seen = set()
    for path in site_dir.rglob("index.html"):
        sections = path.read_text(encoding="utf-8").split("<h2")
        for place, section in enumerate(sections):
            for image in re.findall(r"<img [^>]*/figures/[^>]*>", section):
                assert (' loading="lazy"' in image) == (place > 1), (path, image)
                seen.add(place > 1)
    assert seen == {True, False}


def test_a_page_is_divided_at_its_headings(site_dir):
    for path in site_dir.rglob("index.html"):
        _, _, article = path.read_text(encoding="utf-8").partition("<article")
        parts = re.findall(r'<section class="part" style="--lines: \d+"><h2\b', article)
        assert len(parts) == article.count("<h2"), path
        assert article.count("<section") == article.count("</section>"), path


@pytest.mark.parametrize(
    ("selector", "needed"),
    [
        (".of-a-page b", True),
        (".of-a-script a", True),
        (".begun--next", True),
        ("p:not(.of-none)", True),
        ("p:is(.of-none, b)", True),
        ('[href$=".of-none"]', True),
        (".of-a-page .of-none", False),
        (".tabbed-set > :nth-child(3)", False),
    ],
)
def test_the_style_sheet_drops_what_no_page_has(
    tmp_path, monkeypatch, selector, needed
):
    monkeypatch.setattr(theme, "_sheets", {"assets/stylesheets/a.min.css": None})
    monkeypatch.setattr(theme, "_used", {"": {"of-a-page", "tabbed-set"}})
    for name, text in {
        "assets/stylesheets/a.min.css": f"@media print{{u,{selector}{{top:0}}}}",
        "assets/javascripts/a.js": "['of-a-script', `begun--${next}`]",
    }.items():
        tmp_path.joinpath(name).parent.mkdir(parents=True)
        tmp_path.joinpath(name).write_text(text, encoding="utf-8")
    theme.write(tmp_path)
    written = tmp_path.joinpath(theme.SHEET).read_text(encoding="utf-8")
    assert written == f"@media print{{u{f',{selector}' * needed}{{top:0}}}}"


def test_two_builds_are_identical(site_dir, tmp_path):
    assert not build(tmp_path)
    names = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()}
    first = {str(p.relative_to(site_dir)) for p in site_dir.rglob("*") if p.is_file()}
    assert names == first
    _, different, errors = filecmp.cmpfiles(site_dir, tmp_path, names, shallow=False)
    assert not different
    assert not errors


def test_each_page_has_a_title_of_its_own(site_dir):
    seen = {}
    for path in sorted(site_dir.rglob("*.html")):
        head = path.read_text(encoding="utf-8").partition("</head>")[0]
        title = BeautifulSoup(head, "html.parser").title.string
        assert title.strip(), f"{path} has an empty title"
        assert seen.setdefault(title, path) == path, f"{seen[title]} has it too"
