"""What must hold on every page, in both languages; each is opened once.

axe, which is slow, reads the pages of no chapter and the longest note of each chapter.
"""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

DOCS = Path(__file__).parents[2] / "docs"
# "" has the pages of no chapter: home, the list of concepts, the glossary.
CHAPTERS = ["", *sorted({path.parent.name for path in DOCS.glob("en/*/*.md")})]
AXE = Path(__file__).with_name("axe") / "axe.min.js"
# No page has this address; a static host answers with 404.html.
MISSING = "no/such/page/"
LONGEST_LINE = {"en": (75, "characters"), "zh": (38, "Chinese characters")}


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_page(new_page, move, pages, url, chapter, language):
    paths = [path for path in pages if chapter_of(path) == (language, chapter)]
    assert paths, f"no page of chapter {chapter!r} in {language}"
    page, problems = new_page(), []
    listen(page, url, problems)
    page.add_init_script(SHOW_EVERYTHING)
    limit, unit = LONGEST_LINE[language]
    chosen = {max(paths, key=lambda path: len(pages[path]))}
    if not chapter:
        paths.append(MISSING)
        chosen = set(paths)
    views = [("light", 1280), ("dark", 360)]
    for path in paths:
        found = []
        # What comes late, such as the search index, is the same on all pages.
        page.goto(path)
        move(page)
        if path in chosen:
            page.wait_for_load_state("networkidle")
        if path != MISSING:
            english = path.removeprefix("zh/")
            if page.evaluate(LANGUAGES) != [f"/{english}", f"/zh/{english}"]:
                found.append("the languages lead elsewhere")

        for scheme, width in views:
            look(page, scheme, width)
            if width == 360:
                found += [
                    f"wider than a phone: {box}" for box in page.evaluate(OVERFLOW)
                ]
                found += [
                    f"only a mouse scrolls: {box}" for box in page.evaluate(STUCK)
                ]
            else:
                for line in page.evaluate(LONGEST_LINES):
                    if round(line[unit], 1) > limit:
                        wide = f"{line[unit]:.1f} {unit}: {line['text']}"
                        found.append(f"a line as wide as {wide}")
        # The theme adds its buttons after the page has loaded.
        found += [f"copy button: {html}" for html in page.evaluate(COPY_BUTTONS)]
        if path in chosen:
            page.evaluate(KEEP_ONE_OF_EACH_KIND)  # axe says the same of all, slowly
            found += axe(page)
            look(page, *views[0])
            found += axe(page, "color-contrast")
        else:
            views.reverse()  # the next page opens as this one is left
        problems += [f"/{path}: {problem}" for problem in found]
    assert not problems, "\n".join(problems)


def chapter_of(path: str) -> tuple[str, str]:
    """The language and the chapter of a page, "" if it is in none."""
    language = "zh" if path.startswith("zh/") else "en"
    chapter, _, rest = path.removeprefix("zh/").partition("/")
    return language, chapter if rest else ""


def look(page: Page, scheme: str, width: int) -> None:
    """Look at the page in other colors, in a window of another width."""
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    drawn = {"light": "default", "dark": "slate"}[scheme]
    expect(page.locator("body")).to_have_attribute("data-md-color-scheme", drawn)


def listen(page: Page, url: str, problems: list[str]) -> None:
    """Note what a page reports, what it lacks, and what it asks of other hosts."""

    def note(address: str, *words: object) -> None:
        # axe measures what is hidden too, and Chromium remarks on it, at times later
        # and without an address.
        if "in a subtree hidden by content-visibility" in str(words[-1]):
            return
        if not address.endswith((MISSING, AXE.name)):
            problems.append(f"{page.url}: {' '.join(map(str, words))}: {address}")

    page.on("console", lambda m: note(m.location["url"], m.type, m.text))
    page.on("pageerror", lambda error: note(page.url, error))
    page.on("request", lambda r: r.url.startswith(url) or note(r.url, "asks"))
    page.on("response", lambda r: r.status < 400 or note(r.url, r.status))


def axe(page: Page, *rules: str) -> list[str]:
    """What axe-core finds, by all its rules or by some."""
    page.add_script_tag(path=AXE)
    options = {"resultTypes": ["violations"]} | ({"runOnly": [*rules]} if rules else {})
    result = page.evaluate("options => axe.run(options)", options)
    return [
        f"{violation['id']}: {node['html'][:200]}: {node['failureSummary']}"
        for violation in result["violations"]
        for node in violation["nodes"]
    ]


# Unfolds what is folded, shows the tabs that are not selected as well, and lets nothing
# wait until it is scrolled to.
SHOW_EVERYTHING = """window.IntersectionObserver = class {
  constructor(tell) { this.tell = tell; }
  observe(target) {
    queueMicrotask(() => this.tell([{target, isIntersecting: true}]));
  }
  unobserve() {}
  disconnect() {}
};
addEventListener("DOMContentLoaded", () => {
  const style = document.createElement("style");
  style.textContent = `.tabbed-block { display: block !important }
    * { content-visibility: visible !important }`;
  document.head.append(style);
  for (const details of document.querySelectorAll("details")) details.open = true;
})"""

# Of each paragraph, the longest line, measured in characters.
LONGEST_LINES = """() => [...document.querySelectorAll("article :is(p, li, dd)")]
  .filter(block => block.checkVisibility() && !block.querySelector("p, li, img"))
  .map(block => {
    const none = {text: "", "characters": 0, "Chinese characters": 0};
    const lines = new Map(), range = document.createRange();
    const texts = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      if (texts.currentNode.parentElement.closest(".formula, .headerlink")) continue;
      [...texts.currentNode.data].forEach((character, i) => {
        range.setStart(texts.currentNode, i);
        range.setEnd(texts.currentNode, i + 1);
        const {bottom, left, right} = range.getBoundingClientRect();
        if (left === right) return;
        const key = Math.round(bottom / 10);
        const line = lines.get(key) ?? {text: "", left, right};
        lines.set(key, {text: line.text + character, left: line.left, right});
      });
    }
    const em = parseFloat(getComputedStyle(block).fontSize);
    return [...lines.values()].map(({text, left, right}) => ({
      text: text.replace(/\\s/g, " "),
      "characters": text.length,
      "Chinese characters": (right - left) / em,
    })).reduce((a, b) => (a.characters > b.characters ? a : b), none);
  })"""

# One formula is left, and of each color one piece of a program.
KEEP_ONE_OF_EACH_KIND = """() => {
  const kinds = new Set();
  for (const token of document.querySelectorAll(".highlight span")) {
    if (kinds.has(token.className)) token.replaceWith(...token.childNodes);
    else kinds.add(token.className);
  }
  const [, ...others] = document.querySelectorAll(".katex");
  for (const formula of others) formula.replaceChildren("formula");
}"""

# Where the menu of languages leads.
LANGUAGES = """() => [...document.querySelectorAll(".md-select__link")]
  .map(link => link.pathname)"""

# Programs without a button to copy them, and outputs with one.
COPY_BUTTONS = """() => [...document.querySelectorAll("article pre")]
  .filter(pre => !!pre.closest(".output") === !!pre.querySelector("button"))
  .map(pre => pre.outerHTML.slice(0, 200))"""

# Elements beyond the right edge that are in no box that scrolls; or the page itself.
OVERFLOW = """() => {
  const scrolls = element => element && element !== document.body &&
    (getComputedStyle(element).overflowX !== "visible" ||
      scrolls(element.parentElement));
  const wide = [...document.querySelectorAll("article *, .md-header *")]
    .filter(element => element.getBoundingClientRect().right > innerWidth + 0.5)
    .filter(element => !scrolls(element.parentElement))
    .map(element => element.outerHTML.slice(0, 200));
  const width = document.documentElement.scrollWidth;
  return width > innerWidth ? [...wide, `the page, ${width} px`] : wide;
}"""

# Boxes that scroll, with nothing in them that the keyboard can go to.
STUCK = """() => [...document.querySelectorAll("article *")]
  .filter(box => /auto|scroll/.test(getComputedStyle(box).overflowX))
  .filter(box => box.scrollWidth > box.clientWidth)
  .filter(box => box.tabIndex < 0 && !box.querySelector("a, button, [tabindex]"))
  .map(box => box.outerHTML.slice(0, 200))"""
