"""Layers that move values without computing with them, and those that resize."""

from typing import Any

from visus.models.onnx_graph.builder import GraphBuilder, Value
from visus.models.onnx_graph.refusal import require

# TensorFlow's: pixel centres at half coordinates, and the nearest is the one inside.
RESIZINGS = {
    "nearest": {"mode": "nearest", "nearest_mode": "round_prefer_ceil"},
    "bilinear": {"mode": "linear"},
}


def flatten(graph: GraphBuilder, layer: Any, value: Value) -> str:
    """Flatten in Keras's order: rows, columns, channels."""
    return graph.add("Flatten", graph.as_keras(value), axis=1)


def reshape(graph: GraphBuilder, layer: Any, value: Value) -> str:
    """Reshape in Keras's order; 0 keeps the batch as it is."""
    shape = graph.integers(0, *layer.target_shape)
    output = graph.add("Reshape", graph.as_keras(value), shape)
    return graph.from_keras(output, len(layer.target_shape) + 1)


def permute(graph: GraphBuilder, layer: Any, value: Value) -> str:
    """Permute; Keras counts the axes after the batch from one."""
    output = graph.add("Transpose", graph.as_keras(value), perm=[0, *layer.dims])
    return graph.from_keras(output, value.rank)


def concatenate(graph: GraphBuilder, layer: Any, *inputs: Value) -> str:
    """Concatenate."""
    names = [value.name for value in inputs]
    return graph.add("Concat", *names, axis=inputs[0].axis(layer.axis))


def zero_padding(graph: GraphBuilder, layer: Any, value: Value) -> str:
    """ZeroPadding2D."""
    (top, bottom), (left, right) = layer.padding
    pads = graph.integers(0, 0, top, left, 0, 0, bottom, right)
    return graph.add("Pad", value.name, pads)


def cropping(graph: GraphBuilder, layer: Any, value: Value) -> str:
    """Cropping2D."""
    (top, bottom), (left, right) = layer.cropping
    height, width = _sides(value)
    return graph.add(
        "Slice",
        value.name,
        graph.integers(top, left),
        graph.integers(height - bottom, width - right),
        graph.integers(2, 3),
    )


def up_sampling(graph: GraphBuilder, layer: Any, value: Value) -> str:
    """UpSampling2D, nearest or bilinear."""
    height, width = _sides(value)
    return _resized(graph, layer, value, height * layer.size[0], width * layer.size[1])


def resizing(graph: GraphBuilder, layer: Any, value: Value) -> str:
    """Resizing, nearest or bilinear, that squashes."""
    keeps = layer.crop_to_aspect_ratio or layer.pad_to_aspect_ratio or layer.antialias
    require(
        layer,
        not keeps,
        has="crop_to_aspect_ratio, pad_to_aspect_ratio or antialias",
        expected="a plain resizing to height and width.",
        remedy="Leave it out; Visus fits pictures itself, with data.fit.",
    )
    return _resized(graph, layer, value, layer.height, layer.width)


def _resized(
    graph: GraphBuilder, layer: Any, value: Value, height: int, width: int
) -> str:
    require(
        layer,
        layer.interpolation in RESIZINGS,
        has=f"interpolation={layer.interpolation!r}",
        expected=f"one of {', '.join(RESIZINGS)}.",
        remedy="Choose one of them.",
    )
    batch_and_channels = graph.add("Shape", value.name, end=2)
    sizes = graph.add(
        "Concat", batch_and_channels, graph.integers(height, width), axis=0
    )
    return graph.add(
        "Resize",
        value.name,
        "",
        "",
        sizes,
        coordinate_transformation_mode="half_pixel",
        **RESIZINGS[layer.interpolation],
    )


def _sides(value: Value) -> tuple[int, int]:
    height, width = value.shape[1:3]
    return height or 1, width or 1
