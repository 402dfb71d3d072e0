"""Layers that compute value by value or channel by channel, and those that merge."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.models.onnx_graph.activations import activate
from visus.models.onnx_graph.builder import GraphBuilder, Value
from visus.models.onnx_graph.refusal import require

# What Keras divides by at least.
LEAST_DEVIATION = 1e-7


def identity(graph: GraphBuilder, layer: Any, value: Value) -> str:
    """Layers that do nothing outside training."""
    return value.name


def rescaling(graph: GraphBuilder, layer: Any, value: Value) -> str:
    """scale * x + offset, the same for all channels or one each."""
    scale, offset = (_broadcast(v, value.rank) for v in (layer.scale, layer.offset))
    scaled = graph.add("Mul", value.name, graph.weights(scale))
    return graph.add("Add", scaled, graph.weights(offset))


def layer_scale(graph: GraphBuilder, layer: Any, value: Value) -> str:
    """LayerScale of ConvNeXt: a gain a channel."""
    gains = graph.weights(_broadcast(layer.gamma, value.rank))
    return graph.add("Mul", value.name, gains)


def add_scaled(graph: GraphBuilder, layer: Any, value: Value, branch: Value) -> str:
    """CustomScaleLayer of Inception-ResNet: x + scale * branch."""
    scaled = graph.add("Mul", branch.name, graph.scalar(float(layer.scale)))
    return graph.add("Add", value.name, scaled)


def normalization(graph: GraphBuilder, layer: Any, value: Value) -> str:
    """(x - mean) / standard deviation, as adapted; or back."""
    mean = graph.weights(_broadcast(layer.mean, value.rank))
    deviation = np.maximum(np.sqrt(np.asarray(layer.variance)), LEAST_DEVIATION)
    deviations = graph.weights(_broadcast(deviation, value.rank))
    if layer.invert:
        return graph.add("Add", graph.add("Mul", value.name, deviations), mean)
    return graph.add("Div", graph.add("Sub", value.name, mean), deviations)


def dense(graph: GraphBuilder, layer: Any, value: Value) -> str:
    """Dense: over the last axis; a picture's channels are brought there and back."""
    output = graph.add("MatMul", graph.as_keras(value), graph.weights(layer.kernel))
    if layer.use_bias:
        output = graph.add("Add", output, graph.weights(layer.bias))
    output = graph.from_keras(output, value.rank)
    return activate(graph, Value(output, value.shape), layer)


def batch_normalization(graph: GraphBuilder, layer: Any, value: Value) -> str:
    """BatchNormalization, with the running statistics."""
    require(
        layer,
        layer.axis % value.rank == value.rank - 1,
        has=f"axis={layer.axis}",
        expected="the last axis, which holds the channels.",
        remedy="Leave the axis out.",
    )
    mean, variance = np.asarray(layer.moving_mean), np.asarray(layer.moving_variance)
    gain = layer.gamma if layer.scale else np.ones_like(mean)
    shift = layer.beta if layer.center else np.zeros_like(mean)
    names = [graph.weights(vector) for vector in (gain, shift, mean, variance)]
    if value.rank in (2, 4):
        return graph.add(
            "BatchNormalization", value.name, *names, epsilon=float(layer.epsilon)
        )
    # ONNX has the channels second, where these values have something else.
    deviation = graph.weights(np.sqrt(variance + layer.epsilon))
    centred = graph.add("Div", graph.add("Sub", value.name, names[2]), deviation)
    return graph.add("Add", graph.add("Mul", centred, names[0]), names[1])


def layer_normalization(graph: GraphBuilder, layer: Any, value: Value) -> str:
    """LayerNormalization over the last axis or the last few."""
    given = [layer.axis] if isinstance(layer.axis, int) else layer.axis
    axes = sorted(axis % value.rank for axis in given)
    require(
        layer,
        axes == list(range(axes[0], value.rank)) and not layer.rms_scaling,
        has=f"axis={layer.axis}, rms_scaling={layer.rms_scaling}",
        expected="the last axis or the last few, without rms_scaling.",
        remedy="Leave both out.",
    )
    sides = [value.shape[axis] or 1 for axis in axes]
    gain = layer.gamma if layer.scale else np.ones(sides)
    shift = [graph.weights(layer.beta)] if layer.center else []
    output = graph.add(
        "LayerNormalization",
        graph.as_keras(value),
        graph.weights(gain),
        *shift,
        axis=axes[0],
        epsilon=float(layer.epsilon),
    )
    return graph.from_keras(output, value.rank)


def add(graph: GraphBuilder, layer: Any, *inputs: Value) -> str:
    """Add."""
    return _chain(graph, "Add", inputs)


def subtract(graph: GraphBuilder, layer: Any, *inputs: Value) -> str:
    """Subtract."""
    return _chain(graph, "Sub", inputs)


def multiply(graph: GraphBuilder, layer: Any, *inputs: Value) -> str:
    """Multiply."""
    return _chain(graph, "Mul", inputs)


def average(graph: GraphBuilder, layer: Any, *inputs: Value) -> str:
    """Average."""
    return graph.add("Mean", *_aligned(graph, inputs))


def maximum(graph: GraphBuilder, layer: Any, *inputs: Value) -> str:
    """Maximum."""
    return graph.add("Max", *_aligned(graph, inputs))


def minimum(graph: GraphBuilder, layer: Any, *inputs: Value) -> str:
    """Minimum."""
    return graph.add("Min", *_aligned(graph, inputs))


def _chain(graph: GraphBuilder, kind: str, inputs: tuple[Value, ...]) -> str:
    output, *others = _aligned(graph, inputs)
    for name in others:
        output = graph.add(kind, output, name)
    return output


def _aligned(graph: GraphBuilder, inputs: tuple[Value, ...]) -> list[str]:
    # Keras gives values with fewer axes new ones after the batch; numbers have none.
    rank = max(value.rank for value in inputs)
    return [
        value.name if value.rank in (0, rank) else _widened(graph, value, rank)
        for value in inputs
    ]


def _widened(graph: GraphBuilder, value: Value, rank: int) -> str:
    axes = graph.integers(*range(1, rank - value.rank + 1))
    widened = graph.add("Unsqueeze", graph.as_keras(value), axes)
    return graph.from_keras(widened, rank)


def _broadcast(values: Any, rank: int) -> NDArray[np.float32]:
    array = np.asarray(values, dtype=np.float32)
    if rank != 4 or array.size == 1:
        return array
    full = array.reshape((1,) * (4 - array.ndim) + array.shape)
    return full.transpose(0, 3, 1, 2)
