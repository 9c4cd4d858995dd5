"""Bind the displayed equations to the tests that check them.

A test carries `@pytest.mark.equation("p-norm")` when it checks the equation of that id
numerically. A mark that names no equation is a failure; an equation of a page whose
tests ran, but which no passed test names, turns it red.
"""

from functools import cached_property
from pathlib import Path

import pytest

from sitetools import pages


def pytest_configure(config: pytest.Config) -> None:
    """Keep the book of this run."""
    config.pluginmanager.register(_Equations(config), "equations")


def _page_of(nodeid: str) -> str:
    """Path below docs/<language> of the page that a test file belongs to."""
    path = Path(nodeid.split("::")[0])
    name = path.stem.removeprefix("test_")
    return f"{path.parent.name}/{name}".replace("_", "-") + ".md"


class _Equations:
    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.passed: set[str] = set()
        self.files: set[str] = set()
        self.unchecked: list[str] = []

    @cached_property
    def equations(self) -> dict[str, list[str]]:
        """Equation ids by page."""
        english = self.config.rootpath / "docs" / "en"
        return {
            page.path.relative_to(english).as_posix(): page.equations
            for page in pages.concept_pages(self.config.rootpath, "en")
        }

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Write the marks into the reports; fail those that name no equation."""
        known = {name for ids in self.equations.values() for name in ids}
        for mark in item.iter_markers("equation"):
            if mark.args[0] not in known:
                pytest.fail(
                    "@pytest.mark.equation names the id of an equation on a page, got "
                    f"{mark.args[0]!r}; correct the id, or give the equation "
                    f"{{ #{mark.args[0]} }}",
                    pytrace=False,
                )
            item.user_properties.append(("equation", mark.args[0]))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember what passed; under xdist this runs in the controlling process."""
        self.files.add(report.nodeid.split("::")[0])
        if report.when == "call" and report.passed:
            self.passed |= {
                value for name, value in report.user_properties if name == "equation"
            }

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Compare with the pages, unless only some of a file's tests were asked for."""
        option = self.config.option
        partial = option.keyword or option.markexpr or option.collectonly
        partial = partial or any("::" in word for word in self.config.args)
        if hasattr(self.config, "workerinput") or partial or session.shouldfail:
            return
        tested = {_page_of(file) for file in self.files}
        for page, ids in self.equations.items():
            if page in tested:
                for name in ids:
                    if name not in self.passed:
                        self.unchecked.append(
                            f"docs/en/{page}: no test that passed checks equation "
                            f'#{name}; mark one with @pytest.mark.equation("{name}")'
                        )
        if self.unchecked and session.exitstatus == 0:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter) -> None:
        """Say which equations nothing checks."""
        if unchecked := self.unchecked:
            terminalreporter.section("equations that no test checks", red=True)
            for line in unchecked:
                terminalreporter.line(line, red=True)
