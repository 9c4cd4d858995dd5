"""What opening a page costs: the longest notes, opened with an empty cache."""

import re

import pytest

from sitetools import weight

HEAVIEST = 200_000  # bytes, compressed


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_note_is_light_and_loads_no_maths_javascript(
    new_page, pages, find, site_dir, language
):
    notes = [
        path
        for path in find('id="exercises"')
        if path.startswith("zh/") == (language == "zh")
    ]
    for note in sorted(notes, key=lambda path: len(pages[path]))[-2:]:
        page = new_page(note)
        page.wait_for_load_state("networkidle")
        files = weight.files(page.evaluate(weight.FETCHED), site_dir)
        kinds = {file.suffix for file in files}
        assert {".html", ".css", ".js", ".svg", ".woff2"} <= kinds
        for script in [file for file in files if file.suffix == ".js"]:
            text = script.read_text("utf-8")
            assert not re.search("katex|mathjax", text, re.IGNORECASE), script
        sizes = {file.name: weight.compressed(file) for file in files}
        assert sum(sizes.values()) < HEAVIEST, f"{note}: {sizes}"


def test_the_search_index_waits_for_the_search(new_page, find):
    page = new_page(find('id="exercises"')[0])
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload(wait_until="load")  # after Material's script, which would ask for it
    assert [url for url in asked if "bundle" in url]
    assert not [url for url in asked if "search" in url]
    with page.expect_request("**/search_index.json"):
        page.get_by_role("textbox").focus()


HEIGHTS = """() => [...document.querySelectorAll("pre > code")].map(
  code => [code.textContent, code.offsetHeight])"""
NOT_STYLED = """code =>
  !code.firstElementChild.checkVisibility({ contentVisibilityAuto: true })"""


def test_what_is_not_styled_yet_is_as_high_as_it_will_be(new_page, find, pages):
    notes = find('id="exercises"')
    page = new_page(max(notes, key=lambda path: len(pages[path])))
    page.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
    before = page.evaluate(HEIGHTS)
    last = page.locator(".highlight code >> visible=true").last
    assert last.evaluate(NOT_STYLED), "all of the page is styled at once"
    page.add_style_tag(content="* { content-visibility: visible !important }")
    assert not last.evaluate(NOT_STYLED)
    for (text, height), (_, now) in zip(before, page.evaluate(HEIGHTS), strict=True):
        assert height == pytest.approx(now, abs=2), text  # a line has 19 pixels
