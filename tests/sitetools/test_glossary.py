"""The glossary pages, the links to them, and the check of a translation's words."""

import os
import subprocess
import sys
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from markdown import markdown
from mkdocs.exceptions import PluginError

from sitetools import glossary

ENGLISH = """\
# Glossary { #glossary }

## gradient { #gradient }

The vector of all partial derivatives.
It is written $\\nabla f$.

## Jacobian { #jacobian }

<!-- also: Jacobian matrix; Jacobian matrices -->

The matrix of all partial derivatives.

## vector-Jacobian product { #vector-jacobian-product }

A row vector times a matrix.

## view { #view }

<!-- loose -->

A tensor that shares its memory.
"""
CHINESE = """\
# 术语表 { #glossary }

## 梯度（gradient） { #gradient }

<!-- not: 斜率 -->

全部偏导数排成的向量。
记作 $\\nabla f$。

## 雅可比矩阵（Jacobian） { #jacobian }

<!-- also: 雅可比 -->
<!-- not: 雅克比; Jacobi 矩阵 -->

全部偏导数排成的矩阵。

## 向量-雅可比积（vector-Jacobian product） { #vector-jacobian-product }

行向量乘矩阵。

## 视图（view） { #view }

<!-- loose -->

与别的张量共用内存的张量。
"""
MKDOCS = """\
site_name: A
theme: {name: mkdocs}
hooks: [../hooks.py]
validation: {anchors: warn}
markdown_extensions: [attr_list, sitetools.glossary]
plugins:
  - i18n:
      docs_structure: folder
      languages: [{locale: en, name: A, default: true}, {locale: zh, name: B}]
"""
HOOKS = """\
from pathlib import Path

from sitetools import glossary


def on_page_markdown(markdown, page, **_):
    glossary.set_page(page.file.src_uri, Path(__file__).parent)
"""
EXTENSIONS = [
    *("admonition", "attr_list", "tables", "pymdownx.details"),
    *("pymdownx.superfences", "sitetools.maths", "sitetools.glossary"),
]


@pytest.fixture(autouse=True)
def no_page(monkeypatch):
    """Let no test see the page of another."""
    monkeypatch.setattr(glossary, "_page", None)


@pytest.fixture
def root(tmp_path):
    """A folder with two small glossaries."""
    for language, text in {"en": ENGLISH, "zh": CHINESE}.items():
        path = tmp_path / "docs" / language / "glossary.md"
        path.parent.mkdir(parents=True)
        path.write_text(text, "utf-8")
    return tmp_path


@pytest.fixture
def links(root):
    """A function that converts Markdown and lists its links: text and target."""

    def convert(text, source="en/foundations/norms.md"):
        glossary.set_page(source, root)
        tabs = {"pymdownx.tabbed": {"alternate_style": True}}
        html = markdown(text, extensions=[*EXTENSIONS, *tabs], extension_configs=tabs)
        tree = ElementTree.fromstring(f"<div>{html}</div>")
        return [(a.text, a.get("href")) for a in tree.iter("a")]

    return convert


def test_an_entry_is_read(root):
    assert glossary.load("zh", root)["jacobian"] == glossary.Term(
        term="雅可比矩阵",
        english="Jacobian",
        definition_text="全部偏导数排成的矩阵。",
        forms=("雅可比矩阵", "雅可比"),
        banned=("雅克比", "Jacobi 矩阵"),
        loose=False,
    )
    view = glossary.load("en", root)["view"]
    assert (view.term, view.english, view.loose) == ("view", "view", True)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (" { #gradient }", ""),
        ("{ #jacobian }", "{ #gradient }"),
        ("<!-- also:", "<!-- alos:"),
        ("The vector of", "The vector $x$ of"),
        ("The vector of", "The `vector` of"),
        ("The vector of all partial derivatives.\nIt is written $\\nabla f$.\n", ""),
    ],
)
def test_a_malformed_entry_is_an_error(root, old, new):
    path = root / "docs" / "en" / "glossary.md"
    path.write_text(ENGLISH.replace(old, new, 1), "utf-8")
    with pytest.raises(PluginError, match="an entry is '## term"):
        glossary.load("en", root)


def test_the_first_use_is_a_link_with_a_tooltip(root):
    glossary.set_page("en/foundations/norms.md", root)
    assert markdown("A *gradient*, a gradient.", extensions=EXTENSIONS) == (
        '<p>A <em><a class="term" href="../glossary.md#gradient" title="The vector of '
        'all partial derivatives.">gradient</a></em>, a gradient.</p>'
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "A vector-Jacobian product and a Jacobian.",
            {
                "vector-Jacobian product": "vector-jacobian-product",
                "Jacobian": "jacobian",
            },
        ),
        ("Jacobian matrices, then Jacobians", {"Jacobian matrices": "jacobian"}),
        (
            "A Jacobian\nmatrix of Gradients",
            {"Jacobian\nmatrix": "jacobian", "Gradients": "gradient"},
        ),
        ("a gradients-only supergradient", {}),
        ("a view of it", {}),
    ],
)
def test_english_words(links, text, found):
    found = [(word, f"../glossary.md#{slug}") for word, slug in found.items()]
    assert links(text) == found


def test_chinese_needs_no_spaces(links):
    assert links("先求向量-雅可比积，再求雅可比矩阵和梯度。", "zh/a/b.md") == [
        ("向量-雅可比积", "../glossary.md#vector-jacobian-product"),
        ("雅可比矩阵", "../glossary.md#jacobian"),
        ("梯度", "../glossary.md#gradient"),
    ]


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("en/index.md", ["glossary.md#gradient"]),
        ("en/a/b.md", ["../glossary.md#gradient"]),
        ("en/glossary.md", []),
    ],
)
def test_targets_are_relative(links, source, target):
    assert [href for _, href in links("gradient", source)] == target


@pytest.mark.parametrize(
    "text",
    [
        "# gradient",
        "### gradient",
        "`gradient`",
        "```python\ngradient\n```",
        "$gradient$",
        "$$\ngradient\n$$",
        '=== "gradient"\n\n    text',
        '??? note "gradient"\n\n    text',
        '!!! note "gradient"\n\n    text',
        "![gradient](a.svg)",
        "<!-- gradient -->",
        "gradient | b\n--- | ---\na | b",
    ],
)
def test_what_is_not_running_prose_has_no_links(links, text):
    assert links(text) == []


@pytest.mark.parametrize(
    "text",
    [
        '=== "A"\n\n    gradient',
        '??? note "A"\n\n    gradient',
        "- gradient",
        "a | b\n--- | ---\na | gradient",
        "*a* `b` $c$ gradient",
    ],
)
def test_running_prose_has_links(links, text):
    assert links(text) == [("gradient", "../glossary.md#gradient")]


def test_a_link_by_hand_gets_the_tooltip_and_counts(root):
    glossary.set_page("en/index.md", root)
    text = "A [view](glossary.md#view) of a [slope](glossary.md#gradient): gradient"
    html = markdown(text, extensions=["sitetools.glossary"])
    assert '<a class="term" href="glossary.md#view" title="A tensor that' in html
    assert '<a class="term" href="glossary.md#gradient" title="The vector of' in html
    assert html.count("<a ") == 2


def test_a_link_elsewhere_stays(links):
    assert links("[the gradient](gradient.md)") == [("the gradient", "gradient.md")]


def test_the_page_must_be_known():
    with pytest.raises(RuntimeError, match=r"call sitetools\.glossary\.set_page"):
        markdown("text", extensions=["sitetools.glossary"])


@pytest.mark.parametrize("entry", ["gradient", "removed"])
def test_mkdocs_checks_the_links(root, entry):
    """A strict build in two languages passes, and fails if an entry is not there."""
    for language, word in {"en": "gradient", "zh": "梯度"}.items():
        docs = root / "site" / "docs" / language
        (docs / "a").mkdir(parents=True)
        (docs / "index.md").write_text(f"# A\n\n{word}\n", "utf-8")
        (docs / "a" / "b.md").write_text(f"# B\n\n{word}\n", "utf-8")
        (docs / "glossary.md").write_text(f"# G\n\n## {word} {{ #{entry} }}\n", "utf-8")
    (root / "hooks.py").write_text(HOOKS)
    (root / "site" / "mkdocs.yml").write_text(MKDOCS)
    build = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict"],
        cwd=root / "site",
        env={**os.environ, "PYTHONPATH": str(glossary.ROOT / "src")},
        capture_output=True,
        text=True,
    )
    if entry == "removed":
        assert build.returncode == 1
        assert "does not contain an anchor '#gradient'" in build.stderr
        return
    assert build.returncode == 0, build.stderr
    site = root / "site" / "site"
    assert 'href="../../glossary/#gradient"' in (site / "zh/a/b/index.html").read_text()
    assert 'href="glossary/#gradient"' in (site / "index.html").read_text()


def test_missing_terms(root):
    assert glossary.missing_terms("Gradients and a view", "梯度", root) == []
    assert glossary.missing_terms("the Jacobian", "雅可比", root) == []
    assert glossary.missing_terms("Two Gradients", "坡度", root) == [
        "'Gradients' on the English page is 梯度 in the glossary; the Chinese page "
        "does not say it"
    ]
    assert glossary.missing_terms("", "求斜率与雅克比矩阵", root) == [
        "the glossary says 梯度, not 斜率; the Chinese page says 斜率",
        "the glossary says 雅可比矩阵, not 雅克比; the Chinese page says 雅克比",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "---\ntitle: gradient\n---\n\ntext",
        "<!-- gradient -->",
        "`gradient`",
        "$gradient$",
        "a\n\n$$\ngradient\n$$ { #slope }\n\nb",
        "## Slope { #gradient }",
        "[slope](gradient.md)",
        '--8<-- "foundations/gradient_torch.md:gradient"',
    ],
)
def test_only_prose_uses_terms(root, text):
    assert glossary.missing_terms(text, "", root) == []
    assert glossary.missing_terms("", text.replace("gradient", "斜率"), root) == []


def test_the_two_glossaries_have_the_same_entries_in_the_same_order():
    english, chinese = glossary.load("en"), glossary.load("zh")
    assert list(english) == list(chinese) == sorted(english)
    for slug, term in english.items():
        assert chinese[slug].english == term.english
        assert chinese[slug].loose == term.loose


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_two_entries_claim_the_same_word(language):
    forms = [f.lower() for t in glossary.load(language).values() for f in t.forms]
    assert [a for a, b in pairwise(sorted(forms)) if a == b] == []


def test_no_term_contains_a_banned_word():
    terms = glossary.load("zh").values()
    banned = [word for term in terms for word in term.banned]
    forms = [form for term in terms for form in term.forms]
    assert [(b, form) for b in banned for form in forms if b in form] == []


@pytest.mark.parametrize(("language", "longest"), [("en", 120), ("zh", 50)])
def test_a_tooltip_is_one_short_sentence(language, longest):
    for slug, term in glossary.load(language).items():
        text = term.definition_text
        assert len(text) <= longest, slug
        assert text.endswith("." if language == "en" else "。"), slug


def test_the_glossaries_use_their_own_terms():
    pages = [
        (glossary.ROOT / "docs" / language / "glossary.md").read_text("utf-8")
        for language in ("en", "zh")
    ]
    assert glossary.missing_terms(*pages) == []
