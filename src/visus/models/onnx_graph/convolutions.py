"""Layers that slide a window over the picture: convolutions and poolings."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.models.onnx_graph.activations import activate
from visus.models.onnx_graph.builder import GraphBuilder, Value


def convolution(graph: GraphBuilder, layer: Any, value: Value) -> str:
    """Conv2D."""
    kernel = _kernel(layer.kernel)
    return _convolved(graph, layer, value, kernel, groups=layer.groups)


def depthwise_convolution(graph: GraphBuilder, layer: Any, value: Value) -> str:
    """DepthwiseConv2D: one group a channel."""
    kernel = _depthwise_kernel(layer.kernel)
    return _convolved(graph, layer, value, kernel, groups=layer.kernel.shape[2])


def separable_convolution(graph: GraphBuilder, layer: Any, value: Value) -> str:
    """SeparableConv2D: a depthwise one, then one of 1 by 1."""
    depthwise = graph.add(
        "Conv",
        value.name,
        graph.weights(_depthwise_kernel(layer.depthwise_kernel)),
        group=layer.depthwise_kernel.shape[2],
        dilations=list(layer.dilation_rate),
        **_window(value, layer, layer.kernel_size, layer.dilation_rate),
    )
    kernel = graph.weights(_kernel(layer.pointwise_kernel))
    output = graph.add("Conv", depthwise, kernel, *_bias(graph, layer))
    return activate(graph, Value(output, value.shape), layer)


def max_pooling(graph: GraphBuilder, layer: Any, value: Value) -> str:
    """MaxPooling2D."""
    window = _window(value, layer, layer.pool_size)
    return graph.add("MaxPool", value.name, **window)


def average_pooling(graph: GraphBuilder, layer: Any, value: Value) -> str:
    """AveragePooling2D; padding does not count, as in TensorFlow."""
    window = _window(value, layer, layer.pool_size)
    return graph.add("AveragePool", value.name, count_include_pad=0, **window)


def global_average_pooling(graph: GraphBuilder, layer: Any, value: Value) -> str:
    """GlobalAveragePooling2D."""
    return _pooled(graph, layer, graph.add("GlobalAveragePool", value.name))


def global_max_pooling(graph: GraphBuilder, layer: Any, value: Value) -> str:
    """GlobalMaxPooling2D."""
    return _pooled(graph, layer, graph.add("GlobalMaxPool", value.name))


def _convolved(
    graph: GraphBuilder, layer: Any, value: Value, kernel: NDArray[Any], groups: int
) -> str:
    output = graph.add(
        "Conv",
        value.name,
        graph.weights(kernel),
        *_bias(graph, layer),
        group=groups,
        dilations=list(layer.dilation_rate),
        **_window(value, layer, layer.kernel_size, layer.dilation_rate),
    )
    return activate(graph, Value(output, value.shape), layer)


def _kernel(weights: Any) -> NDArray[Any]:
    # From (height, width, in, out) to (out, in, height, width).
    return np.asarray(weights).transpose(3, 2, 0, 1)


def _depthwise_kernel(weights: Any) -> NDArray[Any]:
    height, width, channels, multiplier = weights.shape
    return _kernel(np.asarray(weights).reshape(height, width, 1, channels * multiplier))


def _bias(graph: GraphBuilder, layer: Any) -> list[str]:
    return [graph.weights(layer.bias)] if layer.use_bias else []


def _window(
    value: Value, layer: Any, size: Sequence[int], dilation: Sequence[int] = (1, 1)
) -> dict[str, Any]:
    pads = [(0, 0), (0, 0)]
    if layer.padding == "same":
        spread = [
            (length - 1) * gap + 1 for length, gap in zip(size, dilation, strict=True)
        ]
        sides = zip(value.shape[1:3], spread, layer.strides, strict=True)
        pads = [_same_padding(side or 1, reach, step) for side, reach, step in sides]
    return {
        "kernel_shape": list(size),
        "strides": list(layer.strides),
        "pads": [before for before, _ in pads] + [after for _, after in pads],
    }


def _same_padding(side: int, reach: int, step: int) -> tuple[int, int]:
    # TensorFlow's: as many windows as steps fit, the odd pixel at the end.
    total = max((-(-side // step) - 1) * step + reach - side, 0)
    return total // 2, total - total // 2


def _pooled(graph: GraphBuilder, layer: Any, name: str) -> str:
    return name if layer.keepdims else graph.add("Flatten", name, axis=1)
