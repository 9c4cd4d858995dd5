"""The commands: which Python, what pip is asked for, and one line for each failure."""

import ast
import os
import re
import socket
import subprocess
import sys
import tomllib
from importlib import metadata
from itertools import chain
from pathlib import Path

import pytest
import yaml
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from sitetools import environment

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "src/sitetools/environment.py"


def run(*arguments, **variables):
    """The script in a process of its own: exit status, output, errors."""
    env = {**os.environ, **variables}
    done = subprocess.run(
        [sys.executable, SCRIPT, *arguments], env=env, capture_output=True, text=True
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty project in a folder of its own, with a working .venv that says 3.11."""
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    venv = tmp_path / ".venv"
    venv.mkdir()
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(environment, "VENV", venv)
    monkeypatch.setattr(environment, "LOG", venv / "install.log")
    monkeypatch.setattr(environment.platform, "system", lambda: "Linux")
    monkeypatch.setattr(environment, "probe", lambda _: ((3, 11, 7), "python", True))
    monkeypatch.delenv("PYTHON", raising=False)
    return tmp_path


@pytest.fixture
def pip(monkeypatch):
    """A pip that notes what it is asked, and answers from a list, else with success."""

    def logged(command):
        logged.asked.append(command[3:])
        return logged.answers.pop(0) if logged.answers else (0, "")

    logged.asked, logged.answers = [], []
    monkeypatch.setattr(environment, "logged", logged)
    return logged


# Which Python


def test_any_python_can_read_the_script():
    nodes = list(ast.walk(ast.parse(SCRIPT.read_text(encoding="ascii"))))
    # f(*args) is as old as Python, [*items] is not.
    called = {a for node in nodes if isinstance(node, ast.Call) for a in node.args}
    new = (ast.JoinedStr, ast.NamedExpr, ast.AnnAssign, ast.Starred, ast.Nonlocal)
    for node in nodes:
        allowed = node in called and isinstance(node, ast.Starred)
        assert allowed or not isinstance(node, new), f"line {node.lineno}"
        if isinstance(node, ast.arguments):
            assert not (node.kwonlyargs or node.posonlyargs)
        if isinstance(node, ast.arg):
            assert node.annotation is None, f"line {node.lineno}"
        if isinstance(node, ast.Name):  # a statement in Python 2
            assert node.id != "print", f"line {node.lineno}"


def test_too_old():
    line = environment.too_old((3, 8, 10, "final", 0), "/usr/bin/python3")
    assert line == (
        "Python 3.11 or newer is needed, this is 3.8.10 (/usr/bin/python3): install "
        "it, or name it, as in 'make serve PYTHON=/path/to/python3.11'."
    )


def test_a_named_python_that_is_too_old_is_not_replaced(monkeypatch):
    def probe(python):
        version = (3, 8, 10) if python == sys.executable else (3, 11, 7)
        return version, python, True

    monkeypatch.setenv("PYTHON", "python3.8")
    monkeypatch.setattr(environment.shutil, "which", lambda name: name)
    monkeypatch.setattr(environment, "probe", probe)
    with pytest.raises(SystemExit, match=r"^Python 3\.11 or newer is needed, this is"):
        environment.find_python()


@pytest.mark.parametrize(
    ("installed", "found"),
    [
        ({"python3.12": (3, 12, 1), "python3.11": (3, 11, 7)}, "python3.11"),
        ({"python3.11": None, "python3.12": (3, 12, 1)}, "python3.12"),
        ({"python3": (3, 8, 10), "python": (3, 14, 0)}, "python"),
    ],
    ids=["3.11 first", "broken shim", "newest last"],
)
def test_the_python_that_runs_is_taken(monkeypatch, installed, found):
    monkeypatch.delenv("PYTHON", raising=False)
    monkeypatch.setattr(
        environment.shutil, "which", lambda name: name if name in installed else None
    )
    monkeypatch.setattr(
        environment,
        "probe",
        lambda name: (installed[name], name, True) if installed.get(name) else None,
    )
    assert environment.find_python() == found


def test_a_python_without_ensurepip_is_named(monkeypatch):
    monkeypatch.setenv("PYTHON", sys.executable)
    monkeypatch.setattr(environment, "probe", lambda p: ((3, 12, 3), p, False))
    with pytest.raises(SystemExit, match=r"no ensurepip.*python3\.12-venv"):
        environment.find_python()


def test_probe():
    version, executable, complete = environment.probe(sys.executable)
    assert version == sys.version_info[:3]
    assert Path(executable).samefile(sys.executable)
    assert complete
    assert environment.probe("no-such-python") is None


@pytest.mark.skipif(os.name == "nt", reason="the shim is a shell script")
def test_probe_of_a_shim_that_fails(tmp_path):
    shim = tmp_path / "python3.12"
    shim.write_text("#!/bin/sh\necho 'python3.12: command not found' >&2\nexit 127\n")
    shim.chmod(0o755)
    assert environment.probe(str(shim)) is None


# What is installed


@pytest.mark.parametrize(
    ("kind", "extras"),
    [("site", ".[site]"), ("zensical", ".[site,zensical]"), ("epub", ".[site,epub]")],
)
def test_the_site_needs_no_framework(kind, extras):
    ((_, arguments, more),) = environment.pip_steps(kind, "Linux")
    assert arguments[-4:] == ["-c", "constraints.txt", "-e", extras]
    assert more == []


@pytest.mark.parametrize(
    ("system", "torch", "index"),
    [("Linux", "torch==2.13.0+cpu", True), ("Darwin", "torch==2.13.0", False)],
)
def test_linux_gets_the_cpu_build(system, torch, index):
    (_, first, more), (_, second, _) = environment.pip_steps("test", system)
    assert first[-3:] == ["-c", "constraints.txt", torch]
    assert bool(more) == index
    assert second[-2:] == ["-e", ".[site,epub,zensical,test,torch,mxnet]"]


@pytest.mark.parametrize(("name", "cuda"), [("cuda:1", True), ("fake", False)])
def test_a_gpu_gets_the_cuda_build_over_the_cpu_build(monkeypatch, name, cuda):
    before = environment.fingerprint("test")
    monkeypatch.setenv("TWINNOTES_DEVICE", name)
    (_, first, more), _ = environment.pip_steps("test", "Linux")
    assert (first[-2:] == ["--force-reinstall", "torch==2.13.0"]) == cuda
    assert (more == []) == cuda
    assert (environment.fingerprint("test") != before) == cuda


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
@pytest.mark.parametrize("machine", ["x86_64", "aarch64", "arm64", "AMD64"])
@pytest.mark.parametrize("system", ["Linux", "Darwin", "Windows"])
def test_mxnet_is_installed_where_it_runs(system, machine, version):
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    mxnet, numpy, _ = tomllib.loads(text)["project"]["optional-dependencies"]["mxnet"]
    here = {
        "sys_platform": {"Windows": "win32"}.get(system, system.lower()),
        "platform_machine": machine,
        "python_version": version,
    }
    numbers = tuple(int(n) for n in version.split("."))
    runs = environment.mxnet_runs(system, machine, (*numbers, 0))
    assert Marker(mxnet.partition(";")[2]).evaluate(here) == runs
    assert Marker(numpy.partition(";")[2]).evaluate(here) == runs


def test_everything_installed_is_pinned():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = {}
    for pin in (Requirement(n) for n in lines if n and not n.startswith("#")):
        if pin.marker is None or pin.marker.evaluate():
            pins[canonicalize_name(pin.name)] = pin.specifier
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    wanted = list(project["dependencies"])
    wanted += chain.from_iterable(project["optional-dependencies"].values())
    seen = set()
    while wanted:
        requirement = Requirement(wanted.pop())
        name = canonicalize_name(requirement.name)
        marker = requirement.marker
        if name in seen or (marker and not marker.evaluate({"extra": ""})):
            continue
        seen.add(name)
        assert name in pins, f"constraints.txt has no line for {name}"
        assert pins[name].contains(metadata.version(name)), name
        # Not only the newest 3.11: Debian 12 has 3.11.2.
        python = metadata.metadata(name)["Requires-Python"] or ""
        assert SpecifierSet(python).contains("3.11.0"), f"{name} needs {python}"
        wanted += metadata.requires(name) or []


# When it is installed


def test_a_second_run_installs_nothing(project, pip):
    environment.install("test")
    assert len(pip.asked) == 2
    environment.install("test")
    environment.install("site")  # "test" holds it
    assert len(pip.asked) == 2


def test_the_site_alone_is_not_enough_for_the_tests(project, pip):
    environment.install("site")
    environment.install("test")
    assert len(pip.asked) == 3


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_a_change_installs_again(project, pip, name):
    environment.install("site")
    with (project / name).open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    environment.install("site")
    assert len(pip.asked) == 2


def test_a_folder_that_moved_installs_again(project, pip, monkeypatch):
    environment.install("site")
    monkeypatch.setattr(environment, "ROOT", ROOT)  # .venv points to the old folder
    assert not environment.is_current("site")


def test_another_python_makes_another_environment(project, pip, monkeypatch):
    made = []
    monkeypatch.setattr(environment, "make_venv", made.append)
    environment.install("site")
    monkeypatch.setenv("PYTHON", sys.executable)
    other = (3, sys.version_info.minor + 1, 0)
    answers = [(other, "", True), (sys.version_info[:3], sys.executable, True)]
    monkeypatch.setattr(environment, "probe", lambda _: answers.pop(0))
    environment.install("site")
    assert made == [sys.executable]


# What fails

OFFLINE = "WARNING: Retrying (Retry(total=4)) after connection broken by ...\n"
UNKNOWN = "ERROR: No matching distribution found for torch==2.13.0+cpu\n"


def test_an_unknown_torch_is_looked_for_where_it_lies(project, pip):
    pip.answers = [(1, UNKNOWN)]
    environment.install("test")
    first, second, _ = pip.asked
    assert second == [*first, "--extra-index-url", environment.TORCH_INDEX]


def test_without_a_network_there_is_one_line(project, pip):
    pip.answers = [(1, OFFLINE + UNKNOWN)]
    line = (
        r"^Could not install PyTorch .*is there a network\? \(the whole log: .*log\)$"
    )
    with pytest.raises(SystemExit, match=line):
        environment.install("test")
    assert len(pip.asked) == 1
    assert not environment.is_current("test")


def test_pips_own_reason_is_given(project, pip):
    pip.answers = [(1, "ERROR: ResolutionImpossible: see below\nmore\n")]
    with pytest.raises(
        SystemExit, match="site needs: ResolutionImpossible: see below "
    ):
        environment.install("site")


def test_a_command_is_logged(project):
    status, output = environment.logged([sys.executable, "-c", "print('abc')"])
    assert (status, output.strip()) == (0, "abc")
    status, output = environment.logged([sys.executable, "-c", "exit('xyz')"])
    assert (status, output.strip()) == (1, "xyz")
    assert environment.logged(["no-such-program"])[0] != 0
    log = environment.LOG.read_text()
    assert "abc" in log and "xyz" in log and "$ no-such-program" in log


@pytest.mark.parametrize("text", ["", "abc", "0", "65536", "-1", "8000.0", "²"])
def test_port_must_be_a_number(text):
    with pytest.raises(SystemExit, match="PORT must be a number from 1 to 65535"):
        environment.check_port(text)


def test_a_taken_port_is_one_line():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        status, output, errors = run("serve", PORT=str(port))
    assert (status, output) == (1, "")
    assert re.fullmatch(
        rf"Port {port} on 127\.0\.0\.1 cannot be used \(.+\): choose another, "
        r"as in 'make serve PORT=\d+'\.\n",
        errors,
    )
    assert environment.check_port(str(port)) == port  # free again


def test_an_unknown_command_is_one_line():
    status, _, errors = run("srve")
    assert status != 0
    names = " | ".join(environment.KINDS)
    assert errors == f"usage: environment.py {names}\n"
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for name in environment.KINDS:
        assert f"\n#   make {name} " in makefile, name
        assert environment.lines_of(name, 8000)
    commands = makefile.partition("COMMANDS = ")[2].partition("\n\n")[0]
    assert sorted(commands.replace("\\", "").split()) == sorted(environment.KINDS)


# What may be missing


@pytest.mark.parametrize(
    ("ci", "require", "expected"),
    [
        (None, None, ""),
        ("true", None, "torch,mxnet,browser"),
        ("true", "torch,browser", "torch,browser"),
    ],
)
def test_ci_requires_everything(monkeypatch, ci, require, expected):
    for name, value in (("CI", ci), ("TWINNOTES_REQUIRE", require)):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    assert environment.required() == expected


def lacks_mxnet(monkeypatch):
    monkeypatch.setattr(environment.platform, "system", lambda: "Darwin")
    monkeypatch.setattr(environment.platform, "machine", lambda: "arm64")
    monkeypatch.setattr(environment, "probe", lambda _: ((3, 13, 0), "python", True))
    environment.prepare_mxnet()


def lacks_a_library(monkeypatch):
    monkeypatch.setattr(environment, "mxnet_runs", lambda *_: True)
    monkeypatch.setattr(environment, "absent_libraries", lambda: ["libgomp1"])
    monkeypatch.setattr(environment, "apt_install", lambda _: False)
    environment.prepare_mxnet()


def lacks_a_browser(monkeypatch):
    monkeypatch.setattr(environment, "find_browser", lambda: None)
    monkeypatch.setattr(environment, "apt_install", lambda _: False)
    environment.prepare_browser()


@pytest.mark.parametrize(
    ("lack", "thing", "reason"),
    [
        (lacks_mxnet, "mxnet", "this is macOS arm64 with Python 3.13."),
        (lacks_a_library, "mxnet", "sudo apt-get install libgomp1"),
        (lacks_a_browser, "browser", "install Chromium or Chrome"),
    ],
)
def test_what_is_missing_is_one_line_and_in_ci_the_end(
    project, pip, monkeypatch, capsys, lack, thing, reason
):
    pip.answers = [(1, "")]
    monkeypatch.setenv("TWINNOTES_REQUIRE", "")
    lack(monkeypatch)
    line = capsys.readouterr().out.splitlines()[-1]
    assert reason in line

    pip.answers = [(1, "")]
    monkeypatch.setenv("TWINNOTES_REQUIRE", "torch," + thing)
    with pytest.raises(SystemExit, match=re.escape(line)):
        lack(monkeypatch)


# What is run


def test_the_date_is_the_last_commits(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "")
    environment.set_source_date()
    assert os.environ["SOURCE_DATE_EPOCH"] == ""  # no repository, no date

    me = ["-c", "user.name=a", "-c", "user.email=a@b"]
    monkeypatch.setenv("GIT_COMMITTER_DATE", "@1700000000 +0000")
    for git in (["init", "-q"], [*me, "commit", "-q", "--allow-empty", "-m", "first"]):
        subprocess.run(["git", "-C", tmp_path, *git], check=True)
    environment.set_source_date()
    assert os.environ["SOURCE_DATE_EPOCH"] == "1700000000"

    monkeypatch.setenv("SOURCE_DATE_EPOCH", "5")
    environment.set_source_date()
    assert os.environ["SOURCE_DATE_EPOCH"] == "5"


def test_every_check_is_run_and_one_failure_is_enough(monkeypatch):
    ran = []

    def call(line):
        ran.append(line[1:])
        return int("format" in line)

    monkeypatch.setattr(environment.subprocess, "call", call)
    for name in ("install", "prepare_mxnet", "prepare_browser", "set_source_date"):
        monkeypatch.setattr(environment, name, lambda *_: None)
    monkeypatch.chdir(ROOT)
    for name in ("TWINNOTES_REQUIRE", "NO_MKDOCS_2_WARNING"):
        monkeypatch.setenv(name, "")
    with pytest.raises(SystemExit, match=r"^Failed: python -m ruff format --check$"):
        environment.main(["test"])
    checks = ["-m ruff check", "-m ruff format --check"]
    tests = "-m pytest --codeblocks -n 2 --dist worksteal tests snippets"
    assert [" ".join(line) for line in ran] == [*checks, tests]


def test_the_books_are_built_with_the_site_and_then_judged(monkeypatch):
    ran = []

    def call(line):
        ran.append((*line[1:], os.environ["TWINNOTES_EPUB"]))
        return int("sitetools.epub" in line)

    monkeypatch.setattr(environment.subprocess, "call", call)
    for name in ("install", "set_source_date"):
        monkeypatch.setattr(environment, name, lambda *_: None)
    monkeypatch.chdir(ROOT)
    for name in ("TWINNOTES_EPUB", "NO_MKDOCS_2_WARNING"):
        monkeypatch.setenv(name, "")
    with pytest.raises(SystemExit, match=r"^Failed: python -m sitetools.epub site$"):
        environment.main(["epub"])
    assert ran == [
        ("-m", "mkdocs", "build", "--strict", "1"),
        ("-m", "sitetools.epub", "site", "1"),
    ]


def test_ci_runs_the_readmes_command():
    assert "\nmake test " in (ROOT / "README.md").read_text(encoding="utf-8")
    assert (ROOT / ".ci/run").read_text().splitlines()[-1] == "exec make test"


def test_pre_commit_has_our_ruff():
    text = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert set(re.findall(r"ruff==([\d.]+)", text)) == {environment.pinned("ruff")}


# The workflows


def workflow(name):
    path = ROOT / ".github/workflows" / name
    return yaml.safe_load(path.read_text(encoding="utf-8"))


WORKFLOWS = {path.name for path in (ROOT / ".github/workflows").iterdir()}


@pytest.mark.parametrize("name", sorted(WORKFLOWS))
def test_actions_are_pinned_and_one_job_may_write(name):
    jobs = workflow(name)["jobs"]
    for job in jobs.values():
        for step in job.get("steps", []):
            if "uses" in step:
                assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", step["uses"])
    assert workflow(name)["permissions"] == {"contents": "read"}
    writes = {n for n, job in jobs.items() if "write" in str(job.get("permissions"))}
    assert writes <= {"publish"}


def test_every_week_the_long_commands_run_whole():
    (job,) = workflow("weekly.yml")["jobs"].values()
    commands = job["strategy"]["matrix"]["command"]
    assert job["steps"][-1] == {"run": "make ${{ matrix.command }}"}
    assert not job["strategy"]["fail-fast"]
    others = {"serve", "test", "outputs", "build", "zensical", "publish"}
    assert sorted(commands) == sorted(environment.KINDS.keys() - others)


def test_nothing_is_published_untested():
    publish = workflow("publish.yml")
    jobs = publish["jobs"]
    assert jobs["test"] == {"uses": "./.github/workflows/test.yml"}
    assert jobs["build"]["needs"] == "test"
    assert jobs["publish"]["needs"] == ["test", "build"]
    # A job runs after what it needs was green, unless `if` says otherwise; and a red
    # one is green if it may continue on error.
    for name in ("publish.yml", "test.yml"):
        text = (ROOT / ".github/workflows" / name).read_text(encoding="utf-8")
        assert not re.search(r"\bif:|continue-on-error|\|\| *true", text)
    # By its name, yaml.safe_load takes `on` for a Boolean.
    assert publish[True] == {"push": {"branches": ["main"], "tags": ["v[0-9]+.[0-9]+"]}}


def test_what_may_write_runs_nothing_of_ours():
    """It has no checkout, and so nothing that a package or a plugin has touched."""
    push, deploy = workflow("publish.yml")["jobs"]["publish"]["steps"][1:]
    assert re.search(r"^git .* push .* gh-pages$", push["run"], re.MULTILINE)
    assert not re.search(r"make|python|pip|-f\b|--force|\+gh-pages", push["run"])
    assert deploy["uses"].startswith("actions/deploy-pages@")
    for job in workflow("publish.yml")["jobs"].values():
        for step in job.get("steps", []):
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


def test_the_workflow_publishes_as_the_makefile_does():
    steps = workflow("publish.yml")["jobs"]["build"]["steps"]
    made = [step["run"] for step in steps if step.get("run", "").startswith("make")]
    assert made == ["make epub", "make publish"]
