"""Weights between frameworks in PyTorch. MXNet twin: why_mxnet_mxnet.py."""

import numpy
import torch
from torch import nn


def _stored(net: nn.Module) -> dict:
    """Map names to what holds the values, in an order that both frameworks share."""
    stored = net.state_dict()  # its tensors share memory with the network
    # Batch norm counts its batches here; MXNet has no such counter.
    return {n: t for n, t in stored.items() if not n.endswith("num_batches_tracked")}


def parameters_to_arrays(net: nn.Module) -> dict[str, numpy.ndarray]:
    r"""Copy the parameters and running statistics of a network into NumPy arrays.

    $$f_{\mathrm{torch}}(x; \theta) = f_{\mathrm{mxnet}}(x; \theta)
      \quad \text{for all } x$$

    The arrays are $\theta$: what the function of a trained network depends on.

    Args:
        net: A network of which every parameter has its shape and its values.

    Returns:
        {name: array}, copies, dtypes kept. A name is the place of the layer and the
        role of the array in it, "1.running_mean"; equal nets have equal names.

    Raises:
        ValueError: A parameter has no shape or no values yet.

    Source:
        The file format of MXNet's Block.save_parameters, names by PyTorch's state_dict.
    """
    arrays = {}
    for name, tensor in _stored(net).items():
        if nn.parameter.is_lazy(tensor):
            raise ValueError(
                f"every parameter must have values, {name} has none yet; "
                "run the network once on a batch, or give the input sizes"
            )
        arrays[name] = tensor.detach().cpu().numpy().copy()
    return arrays


def arrays_to_parameters(net: nn.Module, arrays: dict[str, numpy.ndarray]) -> None:
    r"""Load arrays into a network, all of them or, after an error, none.

    $$\theta_{\mathrm{net}} \leftarrow \theta$$

    Args:
        net: The network that takes the values, built of the same layers in the same
            order as the one that gave them.
        arrays: {name: array}, from parameters_to_arrays in either framework; a file
            opened by numpy.load serves too.

    Returns:
        None; the values of net have changed.

    Raises:
        ValueError: A name is missing or unknown, or a shape or dtype is not that of
            the parameter; nothing has been loaded then.

    Source:
        Our own; torch's load_state_dict and MXNet's load_parameters keep what they
        loaded before the error.
    """
    wanted = parameters_to_arrays(net)
    arrays = {name: numpy.asarray(arrays[name]) for name in arrays}
    missing = [name for name in wanted if name not in arrays]
    unknown = [name for name in arrays if name not in wanted]
    if missing or unknown:
        raise ValueError(
            f"arrays must have exactly the names of net, missing: {missing}, "
            f"unknown: {unknown}; build the same layers in the same order"
        )
    for name, own in wanted.items():
        new = arrays[name]
        if (new.shape, new.dtype) != (own.shape, own.dtype):
            raise ValueError(
                f"{name} must be {own.dtype} of shape {own.shape}, got {new.dtype} "
                f"of shape {new.shape}; compare the sizes, or cast with astype"
            )
    for name, tensor in _stored(net).items():
        tensor.copy_(torch.tensor(arrays[name]))
