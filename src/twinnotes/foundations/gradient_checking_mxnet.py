"""Gradient checking in MXNet. PyTorch twin: gradient_checking_torch.py."""

from collections.abc import Callable

import numpy

numpy.bool = numpy.bool_  # MXNet 1.9.1 reads numpy.bool, which NumPy 1.24 removed.
from mxnet import autograd, np, npx

npx.set_np()


def central_difference(
    function: Callable, x: np.ndarray, step: float = 6e-6
) -> np.ndarray:
    r"""Estimate a gradient from function values on both sides of x, entry by entry.

    $$g_i = \frac{f(x + h e_i) - f(x - h e_i)}{2h}$$

    Args:
        function: f, maps x to a float64 number of shape (), the same at every call. It
            is called once at x and twice for each entry of x.
        x: Any shape, float64. The point, which is not changed.
        step: h, in the unit of x. The default, the cube root of the machine epsilon,
            suits functions that change on a scale of 1.

    Returns:
        Shape of x, float64, in the unit of f per unit of x.

    Raises:
        ValueError: x or function(x) is not float64, function(x) is not a number, or
            step is not positive or too small to change some entry of x.

    Source:
        Press et al. 1992, Numerical Recipes in C, 2nd ed., section 5.7, eqs. (5.7.7)
        and (5.7.8).
    """
    if x.dtype != np.float64:
        raise ValueError(
            f"x must be float64, got {numpy.dtype(x.dtype)}; convert x and all that "
            "function uses, in float32 rounding drowns small errors of a gradient"
        )
    point = x.asnumpy()
    if not (step > 0 and numpy.all(point + step > point)):
        raise ValueError(
            f"step must be positive and change every entry of x, got {step}; scale it "
            "with x, about 6e-6 times the size of its entries"
        )
    y = function(np.array(point))
    if y.dtype != np.float64 or y.ndim != 0:
        raise ValueError(
            f"function must return a float64 number, got {numpy.dtype(y.dtype)} of "
            f"shape {tuple(y.shape)}; multiply by a random cotangent and sum, and "
            "convert parameters to float64"
        )
    gradient = numpy.zeros_like(point)
    for index in numpy.ndindex(point.shape):
        above, below = point.copy(), point.copy()
        above[index] += step
        below[index] -= step
        change = function(np.array(above)) - function(np.array(below))  # ()
        # Divide by the step that was taken: x + h is rounded, far from 0 visibly.
        gradient[index] = change.item() / (above[index] - below[index])
    return np.array(gradient)


def gradient_check(
    function: Callable, x: np.ndarray, step: float = 6e-6, floor: float = 1e-3
) -> float:
    r"""Compare the gradient that autograd computes with central differences.

    $$r = \max_i \frac{|a_i - g_i|}{\max(|a_i|, |g_i|, \delta)}$$

    Args:
        function: f, maps x to a float64 number of shape (), as in central_difference.
        x: Any shape, float64. The point, away from kinks by more than step.
        step: h, in the unit of x, as in central_difference.
        floor: delta, in the unit of the gradient; entries below it in size are compared
            absolutely, because the noise of a difference is not relative.

    Returns:
        The largest relative error r: below 1e-8 for a right gradient at scale 1, near 1
        for most wrong ones; nan if a gradient has a nan. Test r < 1e-6, false for nan.

    Raises:
        ValueError: As central_difference; or x is empty, or floor not positive and
            finite.

    Source:
        Goodfellow, Bengio & Courville 2016, Deep Learning, section 11.5; the floor is
        ours.
    """
    if 0 in x.shape:
        raise ValueError(
            f"x must have an entry, got shape {tuple(x.shape)}; with none nothing is "
            "compared"
        )
    if not 0 < floor < numpy.inf:
        raise ValueError(
            f"floor must be positive and finite, got {floor}; take a small part of the "
            "gradient's size"
        )
    numeric = central_difference(function, x, step).asnumpy()
    leaf = x.copy()
    leaf.attach_grad()
    training = autograd.is_training()  # record() alone would turn dropout on here
    with autograd.record(train_mode=training):
        y = function(leaf)
    y.backward(train_mode=training)
    analytic = leaf.grad.asnumpy()
    size = numpy.maximum(numpy.maximum(abs(analytic), abs(numeric)), floor)
    return float((abs(analytic - numeric) / size).max())
