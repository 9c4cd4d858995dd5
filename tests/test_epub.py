"""A small book of each language: whole, valid, the same every time.

`make epub` has epubcheck judge the real ones.
"""

import copy
import importlib.util
import posixpath
import re
import shutil
import zipfile
from types import SimpleNamespace
from urllib.parse import unquote

import pytest
from bs4 import BeautifulSoup
from mkdocs.exceptions import PluginError

from built_site import parse
from sitetools import availability, concepts, epub, hooks, pages
from test_plain import ROOT, ran

NOTES = ["foundations/norms.md", "foundations/backpropagation.md"]
NAV = [("", ["index.md"]), ("Foundations", NOTES), ("", ["glossary.md"])]


def need_tool(name, found):
    """Go on only where a tool is; where it must be, its lack is a failure."""
    if not found:
        end = pytest.fail if availability.required(name) else pytest.skip
        end(f"there is no {name}")


def write(path, language, nav=NAV):
    epub.write(path, "Twin Notes", "Two notes.", language, nav)
    return path


@pytest.fixture(scope="module", params=pages.LANGUAGES)
def language(request):
    return request.param


@pytest.fixture(scope="module")
def book(language, tmp_path_factory):
    """The file of a small book."""
    need_tool("pandoc", importlib.util.find_spec("pypandoc"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", "1700000000")
        yield write(tmp_path_factory.mktemp("book") / "small.epub", language)


@pytest.fixture(scope="module")
def texts(book):
    """The pages of the book, by their paths in it, in order."""
    with zipfile.ZipFile(book) as archive:
        return {
            name: BeautifulSoup(archive.read(name), "html.parser")
            for name in sorted(archive.namelist())
            if name.endswith(".xhtml")
        }


@pytest.fixture(params=NOTES)
def note(request, language, texts):
    """A note, and its page in the book."""
    page = pages.Page(ROOT / "docs" / language / request.param)
    title = page.headings[0][1]
    [text] = [t for t in texts.values() if t.h2 and t.h2.get_text() == title]
    return page, text


def test_programs_and_outputs_are_those_that_ran(note):
    page, text = note
    shown = [
        ("python" if "python" in pre["class"] else "text", pre.get_text() + "\n")
        for pre in text.find_all("pre")
    ]
    assert shown == ran(page)
    names = [p.get_text() for p in text.find_all("p")]
    assert [name for name in names if name in ("PyTorch", "MXNet")] == page.tabs


def test_formulas_are_mathml_with_their_numbers(note):
    page, text = note
    drawn = text.find_all("math")
    assert [tag["display"] == "block" for tag in drawn] == [
        formula.display for formula in page.formulas
    ]
    numbers = [tag.get_text() for tag in text.find_all(class_="equation-number")]
    assert numbers == [f"({n + 1})" for n in range(len(page.equations))]
    ids = [tag["id"] for tag in text.find_all(class_="equation") if tag.get("id")]
    assert [name.rpartition("__")[2] for name in ids] == page.equations


def test_figures_are_there_and_described(book, note):
    page, text = note
    images = text.find_all("img")
    assert [image["alt"] for image in images] == page.alt_texts
    with zipfile.ZipFile(book) as archive:
        for image, target in zip(images, page.figures, strict=True):
            inside = archive.read(posixpath.normpath(f"EPUB/text/{image['src']}"))
            assert inside == (page.path.parent / target).resolve().read_bytes()


def test_every_link_leads_somewhere(texts, language):
    ids = {
        name: {tag["id"] for tag in text.find_all(id=True)}
        for name, text in texts.items()
    }
    for name, text in texts.items():
        for link in text.find_all("a", href=True):
            if link["href"].startswith("https://"):
                continue
            file, _, anchor = unquote(link["href"]).partition("#")
            target = posixpath.normpath(posixpath.join(posixpath.dirname(name), file))
            assert not anchor or anchor in ids[target if file else name], link


def test_the_terms_that_lead_to_the_glossary_are_those_of_the_site(note, site_dir):
    page, text = note
    inside = [
        link["href"].partition("glossary.md__") for link in text.select("a[href]")
    ]
    found = [anchor for _, mark, anchor in inside if mark]
    folder = page.path.relative_to(ROOT / "docs").with_suffix("").as_posix()
    html = (site_dir / folder.removeprefix("en/") / "index.html").read_text("utf-8")
    terms = parse(html).select("a.term")
    assert found == [term["href"].partition("#")[2] for term in terms]
    assert len(found) > 10


def test_the_book_says_what_it_is(book, texts, language):
    with zipfile.ZipFile(book) as archive:
        package = archive.read("EPUB/content.opf").decode()
    code = {"en": "en", "zh": "zh-Hans"}[language]
    assert f"<dc:language>{code}</dc:language>" in package
    assert epub.IDENTIFIER[language] in package
    assert "CC BY 4.0" in package
    assert 'property="schema:accessibilityFeature">MathML<' in package
    assert all(text.html["lang"] == code for text in texts.values())
    entries = [
        a.get_text() for a in texts["EPUB/nav.xhtml"].find(id="toc").find_all("a")
    ]
    docs = ROOT / "docs" / language
    titles = [concepts.title(docs / name) for _, names in NAV for name in names]
    assert [entry for entry in entries if entry in titles] == titles


def test_chinese_sentences_have_no_space_between_them(texts, language):
    if language != "zh":
        return
    for name, text in texts.items():
        for paragraph in text.find_all(["p", "li", "td"]):
            loose = re.search("[，。：；？！”）]\\s", paragraph.get_text())
            assert not loose, (name, paragraph.get_text())


def test_nothing_of_the_source_is_left(texts):
    for name, whole in texts.items():
        text = copy.copy(whole)  # other tests need all of it
        for code in text.find_all(["pre", "code", "math"]):
            code.decompose()
        for mark in ("--8<--", "{ #", "???", "===", "<!--", ":::", "**", "](", "\\("):
            assert mark not in text.get_text(), name


def test_two_books_are_the_same(book, language, tmp_path):
    assert write(tmp_path / "again.epub", language).read_bytes() == book.read_bytes()


@pytest.mark.slow  # `make epub` has it judge the whole books
def test_epubcheck_finds_nothing_in_it(book):
    need_tool("java", shutil.which("java"))
    assert epub.problems(book) == []


@pytest.mark.slow
def test_epubcheck_finds_a_missing_figure(book, language, tmp_path):
    if language == "en":
        need_tool("java", shutil.which("java"))
        broken = tmp_path / "broken.epub"
        with zipfile.ZipFile(book) as whole, zipfile.ZipFile(broken, "w") as archive:
            for item in whole.infolist():
                if item.filename != "EPUB/media/file0.svg":
                    archive.writestr(item, whole.read(item))
        assert any("file0.svg" in problem for problem in epub.problems(broken))


def test_a_formula_that_pandoc_cannot_read_is_an_error(book, tmp_path, monkeypatch):
    monkeypatch.setattr(epub, "_formula", lambda *_: r"\(\frac{1\)")
    with pytest.raises(PluginError, match=r"pandoc: .*Could not convert"):
        write(tmp_path / "wrong.epub", "en", [("Foundations", NOTES[:1])])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("with_books", [False, True])
def test_the_home_page_links_to_the_book_if_there_is_one(
    language, with_books, monkeypatch
):
    monkeypatch.setattr(hooks, "_WITH_BOOKS", with_books)
    home = pages.Page(ROOT / "docs" / language / "index.md")
    file = SimpleNamespace(
        abs_src_path=str(home.path), src_uri=f"{language}/index.md", locale=language
    )
    text = hooks.on_page_markdown(home.text.strip(), SimpleNamespace(file=file))
    assert "<!--" not in text
    folder = "" if language == "en" else language
    links = re.findall(r'^- <a href="([^"]+\.epub)"', text, re.MULTILINE)
    links = [posixpath.normpath(posixpath.join(folder, link)) for link in links]
    assert links == [epub.file_name(language)] * with_books
