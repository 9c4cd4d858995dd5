"""Weights between frameworks in MXNet. PyTorch twin: why_mxnet_torch.py."""

import numpy

numpy.bool = numpy.bool_  # MXNet 1.9.1 reads numpy.bool, which NumPy 1.24 removed.
from mxnet import np, npx
from mxnet.gluon import nn

npx.set_np()


def _stored(net: nn.Block) -> dict:
    """Map names to what holds the values, in an order that both frameworks share."""
    stored = net._collect_params_with_prefix()  # what save_parameters writes
    torch_roles = {"gamma": "weight", "beta": "bias"}
    parts = [(*name.rpartition("."), p) for name, p in stored.items()]
    return {a + dot + torch_roles.get(role, role): p for a, dot, role, p in parts}


def parameters_to_arrays(net: nn.Block) -> dict[str, numpy.ndarray]:
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
    for name, parameter in _stored(net).items():
        if parameter._data is None:
            raise ValueError(
                f"every parameter must have values, {name} has none yet; "
                "run the network once on a batch, or give the input sizes"
            )
        arrays[name] = parameter.data().asnumpy()
    return arrays


def arrays_to_parameters(net: nn.Block, arrays: dict[str, numpy.ndarray]) -> None:
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
    for name, parameter in _stored(net).items():
        parameter.set_data(np.array(arrays[name], dtype=arrays[name].dtype))
