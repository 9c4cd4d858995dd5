"""The formulas of the pages: what is one, what KaTeX makes of it, what is an error."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from markdown import Markdown

from sitetools import maths
from sitetools.maths import Formula, MathsError, find_formulas, render

ROOT = Path(__file__).parents[2]
EXTENSIONS = [
    "admonition",
    "attr_list",
    "md_in_html",
    "tables",
    "toc",
    "pymdownx.details",
    "pymdownx.superfences",
    "pymdownx.tabbed",
    "sitetools.maths",
]


@pytest.fixture(autouse=True)
def _no_source(monkeypatch):
    monkeypatch.setattr(maths, "_source", ("<markdown>", 0))


def parse(html):
    return BeautifulSoup(html, "html.parser")


def convert(text):
    configs = {"pymdownx.tabbed": {"alternate_style": True}}
    markdown = Markdown(extensions=EXTENSIONS, extension_configs=configs)
    html = markdown.convert(text)
    assert not re.search("[\x02\x03\ue000\ue001]", html)
    return parse(html)


def tex(element):
    return [note.text for note in element.find_all("annotation")]


def test_find_formulas():
    text = r"""---
title: $ in front matter
---

# Norms

The norm $\|x\|_p$ costs \$5, `$a` and ``b` $c``, 设$p$为奇数。
<!-- $ -->

$$
\|x + y\|
  \le \|x\| + \|y\|
$$ { #triangle-inequality }

=== "PyTorch"

    ```python
    print("$$")

    x = "$ `"
    ```

    $$x = \text{若 } y$$

    ??? note "With $q$"

        $$
        z
        $$ { #z }
"""
    assert find_formulas(text) == [
        Formula(r"\|x\|_p", False, None, 7),
        Formula("p", False, None, 7),
        Formula("\\|x + y\\|\n\\le \\|x\\| + \\|y\\|", True, "triangle-inequality", 10),
        Formula(r"x = \text{若 } y", True, None, 23),
        Formula("q", False, None, 25),
        Formula("z", True, "z", 27),
    ]


WRONG = {
    "unbalanced": ("a\n\nb $x", 3),
    "unbalanced after a formula": ("$x$ and $y", 1),
    "two lines": ("a $x\n+ y$", 1),
    "two prices": ("costs $5 and $10", 1),
    "display inside a paragraph": ("a $$x$$ b", 1),
    "no blank line before": ("text\n$$\nx\n$$", 2),
    "no blank line after": ("a\n\n$$\nx\n$$\ntext", 3),
    "display unclosed": ("a\n\n$$\nx\n\nb", 3),
    "display across paragraphs": ("$$\na\n\nb\n$$", 1),
    "three dollars": ("$$$x$$$", 1),
    "empty": ("$$\n$$", 1),
    "display in a quotation": ("> $$x$$", 1),
    "id at the opening": ("$$ { #a }\nx\n$$", 1),
    "id on the next line": ("$$\nx\n$$\n{ #a }", 1),
    "id in the next paragraph": ("$$\nx\n$$\n\n{ #a }", 5),
    "id of an inline formula": ("b $x$ { #a }", 1),
    "id that is not lower case": ("$$\nx\n$$ { #A_b }", 1),
    "id with a class": ("$$\nx\n$$ { #a .b }", 1),
    "heading": ("a\n\n## The $p$-norm { #p }", 3),
    "heading with code": ("## `a$`, \\$ and $p$", 1),
}


@pytest.mark.parametrize(("text", "line"), WRONG.values(), ids=WRONG)
def test_stray_dollars_and_ids_are_errors(text, line):
    with pytest.raises(MathsError, match=rf"^page\.md:{line + 10}: a formula is"):
        find_formulas(text, "page.md", offset=10)
    with pytest.raises(MathsError, match=rf"^<markdown>:{line}: a formula is"):
        convert(text)


def test_render_is_html_and_mathml():
    formula = r"a_1 \le \text{范数，若}"
    inline, display = parse(render(formula, False)), parse(render(formula, True))
    for html in (inline, display):
        assert tex(html) == [formula]
        assert html.find("math").mtext.text == "范数，若"
        assert html.select_one(".katex-html")["aria-hidden"] == "true"
    assert not inline.select_one(".katex-display")
    assert display.select_one(".katex-display")


REJECTED = {
    r"\frac{1": "Unexpected end of input",
    r"\nosuch x": r"Undefined control sequence: \\nosuch at position 1: \\nosuch x",
    "范数": "Unicode text character .* used in math mode",
    "x % y": "comment has no terminating newline",
    r"a \\ b": "does nothing in display mode",
    r"\text{😀}": "Unrecognized Unicode character",
    r"\href{https://example.org}{x}": r"\\href is not allowed",
    r"\includegraphics{x.png}": r"\\includegraphics is not allowed",
    r"\htmlId{a}{x}": "HTML extension",
    r"\def\a{\a\a}\a": "Too many expansions",
    "{" * 5000 + "x" + "}" * 5000: "Maximum call stack size",
}


@pytest.mark.parametrize(("formula", "message"), REJECTED.items(), ids=range(11))
def test_what_katex_rejects_or_only_warns_of_is_an_error(formula, message):
    with pytest.raises(MathsError, match=f"^KaTeX: .*{message}.*; fix") as error:
        render(formula, True)
    str(error.value).encode()  # no half of a surrogate pair


def test_markdown_does_not_see_formulas():
    html = convert(
        "**$a_1$** *$b*c$* _$d_1$_ [$e$](x.md) ($f$), “$g$” $<h>$ `$code$` \\$5 a\\_b"
        "\n\n"
        "| a | b |\n| - | - |\n| $|x|$ | $\\|y\\|$ |\n"
    )
    assert tex(html) == [
        *("a_1", "b*c", "d_1", "e", "f", "g", "<h>"),
        *("|x|", r"\|y\|"),
    ]
    assert tex(html.strong) == ["a_1"]
    assert [tex(em) for em in html.find_all("em")] == [["b*c"], ["d_1"]]
    assert tex(html.a) == ["e"]
    assert html.code.text == "$code$"
    assert html.p.text.endswith(" $5 a_b")
    assert [tex(cell) for cell in html.find_all("td")] == [["|x|"], [r"\|y\|"]]


EQUATIONS = r"""# Norms

Compare [](#first) with [](#third) and [the first](#first).

$$
x_1 * y_1
$$ { #first }

$$unnumbered$$

=== "PyTorch"

    $$
    a
    $$ { #second }

    ??? note "Title"

        $$
        b
        $$ { #third }

        After.

=== "MXNet"

    - item

        $$c$$ { #fourth }
"""


def test_equations_are_numbered_where_they_stand():
    html = convert(EQUATIONS)
    boxes = html.select("div.equation")
    assert [(box.get("id"), *tex(box), box.get("tabindex")) for box in boxes] == [
        ("first", "x_1 * y_1", None),
        (None, "unnumbered", "0"),
        ("second", "a", None),
        ("third", "b", None),
        ("fourth", "c", None),
    ]
    numbers = html.select("div.equation > a.equation-number")
    assert [(a["href"], a.text, a["aria-label"]) for a in numbers] == [
        ("#first", "(1)", "Equation (1)"),
        ("#second", "(2)", "Equation (2)"),
        ("#third", "(3)", "Equation (3)"),
        ("#fourth", "(4)", "Equation (4)"),
    ]
    assert html.p.text == "Compare (1) with (3) and the first."
    assert [a["href"] for a in html.p.find_all("a")] == ["#first", "#third", "#first"]
    parents = [box.parent.get("class") or box.parent.name for box in boxes[2:]]
    assert parents == [["tabbed-block"], ["note"], "li"]
    assert not html.select("p .katex-display, p div, pre")


@pytest.mark.parametrize("link", ["[](#b)", "[](a)", "[](norms.md#a)", "[]()"])
def test_a_link_without_text_needs_an_equation_of_the_page(link):
    with pytest.raises(MathsError, match=r"^<markdown>:5: a link .* \(a\), got '\[\]"):
        convert(f"$$\nx\n$$ {{ #a }}\n\nSee {link}, ![](figure.svg) and `[](#c)`.")


LOST = {
    "alt text": "$y$ ![The $x$](figure.svg)",
    "indented code": "$y$\n\n    $x$",
    "display in indented code": "$y$\n\n    $$x$$",
    "cell beyond the last column": "$y$\n\n| a | b |\n| - | - |\n| 1 | 2 | $x$ |",
}


@pytest.mark.parametrize("text", LOST.values(), ids=LOST)
def test_a_formula_that_would_not_be_shown_is_an_error(text):
    with pytest.raises(MathsError, match="formula 'x': it must show once"):
        convert(text)


SAME_ID = {
    "two equations": "$$x$$ { #a }\n\n$$y$$ { #a }",
    "a heading": "# A { #a }\n\n$$x$$ { #a }",
    "raw HTML": "<div>\n\n$$x$$ { #a }\n\n</div>",
}


@pytest.mark.parametrize("text", SAME_ID.values(), ids=SAME_ID)
def test_an_id_is_on_the_page_once(text):
    with pytest.raises(MathsError, match="formula 'x': the id 'a' must be on the page"):
        convert(text)


CONFIG = """
site_name: Test
strict: true
validation: {links: {anchors: warn}}
hooks: [hooks.py]
theme: THEME
plugins: PLUGINS
markdown_extensions:
  - attr_list
  - toc: {permalink: true}
  - pymdownx.snippets: {base_path: [snippets], check_paths: true}
  - pymdownx.superfences
  - pymdownx.tabbed: {alternate_style: true}
  - sitetools.maths
"""
HOOKS = """
from sitetools import maths

def on_page_markdown(markdown, page, **_):
    maths.set_source(page.file.abs_src_path)
"""
PAGE = r"""---
description: costs $5
---


# Norms

The norm $\|x\|$ of $x \in \mathbb{R}^n$.

$$
\alpha
$$ { #alpha }

=== "PyTorch"

    --8<-- "norms.md"

    $$
    \beta
    $$ { #beta }

Last words, $\gamma$.
"""
PROGRAM = "```python\nprint(r'$\\delta', '$$')\n```\n"


def build(folder, pages, theme="mkdocs", plugins="[]"):
    files = {"mkdocs.yml": CONFIG.replace("THEME", theme).replace("PLUGINS", plugins)}
    files |= {"hooks.py": HOOKS, "snippets/norms.md": PROGRAM}
    files |= {f"docs/{name}": text for name, text in pages.items()}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build"],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT / "src"), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


def test_mkdocs_knows_the_ids_and_the_search_no_formula(tmp_path):
    link = "# Home\n\n[One](norms.md#alpha), [two](norms.md#beta).\n"
    pages = {"index.md": link, "norms.md": PAGE}
    run = build(tmp_path, pages, theme="material", plugins="[search]")
    assert run.returncode == 0, run.stderr

    html = parse((tmp_path / "site/norms/index.html").read_text("utf-8"))
    assert len(html.article.select(".katex")) == 5
    assert html.article.code.text == "print(r'$\\delta', '$$')\n"

    index = json.loads((tmp_path / "site/search/search_index.json").read_text("utf-8"))
    text = next(d["text"] for d in index["docs"] if d["location"] == "norms/")
    assert re.sub(r"\s+", " ", re.sub("<.*?>", "", text)) == (
        "The norm of . PyTorch print(r'$\\delta', '$$') Last words, ."
    )


def test_mkdocs_reports_a_link_to_an_unknown_equation(tmp_path):
    link = "# Home\n\n[One](norms.md#gamma).\n"
    run = build(tmp_path, {"index.md": link, "norms.md": PAGE})
    assert run.returncode == 1
    assert "does not contain an anchor '#gamma'" in run.stderr


@pytest.mark.parametrize(
    ("good", "bad", "message"),
    [
        (
            r"\beta",
            r"\frac{1",
            r"docs/zh/norms.md:18: formula '\frac{1': KaTeX: Unexpected end of input",
        ),
        (r"$\gamma$", r"$\gamma", "docs/zh/norms.md:22: a formula is `$x$`"),
        ("words", "[](#gamma)", "docs/zh/norms.md:22: a link without text"),
    ],
)
def test_mkdocs_shows_file_and_line_of_a_mistake(tmp_path, good, bad, message):
    run = build(tmp_path, {"zh/norms.md": PAGE.replace(good, bad)})
    assert run.returncode == 1
    assert message in run.stderr
    assert "Traceback" not in run.stderr


def test_chinese_pages_have_chinese_labels(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "docs/zh/a.md"
    path.parent.mkdir(parents=True)
    path.write_text("\n", "utf-8")
    maths.set_source(path)
    link = convert("$$x$$ { #a }").select_one(".equation-number")
    assert link["aria-label"] == "公式 (1)"


def test_reading_formulas_starts_no_engine():
    code = "import sys, sitetools.maths as m; m.find_formulas('$x$')\n"
    code += "assert 'quickjs' not in sys.modules"
    subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(ROOT / "src")}, check=True
    )


def test_styles_and_fonts_belong_to_the_engine():
    folder = ROOT / "docs/assets/katex"
    css = (folder / "katex.min.css").read_text("utf-8")
    version = re.search(r'\.katex-version:after\{content:"([\d.]+)"', css)[1]
    engine = ROOT / "src/sitetools/katex/katex.min.js"
    assert f'version:"{version}"' in engine.read_text("utf-8")

    faces = re.findall(r"@font-face\{(.*?)\}", css)
    fonts = [re.findall(r"url\((.*?)\)", face) for face in faces]
    assert all("font-display:swap" in face for face in faces)
    assert all(len(font) == 1 for font in fonts)
    assert css.count("url(") == len(fonts)
    assert {font[0] for font in fonts} == {
        f"fonts/{path.name}" for path in (folder / "fonts").iterdir()
    }
    assert all(font[0].endswith(".woff2") for font in fonts)
    assert (folder / "LICENSE").read_text() == engine.with_name("LICENSE").read_text()
