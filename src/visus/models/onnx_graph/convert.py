"""Walking a Keras network from its scores back to its pixels."""

from typing import TYPE_CHECKING, Any

from visus.core.errors import ModelError
from visus.data.preprocess import Scaling
from visus.models.onnx_graph import layers
from visus.models.onnx_graph.builder import GraphBuilder

if TYPE_CHECKING:
    import keras

CONVERTERS = {
    "Activation": layers.activation,
    "ActivityRegularization": layers.identity,
    "Add": layers.add,
    "Average": layers.average,
    "AveragePooling2D": layers.average_pooling,
    "BatchNormalization": layers.batch_normalization,
    "Concatenate": layers.concatenate,
    "Conv2D": layers.convolution,
    "Cropping2D": layers.cropping,
    "Dense": layers.dense,
    "DepthwiseConv2D": layers.depthwise_convolution,
    "Dropout": layers.identity,
    "ELU": layers.elu,
    "Flatten": layers.flatten,
    "GaussianDropout": layers.identity,
    "GaussianNoise": layers.identity,
    "GlobalAveragePooling2D": layers.global_average_pooling,
    "GlobalMaxPooling2D": layers.global_max_pooling,
    "Identity": layers.identity,
    "LeakyReLU": layers.leaky_relu,
    "MaxPooling2D": layers.max_pooling,
    "Maximum": layers.maximum,
    "Minimum": layers.minimum,
    "Multiply": layers.multiply,
    "Normalization": layers.normalization,
    "RandomContrast": layers.identity,
    "RandomFlip": layers.identity,
    "RandomRotation": layers.identity,
    "RandomTranslation": layers.identity,
    "RandomZoom": layers.identity,
    "ReLU": layers.relu,
    "Rescaling": layers.rescaling,
    "Reshape": layers.reshape,
    "SeparableConv2D": layers.separable_convolution,
    "Softmax": layers.softmax_layer,
    "SpatialDropout2D": layers.identity,
    "Subtract": layers.subtract,
    "UpSampling2D": layers.up_sampling,
    "ZeroPadding2D": layers.zero_padding,
}


def build_onnx(model: "keras.Model", *, scaling: Scaling) -> bytes:
    """Write the network as an ONNX graph, preprocessing of values included.

    Args:
        model: images `(batch, height, width, channels)` to scores `(batch, classes)`.
        scaling: how uint8 pixels become what the network takes.

    Returns:
        a serialised graph: uint8 `pixels` `(batch, height, width, channels)` to
        float32 `scores`.

    Raises:
        ModelError: a layer has no converter; its name is in the message.
    """
    graph = GraphBuilder()
    value = _scaled(graph, graph.add("Cast", "pixels", to=1), scaling)
    images = graph.channels_first(value)
    (scores,) = _convert_model(graph, model, [images])
    return graph.finish(scores, model.input_shape[1:], model.output_shape[-1])


def _scaled(graph: GraphBuilder, value: str, scaling: Scaling) -> str:
    if scaling == "none":
        return value
    factor = 1 / 255 if scaling == "unit" else 2 / 255
    value = graph.add("Mul", value, graph.floats(factor))
    return value if scaling == "unit" else graph.add("Sub", value, graph.floats(1.0))


def _convert_model(
    graph: GraphBuilder, model: "keras.Model", inputs: list[str]
) -> list[str]:
    values = dict(zip(map(id, model.inputs), inputs, strict=True))
    return [_value_of(graph, tensor, values) for tensor in model.outputs]


def _value_of(graph: GraphBuilder, tensor: Any, values: dict[int, str]) -> str:
    # An explicit stack: networks are deeper than Python's own.
    waiting = [tensor]
    while waiting:
        current = waiting[-1]
        operation, node_index, _ = current._keras_history
        node = operation._inbound_nodes[node_index]
        missing = [t for t in node.input_tensors if id(t) not in values]
        if id(current) in values or not missing:
            waiting.pop()
            if id(current) not in values:
                _convert_node(graph, operation, node, values)
        else:
            waiting.extend(missing)
    return values[id(tensor)]


def _convert_node(
    graph: GraphBuilder, layer: Any, node: Any, values: dict[int, str]
) -> None:
    inputs = [values[id(tensor)] for tensor in node.input_tensors]
    if hasattr(layer, "layers"):  # A network inside the network.
        outputs = _convert_model(graph, layer, inputs)
    else:
        outputs = [_converter(layer)(graph, layer, *inputs)]
    values |= zip(map(id, node.output_tensors), outputs, strict=True)


def _converter(layer: Any) -> Any:
    kind = type(layer).__name__
    if kind not in CONVERTERS:
        raise ModelError(
            received=f"The layer {layer.name!r} is a {kind}, which has no ONNX form "
            "here.",
            expected=f"one of {', '.join(CONVERTERS)}.",
            remedy="Express it with these layers.",
        )
    return CONVERTERS[kind]
