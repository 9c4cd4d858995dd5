"""Published versions: what the branch holds, and that nothing published vanishes."""

import json
import subprocess

import pytest

from sitetools import publish, redirects

PAGE = '<h1 id="{name}">{name}</h1><div class="equation" id="{name}-rule"></div>'


def git(*arguments):
    done = subprocess.run(
        ["git", *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout.rstrip("\n")


def make(site, names, page):
    """A site: its first page, the named ones in both languages, and a part of pages."""
    for home in ("", "zh/"):
        for name in ("", *names):
            folder = site / home / name
            folder.mkdir(parents=True, exist_ok=True)
            html = page.format(name=name or "home")
            (folder / "index.html").write_text(html, encoding="utf-8")
            if name:
                (folder / f"{name}_torch.py").write_text(f"# {name}")
    for name in ("404.html", "sitemap.xml", "assets/site.1a2b.css"):
        (site / name).parent.mkdir(exist_ok=True)
        (site / name).write_text(name)


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A clone of a bare repository, in which `build` makes the site that it is told."""
    monkeypatch.chdir(tmp_path)
    git("init", "-q", "--bare", "remote")
    git("clone", "-q", "remote", "clone")
    monkeypatch.chdir(tmp_path / "clone")
    git("config", "user.name", "a")
    git("config", "user.email", "a@b")
    git("commit", "-q", "--allow-empty", "-m", "first")

    def publish_(version, names, moved=(), page=PAGE):
        def build(site, _):
            make(site, names, page)
            for language in ("en", "zh"):
                folder = site / ("" if language == "en" else language)
                redirects.write(folder, dict(moved), language)

        monkeypatch.setenv("VERSION", version)
        monkeypatch.setattr(publish, "build", build)
        monkeypatch.setattr(redirects, "load", lambda _: dict(moved))
        publish.main()

    return publish_


def shown(path):
    return git("show", f"gh-pages:{path}")


def test_versions_and_the_addresses_without_one(clone):
    clone("latest", ["norms"])
    clone("v1.0", ["norms"])
    clone("v1.10", ["norms", "tenth"])
    clone("latest", ["norms", "sgd"])
    versions = [entry["version"] for entry in json.loads(shown("versions.json"))]
    assert versions == ["latest", "1.10", "1.0"]
    assert shown("latest/norms/index.html") == PAGE.format(name="norms")
    assert shown("1.0/norms/index.html") == PAGE.format(name="norms")
    assert 'href="../../latest/zh/sgd/"' in shown("zh/sgd/index.html")
    assert 'href="latest/"' in shown("index.html")
    assert shown("404.html") == "404.html"
    with pytest.raises(subprocess.CalledProcessError):
        shown("tenth/index.html")  # an edition is found under its number alone
    assert shown("norms/norms_torch.py") == "# norms"
    assert git("ls-tree", "--name-only", "gh-pages:1.0/zh").split() == [
        "index.html",
        "norms",
    ]


def test_it_goes_on_from_what_is_published_and_pushes_nothing(clone):
    clone("latest", ["norms"])
    git("push", "-q", "origin", "gh-pages")
    before = git("rev-parse", "gh-pages")
    git("branch", "-q", "-D", "gh-pages")  # a fresh clone has only the remote's
    clone("1.0", ["norms"])
    assert git("merge-base", "gh-pages", before) == before
    assert git("ls-remote", "origin", "gh-pages").split()[0] == before


def test_a_page_that_vanishes_stops_it(clone):
    clone("latest", ["norms", "sgd"])
    before = git("rev-parse", "gh-pages")
    with pytest.raises(SystemExit) as stopped:
        clone("latest", ["norms", "descent"])
    assert str(stopped.value).splitlines()[1:] == [
        "sgd/",
        "sgd/sgd_torch.py",
        "zh/sgd/",
        "zh/sgd/sgd_torch.py",
    ]
    assert git("rev-parse", "gh-pages") == before


def test_a_page_that_moves_keeps_its_address(clone):
    clone("latest", ["norms", "sgd"])
    moved = {"sgd/": "descent/"}
    clone("latest", ["norms", "descent"], moved)
    assert 'href="../descent/"' in shown("latest/sgd/index.html")
    assert shown("sgd/sgd_torch.py") == "# descent"
    clone("latest", ["norms", "descent"], moved)
    with pytest.raises(SystemExit, match="zh/sgd/"):  # for how long? for ever
        clone("latest", ["norms", "descent"])


def test_what_is_gone_for_good_is_said_once(clone):
    clone("latest", ["norms", "sgd"])
    clone("latest", ["norms"], {"sgd/": "norms/#norms", "sgd/sgd_torch.py": None})
    with pytest.raises(subprocess.CalledProcessError):
        shown("latest/sgd/sgd_torch.py")
    assert 'href="../norms/#norms"' in shown("latest/sgd/index.html")


@pytest.mark.parametrize("name", ["norms", "norms-rule"])
def test_a_section_or_formula_that_vanishes_stops_it(clone, name):
    clone("latest", ["norms"])
    page = PAGE.replace(f'id="{name.replace("norms", "{name}")}"', "")
    with pytest.raises(SystemExit, match=f"\nnorms/#{name}\n"):
        clone("latest", ["norms"], page=page)


def test_what_only_pages_load_may_vanish(tmp_path):
    for name in ("assets/a.css", "search/search_index.json", "zh/assets/a.css"):
        (tmp_path / "old" / name).parent.mkdir(parents=True)
        (tmp_path / "old" / name).touch()
    assert publish.lost(tmp_path / "old", tmp_path / "new", {}) == []


@pytest.mark.parametrize("version", ["1", "v1.2.3", "dev", "1.2/..", "latest2"])
def test_a_version_has_a_name(monkeypatch, version):
    monkeypatch.setenv("VERSION", version)
    monkeypatch.setattr(publish, "git_utils", None)  # it stops before anything is done
    with pytest.raises(SystemExit, match=r"^VERSION must be latest or like 1\.2, "):
        publish.main()
