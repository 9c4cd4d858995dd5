"""The only code that knows both frameworks: arrays in, arrays out, gradients."""

import numpy as np
import pytest

from sitetools import availability, device


def need(*names):
    """Go on only where these frameworks run; where one must, its lack is a failure.

    MXNet exists for few platforms, so elsewhere its half is left out, with the reason.
    """
    for name in names:
        if reason := availability.missing(name):
            end = pytest.fail if availability.required(name) else pytest.skip
            end(reason)


class Torch:
    """PyTorch, as the tests use it."""

    name = "torch"

    def __init__(self):
        import torch

        if name := device.wanted():
            device.use(name)
        self.module = torch

    def array(self, values):
        """Make a tensor that holds a copy of a NumPy array, same dtype."""
        return self.module.tensor(np.asarray(values))

    def numpy(self, tensor):
        """Copy a tensor into a NumPy array."""
        return tensor.detach().numpy().copy()

    def vjp(self, function, arrays, cotangent):
        """Value, and the vector-Jacobian product with the cotangent, per argument."""
        xs = [self.array(a).requires_grad_() for a in arrays]
        y = function(*xs)
        y.backward(self.array(cotangent))
        return self.numpy(y), [self.numpy(x.grad) for x in xs]


class MXNet:
    """Apache MXNet, as the tests use it."""

    name = "mxnet"

    def __init__(self):
        import warnings

        import numpy

        if "bool" not in vars(numpy):  # removed in NumPy 1.24, read by MXNet 1.9.1
            numpy.bool = numpy.bool_
        with warnings.catch_warnings():
            # NumPy and distutils deprecations of a library that is not maintained.
            warnings.simplefilter("ignore", DeprecationWarning)
            import mxnet

        mxnet.npx.set_np()
        self.module = mxnet

    def array(self, values):
        """Make an array that holds a copy of a NumPy array, same dtype."""
        values = np.asarray(values)
        return self.module.np.array(values, dtype=values.dtype)

    def numpy(self, array):
        """Copy an array into a NumPy array."""
        return array.asnumpy()

    def vjp(self, function, arrays, cotangent):
        """Value, and the vector-Jacobian product with the cotangent, per argument."""
        xs = [self.array(a) for a in arrays]
        for x in xs:
            x.attach_grad()
        with self.module.autograd.record():
            y = function(*xs)
        y.backward(self.array(cotangent))
        return self.numpy(y), [self.numpy(x.grad) for x in xs]


def numeric_vjp(reference, arrays, cotangent, step=1e-6):
    """Vector-Jacobian product of a float64 NumPy function by central differences."""
    grads = []
    for i, array in enumerate(arrays):
        grad = np.zeros_like(array)
        for index in np.ndindex(array.shape):
            moved = [a.copy() for a in arrays]
            moved[i][index] = array[index] + step
            above = reference(*moved)
            moved[i][index] = array[index] - step
            below = reference(*moved)
            grad[index] = np.sum(cotangent * (above - below)) / (2 * step)
        grads.append(grad)
    return grads


def assert_matches(framework, function, reference, *arrays):
    """Assert the value and vector-Jacobian product of a float64 NumPy reference."""
    expected = np.asarray(reference(*arrays))
    # A random cotangent, not ones: d sum(softmax(x))/dx is 0 for any softmax.
    cotangent = np.asarray(np.random.default_rng(1).standard_normal(expected.shape))
    value, grads = framework.vjp(function, arrays, cotangent)
    assert (value.shape, value.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-12)
    wanted = numeric_vjp(reference, arrays, cotangent)
    for i, (got, want) in enumerate(zip(grads, wanted, strict=True)):
        message = f"gradient of argument {i}"
        np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-7, err_msg=message)
