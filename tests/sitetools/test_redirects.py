"""Old addresses: where they lead, and what a line of redirects.yml may not say."""

from pathlib import Path

import pytest

from sitetools import redirects

ROOT = Path(__file__).parents[2]


@pytest.fixture
def site(tmp_path):
    """A page with its downloads, and one without."""
    for name in ("a/new-name/index.html", "a/new-name/new_name_torch.ipynb"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "b").mkdir()
    (tmp_path / "b/index.html").write_text("b")
    return tmp_path


@pytest.mark.parametrize(
    ("old", "new", "href"),
    [
        ("a/old/", "a/new/", "../new/"),
        ("old/", "a/new/#part", "../a/new/#part"),
        ("a/old/", "", "../../"),
        ("", "latest/", "latest/"),
        ("zh/a/", "latest/zh/a/", "../../latest/zh/a/"),
    ],
)
def test_a_page_leads_on(old, new, href):
    text = redirects.page(old, new, "en")
    assert text.count(f'"{href}"') == 2  # the canonical address and the link
    assert f'content="0; url={href}"' in text  # what works without JavaScript
    assert redirects.leads_on(text)


def test_the_reader_is_told_in_his_language():
    assert '<html lang="zh">' in redirects.page("a/", "b/", "zh")
    assert "本页已移到" in redirects.page("a/", "b/", "zh")
    assert "This page has moved" in redirects.page("a/", "b/", "en")


def test_a_renamed_page_takes_its_downloads_along(site):
    redirects.write(site, {"a/old-name/": "a/new-name/"}, "en")
    assert redirects.leads_on((site / "a/old-name/index.html").read_text())
    copied = (site / "a/old-name/old_name_torch.ipynb").read_text()
    assert copied == "a/new-name/new_name_torch.ipynb"


def test_a_page_that_another_replaces_does_not(site):
    redirects.write(site, {"a/old-name/": "a/new-name/#part"}, "en")
    assert [f.name for f in (site / "a/old-name").iterdir()] == ["index.html"]


def test_a_line_of_its_own_comes_first(site):
    name = "a/old-name/old_name_torch.ipynb"
    redirects.write(site, {name: None, "a/old-name/": "a/new-name/"}, "en")
    assert not (site / name).exists()


def test_a_page_may_be_renamed_twice(site):
    moved = {"a/second/": "a/new-name/", "a/first/": "a/second/"}
    redirects.write(site, moved, "en")
    assert '"../second/"' in (site / "a/first/index.html").read_text()


def test_a_download_is_the_new_one(site):
    redirects.write(site, {"c/x.py": "a/new-name/new_name_torch.ipynb"}, "en")
    assert (site / "c/x.py").read_text() == "a/new-name/new_name_torch.ipynb"


@pytest.mark.parametrize(
    ("moved", "says"),
    [
        ({"b/": "a/new-name/"}, "no longer in use"),
        ({"b/index.html": None}, "no longer in use"),
        ({"c/": "a/newname/"}, "from page to page"),
        ({"c/": "a/new-name/new_name_torch.ipynb"}, "from page to page"),
        ({"c.py": "a/new-name/"}, "from page to page"),
    ],
)
def test_a_line_that_is_wrong(site, moved, says):
    with pytest.raises(ValueError, match=says):
        redirects.write(site, moved, "en")


def test_the_project_has_such_a_file(tmp_path):
    assert isinstance(redirects.load(ROOT), dict)
    (tmp_path / "redirects.yml").write_text("# none\n")
    assert redirects.load(tmp_path) == {}
