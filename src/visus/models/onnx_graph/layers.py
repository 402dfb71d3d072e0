"""One small function a layer class: its Keras weights and arguments as ONNX nodes."""

from typing import Any

import numpy as np

from visus.core.errors import ModelError
from visus.models.onnx_graph.activations import activate, softmax
from visus.models.onnx_graph.builder import GraphBuilder

Layer = Any


def rank_of(layer: Layer) -> int:
    """Number of axes of what the layer gives, batch included."""
    return len(layer.output.shape)


def identity(graph: GraphBuilder, layer: Layer, *inputs: str) -> str:
    """Layers that do nothing outside training."""
    return inputs[0]


def rescaling(graph: GraphBuilder, layer: Layer, value: str) -> str:
    """scale * x + offset, the same for all channels or one each."""
    scale, offset = (_by_channel(layer, v) for v in (layer.scale, layer.offset))
    scaled = graph.add("Mul", value, graph.constant(scale))
    return graph.add("Add", scaled, graph.constant(offset))


def normalization(graph: GraphBuilder, layer: Layer, value: str) -> str:
    """(x - mean) / standard deviation, as adapted."""
    mean, variance = np.asarray(layer.mean), np.asarray(layer.variance)
    deviation = np.maximum(np.sqrt(variance), 1e-7)
    centred = graph.add("Sub", value, graph.constant(_by_channel(layer, mean)))
    return graph.add("Div", centred, graph.constant(_by_channel(layer, deviation)))


def convolution(graph: GraphBuilder, layer: Layer, value: str) -> str:
    """Conv2D: kernel (height, width, in, out) becomes (out, in, height, width)."""
    kernel = np.asarray(layer.kernel).transpose(3, 2, 0, 1)
    inputs = [value, graph.constant(kernel), *_bias(graph, layer)]
    output = graph.add("Conv", *inputs, group=layer.groups, **_window(layer, kernel))
    return activate(graph, output, layer.activation, 4)


def depthwise_convolution(graph: GraphBuilder, layer: Layer, value: str) -> str:
    """DepthwiseConv2D: one group a channel."""
    height, width, channels, multiplier = layer.kernel.shape
    kernel = np.asarray(layer.kernel).reshape(height, width, 1, channels * multiplier)
    kernel = kernel.transpose(3, 2, 0, 1)
    inputs = [value, graph.constant(kernel), *_bias(graph, layer)]
    output = graph.add("Conv", *inputs, group=channels, **_window(layer, kernel))
    return activate(graph, output, layer.activation, 4)


def separable_convolution(graph: GraphBuilder, layer: Layer, value: str) -> str:
    """SeparableConv2D: a depthwise one, then one of 1 by 1."""
    height, width, channels, multiplier = layer.depthwise_kernel.shape
    kernel = np.asarray(layer.depthwise_kernel)
    kernel = kernel.reshape(height, width, 1, channels * multiplier)
    kernel = kernel.transpose(3, 2, 0, 1)
    value = graph.add(
        "Conv", value, graph.constant(kernel), group=channels, **_window(layer, kernel)
    )
    point = np.asarray(layer.pointwise_kernel).transpose(3, 2, 0, 1)
    output = graph.add("Conv", value, graph.constant(point), *_bias(graph, layer))
    return activate(graph, output, layer.activation, 4)


def dense(graph: GraphBuilder, layer: Layer, value: str) -> str:
    """Dense: over the last axis; a picture's channels are brought there and back."""
    rank = rank_of(layer)
    if rank == 4:
        value = graph.channels_last(value)
    output = graph.add("MatMul", value, graph.constant(np.asarray(layer.kernel)))
    if layer.use_bias:
        output = graph.add("Add", output, graph.constant(np.asarray(layer.bias)))
    if rank == 4:
        output = graph.channels_first(output)
    return activate(graph, output, layer.activation, rank)


def batch_normalization(graph: GraphBuilder, layer: Layer, value: str) -> str:
    """With the running statistics, folded into one scale and one offset a channel."""
    deviation = np.sqrt(np.asarray(layer.moving_variance) + layer.epsilon)
    scale = (np.asarray(layer.gamma) if layer.scale else 1.0) / deviation
    offset = np.asarray(layer.beta) if layer.center else 0.0
    offset = offset - np.asarray(layer.moving_mean) * scale
    mean, ones = np.zeros_like(deviation), np.ones_like(deviation)
    vectors = [
        np.asarray(v, np.float32) for v in (scale * ones, offset * ones, mean, ones)
    ]
    # Runtimes fuse this node into a convolution before it.
    names = [graph.constant(vector) for vector in vectors]
    return graph.add("BatchNormalization", value, *names, epsilon=0.0)


def activation(graph: GraphBuilder, layer: Layer, value: str) -> str:
    """Activation."""
    return activate(graph, value, layer.activation, rank_of(layer))


def relu(graph: GraphBuilder, layer: Layer, value: str) -> str:
    """ReLU, with its slope and its ceiling."""
    if layer.threshold:
        raise ModelError(
            received=f"The layer {layer.name!r} is a ReLU with a threshold.",
            expected="a threshold of 0.",
            remedy="Leave the threshold out.",
        )
    slope = float(layer.negative_slope)
    output = (
        graph.add("LeakyRelu", value, alpha=slope)
        if slope
        else graph.add("Relu", value)
    )
    if layer.max_value is None:
        return output
    return graph.add("Min", output, graph.floats(float(layer.max_value)))


def leaky_relu(graph: GraphBuilder, layer: Layer, value: str) -> str:
    """LeakyReLU."""
    return graph.add("LeakyRelu", value, alpha=float(layer.negative_slope))


def elu(graph: GraphBuilder, layer: Layer, value: str) -> str:
    """ELU."""
    return graph.add("Elu", value, alpha=float(layer.alpha))


def softmax_layer(graph: GraphBuilder, layer: Layer, value: str) -> str:
    """Softmax over the channels."""
    return softmax(graph, value, rank_of(layer))


def max_pooling(graph: GraphBuilder, layer: Layer, value: str) -> str:
    """MaxPooling2D."""
    return graph.add("MaxPool", value, **_pool(layer))


def average_pooling(graph: GraphBuilder, layer: Layer, value: str) -> str:
    """AveragePooling2D; padding does not count, as in TensorFlow."""
    return graph.add("AveragePool", value, count_include_pad=0, **_pool(layer))


def global_average_pooling(graph: GraphBuilder, layer: Layer, value: str) -> str:
    """GlobalAveragePooling2D."""
    return _global(graph, layer, graph.add("GlobalAveragePool", value))


def global_max_pooling(graph: GraphBuilder, layer: Layer, value: str) -> str:
    """GlobalMaxPooling2D."""
    return _global(graph, layer, graph.add("GlobalMaxPool", value))


def flatten(graph: GraphBuilder, layer: Layer, value: str) -> str:
    """Flatten in Keras's order: rows, columns, channels."""
    if len(layer.input.shape) == 4:
        value = graph.channels_last(value)
    return graph.add("Flatten", value, axis=1)


def reshape(graph: GraphBuilder, layer: Layer, value: str) -> str:
    """Reshape in Keras's order."""
    if len(layer.input.shape) == 4:
        value = graph.channels_last(value)
    shape = graph.integers(-1, *layer.output.shape[1:])
    output = graph.add("Reshape", value, shape)
    return graph.channels_first(output) if rank_of(layer) == 4 else output


def add(graph: GraphBuilder, layer: Layer, *inputs: str) -> str:
    """Add."""
    return _chain(graph, "Add", inputs)


def subtract(graph: GraphBuilder, layer: Layer, *inputs: str) -> str:
    """Subtract."""
    return graph.add("Sub", *inputs)


def multiply(graph: GraphBuilder, layer: Layer, *inputs: str) -> str:
    """Multiply."""
    return _chain(graph, "Mul", inputs)


def average(graph: GraphBuilder, layer: Layer, *inputs: str) -> str:
    """Average."""
    return graph.add("Mean", *inputs)


def maximum(graph: GraphBuilder, layer: Layer, *inputs: str) -> str:
    """Maximum."""
    return graph.add("Max", *inputs)


def minimum(graph: GraphBuilder, layer: Layer, *inputs: str) -> str:
    """Minimum."""
    return graph.add("Min", *inputs)


def concatenate(graph: GraphBuilder, layer: Layer, *inputs: str) -> str:
    """Concatenate; axes of pictures are counted in Keras's order."""
    rank = rank_of(layer)
    axis = layer.axis % rank
    return graph.add("Concat", *inputs, axis=(0, 2, 3, 1)[axis] if rank == 4 else axis)


def zero_padding(graph: GraphBuilder, layer: Layer, value: str) -> str:
    """ZeroPadding2D."""
    (top, bottom), (left, right) = layer.padding
    return graph.add("Pad", value, graph.integers(0, 0, top, left, 0, 0, bottom, right))


def cropping(graph: GraphBuilder, layer: Layer, value: str) -> str:
    """Cropping2D."""
    (top, bottom), (left, right) = layer.cropping
    height, width = layer.input.shape[1:3]
    return graph.add(
        "Slice",
        value,
        graph.integers(top, left),
        graph.integers(height - bottom, width - right),
        graph.integers(2, 3),
    )


def up_sampling(graph: GraphBuilder, layer: Layer, value: str) -> str:
    """UpSampling2D, nearest or bilinear."""
    mode = {"nearest": "nearest", "bilinear": "linear"}[layer.interpolation]
    scales = graph.floats(1.0, 1.0, *map(float, layer.size))
    return graph.add(
        "Resize",
        value,
        "",
        scales,
        mode=mode,
        coordinate_transformation_mode="half_pixel",
        nearest_mode="floor",
    )


def _by_channel(layer: Layer, values: Any) -> "np.ndarray[Any, np.dtype[np.float32]]":
    array = np.asarray(values, dtype=np.float32)
    if array.size == 1 or len(layer.output.shape) != 4:
        return array.reshape(-1) if array.size > 1 else array.reshape(())
    return array.reshape(1, -1, 1, 1)


def _bias(graph: GraphBuilder, layer: Layer) -> list[str]:
    return [graph.constant(np.asarray(layer.bias))] if layer.use_bias else []


def _window(layer: Layer, kernel: Any) -> dict[str, Any]:
    return {
        "kernel_shape": list(kernel.shape[2:]),
        "strides": list(layer.strides),
        "dilations": list(layer.dilation_rate),
        "auto_pad": _padding(layer),
    }


def _pool(layer: Layer) -> dict[str, Any]:
    return {
        "kernel_shape": list(layer.pool_size),
        "strides": list(layer.strides),
        "auto_pad": _padding(layer),
    }


def _padding(layer: Layer) -> str:
    return "SAME_UPPER" if layer.padding == "same" else "VALID"


def _global(graph: GraphBuilder, layer: Layer, value: str) -> str:
    return value if layer.keepdims else graph.add("Flatten", value, axis=1)


def _chain(graph: GraphBuilder, kind: str, inputs: tuple[str, ...]) -> str:
    output = inputs[0]
    for value in inputs[1:]:
        output = graph.add(kind, output, value)
    return output
