"""TWINNOTES_DEVICE: the device on which PyTorch computes in the tests and programs.

No program names a device. PyTorch makes every new tensor on the default device, which
`use` sets. Only NumPy cannot read a GPU: there, `Tensor.numpy` first copies to the CPU,
as a reader with a GPU would write it, `x.cpu().numpy()`. Where there is no GPU, `fake`
is a device that refuses what a GPU refuses (fake_device.py).
"""

import functools
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

VARIABLE = "TWINNOTES_DEVICE"
FAKE = "fake"

_INDEX = "an index out of range is no exception on a GPU, but ends the process"
_DRAWS = "it shows what a generator of the CPU draws"
ON_CPU_ONLY = {
    "tensors_torch [views]": "NumPy sees the memory of a CPU, and of no GPU",
    "traps_torch [indexing]": _INDEX,
    "traps_torch [losses]": _INDEX,
    "traps_torch [random]": _DRAWS,
    "dense_layers_torch [initialization]": _DRAWS,
    "depth_torch [defaults]": _DRAWS,
    "joint_distributions_torch [with-the-framework]": _DRAWS,
    "joint_distributions_torch [differences]": _DRAWS,
}
"""What shows something that is so on a CPU only, by the names of the tests."""

_LAZY = "PyTorch makes no lazy parameter on a device that is written in Python"
NO_LSTM = "PyTorch has an operation of its own for the LSTM of such a device"
NOT_ON_FAKE = {
    "layers_and_training_step_torch [sizes]": _LAZY,
    "dense_layers_torch [flatten]": _LAZY,
    "mlp_torch [arguments]": _LAZY,
    "traps_torch [layers]": NO_LSTM,
    "why_mxnet_torch [exercise-2]": NO_LSTM,
    "sigmoid_tanh_torch [gates]": NO_LSTM,
}
"""What a GPU should run and the fake device cannot."""


def wanted() -> str | None:
    """The device that the environment names, None for the CPU."""
    name = os.environ.get(VARIABLE, "")
    return None if name in ("", "cpu") else name


def unfit(title: str) -> str | None:
    """The reason why a PyTorch program does not run on the wanted device, or None."""
    if not wanted():
        return None
    fake = NOT_ON_FAKE if wanted() == FAKE else {}
    return ON_CPU_ONLY.get(title) or fake.get(title)


@functools.cache
def use(name: str) -> None:
    """Let PyTorch compute on a device, for the rest of this process."""
    import torch

    if name == FAKE:  # by its path: no program can import the project
        file = Path(__file__).with_name("fake_device.py")
        spec = importlib.util.spec_from_file_location("twinnotes_fake_device", file)
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    plain = torch.Tensor.numpy
    torch.set_default_device(name)
    torch.Tensor.numpy = lambda self, **options: plain(self.cpu(), **options)


def model(name: str) -> str:
    """The name of the hardware, NVIDIA H200, or else of the device."""
    import torch

    backend = getattr(torch, torch.device(name).type, None)
    return getattr(backend, "get_device_name", lambda device: device)(name)


def problem(name: str) -> str | None:
    """Say in one line why PyTorch cannot compute on a device, None if it can.

    Asks a new process: one that has touched a GPU cannot be forked any more.
    """
    if name == FAKE:
        return None
    code = f"import torch; (torch.ones(1, device={name!r}) + 1).item()"
    asked = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    if asked.returncode == 0:
        return None
    reason = (asked.stderr.strip().splitlines() or ["it gave no reason"])[-1]
    return (
        f"{VARIABLE} must name a device on which PyTorch computes here, got {name!r} "
        f"({reason}); try 'cuda' with a GPU and a PyTorch built for it, 'fake' without "
        "one, or nothing for the CPU"
    )
