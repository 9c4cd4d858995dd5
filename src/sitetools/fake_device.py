"""A device for PyTorch that is none: TWINNOTES_DEVICE=fake, where there is no GPU.

It computes on the CPU and refuses what a GPU refuses: to meet a CPU tensor that has
dimensions, to be read by NumPy, to draw from a generator of the CPU. Its random numbers
are its own, and a tensor that is printed as a whole says where it lies. What runs on it
names no device and does not depend on one, rounding errors apart.
"""

import torch
from torch.utils import backend_registration

NAME = "fake"
_CPU = torch.device("cpu")


class _Backend:
    """What PyTorch asks a device for as a whole; torch.manual_seed seeds it."""

    generator = torch.Generator(_CPU)

    def is_available(self):
        return True

    def device_count(self):
        return 1

    def current_device(self):
        return 0

    def _is_in_bad_fork(self):
        return False

    def manual_seed_all(self, seed):
        self.generator.manual_seed(seed + 1)


class Away(torch.Tensor):
    """A tensor that says it is on the device; `held`, on the CPU, has its numbers."""

    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, held):
        return torch.Tensor._make_wrapper_subclass(
            cls,
            held.shape,
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            device=f"{NAME}:0",
        )

    def __init__(self, held):
        self.held = held

    @classmethod
    def __torch_dispatch__(cls, op, types, args=(), kwargs=None):
        return _compute(op, *args, **(kwargs or {}))

    # What PyTorch does not do for subclasses, or would do with the wrapper.

    @property
    def data(self):
        return Away(self.held.detach())

    @data.setter
    def data(self, value):
        torch.Tensor.data.__set__(self, value)
        self.held = value.held

    def tolist(self):
        return self.held.tolist()

    def data_ptr(self):
        return self.held.data_ptr()

    def __format__(self, spec):
        return format(self.held.detach(), spec) if self.dim() == 0 else repr(self)

    def __reduce_ex__(self, protocol):
        return self.held.detach().__reduce_ex__(protocol)

    def __repr__(self):
        return repr(self.held)[:-1] + f", device='{self.device}')"


def _leaves(value):
    if isinstance(value, (list, tuple)):
        return [leaf for item in value for leaf in _leaves(item)]
    return [value]


def _each(change, value):
    if isinstance(value, (list, tuple)):
        return type(value)(_each(change, item) for item in value)
    return change(value)


def _held(value):
    return value.held if isinstance(value, Away) else value


def _compute(op, *args, **options):
    """Do on the CPU what was asked of the device; what comes out lies there again."""
    leaves = [*_leaves(args), *_leaves(tuple(options.values()))]
    tensors = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]
    device = options.get("device")
    away = any(isinstance(tensor, Away) for tensor in tensors)
    if device is not None:
        away = torch.device(device).type == NAME
        options["device"] = _CPU if away else device
    elif op.name() != "aten::copy_":
        for tensor in tensors:
            if tensor.dim() and not isinstance(tensor, Away):
                raise RuntimeError(
                    f"Expected all tensors to be on the same device, got at least two, "
                    f"{NAME} and cpu, in {op.name()}"
                )
    if away and any(isinstance(leaf, torch.Generator) for leaf in leaves):
        raise RuntimeError(f"Expected a '{NAME}' generator but found 'cpu'")
    args = _each(_held, args)
    options = {name: _each(_held, value) for name, value in options.items()}
    draws = away and torch.Tag.nondeterministic_seeded in op.tags
    out = _draw(op, args, options) if draws else op(*args, **options)
    known = {id(t.held): t for t in tensors if isinstance(t, Away)}

    def place(value):
        if not (away and isinstance(value, torch.Tensor)):
            return value
        tensor = known.get(id(value))
        if tensor is None:
            return Away(value)
        if tensor.shape != value.shape:  # it was the `out` of the operation
            torch.Tensor.data.__set__(tensor, Away(value))
        return tensor

    return _each(place, out)


def _draw(op, args, options):
    """Draw from the device's own generator."""
    others = torch.get_rng_state()
    torch.set_rng_state(_Backend.generator.get_state())
    try:
        return op(*args, **options)
    finally:
        _Backend.generator.set_state(torch.get_rng_state())
        torch.set_rng_state(others)


def _empty(op):
    return lambda *args, **options: _compute(op, *args, **options | {"device": NAME})


def _copy_from(source, target, non_blocking=False):
    _held(target).copy_(_held(source))
    return target


# Everything else has a tensor among its arguments, and comes by __torch_dispatch__.
backend_registration._setup_privateuseone_for_python_backend(NAME, _Backend())
_library = torch.library.Library("aten", "IMPL")
for _op in (torch.ops.aten.empty.memory_format, torch.ops.aten.empty_strided.default):
    _library.impl(_op.name().removeprefix("aten::"), _empty(_op), "PrivateUse1")
_library.impl("_copy_from", _copy_from, "PrivateUse1")
