"""Reverse-mode automatic differentiation in MXNet. PyTorch twin: autograd_torch.py."""

import numpy

numpy.bool = numpy.bool_  # MXNet 1.9.1 reads numpy.bool, which NumPy 1.24 removed.
from mxnet import np, npx

npx.set_np()


class Variable:
    r"""Hold a value and write every operation on it to a tape.

    $$v_k = f_k\big((v_j)_{j \in P(k)}\big), \qquad
      \bar v_j = \sum_{k :\, j \in P(k)}
      \Big(\frac{\partial v_k}{\partial v_j}\Big)^{\!\top} \bar v_k$$

    Args:
        value: Any shape, floating point. The framework's own autograd is not used.
        tape: The list that this variable joins; its operands are in it already.
        name: What a drawing of the tape shows: an input's name, or the operation.
        operands: One pair (operand, vjp) per use of an operand; vjp maps the gradient
            of this variable to the share that this use adds to the operand's.

    Raises:
        ValueError: value is not floating point, or empty.

    Source:
        Baydin et al. 2018, arXiv:1502.05767, section 3.2. The paper differentiates
        numbers; here each variable is an array.
    """

    def __init__(self, value: np.ndarray, tape: list, name: str = "", operands=()):
        if not numpy.issubdtype(value.dtype, numpy.floating) or 0 in value.shape:
            raise ValueError(
                f"value must be floating point, got {numpy.dtype(value.dtype)} "
                f"of shape {tuple(value.shape)}; convert it to float32 or float64, a "
                "gradient is rarely a whole number, and leave no axis empty"
            )
        self.value, self.tape, self.name, self.operands = value, tape, name, operands
        self.grad = None
        tape.append(self)

    def __add__(self, other):
        a, b = self, self._on_same_tape(other)
        vjps = (a, lambda g: g), (b, lambda g: g)
        return Variable(a.value + b.value, self.tape, "+", vjps)

    def __mul__(self, other):
        a, b = self, self._on_same_tape(other)
        vjps = (a, lambda g: g * b.value), (b, lambda g: g * a.value)
        return Variable(a.value * b.value, self.tape, "*", vjps)

    __radd__, __rmul__ = __add__, __mul__

    def __matmul__(self, other):
        a, b = self, self._on_same_tape(other)  # (n, k), (k, m)
        shapes = a.value.shape, b.value.shape
        if [len(s) for s in shapes] != [2, 2] or shapes[0][1] != shapes[1][0]:
            raise ValueError(
                f"@ takes two matrices, got shapes {tuple(a.value.shape)} and "
                f"{tuple(b.value.shape)}; as many columns as the other has rows, and "
                "vectors as (a * b).sum()"
            )
        vjps = (a, lambda g: g @ b.value.T), (b, lambda g: a.value.T @ g)
        return Variable(a.value @ b.value, self.tape, "@", vjps)

    def sum(self):
        vjps = ((self, lambda g: g * np.ones_like(self.value)),)
        return Variable(self.value.sum(), self.tape, "sum", vjps)

    def exp(self):
        y = np.exp(self.value)
        return Variable(y, self.tape, "exp", ((self, lambda g: g * y),))

    def tanh(self):
        y = np.tanh(self.value)
        return Variable(y, self.tape, "tanh", ((self, lambda g: g * (1 - y * y)),))

    def backward(self, cotangent: np.ndarray | None = None) -> None:
        """Give every variable on the tape the gradient of this one as its grad.

        Args:
            cotangent: Shape of value. Weight of each entry; a number has weight 1.

        Raises:
            ValueError: cotangent does not have the shape of value.
        """
        if cotangent is None and self.value.ndim == 0:
            cotangent = np.ones_like(self.value)
        if cotangent is None or cotangent.shape != self.value.shape:
            got = "none" if cotangent is None else tuple(cotangent.shape)
            raise ValueError(
                f"cotangent must have the shape of value {tuple(self.value.shape)}, "
                f"got {got}; pass one, or start from a number such as y.sum()"
            )
        for variable in self.tape:
            variable.grad = None
        self.grad = cotangent
        for variable in reversed(self.tape):
            if variable.grad is None:  # not on the way to self; 0 * inf would be nan
                continue
            for operand, vjp in variable.operands:
                share = _unbroadcast(vjp(variable.grad), operand.value.shape)
                # Not +=, which would write into a gradient that "+" has passed on.
                operand.grad = share if operand.grad is None else operand.grad + share

    def _on_same_tape(self, other):
        if not isinstance(other, Variable):
            constant = np.array(other, dtype=self.value.dtype)
            return Variable(constant, self.tape, str(other))
        if other.tape is not self.tape:
            raise ValueError(
                "both operands must be on the same tape, got two tapes; make all "
                "variables of one computation with the same list"
            )
        return other


def _unbroadcast(grad: np.ndarray, shape: tuple) -> np.ndarray:
    """Sum a gradient over the axes that broadcasting added or repeated."""
    while grad.ndim > len(shape):
        grad = grad.sum(axis=0)
    for axis, size in enumerate(shape):
        if size == 1:
            grad = grad.sum(axis=axis, keepdims=True)
    return grad  # of the given shape
