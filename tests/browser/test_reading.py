"""What a reader does: switch tabs, copy, search, change the language and the colors."""

import re
import subprocess
import sys

import pytest
from playwright.sync_api import Page, expect

from frameworks import need
from sitetools import outputs

FRAMEWORKS = {"PyTorch": "torch", "MXNet": "mxnet"}


def choose_tab(page: Page, label: str) -> None:
    """Click the first tab with this label."""
    tabs = page.locator(".tabbed-labels").get_by_text(label, exact=True)
    tabs.locator("visible=true").first.click()


def expect_tabs(page: Page, label: str) -> None:
    """All tab sets show this framework, in folded answers too once they are opened."""
    page.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
    number = [*FRAMEWORKS].index(label) + 1
    sets = page.locator(f".tabbed-set:has(> input:nth-of-type({number}):checked)")
    expect(sets).to_have_count(page.locator(".tabbed-set").count())
    program = page.locator(".highlight >> visible=true").first
    expect(program).to_contain_text(FRAMEWORKS[label])


def test_a_tab_switches_all_tabs_and_is_remembered(new_page, find):
    page = new_page(find('id="from-scratch"')[0])
    choose_tab(page, "MXNet")
    expect_tabs(page, "MXNet")
    page.reload()
    expect_tabs(page, "MXNet")
    others = find('class="tabbed-set')
    for other in others[0], others[-1]:  # the last one is Chinese
        page.goto(other)
        expect_tabs(page, "MXNet")
    choose_tab(page, "PyTorch")
    expect_tabs(page, "PyTorch")


def test_a_clicked_tab_stays_in_place(new_page, find):
    page = new_page(find('id="from-scratch"')[0])
    tab = page.locator("#mistakes ~ .tabbed-set label >> text=MXNet").last
    tab.scroll_into_view_if_needed()
    before = tab.bounding_box()["y"]
    tab.click()
    assert tab.bounding_box()["y"] == pytest.approx(before, abs=1)


def test_a_printed_page_has_the_answers(new_page, find):
    page = new_page(find("<details")[0])  # whose reader has not even moved
    answer = page.locator("details > :not(summary)").first
    expect(answer).to_be_hidden()
    page.emulate_media(media="print")
    expect(answer).to_be_visible()


def test_the_contents_show_where_the_reader_is(new_page, find):
    page = new_page(find('id="exercises"')[0])
    active = page.locator(".md-sidebar--secondary .md-nav__link--active")
    for name in "mistakes", "definition":
        page.locator(f".md-sidebar--secondary a[href='#{name}']").click()
        expect(active).to_have_count(1)
        expect(active).to_have_attribute("href", f"#{name}")


@pytest.mark.parametrize("label", FRAMEWORKS)
def test_a_copied_program_runs_and_prints_its_output(new_page, find, tmp_path, label):
    framework = FRAMEWORKS[label]
    need(framework)
    page = new_page(
        find('id="from-scratch"')[0],
        permissions=["clipboard-read", "clipboard-write"],
    )
    tabs = page.locator("#from-scratch ~ .tabbed-set").first
    tabs.get_by_text(label, exact=True).click()
    block = tabs.locator(".tabbed-block >> visible=true")
    block.locator(".highlight").hover()
    block.get_by_title("Copy to clipboard").click()
    expect(page.get_by_text("Copied to clipboard")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == block.locator(".highlight code").text_content().rstrip()

    (tmp_path / "copied.py").write_text(copied)
    run = subprocess.run(
        [sys.executable, "-I", "copied.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    shown = block.locator(".output code").text_content()
    assert outputs.differences(shown, run.stdout) == []


def search(page: Page, query: str) -> list[str]:
    """Enter a query at once, as an input method does; return the paths found."""
    field, summary = (
        page.get_by_role("textbox"),
        page.locator(".md-search-result__meta"),
    )
    for text, answer in ("", "Type to start|键入以开始"), (query, "document|结果"):
        field.fill(text)
        field.press("End")
        # The first time, the index is sent for.
        expect(summary).to_have_text(re.compile(answer), timeout=30_000)
    links = page.locator(".md-search-result__link").evaluate_all(
        "all => all.map(one => one.pathname.slice(1))"
    )
    return list(dict.fromkeys(links))


CHINESE = ["梯度", "三角不等式", "反向传播", "向量的范数", "L2 范数"]
ENGLISH = ["gradient", "triangle inequality", "linalg.vector_norm"]


@pytest.mark.parametrize(("home", "queries"), [("", ENGLISH), ("zh/", CHINESE)])
def test_search_finds_words_and_headings(new_page, pages, home, queries):
    page, missed = new_page(home), []
    for query in queries:
        best = search(page, query)[:1]
        if not best or best[0].startswith("zh/") != (home == "zh/"):
            missed.append((query, best))
    for path, html in pages.items():
        heading = re.search(r"<h1[^>]*>(.*?)<", html)[1]
        if path.startswith("zh/") == (home == "zh/"):
            if path not in search(page, heading)[:5]:
                missed.append((heading, path))
    assert not missed


def test_on_a_phone_the_menu_comes_in_and_leads_to_a_note(new_page, find, url):
    note = find('id="from-scratch"')[0]
    page = new_page(width=360)
    link = page.locator(f".md-sidebar--primary a[href='{note}']")
    assert not link.is_visible()
    page.locator("label[for=__drawer] >> visible=true").first.click()
    page.locator(".md-sidebar--primary").get_by_text("Foundations").first.click()
    link.click()
    expect(page).to_have_url(url + note)


def test_the_first_key_opens_the_search(new_page):
    page = new_page()
    assert not page.evaluate("window.component$")
    page.keyboard.press("/")
    expect(page.get_by_role("textbox")).to_be_focused()


def test_the_language_changes_and_the_page_stays(new_page, find, url):
    note = find('id="from-scratch"')[0]
    page = new_page(note)
    for language, path in ("zh", f"zh/{note}"), ("en", note):
        page.get_by_label(re.compile("Select language|选择当前语言")).hover()
        page.locator(f".md-select__link[hreflang={language}]").click()
        expect(page).to_have_url(url + path)


def scheme(page: Page) -> str:
    return page.get_attribute("body", "data-md-color-scheme")


@pytest.mark.parametrize(
    ("system", "own", "clicks", "chosen"),
    [("light", "default", 2, "slate"), ("dark", "slate", 1, "default")],
)
def test_colors_follow_the_system_until_the_reader_chooses(
    new_page, system, own, clicks, chosen
):
    page = new_page(color_scheme=system)
    assert scheme(page) == own
    for _ in range(clicks):
        page.locator("label[for^=__palette] >> visible=true").click()
        page.mouse.move(0, 0)
    assert scheme(page) == chosen
    for path in "", "zh/":
        page.goto(path)
        assert scheme(page) == chosen


def test_the_keyboard_changes_colors_and_they_can_follow_the_system_again(new_page):
    page = new_page()
    page.get_by_role("radio", name="Colors follow the system").focus()
    page.keyboard.press("Enter")
    page.emulate_media(color_scheme="dark")
    assert scheme(page) == "default"
    page.keyboard.press("Enter")
    page.emulate_media(color_scheme="light")
    assert scheme(page) == "slate"
    assert (
        page.evaluate("getComputedStyle(document.documentElement).colorScheme")
        == "dark"
    )
    page.keyboard.press("Enter")
    for system, own in ("light", "default"), ("dark", "slate"):
        page.emulate_media(color_scheme=system)
        expect(page.locator("body")).to_have_attribute("data-md-color-scheme", own)
    page.reload()
    assert scheme(page) == "slate"
    assert page.evaluate("__md_get('__palette').index") == 0


def test_a_term_shows_its_definition_and_leads_to_the_glossary(new_page, find, move):
    pages = find('class="term"')
    for path in pages[0], pages[-1]:  # the last one is Chinese
        page = new_page(path)
        move(page)
        term = page.locator("a.term").first
        term.hover()
        expect(page.get_by_role("tooltip")).to_be_visible()
        definition = page.get_by_role("tooltip").inner_text().strip()
        term.click()
        expect(page).to_have_url(re.compile("/glossary/#"))
        entry = page.locator(":target")
        expect(entry).to_be_in_viewport()
        expect(page.locator("article")).to_contain_text(definition)


def test_an_equation_number_links_to_its_equation(new_page, find):
    page = new_page(find('class="equation-number"')[0])
    reference = page.locator("p a", has_text=re.compile(r"^\(\d+\)$")).first
    number = reference.text_content()
    reference.click()
    equation = page.locator(":target")
    expect(equation).to_be_in_viewport()
    header = page.locator("header").bounding_box()
    assert equation.bounding_box()["y"] >= header["y"] + header["height"]
    expect(equation.locator(".equation-number")).to_have_text(number)
    equation.locator(".equation-number").click()
    expect(page).to_have_url(re.compile(f"#{equation.get_attribute('id')}$"))
