"""The built site, for the tests that read it and those that open it in a browser."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

ROOT = Path(__file__).parents[1]
SITE_URL = "http://127.0.0.1:8000/"
ENVIRONMENT = {
    "SITE_URL": SITE_URL,
    "SOURCE_DATE_EPOCH": "0",  # whichever test asks for the site first
    "NO_MKDOCS_2_WARNING": "1",
}


def parse(html: str) -> BeautifulSoup:
    """A page without its spans: they hold no text of their own, and are most of it."""
    return BeautifulSoup(re.sub(r"</?span\b[^>]*>", "", html), "html.parser")


def build(site: Path) -> str:
    """Build the site into `site`; return what went wrong, or an empty text."""
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", site],
        cwd=ROOT,
        env={**os.environ, **ENVIRONMENT},
        capture_output=True,
        text=True,
    )
    return done.stderr if done.returncode else ""


@pytest.fixture(scope="session")
def site_dir(tmp_path_factory):
    """The site, built by the first of pytest-xdist's workers that asks for it.

    Or by the first of the processes that `make faults` gives the same folder.
    """
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    if "TWINNOTES_SITE" in os.environ:
        folder = Path(os.environ["TWINNOTES_SITE"])
    report = folder / "site-report"
    try:
        (folder / "site-lock").mkdir()
    except FileExistsError:
        deadline = time.monotonic() + 300
        while not report.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
    else:
        problem = build(folder / "site")
        report.with_suffix(".tmp").write_text(problem)
        report.with_suffix(".tmp").rename(report)
    if problem := report.read_text():
        pytest.fail(f"mkdocs build --strict failed:\n{problem}", pytrace=False)
    return folder / "site"
