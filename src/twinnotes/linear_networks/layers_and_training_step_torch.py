"""Trainable layers in PyTorch. MXNet twin: layers_and_training_step_mxnet.py."""

from collections.abc import Callable

import torch
from torch import Tensor


class Linear:
    r"""Own a weight and a bias, and map features with them when called.

    $$f(X) = X W^\top + b$$

    Args:
        weight: (out, in). Initial W; the layer trains a copy.
        bias: (out,). Initial b; the layer trains a copy.

    Raises:
        ValueError: weight is no matrix, empty or not floating point, or bias does not
            have one entry for each row of it.
    """

    def __init__(self, weight: Tensor, bias: Tensor):
        if not weight.is_floating_point() or 0 in weight.shape:
            raise ValueError(
                "weight must hold floating-point numbers, at least one, got "
                f"{weight.dtype} of shape {tuple(weight.shape)}; convert it to float32"
            )
        if weight.ndim != 2 or bias.shape != weight.shape[:1]:
            raise ValueError(
                "weight must have shape (out, in) and bias (out,), got "
                f"{tuple(weight.shape)} and {tuple(bias.shape)}; for one output "
                "these are (1, in) and (1,)"
            )
        self.weight, self.bias = weight.detach().clone(), bias.detach().clone()
        self.weight.requires_grad_()
        self.bias.requires_grad_()

    def __call__(self, features: Tensor) -> Tensor:
        """Map features (n, in) to (n, out); a ValueError if they are no such matrix."""
        if features.ndim != 2 or features.shape[1:] != self.weight.shape[1:]:
            raise ValueError(
                f"features must have shape (n, {self.weight.shape[1]}), got "
                f"{tuple(features.shape)}; flatten each example"
            )
        return features @ self.weight.T + self.bias

    def parameters(self) -> list[Tensor]:
        """List the arrays that training changes."""
        return [self.weight, self.bias]


class Sequential:
    """Call layers one after another.

    Args:
        layers: Each is callable and has a method parameters().
    """

    def __init__(self, *layers: Callable):
        self.layers = layers

    def __call__(self, x: Tensor) -> Tensor:
        """Return the last layer's result."""
        for layer in self.layers:
            x = layer(x)
        return x

    def parameters(self) -> list[Tensor]:
        """List the arrays of all layers, each once, even if a layer occurs twice."""
        found = [p for layer in self.layers for p in layer.parameters()]
        return list({id(p): p for p in found}.values())


class SGD:
    r"""Hold parameters and move them against their gradients.

    $$\theta \leftarrow \theta - \eta \nabla_\theta L$$

    Args:
        parameters: The arrays to move, as net.parameters() lists them.
        learning_rate: The positive number eta.
    """

    def __init__(self, parameters: list[Tensor], learning_rate: float):
        self.parameters = list(parameters)
        self.learning_rate = learning_rate
        self.clear_gradients()

    def clear_gradients(self) -> None:
        """Set the gradients of the held parameters to 0; without it, they add up."""
        for parameter in self.parameters:
            parameter.grad = torch.zeros_like(parameter)

    def step(self) -> None:
        """Move every held parameter once, in place."""
        with torch.no_grad():
            for parameter in self.parameters:
                parameter -= self.learning_rate * parameter.grad


def mean_squared_error(prediction: Tensor, target: Tensor) -> Tensor:
    r"""Average the squared errors of predictions.

    $$L = \frac{1}{n k} \sum_{i, j} (\hat y_{ij} - y_{ij})^2$$

    Args:
        prediction: (n, k). Output of the net.
        target: (n, k). In the unit of prediction.

    Returns:
        (), in squared units of target.

    Raises:
        ValueError: The shapes differ or have an empty axis; (n, 1) and (n,) would
            broadcast to (n, n). The prediction is not floating point.

    Source:
        Goodfellow, Bengio & Courville 2016, Deep Learning, section 5.1.4.
    """
    if prediction.shape != target.shape or 0 in target.shape:
        raise ValueError(
            "prediction and target must have the same shape, got "
            f"{tuple(prediction.shape)} and {tuple(target.shape)}; for one output "
            "use target.reshape(-1, 1), and leave no axis empty"
        )
    if not prediction.is_floating_point():
        raise ValueError(
            f"prediction must be floating point, got {prediction.dtype}; convert it"
        )
    return ((prediction - target) ** 2).mean()


def training_step(
    net: Callable, loss: Callable, optimizer: SGD, features: Tensor, target: Tensor
) -> float:
    """Compute the loss of a minibatch and its gradients, and move the parameters once.

    Args:
        net: Callable that maps features to predictions.
        loss: Callable that maps predictions and target to one number.
        optimizer: Holds those parameters of the net that are to move.
        features: (n, in). One minibatch.
        target: (n, k). What the net should predict.

    Returns:
        The loss before the parameters moved.

    Raises:
        ValueError: The loss is not one number.

    Source:
        Goodfellow, Bengio & Courville 2016, Deep Learning, algorithm 8.1.
    """
    value = loss(net(features), target)
    if value.ndim != 0:
        raise ValueError(
            f"loss must return one number, got shape {tuple(value.shape)}; "
            "take the mean over the minibatch"
        )
    optimizer.clear_gradients()
    value.backward()
    optimizer.step()
    return value.item()
