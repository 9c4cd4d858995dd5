"""Lighthouse: how the site is served to it, and what counts; it is not run here."""

import gzip
import urllib.error
import urllib.request

import pytest

from sitetools import lighthouse


def fetch(address):
    """Status, headers and the body as it was sent."""
    try:
        with urllib.request.urlopen(address) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def test_the_site_is_served_as_a_static_host_does(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/index.html").write_text("<p>a" * 99)
    (tmp_path / "404.html").write_text("none")
    (tmp_path / "f.woff2").write_bytes(b"font")
    with lighthouse.serve(tmp_path) as url:
        status, headers, body = fetch(f"{url}a/")
        assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert headers["Cache-Control"] == "max-age=600"
        assert headers["Content-Encoding"] == "gzip"
        assert len(body) < 99 and gzip.decompress(body) == b"<p>a" * 99
        assert fetch(f"{url}f.woff2")[2] == b"font"
        status, _, body = fetch(f"{url}no/such/page/")
        assert (status, gzip.decompress(body)) == (404, b"none")


def result(performance, rest=1.0, index=2000):
    categories = {c: {"score": rest, "auditRefs": []} for c in lighthouse.CATEGORIES}
    categories["performance"]["score"] = performance
    return {"categories": categories, "environment": {"benchmarkIndex": index}}


@pytest.mark.parametrize(
    ("runs", "found"),
    [
        ([result(1.0)], [100, 100, 100, 100]),
        ([result(0.97), result(1.0)], [100, 100, 100, 100]),
        ([result(0.97, rest=0.9), result(1.0)], [100, 90, 90, 90]),
        ([result(0.95), result(None), *[result(0.99)] * 3], [99, 100, 100, 100]),
    ],
    ids=["at once", "busy", "the rest does not vary", "never"],
)
def test_the_best_performance_counts_and_the_worst_of_the_rest(
    monkeypatch, runs, found
):
    left = list(runs)
    monkeypatch.setattr(lighthouse, "report", lambda _: left.pop(0))
    measured, _, number = lighthouse.measure("", "mobile", "dark")
    assert (measured, number, left) == (found, len(runs), [])


def test_lighthouse_is_left_as_it_is():
    for profile, scheme in ("mobile", "dark"), ("desktop", "light"):
        words = lighthouse.command("http://a/", profile, scheme)
        assert not any("throttling" in word for word in words)
        assert ("--preset=desktop" in words) == (profile == "desktop")
        (flags,) = (word for word in words if word.startswith("--chrome-flags="))
        assert f"preferredColorScheme={['dark', 'light'].index(scheme)}" in flags


@pytest.mark.parametrize("score", [0.99, 1.0])
def test_below_100_the_command_fails(monkeypatch, tmp_path, capsys, score):
    (tmp_path / "site").mkdir()
    (tmp_path / "site/index.html").touch()
    monkeypatch.setattr(lighthouse, "ROOT", tmp_path)
    monkeypatch.setattr(lighthouse, "find_browser", lambda: "/chromium")
    monkeypatch.setattr(lighthouse.shutil, "which", lambda _: "/npx")
    monkeypatch.setattr(lighthouse, "report", lambda _: result(score, index=900))
    if score < 1:
        with pytest.raises(SystemExit, match="16 of 16 are below 100"):
            lighthouse.main()
    else:
        lighthouse.main()
    assert "16 best runs had a benchmark index below 1000" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("missing", "line"),
    [
        ("npx", "There is no npx.*install Node"),
        ("browser", "There is no browser.*Chromium"),
    ],
)
def test_what_is_missing_is_one_line(monkeypatch, missing, line):
    npx, browser = ["/npx", "/chromium"]
    monkeypatch.setattr(
        lighthouse.shutil, "which", lambda _: None if missing == "npx" else npx
    )
    monkeypatch.setattr(
        lighthouse, "find_browser", lambda: None if missing == "browser" else browser
    )
    with pytest.raises(SystemExit, match=f"^{line}"):
        lighthouse.main()
