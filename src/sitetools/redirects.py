"""Old addresses lead to the new ones, as redirects.yml says.

A static host cannot answer with a redirect, so a page that leads on lies at each old
address. It works without JavaScript; only the fragment of the address needs it.
"""

import html
import posixpath
import shutil
from pathlib import Path

import yaml

MOVED = {"en": "This page has moved:", "zh": "本页已移到："}

_PAGE = """<!doctype html>
<html lang="{language}">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Twin Notes</title>
  <link rel="canonical" href="{href}">
  <noscript><meta http-equiv="refresh" content="0; url={href}"></noscript>
  <script>
    const to = new URL(document.querySelector("link").href);
    to.search = location.search;
    if (location.hash) to.hash = location.hash;
    location.replace(to);
  </script>
</head>
<body><p>{moved} <a href="{href}">{href}</a></p></body>
</html>
"""


def load(root: Path) -> dict[str, str | None]:
    """The new address by the old one, None for what is gone for good."""
    text = (root / "redirects.yml").read_text(encoding="utf-8")
    return yaml.safe_load(text) or {}


def page(old: str, new: str, language: str) -> str:
    """The page at an old address.

    Args:
        old: Address of a page in the site, "foundations/old/", "" for the first.
        new: That of the page that it leads to, with a fragment or without.
        language: "en" or "zh".
    """
    path, mark, fragment = new.partition("#")
    relative = posixpath.relpath(path or ".", old or ".") + "/"
    href = html.escape(relative + mark + fragment)
    return _PAGE.format(href=href, language=language, moved=MOVED[language])


def leads_on(text: str) -> bool:
    """Whether the HTML of a page is that of `page`."""
    return '<noscript><meta http-equiv="refresh"' in text


def write(folder: Path, moved: dict[str, str | None], language: str) -> None:
    """Put at every old address what leads to, or is, the new one.

    Args:
        folder: The built pages of one language.
        moved: As `load` returns it.
        language: "en" or "zh".

    Raises:
        ValueError: A line leads nowhere, or from an address that is still in use.
    """
    for old, new in moved.items():
        file = old + "index.html" if old.endswith("/") else old
        if (folder / file).exists():
            raise ValueError(
                f"redirects.yml must name addresses that are no longer in use, got "
                f"{old!r}, which is in {folder}: remove the line"
            )
        if new is None:
            continue
        path, _, fragment = new.partition("#")
        target = folder / path
        if not target.exists() or old.endswith("/") != target.is_dir():
            raise ValueError(
                f"redirects.yml must lead from page to page or from file to file, got "
                f"{old}: {new}, and {target} is none: correct the line"
            )
        (folder / old).parent.mkdir(parents=True, exist_ok=True)
        if target.is_file():
            shutil.copyfile(target, folder / old)
            continue
        (folder / old).mkdir(exist_ok=True)
        (folder / file).write_text(page(old, new, language), encoding="utf-8")
        if fragment:  # another page replaces it, whose downloads are other programs
            continue
        names = [Path(name).name.replace("-", "_") for name in (path, old)]
        for download in target.glob("*_*.*"):
            copied = old + download.name.replace(*names, 1)
            if copied not in moved:
                shutil.copyfile(download, folder / copied)
