"""What a page costs a reader who has nothing of the site yet."""

import functools
import gzip
from pathlib import Path
from urllib.parse import urlsplit

FETCHED = """async () => {
  await document.fonts.ready;
  const resources = performance.getEntriesByType("resource");
  return [location.href, ...resources.map(resource => resource.name)];
}"""
"""JavaScript for the page: the addresses of all that the browser fetched for it."""


def files(addresses: list[str], site: Path) -> list[Path]:
    """Return the files of the built site that a static host sends for the addresses."""
    paths = {site / urlsplit(address).path.lstrip("/") for address in addresses}
    return sorted(path / "index.html" if path.is_dir() else path for path in paths)


@functools.cache
def compressed(file: Path) -> int:
    """Bytes that a host sends, which compresses everything with gzip if it helps."""
    data = file.read_bytes()
    return min(len(data), len(gzip.compress(data, 6)))
