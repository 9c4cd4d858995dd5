"""Make Material's pages light: one style sheet, sized figures, styles computed once."""

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

# Material's bundle says all of these as well, when the page has been drawn without, and
# every element is styled again.
_SCRIPTED = '<script>document.documentElement.className="js js-focus-visible"</script>'
_DARK = """<script>{
  const { index, color } = __md_get("__palette") ?? {};
  const system = matchMedia("(prefers-color-scheme: dark)").matches;
  if (index ? color.scheme === "slate" : system) {
    document.documentElement.style.colorScheme = "dark";
    document.body.setAttribute("data-md-color-scheme", "slate");
  }
}</script>"""

_sheets: dict[str, None] = {}  # in the order in which the pages link to them


def size_figures(html: str, docs: Path) -> str:
    """Give each figure its width and height, so that nothing moves when it arrives."""

    def sized(image: re.Match) -> str:
        svg = (docs / image[1]).read_text(encoding="utf-8")
        return image[0] + _SIZE.search(svg)[0]

    return _FIGURE.sub(sized, html)


def lighten(html: str) -> str:
    """Lighten a finished page; `write` makes the style sheet that it links to."""
    sheets = [sheet for _, sheet in _LINK.findall(html)]
    _sheets.update(dict.fromkeys(sheets))
    html = _LINK.sub("", html, count=len(sheets) - 1)
    html = _LINK.sub(rf'\n    <link rel="stylesheet" href="\g<1>{SHEET}">', html)
    html = html.replace("<head>", f"<head>{_SCRIPTED}", 1)
    html = html.replace(' data-md-component="palette"', "")  # site.js does its work
    html = html.replace('alt="logo"', 'alt="logo" width="24" height="24"')
    return re.sub(r"<body\b[^>]*>", rf"\g<0>{_DARK}", html, count=1)


def write(site: Path) -> None:
    """Write the style sheet of the pages that have been lightened.

    One file arrives sooner than seven: a page is not drawn before all have come.
    """
    sheets = [_sheet(name, (site / name).read_text("utf-8")) for name in _sheets]
    (site / SHEET).write_text("".join(sheets), encoding="utf-8")


def _sheet(name: str, text: str) -> str:
    """A style sheet as it reads from the place of SHEET, without what no page needs."""

    def moved(url: re.Match) -> str:
        return f"url(../{urljoin(name, url[1]).removeprefix('assets/')})"

    text = re.sub(r"/\*# sourceMappingURL=.*?\*/", "", text)
    text = re.sub(r"url\(([\w./-]+)\)", moved, text)
    return _RULE.sub(_needed, text) if name.endswith(".min.css") else text


def _needed(rule: re.Match) -> str:
    """A rule without its needless selectors, or nothing."""
    selectors = re.split(r",(?![^(]*\))", rule[1])
    kept = [s for s in selectors if not _NEEDLESS.search(s)]
    return ",".join(kept) + rule[2] if kept else ""
