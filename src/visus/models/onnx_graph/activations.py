"""Activations, whether a layer of their own or a layer's argument."""

import math
from collections.abc import Callable
from typing import Any

from visus.core.errors import ModelError
from visus.models.onnx_graph.builder import GraphBuilder

Activation = Callable[[GraphBuilder, str, int], str]


def activate(graph: GraphBuilder, value: str, function: Any, rank: int) -> str:
    """Apply a Keras activation function.

    Args:
        graph: under construction.
        value: its input.
        function: what a layer's `activation` is; `None` is linear.
        rank: number of axes of the value, batch included.

    Raises:
        ModelError: the function has no converter.
    """
    name = getattr(function, "__name__", "linear") if function else "linear"
    if name not in ACTIVATIONS:
        raise ModelError(
            received=f"The activation {name!r} has no ONNX form here.",
            expected=f"one of {', '.join(sorted(ACTIVATIONS))}.",
            remedy="Use one of them in the network.",
        )
    return ACTIVATIONS[name](graph, value, rank)


def softmax(graph: GraphBuilder, value: str, rank: int) -> str:
    """Over the channels, which are the last axis, or the second of a picture."""
    return graph.add("Softmax", value, axis=1 if rank == 4 else rank - 1)


def _one(kind: str, **attributes: Any) -> Activation:
    return lambda graph, value, rank: graph.add(kind, value, **attributes)


def _relu6(graph: GraphBuilder, value: str, rank: int) -> str:
    return graph.add("Clip", value, graph.floats(0.0), graph.floats(6.0))


def _silu(graph: GraphBuilder, value: str, rank: int) -> str:
    return graph.add("Mul", value, graph.add("Sigmoid", value))


def _gelu_tanh(graph: GraphBuilder, value: str, rank: int) -> str:
    cube = graph.add("Mul", value, graph.add("Mul", value, value))
    inner = graph.add("Add", value, graph.add("Mul", cube, graph.floats(0.044715)))
    scaled = graph.add("Mul", inner, graph.floats(math.sqrt(2 / math.pi)))
    half = graph.add("Mul", value, graph.floats(0.5))
    shifted = graph.add("Add", graph.add("Tanh", scaled), graph.floats(1.0))
    return graph.add("Mul", half, shifted)


def _linear(graph: GraphBuilder, value: str, rank: int) -> str:
    return value


ACTIVATIONS: dict[str, Activation] = {
    "linear": _linear,
    "relu": _one("Relu"),
    "relu6": _relu6,
    "leaky_relu": _one("LeakyRelu", alpha=0.2),
    "elu": _one("Elu"),
    "selu": _one("Selu"),
    "gelu": _gelu_tanh,
    "silu": _silu,
    "sigmoid": _one("Sigmoid"),
    "hard_sigmoid": _one("HardSigmoid", alpha=1 / 6, beta=0.5),
    "hard_silu": _one("HardSwish"),
    "softplus": _one("Softplus"),
    "softsign": _one("Softsign"),
    "tanh": _one("Tanh"),
    "softmax": softmax,
}
