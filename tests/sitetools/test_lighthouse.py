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


@pytest.mark.parametrize(
    ("index", "factor"), [(3000, 4), (1056, 4), (528, 2), (264, 1), (100, 1)]
)
def test_no_machine_is_slowed_down_more_than_lighthouse_does(index, factor):
    assert lighthouse.slowdown(index) == factor


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
    measured, _, number, _ = lighthouse.measure("", "mobile", "dark", 4.0)
    assert (measured, number, left) == (found, len(runs), [])


def test_a_phone_is_slowed_down_and_a_desktop_is_not():
    phone = lighthouse.command("http://a/", "mobile", "dark", 2.5)
    assert "--throttling.cpuSlowdownMultiplier=2.5" in phone
    assert any("preferredColorScheme=0" in word for word in phone)
    desktop = lighthouse.command("http://a/", "desktop", "light", 2.5)
    assert "--preset=desktop" in desktop
    assert not any("cpuSlowdown" in word for word in desktop)


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
