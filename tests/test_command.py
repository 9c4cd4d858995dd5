"""python -m twinnotes: what it lists, shows and copies, and how it refuses."""

import locale
import subprocess
import sys
from pathlib import Path

import pytest

from frameworks import need
from twinnotes import __main__ as command

ROOT = Path(__file__).parents[1]


def run(*arguments):
    command.main([str(argument) for argument in arguments])


def refusal(*arguments):
    with pytest.raises(SystemExit) as stopped:
        run(*arguments)
    assert "\n" not in stopped.value.code
    return stopped.value.code


@pytest.fixture
def ascii_locale():
    """A terminal that is not UTF-8, as far as Python asks the operating system."""
    before = locale.setlocale(locale.LC_CTYPE)
    locale.setlocale(locale.LC_CTYPE, "C")
    yield
    locale.setlocale(locale.LC_CTYPE, before)


def test_list_prints_every_concept(capsys):
    run("list")

    listed = capsys.readouterr().out.splitlines()
    pages = ROOT.glob("docs/en/*/*.md")
    wanted = sorted(f"{p.parent.name}/{p.stem}".replace("-", "_") for p in pages)
    assert listed == wanted


@pytest.mark.parametrize(
    "name", ["kl-divergence", "probability_numerics/KL_divergence"]
)
@pytest.mark.parametrize("half", ["torch", "mxnet"])
def test_show_prints_the_file_with_its_origin(capsys, name, half):
    run("show", name, "--framework", half)

    head, _, body = capsys.readouterr().out.partition("\n")
    file = f"probability_numerics/kl_divergence_{half}.py"
    assert body == (ROOT / "src/twinnotes" / file).read_text(encoding="utf-8")
    for part in ("Twin Notes", file, "MIT License", f"pip install {half}"):
        assert part in head


@pytest.mark.parametrize("half", ["torch", "mxnet"])
def test_a_copy_is_what_show_prints(tmp_path, monkeypatch, capsys, half):
    monkeypatch.chdir(tmp_path)
    run("show", "norms", "--framework", half)
    shown = capsys.readouterr().out

    run("copy", "norms", "--framework", half)

    [file] = tmp_path.iterdir()
    assert capsys.readouterr().out == f"norms_{half}.py\n" == f"{file.name}\n"
    assert file.read_text(encoding="utf-8") == shown


@pytest.mark.usefixtures("ascii_locale")
def test_a_copy_is_utf_8_whatever_the_terminal_is(tmp_path):
    original = ROOT / "src/twinnotes/probability_numerics/floating_point_torch.py"
    body = original.read_bytes()
    assert not body.isascii()

    run("copy", "floating-point", "-o", tmp_path)

    assert (tmp_path / original.name).read_bytes().partition(b"\n")[2] == body


@pytest.mark.parametrize("half", ["torch", "mxnet"])
def test_a_copy_runs_alone(tmp_path, half):
    # From a shell: nothing of this process, such as a framework, is there.
    copy = [sys.executable, "-m", "twinnotes", "copy", "norms", "--framework", half]
    subprocess.run(copy, check=True, cwd=tmp_path)

    need(half)
    file = tmp_path / f"norms_{half}.py"
    subprocess.run([sys.executable, "-I", file], check=True, cwd=tmp_path)


def test_a_file_or_a_folder_may_be_named(tmp_path, capsys):
    run("copy", "norms", "-o", tmp_path / "mine.py")
    run("copy", "norms", "-o", tmp_path)

    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine.py", "norms_torch.py"]
    assert capsys.readouterr().out.split() == [
        str(tmp_path / "mine.py"),
        str(tmp_path / "norms_torch.py"),
    ]


def test_a_file_that_is_there_stays_unless_forced(tmp_path):
    file = tmp_path / "norms_torch.py"
    file.write_text("mine")

    assert "which exists" in refusal("copy", "norms", "-o", file)
    assert "which exists" in refusal("copy", "norms", "-o", tmp_path)
    assert file.read_text() == "mine"
    run("copy", "norms", "-o", file, "--force")
    assert "def vector_norm" in file.read_text()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["show", "norm"], "did you mean norms"),
        (["copy", "soft-max", "--framework", "mxnet"], "softmax"),
        (["show", "zzzz"], "got 'zzzz'; see the list"),
        (["show", "../foundations/norms"], "must be one of those that `list` prints"),
        (["copy", "norms", "-o", "no/such/folder/x.py"], "No such file or directory"),
        (["copy", "norms", "-o", "torch.py"], "must not hide the framework"),
        (
            ["copy", "norms", "--framework", "mxnet", "-o", "mxnet.py"],
            "that it imports, got mxnet.py; choose another name",
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    tmp_path, monkeypatch, arguments, says
):
    monkeypatch.chdir(tmp_path)

    said = refusal(*arguments)
    assert said.startswith("python -m twinnotes: ")
    assert says in said
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("norm-", "did you mean norm_two or norm_ten or norm_six?"),
        ("relu", "did you mean relu_family?"),  # 8 of 15 letters
        ("zzzz", "see the list"),
    ],
)
def test_three_names_at_most_are_suggested(monkeypatch, name, advice):
    names = ["norm_one", "norm_six", "norm_ten", "norm_two", "relu_family"]
    monkeypatch.setattr(command, "concepts", lambda: [f"mlp/{n}" for n in names])

    assert refusal("show", name).endswith(f", got {name!r}; {advice}")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["show", "norms", "--framework", "jax"], "choose from"),
        ([], "the following arguments are required: command"),
        (["show"], "the following arguments are required: CONCEPT"),
    ],
)
def test_a_wrong_command_line_is_refused(capsys, arguments, says):
    with pytest.raises(SystemExit):
        run(*arguments)
    said = capsys.readouterr().err
    assert said.startswith("usage: python -m twinnotes ") and says in said


OPTIONS = (
    "CONCEPT such as norms options: -h, --help show this help message and exit "
    "--framework {torch,mxnet} default: torch"
)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], command.__doc__),
        ([], "list print the names of all concepts show print the file of a concept"),
        ([], "copy copy the file of a concept options:"),
        (["show"], f"{OPTIONS}\n"),
        (
            ["copy"],
            f"{OPTIONS} -o FILE default: the concept's name, here "
            "--force replace FILE\n",
        ),
    ],
)
def test_help_says_what_there_is(capsys, arguments, says):
    with pytest.raises(SystemExit):
        run(*arguments, "--help")
    assert says in " ".join(capsys.readouterr().out.split()) + "\n"


def test_the_package_runs_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "twinnotes", "list"], capture_output=True, text=True
    )
    assert "foundations/norms" in done.stdout.splitlines()
