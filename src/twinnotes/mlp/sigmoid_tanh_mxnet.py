"""Sigmoid, hard sigmoid and tanh in MXNet. PyTorch twin: sigmoid_tanh_torch.py."""

import numpy

numpy.bool = numpy.bool_  # MXNet 1.9.1 reads numpy.bool, which NumPy 1.24 removed.
from mxnet import np, npx

npx.set_np()


def sigmoid(x: np.ndarray) -> np.ndarray:
    r"""Map every number to between 0 and 1.

    $$\sigma(x) = \frac{1}{1 + e^{-x}} = \frac{e^x}{1 + e^x}$$

    Args:
        x: Any shape, floating-point numbers of any size; inf gives 1, -inf gives 0.

    Returns:
        Shape and dtype of x. Value and gradient keep their relative precision until
        they underflow.

    Raises:
        ValueError: x does not hold floating-point numbers.

    Source:
        Goodfellow, Bengio & Courville 2016, Deep Learning, section 3.10.
    """
    _require_floating_point(x)
    positive = x >= 0
    # Choose the exponent, not the result: a branch that overflows, though not chosen,
    # sends 0 * inf = nan into the gradient.
    z = np.exp(np.where(positive, -x, x))  # from 0 to 1
    return np.where(positive, np.ones_like(x), z) / (1 + z)


def tanh(x: np.ndarray) -> np.ndarray:
    r"""Map every number to between -1 and 1, keeping its sign.

    $$\tanh |x| = \frac{-t}{t + 2}, \qquad t = e^{-2 |x|} - 1$$

    Args:
        x: Any shape, floating-point numbers of any size.

    Returns:
        Shape and dtype of x, right to a few roundings. Near 0, 2 sigmoid(2 x) - 1
        would lose all digits.

    Raises:
        ValueError: x does not hold floating-point numbers.

    Source:
        fdlibm, s_tanh.c, Sun Microsystems 1993, which takes the formula for |x| < 1.
    """
    _require_floating_point(x)
    positive = x >= 0
    t = np.expm1(np.where(positive, -2 * x, 2 * x))  # from -1 to 0
    y = -t / (t + 2)  # tanh |x|
    return np.where(positive, y, -y)


def hard_sigmoid(x: np.ndarray, slope: float = 1 / 6) -> np.ndarray:
    r"""Replace the curve of the sigmoid by three straight lines.

    $$h(x) = \min(\max(a x + 1/2, 0), 1)$$

    Args:
        x: Any shape, floating-point numbers.
        slope: a > 0, the slope for |x| < 1 / (2 a); 1/4 is that of the sigmoid at 0.

    Returns:
        Shape and dtype of x. At the two kinks the gradient is the slope.

    Raises:
        ValueError: x does not hold floating-point numbers; slope is not positive and
            finite.

    Source:
        Gulcehre, Moczulski, Denil & Bengio 2016, arXiv:1603.00391, with slope 1/4;
        Howard et al. 2019, arXiv:1905.02244, with 1/6.
    """
    _require_floating_point(x)
    if not 0 < slope < float("inf"):
        raise ValueError(
            f"slope must be positive and finite, got {slope}; try 1/6, or -x for a "
            "line that falls"
        )
    return np.clip(slope * x + 0.5, 0, 1)


def _require_floating_point(x: np.ndarray) -> None:
    if not numpy.issubdtype(x.dtype, numpy.floating):
        raise ValueError(
            f"x must hold floating-point numbers, got {numpy.dtype(x.dtype)}; convert "
            "it to float32"
        )
