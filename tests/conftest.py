"""Fixtures: a framework, and the concept under test in that framework."""

import importlib
import os

# Before anything imports a framework: errors surface where they are made, and thread
# counts do not depend on which framework comes first.
os.environ.setdefault("MXNET_ENGINE_TYPE", "NaiveEngine")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest

from built_site import site_dir  # noqa: F401  a fixture
from frameworks import MXNet, Torch, need

for name in os.environ.get("TWINNOTES_FIRST", "").split():  # set by make matrix
    {"torch": Torch, "mxnet": MXNet}[name]()


@pytest.fixture(scope="module", params=[Torch, MXNet], ids=lambda f: f.__name__.lower())
def framework(request):
    """PyTorch, then MXNet; a missing one is skipped, or fails where it is required."""
    need(request.param.name)
    return request.param()


@pytest.fixture(scope="module")
def concept(request, framework):
    """The module under test: tests/a/test_b.py tests twinnotes.a.b_<framework>."""
    chapter = request.path.parent.name
    name = request.path.stem.removeprefix("test_")
    return importlib.import_module(f"twinnotes.{chapter}.{name}_{framework.name}")


@pytest.fixture(autouse=True)
def same_seed(request):
    """Seed every generator, and let no MXNet error escape to the next test."""
    if "framework" not in request.fixturenames:
        yield
        return
    framework = request.getfixturevalue("framework")
    np.random.seed(0)
    if framework.name == "torch":
        framework.module.manual_seed(0)
        yield
    else:
        framework.module.npx.set_np()
        framework.module.random.seed(0)
        yield
        framework.module.npx.waitall()


@pytest.fixture
def rng():
    """NumPy's generator, seeded."""
    return np.random.default_rng(0)
