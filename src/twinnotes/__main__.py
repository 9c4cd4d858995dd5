"""Show and copy the concept files from a shell: python -m twinnotes --help."""

import argparse
import difflib
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).parent
INSTALL = {
    "torch": "pip install torch",
    "mxnet": "pip install mxnet==1.9.1 'numpy<2'  (Linux x86_64, Python 3.11 or 3.12)",
}


def concepts() -> list[str]:
    """The names of all concepts, as in foundations/norms."""
    found = ROOT.glob("*/*_torch.py")
    return sorted(f"{p.parent.name}/{p.stem.removesuffix('_torch')}" for p in found)


def find(wanted: str, framework: str) -> Path:
    """The file of a concept.

    Args:
        wanted: Its name, with or without the chapter, with hyphens or underscores.
        framework: "torch" or "mxnet".

    Raises:
        ValueError: No concept has this name; names those that are nearest.
    """
    name = wanted.replace("-", "_").lower()
    there = {concept: concept for concept in concepts()}
    there |= {concept.split("/")[1]: concept for concept in concepts()}
    if name not in there:
        near = difflib.get_close_matches(name, there, n=3, cutoff=0.5)
        advice = f"did you mean {' or '.join(near)}?" if near else "see the list"
        raise ValueError(
            f"CONCEPT must be one of those that `list` prints, got {wanted!r}; {advice}"
        )
    return ROOT / f"{there[name]}_{framework}.py"


def text(path: Path, framework: str) -> str:
    """The file as a reader takes it away: with its origin, license and needs."""
    name = f"{path.parent.name}/{path.name}"
    head = f"# From Twin Notes, {name}, MIT License. Needs: {INSTALL[framework]}\n"
    return head + path.read_text(encoding="utf-8")


def copy(path: Path, framework: str, target: Path, *, force: bool) -> None:
    """Write a concept file.

    Raises:
        ValueError: The target is there already and force is not set, or it cannot be
            written, or its name would hide the framework from the program.
    """
    content = text(path, framework)  # before target is emptied, which may be path
    try:
        if target.is_dir():
            target = target / path.name
        if target.name == f"{framework}.py":
            raise ValueError(
                f"FILE must not hide the framework that it imports, got {target}; "
                "choose another name"
            )
        with target.open("w" if force else "x", encoding="utf-8") as file:
            file.write(content)
    except FileExistsError:
        raise ValueError(
            f"FILE must be new, got {target}, which exists; choose another name with "
            "-o, or replace it with --force"
        ) from None
    except OSError as error:
        raise ValueError(
            f"FILE must be writable, got {target}: {error.strerror}; choose another "
            "name or folder with -o"
        ) from None
    print(target)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m twinnotes", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="print the names of all concepts")
    for name, what in (("show", "print"), ("copy", "copy")):
        command = commands.add_parser(name, help=f"{what} the file of a concept")
        command.add_argument("concept", metavar="CONCEPT", help="such as norms")
        command.add_argument(
            "--framework", choices=INSTALL, default="torch", help="default: torch"
        )
    command.add_argument(
        "-o", metavar="FILE", type=Path, help="default: the concept's name, here"
    )
    command.add_argument("--force", action="store_true", help="replace FILE")
    options = parser.parse_args(arguments)
    if options.command == "list":
        print("\n".join(concepts()))
        return
    try:
        path = find(options.concept, options.framework)
        if options.command == "show":
            print(text(path, options.framework), end="")
        else:
            target = options.o or Path(path.name)
            copy(path, options.framework, target, force=options.force)
    except ValueError as error:
        sys.exit(f"python -m twinnotes: {error}")


if __name__ == "__main__":
    # The files are UTF-8, whatever the terminal is; names of files may be any bytes.
    sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")
    if hasattr(signal, "SIGPIPE"):  # end like other commands in `show norms | head`
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    main()
