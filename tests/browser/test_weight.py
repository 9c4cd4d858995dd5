"""What opening a page costs: the longest notes, opened with an empty cache."""

import re

import pytest

from sitetools import weight

HEAVIEST = 200_000  # bytes, compressed


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_note_is_light_and_loads_no_maths_javascript(
    new_page, move, pages, find, site_dir, language
):
    notes = [
        path
        for path in find('id="exercises"')
        if path.startswith("zh/") == (language == "zh")
    ]
    for note in sorted(notes, key=lambda path: len(pages[path]))[-2:]:
        page = new_page(note)
        move(page)
        page.wait_for_load_state("networkidle")
        files = weight.files(page.evaluate(weight.FETCHED), site_dir)
        kinds = {file.suffix for file in files}
        assert {".html", ".css", ".js", ".svg", ".woff2"} <= kinds
        for script in [file for file in files if file.suffix == ".js"]:
            text = script.read_text("utf-8")
            assert not re.search("katex|mathjax", text, re.IGNORECASE), script
        sizes = {file.name: weight.compressed(file) for file in files}
        assert sum(sizes.values()) < HEAVIEST, f"{note}: {sizes}"


def test_scripts_come_when_they_are_needed(new_page, find, move):
    page = new_page(find('id="exercises"')[0])
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload(wait_until="networkidle")
    assert not [url for url in asked if "bundle" in url or "search" in url]
    move(page)
    assert [url for url in asked if "bundle" in url]
    assert not [url for url in asked if "search" in url]
    with page.expect_request("**/search_index.json"):
        page.get_by_role("textbox").focus()


HEIGHTS = """() => [...document.querySelectorAll("pre > code, .equation")].map(
  code => [code.textContent, code.offsetHeight])"""
NOT_STYLED = """code =>
  !code.firstElementChild.checkVisibility({ contentVisibilityAuto: true })"""


def test_what_is_not_styled_yet_is_as_high_as_it_will_be(new_page, find, pages):
    notes = find('id="exercises"')
    page = new_page(max(notes, key=lambda path: len(pages[path])))
    page.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
    before = page.evaluate(HEIGHTS)
    kinds = ".highlight code", ".equation"
    last = [page.locator(f"{kind} >> visible=true").last for kind in kinds]
    assert all(box.evaluate(NOT_STYLED) for box in last), "all is styled at once"
    page.add_style_tag(content="* { content-visibility: visible !important }")
    assert not any(box.evaluate(NOT_STYLED) for box in last)
    for (text, height), (_, now) in zip(before, page.evaluate(HEIGHTS), strict=True):
        assert height == pytest.approx(now, abs=3), text  # a line has 19 pixels
