"""TWINNOTES_DEVICE: what a GPU refuses is refused, and programs run without naming it.

The fake device stands for a GPU. `TWINNOTES_DEVICE=fake make test` runs everything on
it; here are a program of every chapter and the refusals themselves.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from frameworks import need
from sitetools import device, outputs, programs
from sitetools.runner import Runner

ROOT = Path(__file__).parents[2]
SAMPLE = [
    "foundations/norms [scratch]",
    "foundations/autograd [tape]",
    "probability_numerics/gaussian_mle [scratch]",
    "linear_networks/softmax_regression [scratch]",
    "mlp/mlp [scratch]",
]


@pytest.fixture(scope="module")
def runner():
    need("torch")
    runner = Runner()
    yield runner
    runner.close()


def run(runner, code, name=device.FAKE):
    path = ROOT / "snippets/foundations/norms_torch.md"
    program = programs.Program(path, "toy", [], 1, None, code=code)
    [result] = runner.run([program], device=name)
    return result


@pytest.mark.parametrize("name", SAMPLE)
def test_a_program_prints_the_same_on_the_fake_device(runner, name):
    concept, section = name.removesuffix("]").split(" [")
    loaded = programs.load(ROOT / f"snippets/{concept}_torch.md", ROOT)
    [program] = [p for p in loaded if p.section == section]
    [result] = runner.run([program], device=device.FAKE)
    assert (result.status, result.stderr) == (0, "")
    assert not outputs.differences(program.output, result.stdout)


HEAD = "import numpy, torch\nx = torch.tensor([1.0, 2.0], requires_grad=True)\n"


@pytest.mark.parametrize(
    ("code", "shows"),
    [
        ("print(x.device, torch.zeros(2).device, x.detach() * 2)", "fake:0 fake:0 ten"),
        ("(x * x).sum().backward()\nprint(x.grad.numpy(), x.grad.device)", "[2. 4.] f"),
        ("print(numpy.asarray(x.detach()).sum() + x.sum().item())", "6.0"),
        ("x.numpy()", "Can't call numpy() on Tensor that requires grad"),
        ("x + torch.ones(2, device='cpu')", "on the same device"),
        ("print((x + torch.tensor(1.0, device='cpu')).tolist())", "[2.0, 3.0]"),
        ("print(x.detach().to('meta').device)", "meta"),
        ("torch.rand(2, generator=torch.Generator())", "'fake' generator but found"),
        (
            "torch.manual_seed(0)\na = torch.rand(2)\nb = torch.rand(2, device='cpu')\n"
            "torch.manual_seed(0)\nc = torch.rand(2)\n"
            "print((a == c).all().item(), a.cpu() == b)",
            "True tensor([False, False])",
        ),
        ("w = torch.nn.Linear(2, 1).double()\nprint(w.weight.dtype)", "torch.float64"),
    ],
)
def test_the_fake_device_is_as_strict_as_a_gpu(runner, code, shows):
    result = run(runner, HEAD + code)
    assert shows in result.stdout + result.stderr


def test_the_next_program_is_on_the_cpu_again(runner):
    run(runner, HEAD)
    assert run(runner, HEAD + "print(x.device)", None).stdout == "cpu\n"


@pytest.mark.parametrize("name", ["gpu", "meta"])
def test_another_device_is_refused_in_one_line_before_anything_runs(name):
    need("torch")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--codeblocks", "snippets/foundations"],
        cwd=ROOT,
        env={**os.environ, device.VARIABLE: name},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 4
    said = (done.stdout + done.stderr).strip()
    assert said.startswith(f"ERROR: {device.VARIABLE} must name a device")
    assert f"got {name!r}" in said
    assert len(said.splitlines()) == 1


def test_the_fake_device_is_never_recorded(monkeypatch):
    need("torch")
    monkeypatch.setenv(device.VARIABLE, device.FAKE)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--update-outputs"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 4
    assert "'fake' is none" in done.stderr


def test_what_runs_on_the_cpu_only_exists():
    for title in [*device.ON_CPU_ONLY, *device.NOT_ON_FAKE]:
        stem, section = title.removesuffix("]").split(" [")
        [path] = ROOT.glob(f"snippets/*/{stem}.md")
        assert section in [p.section for p in programs.load(path, ROOT)]
