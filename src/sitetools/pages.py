"""Read the pages of `docs/` as the site's tests see them."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml

from sitetools import maths
from sitetools.programs import FRAMEWORKS, Program, is_lab

LANGUAGES = ("en", "zh")
SECTIONS = {
    "idea": ("Idea", "直观"),
    "definition": ("Definition", "定义"),
    "from-scratch": ("From scratch", "从零实现"),
    "with-the-framework": ("With the framework", "用框架实现"),
    "differences": ("Where the frameworks differ", "两个框架的差别"),
    "mistakes": ("Common mistakes", "常见误解"),
    "exercises": ("Exercises", "练习"),
    "references": ("References", "参考文献"),
}
"""The template: id of each section, in order, and its title in each language."""
LAB_SECTIONS = {
    "idea": ("Idea", "直观"),
    "data": ("Data", "数据"),
    "preparation": ("Preparation", "特征处理"),
    "models": ("Models", "模型"),
    "cross-validation": ("Cross-validation", "交叉验证"),
    "submission": ("Submission", "提交"),
    "differences": SECTIONS["differences"],
    "mistakes": SECTIONS["mistakes"],
    "exercises": SECTIONS["exercises"],
    "references": SECTIONS["references"],
}
"""The template of a lab, a real case from its data to its result."""

_HEADING = re.compile(r"^(#{1,6}) (.+?) \{ #([\w-]+) \}$", re.MULTILINE)
_INCLUDE = re.compile(r'^ *--8<-- "([^"]+)"$', re.MULTILINE)
_TAB = re.compile(r'^( *)=== "([^"]+)"$', re.MULTILINE)
_IMAGE = re.compile(r"!\[([^\]]*)\]\(([^)]+)\)")
_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)]+)\)")

# 0.25, 1e-3 or 1.8e+19, not part of a longer name or version such as 1.9.1.
_DECIMAL = re.compile(
    r"(?<![\w.])(?:\d+\.\d+(?:e[-+]?\d+)?|\d+e[-+]?\d+)(?!\w|\.\d)", re.IGNORECASE
)
_NUMBER = re.compile(r"(?<![\w.])(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?", re.IGNORECASE)
_EXCEPTED = re.compile(
    r"""(?xi)
    \b (?: Python | NumPy | PyTorch | torch | MXNet | Matplotlib | CUDA ) \s v?\d[\d.]*
    | arXiv: \s? \d{4}\.\d{4,5}
    | \b (?: sections? | chapters? | eqs?\. | equations? ) \s \(?\d+(?:\.\d+)+\)?
    | 第 \s? \d+(?:\.\d+)+ \s? [章节]
    """
)
"""Numbers that no program could print: versions, papers, places in books."""


@dataclass
class Page:
    """One page in one language."""

    path: Path

    @cached_property
    def source(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def meta(self) -> dict:
        """The front matter."""
        match = re.match(r"---\n(.*?)\n---\n", self.source, re.DOTALL)
        return yaml.safe_load(match[1]) if match else {}

    @cached_property
    def text(self) -> str:
        """The page without its front matter."""
        return re.sub(r"\A---\n.*?\n---\n", "", self.source, flags=re.DOTALL)

    @cached_property
    def headings(self) -> list[tuple[int, str, str]]:
        """Level, title and id of every heading."""
        return [(len(m[1]), m[2], m[3]) for m in _HEADING.finditer(self.text)]

    @property
    def sections(self) -> dict[str, tuple[str, str]]:
        """The template that the page follows."""
        chapter, name = self.path.parent.name, self.path.stem
        file = f"snippets/{chapter}/{name}_torch.md".replace("-", "_")
        lab = is_lab(self.path.parents[3] / file)
        return LAB_SECTIONS if lab else SECTIONS

    @cached_property
    def formulas(self) -> list[maths.Formula]:
        return maths.find_formulas(self.text)

    @property
    def equations(self) -> list[str]:
        """Ids of the numbered equations."""
        return [formula.id for formula in self.formulas if formula.id]

    @cached_property
    def includes(self) -> list[str]:
        return _INCLUDE.findall(self.text)

    @cached_property
    def figures(self) -> list[str]:
        """Targets of the images."""
        return [target for _, target in _IMAGE.findall(self.text)]

    @cached_property
    def alt_texts(self) -> list[str]:
        return [alt for alt, _ in _IMAGE.findall(self.text)]

    @cached_property
    def tabs(self) -> list[str]:
        return [label for _, label in _TAB.findall(self.text)]

    @cached_property
    def links(self) -> list[str]:
        return [target for _, target in _LINK.findall(self.text)]

    def section(self, name: str) -> str:
        """Text of a section of the template, or of what stands before the first."""
        parts = re.split(r"^## .+ \{ #([\w-]+) \}$", self.text, flags=re.MULTILINE)
        sections = dict(zip(parts[1::2], parts[2::2], strict=True))
        return parts[0] if name == "" else sections.get(name, "")

    @cached_property
    def prose(self) -> str:
        """What a reader reads: no formulas, includes, tab labels or link targets."""
        return _prose(self.text)

    @cached_property
    def blocks(self) -> list[str]:
        """Kinds of the page's blocks in order, to hold two languages side by side."""
        kinds = []
        for block in re.split(r"\n\s*\n", self.text):
            line = block.strip()
            if not line:
                continue
            if match := _HEADING.match(line):
                kinds.append(f"h{len(match[1])} #{match[3]}")
            elif line.startswith("$$"):
                kinds.append("formula")
            elif line.startswith("--8<--"):
                kinds.append(line)
            elif line.startswith("==="):
                kinds.append(f"tab {line}")
            elif line.startswith("|"):
                kinds.append(f"table of {line.count(chr(10)) + 1} rows")
            elif line.startswith(("- ", "1. ")):
                kinds.append("list")
            elif line.startswith(("???", "!!!")):
                kinds.append("admonition")
            elif line.startswith("!["):
                kinds.append("figure")
            else:
                kinds.append("paragraph")
        return kinds

    @property
    def decimals(self) -> list[str]:
        """Decimal numbers of prose and tables, for which a program must account."""
        text = self.text.replace(self.section("references"), "")
        return _DECIMAL.findall(_EXCEPTED.sub("", _prose(text)))


def _prose(text: str) -> str:
    def drop(match: re.Match[str]) -> str:
        return "\n" if match["display"] or match["inline"] else match[0]

    text = maths.SYNTAX.sub(drop, text)
    text = _INCLUDE.sub("", _TAB.sub("", text))
    text = _LINK.sub(r"\1", _IMAGE.sub(r"\1", text))
    return re.sub(r"\{ #[\w-]+ \}|<!--.*?-->", "", text, flags=re.DOTALL)


def numbers(text: str) -> set[float]:
    """All numbers that a program, an output or a formula contains."""
    return {float(number) for number in _NUMBER.findall(text)}


def concept_pages(root: Path, language: str) -> list[Page]:
    """The pages that follow the template: those inside a chapter's folder."""
    return [Page(path) for path in sorted((root / "docs" / language).glob("*/*.md"))]


def section_of(program: Program, root: Path) -> str | None:
    """Section of the English page that shows a program, None if none does."""
    page = Page(program.pages(root)[0])
    wanted = f"{program.chapter}/{program.path.name}:{program.section}"
    for name in ("", *page.sections):
        if wanted in _INCLUDE.findall(page.section(name)):
            return name
    return None


def seven_files(root: Path, chapter: str, concept: str) -> list[Path]:
    """Every file that a concept consists of."""
    page = f"{chapter}/{concept}".replace("_", "-") + ".md"
    name = f"{chapter}/{concept}"
    return [
        *(root / f"src/twinnotes/{name}_{f}.py" for f in FRAMEWORKS),
        *(root / f"snippets/{name}_{f}.md" for f in FRAMEWORKS),
        *(root / f"docs/{language}/{page}" for language in LANGUAGES),
        root / f"tests/{chapter}/test_{concept}.py",
    ]
