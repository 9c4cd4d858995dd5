"""Run programs one by one, each in a process and an empty folder of its own.

Started as a plain file by the runner, `python -I zygote.py <framework>`: imports the
framework once, then forks a child for each request, a JSON line on standard input, and
answers with a JSON line. With `--once` it imports nothing, serves a single request in
this very process and exits: a new interpreter for a program. A request has one program,
or the cells of a lab, which run one after the other in the same module.
"""

import ctypes
import importlib.util
import json
import os
import signal
import sys
import time
import traceback
import types
from pathlib import Path


def forget_project() -> None:
    """Take the project, wherever it was installed from, off the path."""
    ours = ("twinnotes", "sitetools")
    sys.path[:] = [
        entry
        for entry in sys.path
        if entry and not any(Path(entry, name).is_dir() for name in ours)
    ]
    sys.meta_path[:] = [
        finder for finder in sys.meta_path if "editable" not in repr(finder)
    ]
    for name in ours:
        if importlib.util.find_spec(name):
            raise SystemExit(f"{name} can still be imported, so programs could use it")


def load(name: str) -> types.ModuleType:
    """Load a neighbor of this file, which no program can import, by its path."""
    spec = importlib.util.spec_from_file_location(
        f"twinnotes_{name}", Path(__file__).with_name(f"{name}.py")
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def load_figures() -> types.ModuleType:
    """Load the figure backend and make it Matplotlib's."""
    module = load("figures")
    import matplotlib as mpl

    mpl.use("module://twinnotes_figures")
    module.style()
    return module


def import_framework(name: str) -> None:
    """Import once what every program of this framework imports."""
    import numpy

    if name == "mxnet":
        numpy.bool = numpy.bool_
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            import mxnet  # noqa: F401

        del numpy.bool  # a program must bring this line itself
    else:
        import torch

        # Imports half of PyTorch at its first use: a second that each program saves.
        torch.optim.SGD([torch.zeros(1)], lr=0.1)


def run(request: dict, figures: types.ModuleType) -> int:
    """Run one program, or the cells of a lab, as a script; returns its exit status."""
    folder = request["folder"]
    os.chdir(folder)
    sys.path.insert(0, folder)
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    if request["device"]:
        load("device").use(request["device"])
    status = 0
    for cell in request["cells"]:
        redirect(cell)
        status = run_cell(cell, main, figures, request)
        if status:
            break
    return status


def run_cell(
    cell: dict, main: types.ModuleType, figures: types.ModuleType, request: dict
) -> int:
    """Run the text of one file in a module; returns its exit status."""
    main.__file__ = cell["program"]
    sys.argv = [cell["program"]]
    status = 0
    try:
        figures.begin(Path(cell["figure"]))
        source = Path(cell["program"]).read_text(encoding="utf-8")
        if request["watch"]:
            watch(source, cell, main, figures, request)
        else:
            exec(compile(source, cell["program"], "exec"), main.__dict__)
        figures.finish()
    except SystemExit as stop:
        status = stop.code if isinstance(stop.code, int) else int(bool(stop.code))
    except BaseException as error:
        # Leave our own frame out: the traceback starts in the program.
        traceback.print_exception(
            type(error), error, error.__traceback__.tb_next or error.__traceback__
        )
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "posix":
        ctypes.CDLL(None).fflush(None)
    return status


def watch(
    source: str,
    cell: dict,
    main: types.ModuleType,
    figures: types.ModuleType,
    request: dict,
) -> None:
    """Run a program and write what it showed, unrounded, how long it took and on what.

    The seconds are those of the program alone: its framework has been imported. They
    are CPU time, which other programs on the machine do not change, or for another
    device, which may work while the CPU waits, time by the clock.
    """
    watching = load("watch")
    watched = watching.Watch()
    code = watched.compile(source, cell["program"])
    main.__dict__.update(watched.names())
    clock = time.perf_counter if request["device"] else time.process_time
    started = clock()
    exec(code, main.__dict__)
    report = {
        "seconds": clock() - started,
        "numbers": watched.numbers + figures.plotted(),
        "environment": watching.environment(request["framework"]),
    }
    if request["device"]:
        report["gpu"] = load("device").model(request["device"])
    Path(cell["watched"]).write_text(json.dumps(report), encoding="utf-8")


def redirect(cell: dict) -> None:
    """Send everything that is printed, also from C, to the cell's files."""
    for number, stream in ((1, "stdout"), (2, "stderr")):
        target = os.open(cell[stream], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(target, number)
        os.close(target)
        setattr(sys, stream, os.fdopen(number, "w", encoding="utf-8", closefd=False))


def main() -> None:
    """Serve the requests of standard input."""
    once = "--once" in sys.argv
    forget_project()
    figures = load_figures()
    if once:
        request = json.loads(sys.stdin.readline())
        os._exit(run(request, figures))

    figures.warm_up()
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a framework prints while it is imported
    import_framework(sys.argv[1])
    print("ready", file=replies, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        started = time.perf_counter()
        child = os.fork()
        if child == 0:
            replies.close()
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(request["limit"])
            os._exit(run(request, figures))
        _, state = os.waitpid(child, 0)
        reply = {
            "status": os.waitstatus_to_exitcode(state),
            "seconds": time.perf_counter() - started,
        }
        print(json.dumps(reply), file=replies, flush=True)


if __name__ == "__main__":
    main()
