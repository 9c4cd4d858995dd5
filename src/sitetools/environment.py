"""Make the environment in .venv and run one of the project's commands in it.

    python3 src/sitetools/environment.py test, or another name in KINDS

`make serve` and its neighbors call this file, with whatever Python they find. So it
uses the standard library alone, and no syntax that an old Python cannot read, down to
2.7: that Python has to be able to say that it is too old.
"""

import os
import sys

NEEDED = (3, 11)


def too_old(version, executable):
    """The line that a Python older than NEEDED prints."""
    return (
        "Python {}.{} or newer is needed, this is {}.{}.{} ({}): install it, or name "
        "it, as in 'make serve PYTHON=/path/to/python3.11'."
    ).format(*(NEEDED + tuple(version)[:3] + (executable,)))


if sys.version_info < (3, 6):  # the rest of the file runs from 3.6 on
    sys.exit(too_old(sys.version_info, sys.executable))

import ctypes
import hashlib
import platform
import re
import shutil
import socket
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
LOG = VENV / "install.log"

# What each kind of environment installs; all hold everything that "site" does.
EXTRAS = {
    "site": "site",
    "epub": "site,epub",
    "zensical": "site,zensical",
    "test": "site,epub,zensical,test,torch,mxnet",
}
KINDS = {
    "serve": "site",
    "test": "test",
    "test-all": "test",
    "outputs": "test",
    "build": "site",
    "epub": "epub",
    "faults": "test",
    "mutants": "test",
    "hostile": "test",
    "matrix": "test",
    "bench": "test",
    "lighthouse": "site",
    "zensical": "zensical",
    "publish": "epub",
}

# Plain PyPI has PyTorch for Linux with several GB of CUDA. The CPU build is called
# "+cpu" and usually lies here.
TORCH_INDEX = "https://download.pytorch.org/whl/cpu"


def say(line):
    """Write a line at once, even into a pipe."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


# Which Python


def probe(python):
    """Run an interpreter and ask what it is.

    A name on the PATH proves nothing: pyenv leaves shims for Pythons that are not
    selected, Windows has a stub that opens its store, and Debian splits off ensurepip.

    Returns:
        (version, executable, can make environments), or None if it does not run.
    """
    code = (
        "import sys, importlib.util as u; print(sys.version_info[:3]); "
        "print(sys.executable); print(u.find_spec('ensurepip') is not None)"
    )
    try:
        out = subprocess.check_output([python, "-c", code], stderr=subprocess.DEVNULL)
        version, executable, complete = out.decode().splitlines()
    except (OSError, subprocess.CalledProcessError, ValueError):
        return None
    numbers = tuple(int(n) for n in re.findall(r"\d+", version))
    return numbers, executable, complete == "True"


def find_python():
    """The interpreter to make .venv with; ends the program if there is none.

    PYTHON=... means that one and no other. Otherwise 3.11 comes first, because MXNet
    runs there without help, and the newest last.
    """
    if os.environ.get("PYTHON"):
        names = [sys.executable]
    else:
        names = ["python3.11", "python3.12", "python3.13", "python3", "python"]
        names = [n for n in map(shutil.which, names) if n] + [sys.executable]
    lacking = None
    for version, executable, complete in filter(None, map(probe, names)):
        if version >= NEEDED and complete:
            return executable
        if version >= NEEDED:
            lacking = lacking or (version, executable)
    if lacking:
        version, executable = lacking
        sys.exit(
            "{} has no ensurepip and cannot make environments: install it (on Debian: "
            "apt-get install python{}.{}-venv), or name another Python, as in "
            "'make serve PYTHON=/path/to/python3.11'.".format(executable, *version[:2])
        )
    sys.exit(too_old(sys.version_info, sys.executable))


# What to install


def pinned(name):
    """The version of a package in constraints.txt."""
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    return re.search("^{}==(\\S+)".format(name), text, re.MULTILINE).group(1)


def mxnet_runs(system, machine, version):
    """Whether MXNet 1.9.1 runs; the markers in pyproject.toml say the same."""
    return (system, machine) == ("Linux", "x86_64") and version < (3, 13)


def pip_steps(kind, system):
    """What pip is asked for, in order.

    Args:
        kind: A key of EXTRAS.
        system: As platform.system() says it.

    Returns:
        [(title, arguments, more)]: where pip knows no such distribution with the
        arguments, it is asked again with more of them; [] means that it is not.
    """
    install = ["install", "--no-input", "-c", "constraints.txt"]
    everything = install + ["-e", ".[{}]".format(EXTRAS[kind])]
    if kind != "test":
        return [("MkDocs and what the site needs", everything, [])]
    torch = "torch==" + pinned("torch")
    if wants_cuda():
        # For pip, the CPU build is a PyTorch of this version too.
        from_pypi, more = install + ["--force-reinstall", torch], []
    elif system == "Linux":
        torch += "+cpu"
        from_pypi, more = install + [torch], ["--extra-index-url", TORCH_INDEX]
    else:
        from_pypi, more = install + [torch], []
    return [
        ("PyTorch ({})".format(torch), from_pypi, more),
        ("MkDocs, MXNet where it runs, and the test tools", everything, []),
    ]


def wants_cuda():
    """Whether TWINNOTES_DEVICE is a GPU that needs PyTorch's CUDA build."""
    return os.environ.get("TWINNOTES_DEVICE", "").startswith("cuda")


def fingerprint(kind):
    """A hash of all that decides what is in .venv, and of where it is."""
    digest = hashlib.sha256(repr((EXTRAS[kind], str(ROOT))).encode())
    digest.update(b"cuda" * (kind == "test" and wants_cuda()))
    for path in (ROOT / "pyproject.toml", ROOT / "constraints.txt", Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def stamp(kind):
    return VENV / "installed-{}".format(kind)


def is_current(kind):
    """Whether .venv holds what pyproject.toml and constraints.txt ask for."""
    path = stamp(kind)
    return path.is_file() and path.read_text(encoding="utf-8") == fingerprint(kind)


# Installing it


def logged(command):
    """Run a command with its output in LOG; returns (exit status, that output)."""
    # The constraints hold for pip's build environments too, by one name or the other.
    env = dict(os.environ, PIP_CONSTRAINT="constraints.txt")
    env.update(PIP_BUILD_CONSTRAINT="constraints.txt", DEBIAN_FRONTEND="noninteractive")
    with LOG.open("a+b") as log:
        log.write("\n$ {}\n".format(" ".join(map(str, command))).encode())
        log.flush()
        start = log.seek(0, os.SEEK_END)
        try:
            status = subprocess.call(
                list(map(str, command)),
                cwd=str(ROOT),
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        except OSError as error:  # no such program
            return 127, str(error)
        log.seek(start)
        return status, log.read().decode("utf-8", "replace")


def unreachable(output):
    """Whether pip, by its output, could not reach a package index."""
    return "Retrying (Retry(" in output


def failure(title, output):
    """The one line for a pip step that failed."""
    reason = "pip failed"
    if unreachable(output):
        reason = "the package index cannot be reached, is there a network?"
    elif "ERROR: " in output:
        reason = output.rpartition("ERROR: ")[2].splitlines()[0]
    log = LOG.relative_to(ROOT)
    return "Could not install {}: {} (the whole log: {})".format(title, reason, log)


def make_venv(python):
    """Make an empty .venv."""
    say("Making .venv with {} ...".format(python))
    command = [python, "-m", "venv", "--clear", str(VENV)]
    made = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = made.communicate()[0].decode("utf-8", "replace").strip()
    if made.returncode != 0:
        reason = output.splitlines()[-1] if output else "no reason given"
        sys.exit("Could not make {}: {}".format(VENV, reason))


def install(kind):
    """Make .venv hold what this kind of environment needs; seconds if it does."""
    existing = probe(str(VENV_PYTHON))
    wrong = existing is None or existing[0] < NEEDED
    if os.environ.get("PYTHON") and existing:
        wrong = wrong or existing[0][:2] != sys.version_info[:2]
    if not wrong and is_current(kind):
        return
    if wrong:
        make_venv(find_python())
    LOG.write_bytes(b"")
    for title, arguments, more in pip_steps(kind, platform.system()):
        say("Installing {} ...".format(title))
        pip = [VENV_PYTHON, "-m", "pip"]
        status, output = logged(pip + arguments)
        unknown = "No matching distribution" in output and not unreachable(output)
        if status and more and unknown:
            status, output = logged(pip + arguments + more)
        if status:
            sys.exit(failure(title, output))
    for done in EXTRAS if kind == "test" else {"site", kind}:
        stamp(done).write_text(fingerprint(done), encoding="utf-8")


# What pip cannot install


def required():
    """What must not be missing: CI needs all of it, a person's machine nothing."""
    default = "torch,mxnet,browser" if os.environ.get("CI") == "true" else ""
    return os.environ.get("TWINNOTES_REQUIRE", default)


def missing(name, line):
    """Say in one line what is missing; in CI, end there."""
    if name in required().split(","):
        sys.exit(line)
    say(line)


def apt_install(packages):
    """Install Debian packages, if this is Debian and we are root there.

    Not on its children: Ubuntu's package chromium is an empty one.
    """
    release = Path("/etc/os-release")
    if not release.is_file() or os.geteuid() != 0:
        return False
    if "\nID=debian\n" not in release.read_text(encoding="utf-8"):
        return False
    say("Installing {} ...".format(", ".join(packages)))
    update = logged(["apt-get", "update"])[0]
    return update == 0 and logged(["apt-get", "install", "-y"] + packages)[0] == 0


def absent_libraries():
    """The Debian packages of the libraries that MXNet's wheel expects and lacks."""
    packages = {"libgomp.so.1": "libgomp1", "libquadmath.so.0": "libquadmath0"}
    absent = []
    for library, package in packages.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            absent.append(package)
    return absent


def prepare_mxnet():
    """Give MXNet the libraries that it lacks, or say why it is left out."""
    system, machine = platform.system(), platform.machine()
    version = probe(str(VENV_PYTHON))[0]
    if not mxnet_runs(system, machine, version):
        system = {"Darwin": "macOS"}.get(system, system)
        here = "{} {} with Python {}.{}".format(system, machine, *version[:2])
        missing(
            "mxnet",
            "MXNet is left out, only the PyTorch half is tested: MXNet {} needs Linux "
            "x86_64 and Python 3.11 or 3.12, this is {}.".format(pinned("mxnet"), here),
        )
        return
    absent = absent_libraries()
    if absent and not apt_install(absent):
        missing(
            "mxnet",
            "MXNet is left out, only the PyTorch half is tested: it needs {}, as in "
            "'sudo apt-get install {}'.".format(" and ".join(absent), " ".join(absent)),
        )


def find_browser():
    """The Chromium that is installed, or None: then Playwright has its own."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


def prepare_browser():
    """Have a Chromium for the tests of the built pages, or say that there is none.

    In this order: what is installed, Playwright's own, which is newer but brings its
    libraries only where apt may be used, and Debian's package.
    """
    if find_browser():
        return
    say("Installing Playwright's Chromium ...")
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    own = [VENV_PYTHON, "-m", "playwright", "install", "chromium"]
    own += ["--with-deps"] if root and shutil.which("apt-get") else []
    if logged(own)[0] != 0 and not apt_install(["chromium"]):
        missing(
            "browser",
            "There is no browser, the pages are not tested in one: install Chromium "
            "or Chrome (the whole log: {}).".format(LOG.relative_to(ROOT)),
        )


# The commands


def check_port(text):
    """The port as a number; ends the program if it cannot be served on."""
    if not text.isdecimal() or not 0 < int(text) < 65536:
        sys.exit("PORT must be a number from 1 to 65535, this is {!r}.".format(text))
    port = int(text)
    with socket.socket() as probed:
        if os.name != "nt":  # as MkDocs does; on Windows it would allow sharing
            probed.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probed.bind(("127.0.0.1", port))
        except OSError as error:
            other = port + 1 if 1024 <= port < 65535 else 8000
            sys.exit(
                "Port {} on 127.0.0.1 cannot be used ({}): choose another, as in "
                "'make serve PORT={}'.".format(port, error.strerror, other)
            )
    return port


def set_source_date():
    """Date everything that is built by the last commit: same commit, same bytes."""
    if os.environ.get("SOURCE_DATE_EPOCH"):
        return
    git = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    try:
        date = subprocess.check_output(git, stderr=subprocess.DEVNULL).decode().strip()
    except (OSError, subprocess.CalledProcessError):  # no git, or no commit yet
        return
    os.environ["SOURCE_DATE_EPOCH"] = date


def lines_of(command, port):
    """What a command runs in .venv, as arguments of its Python."""
    # Not strict: a page is written with its links and its twin still missing.
    serve = ["-m", "mkdocs", "serve", "--no-strict", "--livereload"]
    build = ["-m", "mkdocs", "build", "--strict"]
    style = [["-m", "ruff", "check"], ["-m", "ruff", "format", "--check"]]
    # Two processes start at both ends, so that they seldom make a fixture twice.
    shared = ["-n", "2", "--dist", "worksteal"]
    tests = ["-m", "pytest", "--codeblocks"] + shared + ["tests", "snippets"]
    outputs = ["-m", "pytest", "--codeblocks", "--update-outputs", "snippets"]
    hostile = ["tests/test_hostile.py", "tests/test_hostile_files.py"]
    benches = ["benchmarks/bench_{}.py".format(n) for n in ("ops", "runner", "site")]
    return {
        "serve": [serve + ["--dev-addr", "127.0.0.1:{}".format(port)]],
        "test": style + [tests],
        "test-all": style + [tests + ["-m", ""]],  # those marked slow as well
        "outputs": [outputs, ["-m", "sitetools.notebooks"]],
        "build": [build],
        "epub": [build, ["-m", "sitetools.epub", "site"]],
        "faults": [["tests/faults/museum.py"]],
        "mutants": [["tests/mutants/mutate.py"]],
        "hostile": [["-m", "pytest"] + shared + hostile],
        "matrix": [["tests/matrix.py"]],
        "bench": [[bench] for bench in benches],
        "lighthouse": [build, ["-m", "sitetools.lighthouse"]],
        "zensical": [["-m", "sitetools.zensical"]],
        "publish": [["-m", "sitetools.publish"]],
    }[command]


def main(arguments):
    if len(arguments) != 1 or arguments[0] not in KINDS:
        sys.exit("usage: environment.py {}".format(" | ".join(KINDS)))
    command = arguments[0]
    port = os.environ.get("PORT") or "8000"
    if command == "serve":
        check_port(port)  # before the installation, which takes a while
    install(KINDS[command])
    if KINDS[command] == "test":
        os.environ["TWINNOTES_REQUIRE"] = required()
        prepare_mxnet()
        prepare_browser()
    set_source_date()
    if command == "hostile":
        os.environ["HYPOTHESIS_PROFILE"] = "long"
    if command in ("epub", "publish"):
        os.environ["TWINNOTES_EPUB"] = "1"
    os.environ["NO_MKDOCS_2_WARNING"] = "1"  # a banner about Material's last year
    os.chdir(str(ROOT))
    lines = [[str(VENV_PYTHON)] + line for line in lines_of(command, port)]
    if command == "serve" and os.name != "nt":
        check_port(port)
        os.execv(lines[0][0], lines[0])  # so that a signal reaches MkDocs itself
    failed = [line for line in lines if subprocess.call(line) != 0]
    if failed:
        ran = (" ".join(["python"] + line[1:]) for line in failed)
        sys.exit("Failed: " + ", ".join(ran))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
