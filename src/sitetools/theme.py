"""Make Material's pages light.

One style sheet without what no page needs, figures of known size, and sections that the
browser leaves alone until the reader comes near.
"""

import re
from pathlib import Path
from urllib.parse import urljoin

SHEET = "assets/stylesheets/all.css"
_LINK = re.compile(r'\s*<link rel="stylesheet" href="([^"]*?)(assets/[^"]+\.css)">')
_FIGURE = re.compile(r'<img [^>]*src="[^"]*?(assets/figures/[^"]+\.svg)"')
_SIZE = re.compile(r' width="\d+" height="\d+"')

# Selectors that cost every element of a page, and say nothing here: those for a third
# tab and up to the twentieth; one for a mark that site.js does not set, because it has
# the colors' switch; one for what follows a table before Material has wrapped it.
_NEEDLESS = re.compile(
    r"\.tabbed-.*:nth-child\((?:[3-9]|\d\d)\)"
    r"|\[data-md-color-switching\] (?:\*|:after|:before)$"
    r"|\.md-typeset table:not\(\[class\]\)\+\*$"
)
_RULE = re.compile(r"([^{}@;/]+)(\{[^{}]*\})")
_EMPTY = re.compile(r"@[^{};]+\{\}")
_ASIDE = re.compile(r"\[[^]]*\]|\((?:[^()]|\([^()]*\))*\)")  # of a selector
_CLASS = re.compile(r"\.([a-zA-Z_][\w-]*)")
_CLASSES = re.compile(r'\bclass="([^"]*)"')

_ARTICLE = re.compile(r"(<article\b[^>]*>)(.*)(</article>)", re.DOTALL)
_HEADING = re.compile(r"(?=<h2\b)")
_EQUATION = re.compile(r'(<div class="equation")(.*?</div>)', re.DOTALL)
_STRUT = re.compile(r'"katex-strut" style="height:([\d.]+)em')
_FOLDED = re.compile(r"<details.*?</details>", re.DOTALL)
_WORDLESS = re.compile(r"<pre>.*?</pre>|<math.*?</math>|<[^>]+>", re.DOTALL)
_BLOCK = re.compile(r"<(?:p|li|tr|h\d|summary)\b")

# What scripts at the end of the page say too, when it has been drawn without, so that
# every element would be styled again.
_SCRIPTED = '<script>document.documentElement.className="js js-focus-visible"</script>'
_DARK = """<script>{
  const { index, color } = __md_get("__palette") ?? {};
  const system = matchMedia("(prefers-color-scheme: dark)").matches;
  if (index ? color.scheme === "slate" : system) {
    document.documentElement.style.colorScheme = "dark";
    document.body.setAttribute("data-md-color-scheme", "slate");
  }
}</script>"""

# Colors, contents and tabs: Material would measure or style the whole page to begin
# with, so site.js and site.css do their work.
_MEASURING = re.compile(r' data-(?:md-component="(?:palette|toc)"|tabs="[\d:]+")')

# site.js, which runs when the page has been read, sends for Material's script later.
_SCRIPT = re.compile(r'<script src="([^"]*/bundle\.[^"]*)"></script>\s*')
_OURS = '/site.js"'

# Until these have come, a formula is drawn in the text's font, and then again.
_FONTS = ("KaTeX_Main-Regular", "KaTeX_Math-Italic")

_sheets: dict[str, None] = {}  # in the order in which the pages link to them
_used: dict[str, set[str]] = {}  # the classes of each page


def size_figures(html: str, docs: Path) -> str:
    """Give each figure its width and height, so that nothing moves when it arrives.

    Those below the page's second heading arrive when the reader comes near.
    """
    top = sum(map(len, _HEADING.split(html)[:2]))

    def sized(image: re.Match) -> str:
        svg = (docs / image[1]).read_text(encoding="utf-8")
        lazy = ' loading="lazy"' if image.start() > top else ""
        return image[0] + _SIZE.search(svg)[0] + lazy

    return _FIGURE.sub(sized, html)


def lighten(html: str, url: str) -> str:
    """Lighten a finished page; `write` makes the style sheet that it links to."""
    html = _EQUATION.sub(_measured, html)
    html = _ARTICLE.sub(_divided, html)
    _used[url] = set(" ".join(_CLASSES.findall(html)).split())
    sheets = [sheet for _, sheet in _LINK.findall(html)]
    _sheets.update(dict.fromkeys(sheets))
    html = _LINK.sub("", html, count=len(sheets) - 1)
    links = f'<link rel="stylesheet" href="\\g<1>{SHEET}">'
    if 'class="katex"' in html:
        for name in _FONTS:
            font = f"\\g<1>assets/katex/fonts/{name}.woff2"
            links += f'<link rel="preload" as="font" href="{font}" crossorigin>'
    html = _LINK.sub(f"\n    {links}", html)
    html = html.replace("<head>", f"<head>{_SCRIPTED}", 1)
    html = _MEASURING.sub("", html)
    if script := _SCRIPT.search(html):
        html = _SCRIPT.sub("", html)
        html = html.replace(_OURS, f'{_OURS} defer data-next="{script[1]}"', 1)
    html = html.replace('alt="logo"', 'alt="logo" width="24" height="24"')
    return re.sub(r"<body\b[^>]*>", rf"\g<0>{_DARK}", html, count=1)


def _measured(equation: re.Match) -> str:
    """An equation that says how high it will be, in units of its font's size."""
    ems = max(map(float, _STRUT.findall(equation[2])))
    return f'{equation[1]} style="--ems: {ems}"{equation[2]}'


def _divided(article: re.Match) -> str:
    """An article with a <section> around each heading and what follows it."""
    start, content, end = article.groups()
    first, *parts = _HEADING.split(content)
    sections = [
        f'<section class="part" style="--lines: {_lines(part)}">{part}</section>'
        for part in parts
    ]
    return start + first + "".join(sections) + end


def _lines(part: str) -> int:
    """About how many lines of text a section is high, on a window of medium width."""
    part = _FOLDED.sub("", part)
    code = sum(map(int, re.findall(r"<code style=\"--lines: (\d+)", part)))
    text = "".join(_WORDLESS.sub("", part).split())
    # Of two tabs one is seen, and programs are written smaller than text.
    return round(0.4 * code + len(text) / 50 + 1.5 * len(_BLOCK.findall(part)))


def write(site: Path) -> None:
    """Write the style sheet of the pages that have been lightened.

    One file arrives sooner than seven: a page is not drawn before all have come.
    """
    used = set().union(*_used.values())
    for script in site.glob("assets/javascripts/*.js"):
        used.update(re.findall(r"[\w-]+", script.read_text("utf-8")))
    sheets = [_sheet(name, (site / name).read_text("utf-8"), used) for name in _sheets]
    (site / SHEET).write_text("".join(sheets), encoding="utf-8")


def _sheet(name: str, text: str, used: set[str]) -> str:
    """A style sheet as it reads from the place of SHEET, without what no page needs."""

    def moved(url: re.Match) -> str:
        return f"url(../{urljoin(name, url[1]).removeprefix('assets/')})"

    text = re.sub(r"/\*# sourceMappingURL=.*?\*/", "", text)
    text = re.sub(r"url\(([\w./-]+)\)", moved, text)
    if not name.endswith(".min.css"):
        return text  # ours
    begun = tuple(word for word in used if word.endswith("-"))  # tabbed-control--${e}

    def is_needed(selector: str) -> bool:
        classes = _CLASS.findall(_ASIDE.sub("", selector))
        return not _NEEDLESS.search(selector) and all(
            name in used or name.startswith(begun) for name in classes
        )

    def needed(rule: re.Match) -> str:
        """A rule without its needless selectors, or nothing."""
        kept = filter(is_needed, re.split(r",(?![^(]*\))", rule[1]))
        return selectors + rule[2] if (selectors := ",".join(kept)) else ""

    return _EMPTY.sub("", _RULE.sub(needed, text))
