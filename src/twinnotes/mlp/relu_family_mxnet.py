"""ReLU, its relatives and softplus in MXNet. PyTorch twin: relu_family_torch.py."""

import numpy

numpy.bool = numpy.bool_  # MXNet 1.9.1 reads numpy.bool, which NumPy 1.24 removed.
from mxnet import np, npx

npx.set_np()


def relu(x: np.ndarray) -> np.ndarray:
    r"""Keep positive numbers and replace all others by 0.

    $$\operatorname{relu}(x) = \max(0, x)$$

    Args:
        x: Any shape. Floating-point numbers.

    Returns:
        Shape, dtype and unit of x; nan stays nan. The derivative is 1 where x > 0 and
        0 where x < 0; at 0, where there is none, it comes out as 0.

    Source:
        Glorot, Bordes & Bengio 2011, AISTATS, PMLR 15:315-323.
    """
    return np.where(x <= 0, np.zeros_like(x), x)


def leaky_relu(x: np.ndarray, slope: float = 0.01) -> np.ndarray:
    r"""Keep positive numbers and shrink all others by a fixed factor.

    $$\operatorname{leaky}(x) = \max(0, x) + a \min(0, x)$$

    Args:
        x: Any shape. Floating-point numbers.
        slope: a, the derivative where x < 0, and at 0 too.

    Returns:
        Shape, dtype and unit of x.

    Raises:
        ValueError: x does not hold floating-point numbers.

    Source:
        Maas, Hannun & Ng 2013, Rectifier Nonlinearities Improve Neural Network Acoustic
        Models, ICML workshop WDLASL.
    """
    _require_floating_point(x)
    return np.where(x <= 0, slope * x, x)


def prelu(x: np.ndarray, slope: np.ndarray) -> np.ndarray:
    r"""Apply leaky ReLU with slopes that are learned along with the weights.

    $$f(x_j) = \max(0, x_j) + a_j \min(0, x_j), \qquad
      \frac{\partial f(x_j)}{\partial a_j} = \min(0, x_j)$$

    Args:
        x: (..., d). Floating-point numbers, one feature per entry of the last axis.
        slope: (1,) for one slope that all features share, or (d,) for one per feature.

    Returns:
        (..., d), dtype and unit of x.

    Raises:
        ValueError: slope has another shape, or x does not hold floating-point numbers.

    Source:
        He, Zhang, Ren & Sun 2015, arXiv:1502.01852, eq. (1), one slope per channel.
    """
    _require_floating_point(x)
    d = x.shape[-1] if x.ndim else 1
    if tuple(slope.shape) not in {(1,), (d,)}:
        raise ValueError(
            f"slope must have shape (1,) or ({d},), one per feature of x "
            f"{tuple(x.shape)}, got {tuple(slope.shape)}; move the features to the "
            "last axis, or share one slope"
        )
    # Not slope * x: an infinite x times the cotangent 0 would be nan for the slope.
    negative = np.where(x <= 0, x, np.zeros_like(x))  # (..., d)
    return relu(x) + slope * negative


def maxout(pieces: np.ndarray, axis: int = -1) -> np.ndarray:
    r"""Take the largest of several affine functions of the same input.

    $$f(x) = \max_{1 \le j \le k} (w_j^\top x + b_j)$$

    Args:
        pieces: (..., k, ...). The k affine functions, computed by a dense layer.
        axis: The axis of length k >= 1 along which the largest is taken.

    Returns:
        Shape of pieces without axis, dtype and unit of pieces. Pieces that tie share
        the gradient evenly. An infinite maximum may come out as nan.

    Raises:
        ValueError: pieces has no such axis, or has an empty axis.

    Source:
        Goodfellow, Warde-Farley, Mirza, Courville & Bengio 2013, arXiv:1302.4389.
    """
    if not -pieces.ndim <= axis < pieces.ndim or 0 in pieces.shape:
        raise ValueError(
            f"pieces must have an axis {axis} and no empty axis, got shape "
            f"{tuple(pieces.shape)}; name the axis that numbers the pieces"
        )
    largest = pieces.detach().max(axis=axis, keepdims=True)  # (..., 1, ...)
    # The mean of the pieces that tie: max differs at a tie, PyTorch's from MXNet's.
    zero, one = np.zeros_like(pieces), np.ones_like(pieces)
    count = np.where(pieces == largest, one, zero).sum(axis=axis)
    return np.where(pieces == largest, pieces, zero).sum(axis=axis) / count


def softplus(x: np.ndarray) -> np.ndarray:
    r"""Smooth ReLU; the derivative is the sigmoid.

    $$\operatorname{softplus}(x) = \ln(1 + e^x) = \max(0, x) + \ln(1 + e^{-|x|})$$

    Args:
        x: Any shape. Floating-point numbers.

    Returns:
        Shape and dtype of x. Above 0, until e^x underflows.

    Raises:
        ValueError: x does not hold floating-point numbers.

    Source:
        Dugas, Bengio, Belisle, Nadeau & Garcia 2001, Incorporating Second-Order
        Functional Knowledge for Better Option Pricing, NIPS 13. The paper has no |x|.
    """
    _require_floating_point(x)
    # 0 belongs to the left branch here and in relu. With abs, whose derivative at 0
    # comes out as 0, softplus would get the derivative 0 there instead of 1/2.
    magnitude = np.where(x <= 0, -x, x)
    return relu(x) + np.log1p(np.exp(-magnitude))


def _require_floating_point(x: np.ndarray) -> None:
    if not numpy.issubdtype(x.dtype, numpy.floating):
        raise ValueError(
            f"x must hold floating-point numbers, got {numpy.dtype(x.dtype)}; convert "
            "it to float32"
        )
