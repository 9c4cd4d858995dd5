"""Live reload: after a change, build again the pages that show it, and no others.

`mkdocs serve` builds the whole site for every saved file. Here the hooks keep what a
whole build leaves in memory (`begin`, `keep`, `keep_env`), and the server (`serve`)
calls `rebuild`. Few pages read a page, a program or a figure; those are converted and
written again, and their entries in the search index are replaced. Whatever may change
other pages too, such as a title, the glossary, a template or a new file, builds
everything.
"""

import copy
import functools
import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment
from mkdocs.commands.build import _build_page, _populate_page
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.livereload import LiveReloadServer
from mkdocs.structure.files import Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from watchdog import events, observers

from sitetools import downloads, moving, verified

_INCLUDE = re.compile(r'--8<-- "([^":]+)')
_IMAGE = re.compile(r"!\[[^\]]*\]\(([^)\s]+)\)")
# Time and size of every file that the site is built from. Each save looks at thousands,
# and making a Path of each would take longer than building a page.
_State = dict[str, tuple[int, int]]
# What editors leave beside a file while it is open or being saved.
_PASSING = re.compile(r"[.#]|.*~$|__pycache__$")


@dataclass
class _Build:
    """What MkDocs made of the pages of one language."""

    config: MkDocsConfig
    files: Files
    nav: Navigation
    env: Environment | None = None

    def __post_init__(self) -> None:
        # static-i18n changes the one configuration from language to language.
        self.config = copy.copy(self.config)
        for name in "theme", "extra":
            self.config[name] = copy.deepcopy(self.config[name])

    @property
    def pages(self) -> list[Page]:
        return [file.page for file in self.files.documentation_pages()]


class _Observer(observers.Observer):
    """Tells of changes, and not of reading, which building does as well."""

    CHANGES = (
        events.FileCreatedEvent,
        events.FileModifiedEvent,
        events.FileMovedEvent,
        events.FileDeletedEvent,
    )

    def schedule(self, handler, path, *, recursive=False):
        return super().schedule(
            handler, path, recursive=recursive, event_filter=[*self.CHANGES]
        )


_builds: dict[str, _Build] = {}
_seen: _State = {}
_complete = True


def begin(config: MkDocsConfig) -> None:
    """Note the state of all files, before the first language of a whole build."""
    _builds.clear()
    _note(_look(config))


def keep(config: MkDocsConfig, files: Files, nav: Navigation) -> None:
    """Keep what the build of a language works with."""
    _builds[config.theme["language"]] = _Build(config, files, nav)


def keep_env(config: MkDocsConfig, env: Environment) -> None:
    """Keep the templates of the same build."""
    _builds[config.theme["language"]].env = env


def serve(server: LiveReloadServer, everything: Callable[[], None]) -> None:
    """Let a server rebuild what has changed, as soon as the system tells of it.

    MkDocs itself looks at every file twice a second. That also sees what another
    machine changes on a shared disk; this does not.

    Args:
        server: MkDocs's, before it starts.
        everything: Builds the whole site.
    """
    server.builder = functools.partial(rebuild, everything)
    watched = [*server._watched_paths]
    for path in watched:
        server.unwatch(path)
    server.observer = _Observer()
    for path in watched:
        server.watch(path)


def rebuild(everything: Callable[[], None]) -> None:
    """Bring the served site up to date.

    Args:
        everything: Builds the whole site, as MkDocs does.
    """
    global _complete
    if _complete:
        now = _look(next(iter(_builds.values())).config)
        changed = {p for p in _seen.keys() | now if _seen.get(p) != now.get(p)}
        new_or_gone = _seen.keys() ^ now.keys()
        if not new_or_gone and _show(changed, now):
            _note(now)
            return
    _complete = False
    everything()
    _complete = True


def _note(state: _State) -> None:
    global _seen
    _seen = state


def _look(config: MkDocsConfig) -> _State:
    """Return the state of every file that the site is built from."""
    state = {}
    folders = [config.docs_dir, *filter(os.path.isdir, config.watch)]
    for path in config.config_file_path, *config.watch:
        if Path(path).is_file():
            state[path] = _stamp(Path(path).stat())
    for folder in folders:
        for entry in _entries(folder):
            if _PASSING.match(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)
                continue
            with suppress(FileNotFoundError):  # gone since it was listed
                state[entry.path] = _stamp(entry.stat())
    return state


def _entries(folder: str) -> list[os.DirEntry]:
    with suppress(FileNotFoundError):
        return [*os.scandir(folder)]
    return []


def _stamp(status: os.stat_result) -> tuple[int, int]:
    return status.st_mtime_ns, status.st_size


def _show(changed: set[str], now: _State) -> bool:
    """Build the pages that read a changed file; False if others may change as well."""
    global _complete
    affected, unread = {}, set(changed)
    for language, build in _builds.items():
        affected[language] = []
        folders = tuple(build.config.mdx_configs["pymdownx.snippets"]["base_path"])
        for page in build.pages:
            read = changed & _reads(page.file.abs_src_path, folders, now)
            unread -= read
            if read:
                affected[language].append(page)
        for file in build.files:
            path = file.abs_src_path
            if path in changed and not file.is_documentation_page():
                file.copy_file()
                unread.discard(path)
    # All style sheets are one file in the site.
    if unread or any(re.search(r"\bglossary\.md$|\.css$", path) for path in changed):
        return False

    downloads.loaded.cache_clear()
    moving.script.cache_clear()
    verified.read.cache_clear()
    for language, build in _languages():
        for page in affected[language]:
            before = page.title, page.meta
            _populate_page(page, build.config, build.files)
            if (page.title, page.meta) != before:
                return False
    _complete = False  # until the index is whole again
    for language, build in _languages():
        for page in affected[language]:
            _write(page, build)
        for page in build.pages:
            level = build.config.validation.links.anchors
            page.validate_anchor_links(files=build.files, log_level=level)
    _search(build).on_post_build(config=build.config)
    _complete = True
    return True


def _languages():
    """Yield the builds, each while its language is static-i18n's current one."""
    for language, build in _builds.items():
        build.config.plugins["i18n"].current_language = language
        yield language, build


def _reads(path: str, folders: tuple[str, ...], now: _State) -> set[str]:
    """Return the file itself and all that it includes, from these folders, or shows."""
    shown, included = _names(path, now[path], folders)
    inner = (_reads(file, folders, now) for file in included if file in now)
    return {path}.union(shown, *inner)


@functools.cache
def _names(
    path: str, stamp: tuple[int, int], folders: tuple[str, ...]
) -> tuple[set[str], set[str]]:
    """Return what a file in this state shows, and what it may include."""
    text, shown = Path(path).read_text("utf-8"), set()
    for target in _IMAGE.findall(text):
        image = Path(os.path.normpath(Path(path).parent / target))
        shown |= {str(image), str(image.with_suffix(".js"))}  # sliders, if it moves
    names = _INCLUDE.findall(text)
    return shown, {str(Path(folder, name)) for name in names for folder in folders}


def _search(build: _Build):
    plugins = build.config.plugins.values()
    return next(plugin for plugin in plugins if hasattr(plugin, "search_index"))


def _write(page: Page, build: _Build) -> None:
    """Write a page, and put its new entries of the search index where the old were."""
    index = _search(build).search_index
    old = index.entries
    places = [
        place
        for place, entry in enumerate(old)
        if entry["location"].partition("#")[0] == page.url
    ]
    index.entries = []
    pages = build.files.documentation_pages()
    _build_page(page, build.config, pages, build.nav, build.env)
    index.entries = old[: places[0]] + index.entries + old[places[-1] + 1 :]
