"""TWINNOTES_DEVICE: the device on which PyTorch computes while the programs are tested.

No program names a device. PyTorch makes every new tensor on the default device, which
`use` sets. Only NumPy cannot read a GPU: there, `Tensor.numpy` first copies to the CPU,
as a reader with a GPU would write it, `x.cpu().numpy()`.
"""

import os
import subprocess
import sys

NAME = "TWINNOTES_DEVICE"


def wanted() -> str | None:
    """The device that the environment names, None for the CPU."""
    name = os.environ.get(NAME, "")
    return None if name in ("", "cpu") else name


def use(name: str) -> None:
    """Let PyTorch compute on a device, for the rest of this process."""
    import torch

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
    code = f"import torch; (torch.ones(1, device={name!r}) + 1).item()"
    asked = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    if asked.returncode == 0:
        return None
    reason = (asked.stderr.strip().splitlines() or ["it gave no reason"])[-1]
    return (
        f"{NAME} must name a device on which PyTorch computes here, got {name!r} "
        f"({reason}); leave it away for the CPU, or try 'cuda' where there is a GPU "
        "and a PyTorch built for it"
    )
