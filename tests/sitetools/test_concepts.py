"""The list of concepts: what is covered, by which page, under which name."""

import pytest
from markdown import markdown
from mkdocs.exceptions import PluginError

from sitetools import concepts, glossary

FILES = {
    "mkdocs.yml": """\
nav:
  - Home: index.md
  - Second: [b/norms.md, b/empty.md]
  - First: [a/autograd.md]
  - concepts.md
site_url: !ENV [SITE_URL, "http://localhost/"]
plugins:
  - search
  - i18n:
      languages:
        - {locale: en}
        - {locale: zh, nav_translations: {Second: 第二章}}
slugify: !!python/name:not.installed.here
""",
    "concepts.yml": """\
tape: {en: tape, zh: 磁带}
l1-norm: {en: L1 norm, zh: L1 范数}
unused: {en: unused, zh: 没有}
l2-norm: {en: L2 norm, zh: L2 范数}
""",
    "docs/en/b/norms.md": "---\ncovers: [l2-norm, l1-norm]\n---\n# Norms { #norms }\n",
    "docs/en/b/empty.md": "# Empty\n",
    "docs/en/a/autograd.md": "---\ntitle: Auto\ncovers: [l1-norm, tape]\n---\n# X\n",
    "docs/zh/b/norms.md": "# 范数 { #norms }\n",
    "docs/zh/b/empty.md": "# 空\n",
    "docs/zh/a/autograd.md": "# 自动微分\n",
}


@pytest.fixture
def root(tmp_path):
    """A folder with a small site."""
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return tmp_path


def test_chapters_are_the_sections_of_the_nav(root):
    assert concepts.chapters("en", root) == [
        ("Second", ["b/norms.md", "b/empty.md"]),
        ("First", ["a/autograd.md"]),
    ]


def test_the_list_follows_the_nav_and_the_pages(root):
    assert concepts.listing("en", root).strip() == (
        "## Second { #b }\n\n"
        "- [Norms](b/norms.md)\n"
        "    - [L1 norm](b/norms.md)\n"
        "    - [L2 norm](b/norms.md)\n\n"
        "## First { #a }\n\n"
        "- [Auto](a/autograd.md)\n"
        "    - [tape](a/autograd.md)\n"
        "    - [L1 norm](a/autograd.md)"
    )


def test_the_chinese_list_has_chinese_names(root):
    lines = concepts.listing("zh", root).split("\n")
    assert lines[1] == "## 第二章 { #b }"
    assert lines[3:6] == [
        "- [范数](b/norms.md)",
        "    - [L1 范数](b/norms.md)",
        "    - [L2 范数](b/norms.md)",
    ]
    assert lines[7] == "## First { #a }"


def test_a_concept_may_have_two_pages(root):
    assert concepts.covered(root) == {
        "tape": ["a/autograd.md"],
        "l1-norm": ["a/autograd.md", "b/norms.md"],
        "l2-norm": ["b/norms.md"],
    }


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "docs/en/b/norms.md",
            "---\ncovers: [l2-nrom]\n---\n# Norms\n",
            "got 'l2-nrom'; did you mean 'l2-norm'",
        ),
        (
            "docs/zh/b/norms.md",
            "---\ncovers: [l2-norm]\n---\n# 范数\n",
            "belongs to an English page",
        ),
        (
            "docs/en/b/new.md",
            "---\ncovers: [unused]\n---\n# New\n",
            "in a chapter of mkdocs.yml's nav, got en/b/new.md",
        ),
    ],
)
def test_mistakes_in_covers_are_errors(root, name, text, message):
    (root / name).write_text(text, "utf-8")
    with pytest.raises(PluginError, match=message):
        concepts.covered(root)


def test_the_marker_becomes_the_list(root, monkeypatch):
    monkeypatch.setattr(glossary, "_page", None)
    glossary.set_page("en/concepts.md", root)
    text = "Before.\n\n<!-- concepts -->\n\nAfter."
    html = markdown(text, extensions=["attr_list", "sitetools.concepts"])
    assert html.startswith('<p>Before.</p>\n<h2 id="b">Second</h2>\n<ul>\n<li><a href=')
    assert '<a href="b/norms.md">L2 norm</a>' in html
    assert html.endswith("<p>After.</p>")


def test_other_pages_stay_as_they_are():
    text = "`<!-- concepts -->`"
    assert markdown(text, extensions=["sitetools.concepts"]) == markdown(text)


def test_every_concept_has_one_name_in_each_language():
    names = concepts.names()
    for language in ("en", "zh"):
        used = [name[language] for name in names.values()]
        assert len(set(used)) == len(used) > 0
        # The names stand in the text of links, where these would be markup.
        assert [name for name in used if set(name) & set("[]*<>`$\\")] == []
    assert all(set(name) == {"en", "zh"} for name in names.values())


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_index_lists_every_covered_concept(language):
    names, listing = concepts.names(), concepts.listing(language)
    for name, pages in concepts.covered().items():
        for page in pages:
            assert f"    - [{names[name][language]}]({page})" in listing
    text = (glossary.ROOT / "docs" / language / "concepts.md").read_text("utf-8")
    assert concepts.MARKER in text.split("\n")
