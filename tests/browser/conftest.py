"""Fixtures: the built site, served to a real browser."""

import contextlib
import functools
import http.server
import re
import shutil
import threading
from pathlib import Path
from xml.etree import ElementTree

import pytest

from built_site import SITE_URL
from sitetools import availability, redirects

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update"
).split()


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves files as a static host does, its own 404.html included."""

    def log_message(self, *_):
        pass

    def send_error(self, code, message=None, explain=None):
        if code != 404:
            return super().send_error(code, message, explain)
        body = Path(self.directory, "404.html").read_bytes()
        self.send_response(404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(http.server.ThreadingHTTPServer):
    """A server that a browser may leave in the middle of an answer."""

    def handle_error(self, *_):
        pass


@pytest.fixture(scope="session")
def serve():
    """A function: serve a folder, and return its address with a slash at the end."""
    with contextlib.ExitStack() as stack:

        def served(folder):
            handler = functools.partial(Handler, directory=folder)
            server = stack.enter_context(Server(("127.0.0.1", 0), handler))
            threading.Thread(target=server.serve_forever, daemon=True).start()
            stack.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_port}/"

        yield served


@pytest.fixture(scope="session")
def url(site_dir, serve):
    """Where the site is served, with a slash at the end."""
    return serve(site_dir)


@pytest.fixture(scope="session")
def pages(site_dir):
    """The path of every page, in both languages, "" for the first, with its HTML."""
    locations = ElementTree.parse(site_dir / "sitemap.xml").iterfind(".//{*}loc")
    paths = [location.text.removeprefix(SITE_URL) for location in locations]
    built = {
        file.parent.relative_to(site_dir): html
        for file in site_dir.rglob("index.html")
        if not redirects.leads_on(html := file.read_text("utf-8"))
    }
    assert sorted(map(Path, paths)) == sorted(built)
    return {path: built[Path(path)] for path in paths}


@pytest.fixture(scope="session")
def find(pages):
    """A function: the paths of the pages that match a pattern, English ones first."""

    def matching(pattern):
        paths = [path for path, html in pages.items() if re.search(pattern, html)]
        assert paths, f"no page has {pattern}"
        return sorted(paths, key=lambda path: path.startswith("zh/"))

    return matching


@pytest.fixture(scope="session")
def browser():
    """Chromium: the one installed here, or else the one that Playwright brought."""
    with contextlib.ExitStack() as stack:
        try:
            from playwright.sync_api import Error, expect, sync_playwright

            expect.set_options(timeout=30_000)  # a busy machine is slow, not wrong
            playwright = stack.enter_context(sync_playwright())
            names = ("chromium", "chromium-browser", "google-chrome")
            chromium = playwright.chromium.launch(
                executable_path=next(filter(None, map(shutil.which, names)), None),
                args=FLAGS,
            )
        except (ImportError, Error) as error:
            reason = f"no browser: {str(error).splitlines()[0]}"
            if availability.required("browser"):
                pytest.fail(reason, pytrace=False)
            pytest.skip(reason)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def move():
    """A function: move the mouse on a page, and wait for what that sends for."""

    def moved(page):
        page.mouse.move(0, 0)
        page.mouse.move(1, 1)
        page.wait_for_function("window.component$")  # Material's script has run

    return moved


@pytest.fixture
def new_page(browser, url):
    """A function that opens a page in a new profile; relative addresses are the site's.

    A reader who has it smaller or darker: new_page(width=360, color_scheme="dark").
    """
    with contextlib.ExitStack() as stack:

        def open_page(path="", width=1280, height=800, **options):
            context = browser.new_context(
                base_url=url, viewport={"width": width, "height": height}, **options
            )
            stack.callback(context.close)
            page = context.new_page()
            page.set_default_timeout(10_000)
            page.goto(path)
            return page

        yield open_page
