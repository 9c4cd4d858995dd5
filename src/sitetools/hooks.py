"""MkDocs hooks: tell the Markdown extensions which page they are on; mend the theme."""

import os
import re
from pathlib import Path
from urllib.parse import urljoin

from mkdocs.plugins import CombinedEvent, event_priority

from sitetools import (
    concepts,
    downloads,
    epub,
    glossary,
    maths,
    moving,
    plain,
    redirects,
    reload,
    theme,
    verified,
)

# The build date must not depend on the day. `make` sets the same value.
os.environ.setdefault("SOURCE_DATE_EPOCH", "0")

# One sentence per line in the source: a line break after a full-width mark, or between
# two Chinese characters, is not a space.
_CHINESE_LINE_BREAK = re.compile(
    r"([\u3000-\u303f\uff00-\uffef\u2019\u201d](?:</\w+>)*)\n"
    r"|(?<=[\u4e00-\u9fff])\n(?=[\u4e00-\u9fff])"
)


# The plugin ends an excluded element where this does: at the first end tag of its name.
_EXCLUDED = re.compile(
    r'<(\w+)\b[^>]* data-search-exclude="true"[^>]*>.*?</\1>', re.DOTALL
)

# With this set, as `make epub` does, the site holds the books and links to them.
_WITH_BOOKS = bool(os.environ.get("TWINNOTES_EPUB"))
_IF_BOOKS = re.compile(r"^<!-- books: (.*) -->$", re.MULTILINE)


def on_config(config):
    """Show which version this is, and the theme's menu of them, where there are any."""
    if edition := os.environ.get("TWINNOTES_EDITION"):
        config.extra.update(edition=edition, version={"provider": "mike"})


def on_pre_build(config):
    if _is_english(config):  # the first of the languages
        downloads.loaded.cache_clear()
        moving.script.cache_clear()
        verified.read.cache_clear()
        reload.begin(config)


@event_priority(-200)  # after static-i18n, which replaces both
def on_nav(nav, config, files):
    reload.keep(config, files, nav)


def on_serve(server, builder, **_):
    reload.serve(server, builder)


def on_page_markdown(markdown, page, **_):
    maths.set_source(page.file.abs_src_path)
    glossary.set_page(page.file.src_uri)
    markdown = _IF_BOOKS.sub(r"\1" if _WITH_BOOKS else "", markdown)
    return downloads.add_links(markdown, Path(page.file.abs_src_path), page.file.locale)


def on_page_content(html, page, config, **_):
    """Keep programs out of the search index; write Chinese as Chinese.

    Every page loads the index, and programs, in two frameworks and on the pages of two
    languages, would be most of it.
    """
    for block in "language-python highlight", "tabbed-labels":
        start = f'<div class="{block}"'
        html = html.replace(start, f'{start} data-search-exclude="true"')
    name = "Permanent link"
    if page.file.locale == "zh":
        name = "本节的链接"
        html = _CHINESE_LINE_BREAK.sub(r"\1", html)
    # For screen readers; a tooltip at every heading is more than a reader asked for.
    html = html.replace('title="Permanent link"', f'aria-label="{name}"')
    html = moving.add_sliders(html, page.file.locale)
    return theme.size_figures(html, Path(config.docs_dir))


@event_priority(100)
def _hide_from_search(context, page, **_):
    """Spare the search plugin what it would read only to leave it out.

    Programs and formulas are most of a page, and reading them is most of a build.
    """
    page.shown, page.content = page.content, _EXCLUDED.sub("", page.content)


@event_priority(-100)
def _show_again(context, page, **_):
    page.content = page.shown.replace(' data-search-exclude="true"', "")


on_page_context = CombinedEvent(_hide_from_search, _show_again)


def on_env(env, config, **_):
    reload.keep_env(config, env)
    language = config.theme["language"]
    name, summary = config.site_name, config.site_description
    folder = Path(config.site_dir, "" if _is_english(config) else language)
    folder.mkdir(parents=True, exist_ok=True)
    root = Path(config.config_file_path).parent
    text = plain.index(name, summary, language, config.site_url, root)
    (folder / "llms.txt").write_text(text, "utf-8", newline="\n")
    if _WITH_BOOKS:
        book = Path(config.site_dir, epub.file_name(language))
        epub.write(book, name, summary, language, concepts.nav(language))


def on_post_page(output, page, config, **_):
    source, folder = Path(page.file.abs_src_path), Path(page.file.abs_dest_path).parent
    folder.mkdir(parents=True, exist_ok=True)
    downloads.write(source, folder, page.canonical_url)
    plain.write(source, folder, page.canonical_url, config.site_url)
    link = f'<link rel="alternate " type="text/markdown" href="{plain.FILE}">'
    return _mend(output, page.canonical_url, config).replace(
        "</head>", f"{link}</head>", 1
    )


def on_post_template(output_content, template_name, config):
    """Keep the default language's 404.html, which the next language would overwrite."""
    if template_name != "404.html":
        return None
    return _mend(output_content, config.site_url, config) if _is_english(config) else ""


def _redirect(config):
    language = config.theme["language"]
    folder = Path(config.site_dir, "" if _is_english(config) else language)
    moved = redirects.load(Path(config.config_file_path).parent)
    redirects.write(folder, moved, language)


@event_priority(-100)  # after the build of the other language
def _write_style(config):
    theme.write(Path(config.site_dir))


on_post_build = CombinedEvent(_redirect, _write_style)


def _is_english(config):
    return config.theme["language"] == "en"


def _mend(html: str, url: str, config) -> str:
    """Mend some things in the theme's HTML, of a page with this address.

    Material requests `sitemap.xml` below the address of every link[rel=alternate], and
    a page has none. The trailing space hides the link from it, and from nobody else:
    browsers and search engines read `rel` as a list of words. The latter also want the
    address in full.

    The search dialog has no name for screen readers. It gets that of its input.

    Search engines shall find a page once, in the latest version. And the menu of the
    versions shows one, so that one belongs to its name.
    """
    if edition := config.extra.get("edition"):
        latest = urljoin(config.site_url, "../latest/") + url[len(config.site_url) :]
        html = html.replace(
            f'<link rel="canonical" href="{url}"',
            f'<link rel="canonical" href="{latest}"',
        )
        html = re.sub(r'("select\.version": "[^"]*)"', rf'\1: {edition}"', html)
        url = latest

    def alternate(link: re.Match) -> str:
        return f'<link rel="alternate " href="{urljoin(url, link[1])}"'

    html = re.sub(r'<link rel="alternate" href="([^"]*)"', alternate, html)
    html = re.sub(
        r'(?<="search" role="dialog")(>.*? name="query" (aria-label="[^"]*"))',
        r" \2\1",
        html,
        flags=re.DOTALL,
    )
    return theme.lighten(html, url)
