"""The record of verified runs: what it holds, when it is stale, what readers see."""

import json
import math

import pytest

from sitetools import programs, verified, watch

SECTION = """<!-- --8<-- [start:{name}] -->

```python
print({code})
```

<!--pytest-codeblocks:expected-output-->

```text
{code}
```

<!-- --8<-- [end:{name}] -->
"""
HERE = {"numpy": "1.26.4", "python": "3.11.7", "cpu": "A CPU"}
VERSIONS = {"torch": "2.13.0+cpu", "mxnet": "1.9.1"}


@pytest.fixture
def root(tmp_path):
    """A project of one concept with two programs, which have run."""
    (tmp_path / "constraints.txt").write_text(
        "torch==2.13.0\nmxnet==1.9.1\n"
        'numpy==1.26.4; python_version < "3.13"\n'
        'numpy==2.4.6; python_version >= "3.13"\n'
    )
    (tmp_path / "snippets/toys").mkdir(parents=True)
    for framework in programs.FRAMEWORKS:
        write(tmp_path, framework, one="1.5", two="2.5")
    verified.update(runs(tmp_path), [])
    assert verified.problems(tmp_path) == []
    return tmp_path


def file_of(root, framework):
    return root / f"snippets/toys/toy_{framework}.md"


def record_of(root):
    return json.loads((root / "snippets/toys/toy.verified.json").read_text())


def write(root, framework, **sections):
    text = "\n".join(SECTION.format(name=n, code=c) for n, c in sections.items())
    file_of(root, framework).write_text(text)


def found(framework, numbers, **changed):
    return {
        "seconds": 0.12345,
        "numbers": numbers,
        "environment": {framework: VERSIONS[framework], **HERE, **changed},
    }


def runs(root, only=programs.FRAMEWORKS, shift=3e-7, **changed):
    """Both programs, and what was seen when they ran; MXNet's numbers are shifted."""
    return [
        (program, found(framework, [0.5 + shift * (framework == "mxnet")], **changed))
        for framework in only
        for program in programs.load(file_of(root, framework), root)
    ]


def gpu_runs(root, shift=2e-7):
    on_gpu = {"gpu": "A GPU", **found("torch", [0.5 + shift], torch="2.13.0+cu130")}
    program = programs.load(file_of(root, "torch"), root)[0]
    return [(program, on_gpu, found("torch", [0.5]))]


def test_a_record_holds_what_was_found(root):
    record = record_of(root)
    entry = record["torch"]["one"]
    assert entry["seconds"] == 0.12
    assert record["environments"][entry["environment"]] == {
        "torch": "2.13.0+cpu",
        **HERE,
    }
    assert len(record["environments"]) == 2
    assert record["differences"]["one"] == {"numbers": 1, "largest": 3e-7}
    assert record["gpu"] == {}


def test_running_again_changes_nothing_but_another_cpu_does(root):
    before = record_of(root)
    again = runs(root)
    for _, what in again:
        what["seconds"] = 9.0
    verified.update(again, [])
    assert record_of(root) == before

    verified.update(runs(root, cpu="Another"), [])
    after = record_of(root)
    assert {e["cpu"] for e in after["environments"].values()} == {"Another"}


@pytest.mark.parametrize("half", programs.FRAMEWORKS)
def test_a_changed_program_is_stale_until_both_have_run(root, half):
    write(root, half, one="1.5", two="3.5")
    [problem] = verified.problems(root)
    assert "docs/en/toys/toy.md" in problem
    assert f"{half} program [two]" in problem
    assert "make outputs" in problem

    # MXNet may be missing where PyTorch's half is run, or the other way round.
    verified.update(runs(root, only=[half]), [])
    [problem] = verified.problems(root)
    assert "program [two]: the twins have not run together" in problem
    other = {"torch": "mxnet", "mxnet": "torch"}[half]
    assert set(record_of(root)[other]) == {"one", "two"}

    verified.update(runs(root), [])
    assert verified.problems(root) == []


def test_a_changed_output_is_stale(root):
    text = file_of(root, "torch").read_text()
    file_of(root, "torch").write_text(text.replace("```text\n1.5", "```text\n1.6"))
    [problem] = verified.problems(root)
    assert "torch program [one]: it or its output has changed" in problem


def test_a_program_without_a_record_is_named(root):
    write(root, "torch", one="1.5", two="2.5", three="3.5")
    [problem] = verified.problems(root)
    assert "torch program [three]: no record in toy.verified.json" in problem
    (root / "snippets/toys/toy.verified.json").unlink()
    verified.read.cache_clear()
    assert len(verified.problems(root)) == 5


def test_a_record_of_no_program_is_named_and_goes_with_the_next_run(root):
    for framework in programs.FRAMEWORKS:
        write(root, framework, one="1.5")
    problems = verified.problems(root)
    assert len(problems) == 3  # an entry of each half, and a difference
    assert all("[two]: toy.verified.json records it, but" in p for p in problems)
    verified.update(runs(root), [])
    assert verified.problems(root) == []
    for framework in programs.FRAMEWORKS:
        file_of(root, framework).unlink()
    assert "there is none" in verified.problems(root)[0]


@pytest.mark.parametrize(
    ("pin", "moved"),
    [("torch==2.13.0", "torch==2.14.0"), ("numpy==1.26", "numpy==1.25")],
)
def test_other_versions_than_those_pinned_are_stale(root, pin, moved):
    constraints = root / "constraints.txt"
    constraints.write_text(constraints.read_text().replace(pin, moved))
    problems = verified.problems(root)
    assert len(problems) == (2 if "torch" in pin else 4)
    assert "torch program [one]: it ran with " in problems[0]
    assert moved.partition("==")[2] in problems[0]


def test_a_run_on_a_gpu_is_kept_until_the_program_changes(root):
    verified.update([], gpu_runs(root))
    assert verified.problems(root) == []
    entry = record_of(root)["gpu"]["one"]
    assert entry | {"run": "", "environment": ""} == {
        "run": "",
        "environment": "",
        "seconds": 0.12,
        "gpu": "A GPU",
        "numbers": 1,
        "largest": 2e-7,
    }
    verified.update(runs(root), [])
    assert "one" in record_of(root)["gpu"]

    write(root, "torch", one="4.5", two="2.5")
    assert len(verified.problems(root)) == 2  # the run on the CPU, that on the GPU
    verified.update(runs(root), [])
    assert record_of(root)["gpu"] == {}


def test_the_stamp_says_what_is_recorded(root):
    one, two = programs.load(file_of(root, "torch"), root)
    verified.update([], gpu_runs(root))
    assert verified.stamp(two, "en") == (
        "Ran with PyTorch 2.13.0, NumPy 1.26.4, Python 3.11.7 on A CPU: 0.12 s of CPU "
        "time after imports; not run on a GPU. It shows one number, within 3e-07 of "
        "MXNet's (relative above 1)."
    )
    assert (
        "; on A GPU with PyTorch 2.13.0, NumPy 1.26.4, Python 3.11.7: 0.12 s, its "
        "numbers within 2e-07 of the CPU's" in verified.stamp(one, "en")
    )
    assert "not run" not in verified.stamp(one, "en")
    assert "未在 GPU 上运行" in verified.stamp(two, "zh")
    assert "在 A GPU 上用 PyTorch" in verified.stamp(one, "zh")
    mxnet = programs.load(file_of(root, "mxnet"), root)[0]
    assert "与 PyTorch 的相差不超过 3e-07" in verified.stamp(mxnet, "zh")
    assert "not run on a GPU" in verified.stamp(mxnet, "en")

    one.output = "2.0\n"
    assert verified.stamp(one, "en") == verified.TEXT["en"]["stale"]


@pytest.mark.parametrize(
    ("ours", "theirs", "says"),
    [
        ([1.0, 2.0], [1.0, 2.0], "It shows 2 numbers, equal to MXNet's."),
        ([1.0, 2.0], [1.0], "It shows 2 numbers, different from MXNet's."),
        ([], [], "not run on a GPU."),
    ],
)
def test_the_stamp_says_how_far_the_twin_is(root, ours, theirs, says):
    program = programs.load(file_of(root, "torch"), root)[0]
    twin = programs.load(file_of(root, "mxnet"), root)[0]
    verified.update(
        [(program, found("torch", ours)), (twin, found("mxnet", theirs))], []
    )
    assert verified.stamp(program, "en").endswith(says)


@pytest.mark.parametrize(
    ("ours", "theirs", "largest"),
    [
        ([0.0, 0.5], [1e-9, 0.5], 1e-9),  # absolute up to 1
        ([2000.0], [2001.0], 1 / 2001),  # relative above
        ([-2.0], [2.0], 2.0),
        ([math.inf, math.nan], [math.inf, math.nan], 0.0),
        ([math.inf], [-math.inf], None),
        ([math.nan], [1.0], None),
        ([1.0], [], None),
        ([], [], 0.0),
    ],
)
def test_the_difference(ours, theirs, largest):
    assert verified.largest_difference(ours, theirs) == largest


def test_what_a_program_shows_is_watched_before_it_is_rounded(capsys):
    source = (
        "import numpy\n"
        "x = numpy.float32(1) / 3\n"
        "print(f'{x:.2f} and {[0.25, True, \"7.5\"]} of {x!r:>{12}}')\n"
        "print(numpy.arange(2), {'a': (2, None)}, 'b')\n"
    )
    watched = watch.Watch()
    exec(watched.compile(source, "program.py"), watched.names())
    third = float(1 / 3 * 1.0)
    assert watched.numbers == pytest.approx([third, 0.25, third, 0, 1, 2], rel=1e-7)
    assert watched.numbers[0] != 0.33
    printed = capsys.readouterr().out
    names = {}
    exec(source, names)
    assert capsys.readouterr().out == printed


def test_what_looks_like_a_tensor_is_no_number():
    class Dtype:  # as torch.dtype, on which a first version stumbled
        is_floating_point = True

    watched = watch.Watch()
    exec(watched.compile("f'{dtype}'", ""), watched.names() | {"dtype": Dtype()})
    assert watched.numbers == []
