"""Two published versions of a small site, in a subfolder, as a reader meets them."""

import io
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

from browser.test_every_page import axe, listen, look
from browser.test_reading import search

ROOT = Path(__file__).parents[2]
NAV = """nav:
  - Home: index.md
  - kept.md
  - Chapter:
      - chapter/{name}.md

"""
PAGES = {
    "en": "---\ntitle: {0}\ndescription: About {0}.\n---\n\n# {0} {{ #{0} }}\n\n"
    "## Rule {{ #rule }}\n\nA zebra in {0}.\n",
    "zh": "---\ntitle: {0} 篇\ndescription: 关于 {0}。\n---\n\n# {0} 篇 {{ #{0} }}\n\n"
    "## 规则 {{ #rule }}\n\n{0} 里有斑马。\n",
}
ASSETS = ("javascripts", "katex", "logo.svg", "stylesheets")


def write(project: Path, name: str, moved: str) -> None:
    """Write a project like this one, whose chapter has one page of this name."""
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    _, _, rest = text.partition("\n\nsite_name:")
    rest = rest.replace("custom_dir: overrides", f"custom_dir: {ROOT / 'overrides'}")
    rest = rest.replace("hooks: [", f"hooks: [{ROOT.as_posix()}/")
    rest = "".join(line for line in rest.splitlines(True) if "watch:" not in line)
    text = NAV.format(name=name) + "site_name:" + rest
    (project / "mkdocs.yml").write_text(text, encoding="utf-8")
    (project / "redirects.yml").write_text(moved, encoding="utf-8")
    shutil.rmtree(project / "docs", ignore_errors=True)
    for language, page in PAGES.items():
        for path in ("index", "kept", f"chapter/{name}"):
            file = project / "docs" / language / f"{path}.md"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(page.format(Path(path).name), encoding="utf-8")
    for asset in ASSETS:
        source, target = ROOT / "docs/assets" / asset, project / "docs/assets" / asset
        (shutil.copytree if source.is_dir() else shutil.copyfile)(source, target)


@pytest.fixture(scope="module")
def home(tmp_path_factory, serve):
    """The address of a site with an edition 1.0 and a latest, in which a page moved."""
    folder = tmp_path_factory.mktemp("versions")
    project = folder / "project"
    for name in ("snippets", "src"):
        (project / name).mkdir(parents=True)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "SITE_URL": "http://127.0.0.1:8000/twin/",
        "NO_MKDOCS_2_WARNING": "1",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b",
    }

    def publish(version: str) -> None:
        command = [sys.executable, "-m", "sitetools.publish"]
        done = subprocess.run(
            command,
            cwd=project,
            env={**env, "VERSION": version},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    subprocess.run(["git", "init", "-q", project], check=True)
    commit = [*git, "commit", "-q", "--allow-empty", "-m", "first"]
    subprocess.run(commit, cwd=project, check=True)
    write(project, "old", "")
    publish("v1.0")
    write(project, "new", "chapter/old/: chapter/new/\n")
    publish("latest")

    archive = ["git", "archive", "--format=zip", "gh-pages"]
    packed = subprocess.run(archive, cwd=project, check=True, stdout=subprocess.PIPE)
    served = folder / "served"
    zipfile.ZipFile(io.BytesIO(packed.stdout)).extractall(served / "twin")
    shutil.copyfile(served / "twin/404.html", served / "404.html")
    return serve(served) + "twin/"


@pytest.fixture
def page(browser, home):
    """A page that reports what is wrong with it, and what it lacks."""
    context = browser.new_context(base_url=home)
    page, problems = context.new_page(), []
    page.set_default_timeout(30_000)
    listen(page, home, problems)
    yield page
    context.close()
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("?from=1#rule", "latest/?from=1#rule"),
        ("kept/#rule", "latest/kept/#rule"),
        ("zh/kept/?from=1", "latest/zh/kept/?from=1"),
        ("chapter/old/?from=1#rule", "latest/chapter/new/?from=1#rule"),
        ("latest/zh/chapter/old/#rule", "latest/zh/chapter/new/#rule"),
    ],
)
def test_an_old_link_leads_to_the_latest(page, home, old, new):
    page.goto(old)
    page.wait_for_url(home + new)
    expect(page.locator("article h1")).to_be_visible()


@pytest.mark.parametrize("home_of", ["", "zh/"])
def test_an_old_link_needs_no_javascript(browser, home, home_of):
    context = browser.new_context(base_url=home, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{home_of}chapter/old/")
    page.wait_for_url(f"{home}latest/{home_of}chapter/new/")
    context.close()


@pytest.mark.parametrize(
    ("home_of", "label"), [("", "Select version: "), ("zh/", "选择当前版本: ")]
)
def test_the_keyboard_chooses_a_version_and_keeps_the_page(page, home, home_of, label):
    page.goto(f"latest/{home_of}kept/#rule")
    menu = page.get_by_role("button", name=label)
    expect(menu).to_have_accessible_name(f"{label}latest")
    menu.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    edition = page.locator(".md-version__link", has_text="1.0")
    expect(edition).to_be_focused()
    expect(edition).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{home}1.0/{home_of}kept/#rule")
    expect(menu).to_have_accessible_name(f"{label}1.0")


@pytest.mark.parametrize("home_of", ["", "zh/"])
def test_an_edition_says_so_and_stays_itself(page, home, home_of):
    page.goto(f"1.0/{home_of}chapter/old/")
    canonical = page.locator("link[rel=canonical]").get_attribute("href")
    assert canonical == f"http://127.0.0.1:8000/twin/latest/{home_of}chapter/old/"
    banner = page.locator("[data-md-component=announce]")
    expect(banner).to_contain_text("1.0")
    for scheme, width in ("light", 1280), ("dark", 360):
        look(page, scheme, width)
        assert not axe(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    look(page, "light", 1280)
    other, other_home = ("en", "") if home_of else ("zh", "zh/")
    for path in "chapter/old/", "":
        page.goto(f"1.0/{home_of}{path}")
        page.locator(".md-select button").focus()
        page.locator(f".md-select__link[hreflang={other}]").click()
        page.wait_for_url(f"{home}1.0/{other_home}{path}")
    page.goto(f"1.0/{other_home}chapter/old/")
    banner.get_by_role("link").click()
    page.wait_for_url(f"{home}latest/{other_home}chapter/new/")
    assert not banner.inner_text().strip()


@pytest.mark.parametrize(("home_of", "word"), [("", "zebra"), ("zh/", "斑马")])
def test_search_stays_in_its_version(page, home, home_of, word):
    page.goto(f"1.0/{home_of}kept/")
    assert {path.rpartition("/")[0] for path in search(page, word)[:3]} == {
        f"twin/1.0/{home_of}{path}".rstrip("/") for path in ("", "kept", "chapter/old")
    }


def test_a_missing_page_has_the_parts_of_the_latest(browser, home):
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{home}no/such/page/")
    link = page.get_by_role("link", name="index of concepts")
    assert link.get_attribute("href") == "/twin/latest/concepts/"
    expect(page.locator(".md-version__current")).to_have_text("latest")
    context.close()
