"""Tell without importing it whether a framework can be used here, or why not."""

import importlib.metadata
import importlib.util
import os

from sitetools import environment


def missing(framework: str) -> str | None:
    """Give the reason why a framework cannot be used here, or None if it can."""
    if importlib.util.find_spec(framework) is None:
        where = {
            "torch": "pip install torch==2.13.0",
            "mxnet": "it exists for Linux x86_64 with Python 3.11 or 3.12",
        }
        return f"{framework} is not installed ({where[framework]})"
    numpy = importlib.metadata.version("numpy")
    if framework == "mxnet" and int(numpy.split(".")[0]) >= 2:
        return f"mxnet 1.9.1 needs NumPy below 2, found {numpy}"
    if framework == "mxnet" and (absent := environment.absent_libraries()):
        return f"mxnet needs {' and '.join(absent)} (apt-get install)"
    return None


def required(thing: str) -> bool:
    """Tell whether the lack of a framework or the browser is a failure, as in CI."""
    return thing in os.environ.get("TWINNOTES_REQUIRE", "").split(",")
