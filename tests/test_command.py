"""python -m twinnotes: what it lists, shows and copies, and how it refuses."""

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
def test_a_copy_runs_alone(tmp_path, monkeypatch, half):
    monkeypatch.chdir(tmp_path)

    run("copy", "norms", "--framework", half)

    file = tmp_path / f"norms_{half}.py"
    assert file.read_text(encoding="utf-8").startswith("# From Twin Notes")
    need(half)
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
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    tmp_path, monkeypatch, arguments, says
):
    monkeypatch.chdir(tmp_path)

    assert says in refusal(*arguments)
    assert not list(tmp_path.iterdir())


def test_an_unknown_framework_is_refused(capsys):
    with pytest.raises(SystemExit):
        run("show", "norms", "--framework", "jax")
    assert "choose from" in capsys.readouterr().err


def test_the_package_runs_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "twinnotes", "list"], capture_output=True, text=True
    )
    assert "foundations/norms" in done.stdout.splitlines()
