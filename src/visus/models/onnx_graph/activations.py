"""Activations, whether a layer of their own or a layer's argument."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from visus.core.errors import ModelError
from visus.models.onnx_graph.builder import GraphBuilder, Value
from visus.models.onnx_graph.refusal import require

Activation = Callable[[GraphBuilder, str], str]


def activate(graph: GraphBuilder, value: Value, layer: Any) -> str:
    """Apply the `activation` of a layer: none, a Keras function, or a layer itself.

    Raises:
        ModelError: it has no ONNX form here.
    """
    function = layer.activation
    if type(function).__name__ in ACTIVATION_LAYERS:
        return ACTIVATION_LAYERS[type(function).__name__](graph, function, value)
    name = getattr(function, "__name__", str(function)) if function else "linear"
    if name == "softmax":
        return graph.add("Softmax", value.name, axis=value.axis(-1))
    if name == "log_softmax":
        return graph.add("LogSoftmax", value.name, axis=value.axis(-1))
    if name not in ACTIVATIONS or not (function is None or _is_of_library(function)):
        raise ModelError(
            received=f"The activation {name!r} of the layer {layer.name!r} has no ONNX "
            "form here.",
            expected=f"one of Keras's {', '.join(sorted(ACTIVATIONS))}, log_softmax, "
            "softmax.",
            remedy="Give it by name, as in activation='relu'.",
        )
    return ACTIVATIONS[name](graph, value.name)


def activation(graph: GraphBuilder, layer: Any, value: Value) -> str:
    """Activation."""
    return activate(graph, value, layer)


def relu(graph: GraphBuilder, layer: Any, value: Value) -> str:
    """ReLU, with its slope and its ceiling."""
    require(
        layer,
        not layer.threshold,
        has=f"a threshold of {layer.threshold}",
        expected="a threshold of 0.",
        remedy="Leave the threshold out.",
    )
    slope = float(layer.negative_slope or 0)
    if layer.max_value is not None and not slope:
        # One node, which ONNX Runtime joins to the convolution before it.
        return _clipped(0.0, float(layer.max_value))(graph, value.name)
    output = (
        graph.add("LeakyRelu", value.name, alpha=slope)
        if slope
        else graph.add("Relu", value.name)
    )
    if layer.max_value is None:
        return output
    return graph.add("Min", output, graph.scalar(float(layer.max_value)))


def leaky_relu(graph: GraphBuilder, layer: Any, value: Value) -> str:
    """LeakyReLU."""
    return graph.add("LeakyRelu", value.name, alpha=float(layer.negative_slope))


def parametric_relu(graph: GraphBuilder, layer: Any, value: Value) -> str:
    """PReLU; its slopes have the input's axes but the batch."""
    slopes = np.asarray(layer.alpha)
    if value.rank == 4:
        slopes = slopes.transpose(2, 0, 1)
    return graph.add("PRelu", value.name, graph.weights(slopes))


def elu(graph: GraphBuilder, layer: Any, value: Value) -> str:
    """ELU."""
    return graph.add("Elu", value.name, alpha=float(layer.alpha))


def softmax(graph: GraphBuilder, layer: Any, value: Value) -> str:
    """Softmax over one axis, usually the channels."""
    axes = [layer.axis] if isinstance(layer.axis, int) else list(layer.axis)
    require(
        layer,
        len(axes) == 1,
        has=f"axis={layer.axis}",
        expected="one axis.",
        remedy="Flatten or reshape the value first, so that one axis is enough.",
    )
    return graph.add("Softmax", value.name, axis=value.axis(axes[0]))


def _is_of_library(function: Any) -> bool:
    # A function of the user's own may be called relu and be something else, and
    # keras.ops.gelu is another gelu than keras.activations.gelu.
    module = str(getattr(function, "__module__", ""))
    return module.startswith(("keras.src.activations", "tensorflow."))


def _one(kind: str, **attributes: Any) -> Activation:
    return lambda graph, name: graph.add(kind, name, **attributes)


def _clipped(low: float, high: float) -> Activation:
    return lambda graph, name: graph.add(
        "Clip", name, graph.scalar(low), graph.scalar(high)
    )


def _gated(kind: str) -> Activation:
    return lambda graph, name: graph.add("Mul", name, graph.add(kind, name))


def _mish(graph: GraphBuilder, name: str) -> str:
    return graph.add("Mul", name, graph.add("Tanh", graph.add("Softplus", name)))


def _gelu(graph: GraphBuilder, name: str) -> str:
    # x * P(X <= x) for a standard normal X; Hendrycks and Gimpel (2016).
    error = graph.add("Erf", graph.add("Mul", name, graph.scalar(math.sqrt(0.5))))
    half = graph.add("Mul", name, graph.scalar(0.5))
    return graph.add("Mul", half, graph.add("Add", error, graph.scalar(1.0)))


ACTIVATIONS: dict[str, Activation] = {
    "celu": _one("Celu"),
    "elu": _one("Elu"),
    "exponential": _one("Exp"),
    "gelu": _gelu,
    "hard_sigmoid": _one("HardSigmoid", alpha=1 / 6, beta=0.5),
    "hard_silu": _one("HardSwish"),
    "hard_tanh": _clipped(-1.0, 1.0),
    "leaky_relu": _one("LeakyRelu", alpha=0.2),
    "linear": lambda graph, name: name,
    "mish": _mish,
    "relu": _one("Relu"),
    "relu6": _clipped(0.0, 6.0),
    "selu": _one("Selu"),
    "sigmoid": _one("Sigmoid"),
    "silu": _gated("Sigmoid"),
    "softplus": _one("Softplus"),
    "softsign": _one("Softsign"),
    "tanh": _one("Tanh"),
}

ACTIVATION_LAYERS: dict[str, Callable[[GraphBuilder, Any, Value], str]] = {
    "Activation": activation,
    "ELU": elu,
    "LeakyReLU": leaky_relu,
    "PReLU": parametric_relu,
    "ReLU": relu,
    "Softmax": softmax,
}
