"""Build the same pages with Zensical, and list what is lost; ZENSICAL.md says the rest.

    python -m sitetools.zensical

Zensical runs neither the hooks nor the plugin for two languages, so each language is a
site of its own: site-zensical/en and site-zensical/zh, with docs/assets beside them.
Their configurations are derived from mkdocs.yml; the content is as it is. What both
sites show is then read from their HTML and compared, and the list is written into
ZENSICAL.md.
"""

import functools
import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml
from bs4 import BeautifulSoup

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "ZENSICAL.md"
LANGUAGES = ("en", "zh")

# They have to be told which page they are on, which a hook does.
NEED_HOOKS = ("sitetools.glossary", "sitetools.concepts")


# The configurations


class _Loader(yaml.SafeLoader):
    """Reads mkdocs.yml with its tags; those that name Python objects stay tags."""


class _Dumper(yaml.SafeDumper):
    """Writes what _Loader reads."""


class _Python:
    """A value that only Python can make, such as a slugify function."""

    def __init__(self, node: yaml.Node) -> None:
        self.node = node


_Loader.add_multi_constructor(
    "tag:yaml.org,2002:python/", lambda loader, tag, node: _Python(node)
)
_Loader.add_constructor(
    "!relative", lambda loader, node: node.value.removeprefix("$config_dir/")
)
_Loader.add_constructor(
    "!ENV", lambda loader, node: loader.construct_sequence(node)[-1]
)
_Dumper.add_representer(_Python, lambda dumper, value: value.node)


def configuration(text: str, language: str) -> str:
    """Derive the configuration of one language for Zensical.

    Args:
        text: mkdocs.yml.
        language: "en" or "zh".
    """
    config = yaml.load(text, _Loader)
    plugins = [plugin for plugin in config["plugins"] if isinstance(plugin, dict)]
    i18n = next(plugin["i18n"] for plugin in plugins if "i18n" in plugin)
    languages = {entry["locale"]: entry for entry in i18n["languages"]}
    own = languages[language]

    for key in "hooks", "watch", "exclude_docs":
        del config[key]
    config["plugins"] = [plugin for plugin in plugins if "search" in plugin]
    config.update(
        site_url=f"{config['site_url']}{language}/",
        docs_dir=f"docs/{language}",
        site_dir=f"site-zensical/{language}",
        site_description=own.get("site_description", config["site_description"]),
    )
    translated = own.get("nav_translations", {})
    config["nav"] = [
        {translated.get(title, title): pages for title, pages in entry.items()}
        if isinstance(entry, dict)
        else entry
        for entry in config["nav"]
    ]
    config["markdown_extensions"] = [
        entry for entry in config["markdown_extensions"] if entry not in NEED_HOOKS
    ]
    config["extra"]["alternate"] = [
        {"name": entry["name"], "link": f"../{name}/", "lang": name}
        for name, entry in languages.items()
    ]
    theme = config["theme"]
    del theme["custom_dir"]  # its templates ask the plugin for the languages
    theme.update(language=language, variant="classic")
    palette = own.get("theme", {}).get("palette", [])
    for entry, words in zip(theme["palette"], palette, strict=False):
        entry["toggle"].update(words["toggle"])
    for holder, key in (theme, "logo"), (theme, "favicon"):
        holder[key] = "../" + holder[key]
    for key in ("extra_css", "extra_javascript"):
        config[key] = ["../" + path for path in config[key]]
    return yaml.dump(config, Dumper=_Dumper, allow_unicode=True, sort_keys=False)


def build(folder: Path) -> None:
    """Build both languages with Zensical into ROOT / site-zensical.

    Args:
        folder: Where the site of MkDocs goes, an empty folder.

    Raises:
        subprocess.CalledProcessError: One of the builds failed.
    """
    mkdocs = [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", folder]
    subprocess.run(mkdocs, cwd=ROOT, check=True)
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for language in LANGUAGES:
        # Zensical takes the folder of the file for that of the project.
        file = ROOT / f".zensical-{language}.yml"
        file.write_text(configuration(text, language), encoding="utf-8")
        try:
            zensical = [sys.executable, "-m", "zensical", "build", "--clean", "-f"]
            subprocess.run([*zensical, file], cwd=ROOT, check=True)
        finally:
            file.unlink()
    assets = ROOT / "site-zensical/assets"
    shutil.copytree(ROOT / "docs/assets", assets, dirs_exist_ok=True)


# What a site shows


@functools.cache
def _ids(file: Path) -> set[str]:
    return set(re.findall(r'\bid="([^"]+)"', file.read_text(encoding="utf-8")))


def leads(file: Path, link: str) -> bool:
    """Whether a link of a page leads to a file, and to an id that is there.

    Args:
        file: The page.
        link: Relative, or to another host, which is not asked.
    """
    parts = urlsplit(link)
    if parts.netloc:
        return True
    target = file.parent / unquote(parts.path) if parts.path else file
    if target.is_dir():
        target /= "index.html"
    fragment = unquote(parts.fragment)
    return target.is_file() and (not fragment or fragment in _ids(target.resolve()))


def shown(file: Path) -> Iterator[tuple[str, str]]:
    """Yield what a page shows: its kind, and what tells it from others of the kind."""
    soup = BeautifulSoup(file.read_text(encoding="utf-8"), "html.parser")
    article = soup.find("article")
    yield "pages", ""
    for tag in soup.select("meta[name=description]"):
        yield "descriptions", tag["content"]
    for tag in article.select("h1[id], h2[id], h3[id], .equation[id]"):
        yield "headings and formulas with their ids", tag["id"]
    for tag in article.select(".katex annotation"):
        yield "formulas that are drawn", tag.text
    for tag in article.select("pre"):
        kind = "outputs" if tag.find_parent(class_="output") else "programs"
        yield kind, tag.text
    for tag in article.select(".tabbed-labels label"):
        yield "tabs", tag.text
    for tag in article.select("img[src]"):
        if leads(file, tag["src"]):
            yield "figures", tag["alt"]
    for tag in article.select("a[href]"):
        classes = tag.get("class", [])
        if not leads(file, tag["href"]) or "headerlink" in classes:
            continue
        if tag.has_attr("download"):
            yield "downloads", tag["href"]
        elif "term" in classes:
            yield "tooltips of the glossary", tag["title"]
        else:
            yield "other links of the text that lead somewhere", tag.text
    for tag in article.select("p:not(.take-away)"):  # those are the downloads
        yield "paragraphs, to the last space", tag.text
    for tag in soup.select("a.md-select__link[hreflang]"):
        place = (file.parent / tag["href"]).resolve()
        if leads(file, tag["href"]) and place.name == file.resolve().parent.name:
            yield "links to the same page in each language", tag["hreflang"]
    for tag in soup.select("script[src], img[src], link[rel~=stylesheet]"):
        if not urlsplit(tag.get("src") or tag["href"]).netloc:
            yield "parts that come from the site's own host", tag.name


def everything(homes: dict[str, Path], paths: list[str]) -> dict[str, Counter]:
    """Count what a site shows.

    Args:
        homes: The folder of each language.
        paths: The pages, as "foundations/norms", "." for the first.

    Returns:
        {kind: Counter} of (language, page, what tells it from others of the kind).
    """
    kinds: dict[str, Counter] = {}
    for language, home in homes.items():
        for path in paths:
            if (file := home / path / "index.html").is_file():
                for kind, item in shown(file):
                    kinds.setdefault(kind, Counter())[language, path, item] += 1
    return kinds


def searched(homes: dict[str, Path]) -> Counter:
    """Count the sections that the search can find, as (language, page#id).

    Zensical has an index per language; MkDocs has one, in the folder of English.
    """
    sections: Counter = Counter()
    for language, home in homes.items():
        own = home / "search.json"
        if own.is_file():
            items = json.loads(own.read_text(encoding="utf-8"))["items"]
            sections.update((language, item["location"]) for item in items)
    index = homes["en"] / "search/search_index.json"
    if index.is_file():
        for item in json.loads(index.read_text(encoding="utf-8"))["docs"]:
            place = item["location"].removeprefix("zh/")
            chinese = place != item["location"]
            sections["zh" if chinese else "en", place] += 1
    return sections


def table(old: dict[str, Counter], new: dict[str, Counter]) -> str:
    """Compare what two sites show, as a Markdown table: a line per kind."""
    lines = [
        "| What a reader finds | MkDocs | Zensical | Lost | The first that is lost |",
        "| --- | --: | --: | --: | --- |",
    ]
    for kind, items in old.items():
        kept = new.get(kind, Counter())
        lost = items - kept
        first = ""
        if lost:
            *place, what = next(iter(lost))
            first = f"{'/'.join(place)}: {' '.join(what.split())[:60]}".replace(
                "|", " "
            )
        lines.append(
            f"| {kind} | {items.total()} | {kept.total()} | {lost.total()} | {first} |"
        )
    return "\n".join(lines)


def main() -> None:
    paths = [
        path.relative_to(ROOT / "docs/en").with_suffix("").as_posix()
        for path in sorted((ROOT / "docs/en").rglob("*.md"))
    ]
    paths = [path.removesuffix("index") or "." for path in paths]
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder))
        homes = {"en": Path(folder), "zh": Path(folder, "zh")}
        old = everything(homes, paths)
        old["sections that the search finds"] = searched(homes)
    homes = {name: ROOT / "site-zensical" / name for name in LANGUAGES}
    new = everything(homes, paths)
    new["sections that the search finds"] = searched(homes)
    measured = table(old, new)
    print(measured)
    version = importlib.metadata.version("zensical")
    text = REPORT.read_text(encoding="utf-8")
    head, _, rest = text.partition("<!-- measured -->\n")
    _, _, tail = rest.partition("<!-- end -->\n")
    block = f"\nWith Zensical {version}:\n\n{measured}\n\n"
    REPORT.write_text(
        f"{head}<!-- measured -->\n{block}<!-- end -->\n{tail}", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
