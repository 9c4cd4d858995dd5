"""The structural rules of pages: seven files, one form, two languages in step."""

import re
from pathlib import Path

import pytest

from sitetools import concepts, downloads, glossary, pages, programs, verified

ROOT = Path(__file__).parents[1]
ENGLISH = pages.concept_pages(ROOT, "en")
IDS = [str(page.path.relative_to(ROOT / "docs" / "en")) for page in ENGLISH]

each_page = pytest.mark.parametrize("page", ENGLISH, ids=IDS)
each_pair = pytest.mark.parametrize(
    ("en", "zh"),
    [
        (page, pages.Page(ROOT / "docs" / "zh" / name))
        for page, name in zip(ENGLISH, IDS, strict=True)
    ],
    ids=IDS,
)


def programs_of(page):
    """The programs that a page includes, in order."""
    found = []
    for include in page.includes:
        path, _, section = include.partition(":")
        loaded = downloads.loaded(ROOT / "snippets" / path)
        found += [loaded[section]] if section in loaded else []
    return found


def existing_concepts():
    """Every concept of which at least one of the seven files exists."""
    found = set()
    for path in ROOT.glob("src/twinnotes/*/*_*.py"):
        if path.stem != "__init__":
            found.add((path.parent.name, path.stem.rpartition("_")[0]))
    for path in ROOT.glob("snippets/*/*.md"):
        found.add((path.parent.name, path.stem.rpartition("_")[0]))
    for path in ROOT.glob("docs/??/*/*.md"):
        found.add((path.parent.name.replace("-", "_"), path.stem.replace("-", "_")))
    chapters = {chapter for chapter, _ in found}
    for path in ROOT.glob("tests/*/test_*.py"):
        if path.parent.name in chapters:
            found.add((path.parent.name, path.stem.removeprefix("test_")))
    return sorted(found)


@pytest.mark.parametrize("concept", existing_concepts(), ids="/".join)
def test_a_concept_is_seven_files(concept):
    files = pages.seven_files(ROOT, *concept)
    missing = [str(file.relative_to(ROOT)) for file in files if not file.exists()]
    assert not missing, f"missing for {'/'.join(concept)}: {', '.join(missing)}"


def test_every_program_has_a_record_of_its_run():
    problems = verified.problems(ROOT)
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("language", pages.LANGUAGES)
def test_every_page_is_in_the_navigation(language):
    listed = {name for _, names in concepts.chapters(language) for name in names}
    there = {
        str(page.path.relative_to(ROOT / "docs" / language))
        for page in pages.concept_pages(ROOT, language)
    }
    assert listed == there


@each_page
def test_front_matter(page):
    zh = pages.Page(ROOT / "docs/zh" / page.path.relative_to(ROOT / "docs/en"))
    assert page.meta.keys() == {"title", "description", "covers"}
    assert zh.meta.keys() == {"title", "description"}
    assert page.meta["covers"], "an English page lists what it covers"
    assert set(page.meta["covers"]) <= concepts.names().keys()


@each_page
def test_sections_are_the_templates(page):
    zh = pages.Page(ROOT / "docs/zh" / page.path.relative_to(ROOT / "docs/en"))
    for language, side in enumerate((page, zh)):
        sections = [(title, name) for level, title, name in side.headings if level == 2]
        allowed = [(titles[language], name) for name, titles in page.sections.items()]
        assert sections == [section for section in allowed if section in sections]
        first_level = [heading for heading in side.headings if heading[0] == 1]
        assert first_level == [(1, side.meta["title"], page.path.stem)]
        written = re.findall(r"^#+ .*$", side.text, re.MULTILINE)
        assert len(written) == len(side.headings), "every heading ends in { #id }"


@each_page
def test_there_is_a_figure_and_it_has_alt_texts(page):
    zh = pages.Page(ROOT / "docs/zh" / page.path.relative_to(ROOT / "docs/en"))
    drawn = {
        f"../../assets/figures/{p.chapter}/{p.concept}/{p.section}.svg"
        for p in programs_of(page)
        if p.shows_figure
    }
    assert drawn, "a page shows at least one figure that its program draws"
    assert set(page.figures) == drawn
    for side in (page, zh):
        assert all(len(alt) >= 15 for alt in side.alt_texts)


@each_page
def test_exercises_have_executed_answers(page):
    exercises = re.split(r"^### ", page.section("exercises"), flags=re.MULTILINE)[1:]
    assert 2 <= len(exercises) <= 4
    for number, exercise in enumerate(exercises, 1):
        assert exercise.startswith(f"{number}. ")
        assert f"{{ #exercise-{number} }}" in exercise.splitlines()[0]
        _, folded, answer = exercise.partition('??? success "Answer"')
        assert folded and "--8<--" in answer, "the folded answer runs a program"


@each_page
def test_tabs_come_in_pairs(page):
    assert page.tabs == ["PyTorch", "MXNet"] * (len(page.tabs) // 2)
    for torch, mxnet in zip(page.includes[::2], page.includes[1::2], strict=True):
        assert torch.replace("_torch.md:", "_mxnet.md:") == mxnet
    assert len(page.includes) == len(page.tabs)
    own = f"{page.path.parent.name}/{page.path.stem}".replace("-", "_")
    assert all(include.startswith(f"{own}_") for include in page.includes)


@each_page
def test_every_program_is_shown_once(page):
    name = f"{page.path.parent.name}/{page.path.stem}".replace("-", "_")
    written = [
        f"{name}_{framework}.md:{program.section}"
        for framework in programs.FRAMEWORKS
        for program in programs.load(ROOT / "snippets" / f"{name}_{framework}.md", ROOT)
    ]
    assert sorted(written) == sorted(page.includes)


@pytest.mark.parametrize(
    "path", sorted(ROOT.glob("docs/??/**/*.md")), ids=lambda p: str(p.relative_to(ROOT))
)
def test_a_page_holds_no_code_of_its_own(path):
    text = pages.Page(path).text
    for number, line in enumerate(text.splitlines(), 1):
        assert not re.match(r"\s*(```|~~~)", line), f"{path}:{number}: {line}"
        assert not re.match(r" {4,}(?!    )(?:>>>|import |from |print\()", line), number


@each_pair
def test_languages_agree(en, zh):
    assert [h[2] for h in en.headings] == [h[2] for h in zh.headings]
    assert en.includes == zh.includes
    assert en.tabs == zh.tabs
    assert en.figures == zh.figures
    assert en.links == zh.links
    same = [(f.tex, f.id) for f in en.formulas if f.display]
    assert same == [(f.tex, f.id) for f in zh.formulas if f.display]
    inline = sorted(f.tex for f in en.formulas if not f.display)
    assert inline == sorted(f.tex for f in zh.formulas if not f.display)
    assert en.blocks == zh.blocks
    assert sorted(en.decimals) == sorted(zh.decimals)


LATIN_SENTENCE = re.compile(r"(?:\b[A-Za-z]{2,}\b[ ,;:]+){4,}")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.mark.parametrize(
    "path",
    sorted(ROOT.glob("docs/zh/**/*.md")),
    ids=lambda p: str(p.relative_to(ROOT / "docs/zh")),
)
def test_nothing_is_left_in_english(path):
    page = pages.Page(path)
    text = page.prose.replace(page.section("references"), "")
    references = "## 参考文献"
    for line in text.split(references)[0].splitlines():
        for cell in line.split("|"):
            plain = re.sub(r"`[^`]*`", "", cell)
            if LATIN_SENTENCE.search(plain):
                assert CHINESE.search(plain), f"left in English: {line}"
        if len(re.findall(r"[A-Za-z]+", line)) > 3 and "`" not in line:
            assert CHINESE.search(line), f"left in English: {line}"


@pytest.mark.parametrize(
    "path",
    sorted(ROOT.glob("docs/en/**/*.md")),
    ids=lambda p: str(p.relative_to(ROOT / "docs/en")),
)
def test_no_chinese_on_an_english_page(path):
    text = pages.Page(path).text.replace("中文", "")  # the name of the other language
    assert not CHINESE.search(text)


@each_pair
def test_the_glossarys_terms_are_used(en, zh):
    assert glossary.missing_terms(en.source, zh.source) == []


@each_pair
def test_every_decimal_number_comes_from_a_program(en, zh):
    shown = programs_of(en)
    sources = [program.code for program in shown]
    sources += [program.output or "" for program in shown]
    sources += [formula.tex for formula in en.formulas]
    known = set().union(*map(pages.numbers, sources))
    for page in (en, zh):
        unknown = [n for n in page.decimals if float(n) not in known]
        assert not unknown, (
            f"{page.path}: no program, output or formula of the page has "
            f"{', '.join(unknown)}; print it, or take it out"
        )


def test_equation_ids_are_unique():
    ids = [name for page in ENGLISH for name in page.equations]
    assert len(ids) == len(set(ids))


def test_both_languages_have_the_same_pages():
    names = [
        sorted(str(p.relative_to(ROOT / "docs" / lang)) for p in files)
        for lang in pages.LANGUAGES
        for files in [(ROOT / "docs" / lang).rglob("*.md")]
    ]
    assert names[0] == names[1]


def test_figures_belong_to_programs():
    drawn = {
        program.figure(ROOT).with_suffix(suffix)
        for path in ROOT.glob("snippets/*/*.md")
        for program in programs.load(path, ROOT)
        if program.shows_figure
        for suffix in (".svg", ".json")
    }
    moving = {path for path in drawn if path.with_suffix(".js").exists()}
    drawn |= {path.with_suffix(".js") for path in moving}
    assert {p for p in ROOT.glob("docs/assets/figures/**/*") if p.is_file()} == drawn


@pytest.mark.parametrize(
    ("language", "before", "after"),
    [("en", "- Previous: [", "- Next: ["), ("zh", "- 上一篇：[", "- 下一篇：[")],
)
def test_a_page_names_its_neighbors_by_their_titles(language, before, after):
    folder = ROOT / "docs" / language
    order = [name for _, names in concepts.chapters(language) for name in names]
    for place, name in enumerate(order):
        page = pages.Page(folder / name)
        for start, step in ((before, -1), (after, 1)):
            there = 0 <= place + step < len(order)
            chapter = there and order[place + step].split("/")[0]
            lines = [x for x in page.text.splitlines() if x.startswith(start)]
            # Between chapters the line may be left out.
            assert len(lines) <= there
            assert lines or chapter != name.split("/")[0]
            for line in lines:
                title, target = re.match(r".*\[(.+)\]\((.+)\)", line).groups()
                neighbor = (page.path.parent / target).resolve()
                assert neighbor == (folder / order[place + step]).resolve()
                assert title == pages.Page(neighbor).meta["title"]
