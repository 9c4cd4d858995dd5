"""Put the site on the branch gh-pages, as one of its versions; push nothing.

    VERSION=latest SITE_URL=https://host/name/ python -m sitetools.publish

"latest" is what main says; "1.2" is what the tag v1.2 said, kept as it was. mike writes
the branch: a folder per version, and versions.json, which the menu of versions reads.
An address without a version, such as /foundations/norms/, leads to the latest one; a
download or figure lies there itself. Nothing that was published may vanish: it stays,
or redirects.yml says where it went.
"""

import io
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from mike import commands, git_utils

from sitetools import redirects

BRANCH = "gh-pages"
LATEST = "latest"

# What pages load; nobody has their addresses.
_PARTS = ("assets/", "search/", "zh/assets/")
# An id that the theme makes begins with two underscores.
_ID = re.compile(r'<(?:h\d|div) [^>]*?\bid="([^"_][^"]*)"')


def build(site: Path, version: str) -> None:
    """Build the site of this folder.

    Args:
        site: An empty folder.
        version: The version it will be.

    Raises:
        SystemExit: MkDocs failed, and has said why.
    """
    home = os.environ.get("SITE_URL") or "http://127.0.0.1:8000/"
    env = {
        **os.environ,
        "SITE_URL": f"{home.rstrip('/')}/{version}/",
        "TWINNOTES_EDITION": version,
    }
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", site]
    if subprocess.run(command, env=env).returncode:
        sys.exit("MkDocs failed: nothing was published.")


def published(version: str, folder: Path) -> None:
    """Copy a version, if there is one, from the branch into a folder."""
    if commands.list_versions(BRANCH).find(version):
        command = ["git", "archive", "--format=zip", f"{BRANCH}:{version}"]
        archive = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
        zipfile.ZipFile(io.BytesIO(archive)).extractall(folder)


def addresses(site: Path) -> set[str]:
    """What somebody may have kept the address of.

    Returns:
        "foundations/norms/" for a page, "foundations/norms/#definition" for each of its
        headings and formulas, and the path of any other file.
    """
    found = set()
    for path in site.rglob("*"):
        address = path.relative_to(site).as_posix()
        if not path.is_file() or address.startswith(_PARTS):
            continue
        if path.name != "index.html":
            found.add(address)
            continue
        text = path.read_text(encoding="utf-8")
        place = address.removesuffix("index.html")
        found.add(place)
        if not redirects.leads_on(text):
            found.update(f"{place}#{name}" for name in _ID.findall(text))
    return found


def lost(old: Path, new: Path, moved: dict[str, str | None]) -> list[str]:
    """The addresses of a published site that a new one would lose.

    Args:
        old: The site as published.
        new: The site as built.
        moved: As redirects.load returns it. What is gone for good is not lost.
    """
    moved = {
        home + address: to for home in ("", "zh/") for address, to in moved.items()
    }
    missing = addresses(old) - addresses(new)
    # The headings of a page that moved are on another; those of a lost one go with it.
    elsewhere = moved.keys() | missing
    return sorted(
        address
        for address in missing
        if not (address in moved and moved[address] is None)
        and not ("#" in address and address.partition("#")[0] in elsewhere)
    )


def commit(site: Path, version: str) -> None:
    """Commit a built site to the branch as a version; the latest is also the root's."""
    built = {"site_dir": str(site), "use_directory_urls": True}
    with commands.deploy(built, version, branch=BRANCH, allow_empty=True):
        pass  # it is built
    if version != LATEST:
        return
    message = "Lead from the addresses without a version to the latest"
    with git_utils.Commit(BRANCH, message, allow_empty=True) as root:
        for path in sorted(path for path in site.rglob("*") if path.is_file()):
            address = path.relative_to(site).as_posix()
            data = path.read_bytes()
            if path.name == "index.html":
                place = address.removesuffix("index.html")
                language = "zh" if place.startswith("zh/") else "en"
                data = redirects.page(place, f"{LATEST}/{place}", language)
            root.add_file(git_utils.FileInfo(address, data))


def main() -> None:
    version = (os.environ.get("VERSION") or LATEST).removeprefix("v")
    if not re.fullmatch(rf"{LATEST}|\d+\.\d+", version):
        sys.exit(f"VERSION must be {LATEST} or like 1.2, this is {version!r}.")
    git_utils.update_from_upstream("origin", BRANCH)
    with tempfile.TemporaryDirectory() as folder:
        old, new = Path(folder, "old"), Path(folder, "new")
        build(new, version)
        published(version, old)
        if missing := lost(old, new, redirects.load(Path())):
            sys.exit(
                "These addresses were published and would be lost; say in "
                "redirects.yml where they lead, or bring them back:\n"
                + "\n".join(missing)
            )
        commit(new, version)
    print(f"{BRANCH} has {version}; nothing was pushed.")


if __name__ == "__main__":
    main()
