"""The way out of Material: the derived configuration, and the list of what is lost."""

from pathlib import Path

import pytest
import yaml

from sitetools import zensical

ROOT = Path(__file__).parents[2]
PAGE = """<html><head><meta name="description" content="About norms">
<link rel="stylesheet" href="../site.css"></head><body>
<a class="md-select__link" hreflang="zh" href="../zh/norms/">中文</a>
<article><h1 id="norms">Norms<a class="headerlink" href="#norms">¶</a></h1>
<div class="equation" id="l2">
<span class="katex"><annotation>x^2</annotation></span></div>
<div class="tabbed-labels"><label>PyTorch</label></div>
<pre>import torch</pre><div class="output"><pre>1.0</pre></div>
<p>See <a href="../index.html#top">the start</a>, a <a class="term" href="#l2"
title="A length">norm</a>.</p><img src="../a.svg" alt="A circle">
<a download href="norms.py">Download</a></article></body></html>
"""
# What is taken from the page, and what must be missed then.
BREAKS = {
    "descriptions": ('<meta name="description"', "<meta"),
    "headings and formulas with their ids": ('id="norms"', ""),
    "formulas that are drawn": ("annotation", "span"),
    "tabs": ("tabbed-labels", "labels"),
    "programs": ("import torch", "import_torch"),
    "outputs": ('<div class="output"', "<div"),
    "other links of the text that lead somewhere": ("#top", "#bottom"),
    "tooltips of the glossary": ('class="term"', ""),
    "paragraphs, to the last space": ("See ", "See  "),
    "figures": ("../a.svg", "a.svg"),
    "downloads": ("norms.py", "norms.ipynb"),
    "links to the same page in each language": ("../zh/norms/", "../zh/"),
    "parts that come from the site's own host": (
        "../site.css",
        "https://cdn.org/s.css",
    ),
}


def make(folder, page):
    for name in ("norms/norms.py", "a.svg", "site.css", "zh/index.html"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("<article></article>")
    (folder / "index.html").write_text('<article id="top"></article>')
    for home in ("", "zh/"):
        (folder / home / "norms").mkdir(exist_ok=True, parents=True)
    (folder / "zh/norms/index.html").write_text("<article></article>")
    if page:
        (folder / "norms/index.html").write_text(page, encoding="utf-8")
    return zensical.everything({"en": folder}, [".", "norms"])


def lost(table):
    """The kinds of which the table says that something is lost."""
    rows = [row.split("|") for row in table.splitlines()[2:]]
    return {row[1].strip() for row in rows if int(row[4])}


def test_nothing_is_lost_between_equal_sites(tmp_path):
    old, new = make(tmp_path / "old", PAGE), make(tmp_path / "new", PAGE)
    assert lost(zensical.table(old, new)) == set()
    assert set(BREAKS) | {"pages"} == set(old)


@pytest.mark.parametrize("kind", BREAKS)
def test_what_is_lost_is_listed(tmp_path, kind):
    find, put = BREAKS[kind]
    assert find in PAGE
    old = make(tmp_path / "old", PAGE)
    new = make(tmp_path / "new", PAGE.replace(find, put))
    table = zensical.table(old, new)
    assert lost(table) - {"paragraphs, to the last space"} <= {kind, "programs"}
    assert kind in lost(table)
    (row,) = [row for row in table.splitlines() if row.startswith(f"| {kind} |")]
    assert "en/norms: " in row


def test_a_page_that_is_missing_is_all_lost(tmp_path):
    old, new = make(tmp_path / "old", PAGE), make(tmp_path / "new", None)
    assert lost(zensical.table(old, new)) == {*BREAKS, "pages"}


def test_what_appears_elsewhere_is_lost_where_it_was(tmp_path):
    """The same number of formulas is not the same formulas."""
    old, new = make(tmp_path / "old", PAGE), make(tmp_path / "new", PAGE)
    new["formulas that are drawn"] = type(new["pages"])({("en", "norms", "x^3"): 1})
    row = zensical.table(old, new).splitlines()
    (row,) = [line for line in row if "formulas that are drawn" in line]
    assert row == "| formulas that are drawn | 1 | 1 | 1 | en/norms: x^2 |"


def test_the_two_indexes_of_the_search_are_compared(tmp_path):
    (tmp_path / "old/search").mkdir(parents=True)
    (tmp_path / "old/search/search_index.json").write_text(
        '{"docs": [{"location": "norms/#l2"}, {"location": "zh/norms/#l2"}]}'
    )
    for language, place in ("en", "norms/#l2"), ("zh", "norms/"):
        (tmp_path / language).mkdir()
        text = f'{{"items": [{{"location": "{place}"}}]}}'
        (tmp_path / language / "search.json").write_text(text)
    homes = {"en": tmp_path / "old", "zh": tmp_path / "old/zh"}
    old = zensical.searched(homes)
    new = zensical.searched({name: tmp_path / name for name in ("en", "zh")})
    assert old == {("en", "norms/#l2"): 1, ("zh", "norms/#l2"): 1}
    assert list(old - new) == [("zh", "norms/#l2")]


def test_the_configuration_is_this_projects_and_the_content_untouched():
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for language, home in ("en", "Home"), ("zh", "首页"):
        derived = zensical.configuration(text, language)
        assert "sitetools.maths" in derived
        assert "!!python/object/apply:pymdownx.slugs.slugify" in derived
        tagless = derived.replace("!!python/", "!python-")
        loader = type("Loader", (yaml.SafeLoader,), {})
        loader.add_multi_constructor("!python-", lambda *_: None)
        config = yaml.load(tagless, loader)
        assert config["docs_dir"] == f"docs/{language}"
        assert config["nav"][0] == {home: "index.md"}
        assert config["theme"]["language"] == language
        assert "hooks" not in config
        names = [n if isinstance(n, str) else next(iter(n)) for n in config["plugins"]]
        assert names == ["search"]


def test_the_report_is_measured():
    text = (ROOT / "ZENSICAL.md").read_text(encoding="utf-8")
    _, _, measured = text.partition("<!-- measured -->\n")
    assert "| What a reader finds | MkDocs | Zensical |" in measured
    for kind in ("pages", *BREAKS, "sections that the search finds"):
        assert f"\n| {kind} | " in measured
