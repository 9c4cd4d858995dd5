"""Hostile files and arguments: refused in one line, nothing overwritten or lost."""

import csv
import importlib
import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from frameworks import need
from test_hostile import EXAMPLES
from twinnotes import __main__ as command


@pytest.fixture(scope="module", params=["torch", "mxnet"])
def lab(request):
    """The lab's module; only its functions that read and write files are called."""
    need(request.param)
    return importlib.import_module(
        f"twinnotes.shift_cases.house_prices_{request.param}"
    )


@pytest.fixture(scope="module")
def folder():
    """One folder for all examples; each example makes its own in it."""
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


def one_line(error):
    """Whether a message has one line, a rule, what came and what to try."""
    text = str(error)
    return len(text.splitlines()) == 1 and "got" in text and ";" in text


# The lab's table


def houses(lab, priced):
    table = {name: [str(3 * i), "NA", "7.5"] for i, name in enumerate(lab.NUMERIC)}
    table |= {name: ["a", "é", "NA"] for name in lab.CATEGORICAL}
    table = {"Id": ["11", "12", "13"], **table}
    table |= {"SalePrice": ["100000", "2e5", "1"]} if priced else {}
    rows = [table, *zip(*table.values(), strict=True)]
    return "\n".join(",".join(row) for row in rows) + "\n"


PIECES = [
    "",
    ",",
    '"',
    "\n",
    "\r",
    "\r\n",
    "\0",
    "a\0",
    "NA",
    "nan",
    "inf",
    "-1",
    "1_0",
    "é",
]
PIECES += [
    "\ufeff",
    "\u2028",
    " ",
    "١٢",
    "1e999",
    "0x1",
    "Id",
    "x" * 200_000,
    "'",
    "=1",
]
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "latin-1", "utf-32"]


@st.composite
def damages(draw):
    """A list of changes to a file, each of its text or of its bytes."""
    place = st.floats(0, 1)
    change = st.one_of(
        st.tuples(st.just("cut"), place),
        st.tuples(st.just("drop"), place, st.integers(1, 400)),
        st.tuples(st.just("repeat"), place, st.integers(1, 400)),
        st.tuples(st.just("insert"), place, st.sampled_from(PIECES)),
        st.tuples(st.just("value"), place, st.sampled_from(PIECES)),
        st.tuples(st.just("ends"), st.sampled_from(["\r\n", "\r", "\n\n", "\v"])),
    )
    encoding = st.sampled_from([*["utf-8"] * 6, *ENCODINGS])
    raw = st.tuples(place, st.binary(max_size=4))
    return draw(st.lists(change, max_size=3)), draw(encoding), draw(st.none() | raw)


def damaged(text, damage):
    changes, encoding, raw = damage
    for kind, *how in changes:
        if kind == "ends":
            text = text.replace("\n", how[0])
            continue
        at = int(how[0] * len(text))
        if kind == "cut":
            text = text[:at]
        elif kind == "drop":
            text = text[:at] + text[at + how[1] :]
        elif kind == "repeat":
            text = text[:at] + text[at : at + how[1]] + text[at:]
        elif kind == "insert":
            text = text[:at] + how[1] + text[at:]
        else:  # the value there is another
            start = max(text.rfind(",", 0, at), text.rfind("\n", 0, at)) + 1
            ends = [i for i in (text.find(",", at), text.find("\n", at)) if i >= 0]
            text = text[:start] + how[1] + text[min(ends, default=at) :]
    content = text.encode(encoding, "replace")
    if raw is not None:
        at = int(raw[0] * len(content))
        content = content[:at] + raw[1] + content[at:]
    return content


def test_a_damaged_table_is_read_whole_or_refused(lab, folder):
    path, accepted = folder / "houses.csv", []

    @EXAMPLES
    @given(damages(), st.booleans(), st.booleans())
    @example(([], "utf-8", None), True, True)
    @example(([("insert", 0.75, "\u2028")], "utf-8", None), False, False)
    @example(([("value", 0.8, "a\0")], "utf-8", None), True, True)
    @example(([("ends", "\r\n")], "utf-8-sig", None), False, False)
    @example(([("cut", 0.999)], "utf-8", None), True, True)
    @example(([("value", 0.5, "x" * 200_000)], "utf-8", None), True, True)
    def check(damage, has_prices, priced):
        content = damaged(houses(lab, has_prices), damage)
        path.write_bytes(content)
        try:
            read = lab.read_houses(str(path), priced)
        except ValueError as error:
            assert one_line(error), error
        else:
            accepted.append(damage)
            text = content.decode("utf-8-sig")
            lines = io.StringIO(text, newline="")  # not broken at every U+2028
            header, *rows = [row for row in csv.reader(lines) if row]
            ids = [row[header.index("Id")].strip() for row in rows]
            assert read.ids.tolist() == ids
            for column, values in zip(lab.CATEGORICAL, read.categories.T, strict=True):
                wanted = [row[header.index(column)].strip() or "NA" for row in rows]
                assert values.tolist() == wanted
            assert np.isfinite(read.log_price).all() or not priced
        assert path.read_bytes() == content

    check()
    assert len(accepted) >= 2


@pytest.mark.parametrize(
    "name", ["missing.csv", ".", "x" * 300 + ".csv", "no/file.csv"]
)
def test_what_is_no_file_is_refused(lab, tmp_path, name):
    for call in (
        lambda path: lab.read_houses(path, True),
        lambda path: lab.write_submission(path, np.array(["7"]), np.array([1.0])),
    ):
        if name == "missing.csv" and (tmp_path / name).exists():
            continue
        try:
            call(str(tmp_path / name))
        except ValueError as error:
            assert one_line(error), error
        else:
            assert name == "missing.csv"  # a submission may be new
    assert {p.name for p in tmp_path.iterdir()} <= {"missing.csv"}


PRICES = [0.0, 12.0, 1e6, -1e6, np.nan, np.inf, -np.inf]
FILES = ["Id,SalePrice\n7,1.0\n", "Id,SalePrice,LotArea\n7,1,2\n", "", "x", "\0", "Id"]


def test_a_submission_replaces_nothing_but_a_submission(lab, folder):
    path, written = folder / "submission.csv", []

    @EXAMPLES
    @given(
        st.none() | st.sampled_from(FILES),
        st.lists(st.text(max_size=4), max_size=3),
        st.lists(st.sampled_from([12.0, 11.0, *PRICES]), max_size=3),
        st.booleans(),
    )
    @example(FILES[0], ["7"], [12.0], False)
    @example(FILES[1], ["7"], [12.0], False)
    @example(None, ["7", 'a,"'], [12.0, 11.0], False)
    @example(None, ["7", "\r"], [12.0, 11.0], False)
    @example(None, ["7"], [12.0], True)
    @example(None, ["7"], [-1e6], False)
    @example(FILES[0], ["\ud800"], [12.0], False)
    def check(before, ids, log_price, column):
        path.unlink(missing_ok=True)
        if before is not None:
            path.write_text(before)
        log_price = np.array(log_price)[:, None] if column else np.array(log_price)
        try:
            lab.write_submission(str(path), np.array(ids, dtype=str), log_price)
        except ValueError as error:
            assert one_line(error), error
            after = path.read_text() if path.exists() else None
            assert after == before
        else:
            written.append(ids)
            assert before in (None, FILES[0])
            with path.open(encoding="utf-8", newline="") as file:
                header, *rows = csv.reader(file)
            assert header == ["Id", "SalePrice"]
            assert [row[0] for row in rows] == np.array(ids, dtype=str).tolist()
            assert all(float(row[1]) > 0 for row in rows)

    check()
    assert len(written) >= 2


# The shell command

NAMES = st.one_of(
    st.sampled_from(
        [
            "norms",
            "foundations/norms",
            "",
            ".",
            "..",
            "/",
            "-",
            "--",
            "-o",
            "*",
            "\u202e",
        ]
    ),
    st.text(max_size=8),
)
TARGETS = st.one_of(
    st.sampled_from(
        [
            *["new.py", "taken.py", "taken", "dangling", "loop", "loop/x.py", "", "."],
            *["..", "no/such/x.py", "taken.py/x.py", "torch.py", "-x.py", "x" * 300],
            *["\ud8ff.py", "a\nb.py", "/dev/null/x.py", "名.py", " "],
        ]
    ),
    st.text(st.characters(exclude_characters="/\0"), max_size=6),
)


def snapshot(folder):
    """What every name in a folder is and holds."""
    return {
        str(p): str(p.readlink()) if p.is_symlink() else p.is_file() and p.read_bytes()
        for p in folder.rglob("*")
    }


def test_a_command_does_what_it_says_or_refuses(folder, capsys, monkeypatch):
    done = []

    @EXAMPLES
    @given(
        st.sampled_from(["copy", "copy", "copy", "show", "list", "sho", ""]),
        st.lists(NAMES, max_size=2) | st.just(["norms"]),
        st.none() | TARGETS,
        st.sampled_from([None, "torch", "mxnet", "jax"]),
        st.booleans(),
    )
    @example("copy", ["norms"], "x" * 300, None, False)
    @example("copy", ["norms"], "taken.py", None, False)
    @example("copy", ["norms"], "taken.py", None, True)
    @example("copy", ["norms"], "dangling", None, False)
    @example("copy", ["norms"], "loop", None, True)
    def check(verb, names, target, framework, force):
        capsys.readouterr()
        with tempfile.TemporaryDirectory(dir=folder) as made:
            home = Path(made, "home")
            home.mkdir()
            monkeypatch.chdir(home)
            Path("taken.py").write_text("mine")
            Path("taken").mkdir()
            Path("taken", "norms_torch.py").write_text("mine too")
            Path("dangling").symlink_to("nowhere")
            Path("loop").symlink_to("loop")
            before = snapshot(home.parent)
            arguments = [verb, *names]
            arguments += ["-o", target] if target is not None and verb == "copy" else []
            arguments += ["--framework", framework] if framework else []
            arguments += ["--force"] if force else []
            try:
                command.main(arguments)
            except SystemExit as stop:
                if isinstance(stop.code, str):
                    assert len(stop.code.split("\n")) <= 1 + stop.code.count("a\nb")
                after = snapshot(home.parent)
                assert after == before
            else:
                done.append(verb)
                after = snapshot(home.parent)
                new = {name for name in after if after[name] != before.get(name)}
                assert set(before) <= set(after)
                assert len(new) == (verb == "copy")
                assert force or not new & set(before)
            monkeypatch.chdir(folder)

    check()
    assert len(done) >= 2


def shell(*arguments, **options):
    line = [sys.executable, "-m", "twinnotes", *arguments]
    return subprocess.run(line, capture_output=True, **options)


def test_any_terminal_shows_any_file(tmp_path):
    """A name that is no UTF-8, and output that the terminal's encoding has not."""
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    name = os.fsdecode(b"\xff.py") if sys.platform == "linux" else "\u540d.py"

    copied = shell("copy", "norms", "-o", name, cwd=tmp_path, env=environment)
    shown = shell("show", "floating-point", env=environment)

    assert (copied.returncode, copied.stderr) == (0, b"")
    assert copied.stdout.split() == [os.fsencode(name)]
    assert (shown.returncode, shown.stderr) == (0, b"")
    assert "Mächler" in shown.stdout.decode("utf-8")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no EPIPE to be silent about")
def test_a_reader_who_leaves_early_sees_no_traceback():
    line = [sys.executable, "-u", "-m", "twinnotes", "show", "norms"]
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(line, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)

    assert ended.stderr == b""


def test_a_concept_copied_over_itself_is_not_lost(tmp_path, monkeypatch):
    chapter = tmp_path / "foundations"
    chapter.mkdir()
    file = chapter / "norms_torch.py"
    file.write_text("def vector_norm(): ...\n")
    monkeypatch.setattr(command, "ROOT", tmp_path)

    command.main(["copy", "norms", "-o", str(file), "--force"])

    assert file.read_text().endswith("def vector_norm(): ...\n")
