"""From a Keras network to an ONNX graph, call by call."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from onnx import TensorProto

from visus.core.errors import ModelError
from visus.data.preprocess import Scaling
from visus.models.onnx_graph import arithmetic, convolutions, shapes
from visus.models.onnx_graph.activations import ACTIVATION_LAYERS
from visus.models.onnx_graph.builder import GraphBuilder, Value
from visus.models.onnx_graph.calls import Call, Tensor, calls_of
from visus.models.onnx_graph.refusal import require

if TYPE_CHECKING:
    import keras

# Layers that leave values alone outside training.
TRAINING_ONLY = (
    "ActivityRegularization",
    "AlphaDropout",
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "Identity",
    "RandomBrightness",
    "RandomColorDegeneration",
    "RandomColorJitter",
    "RandomContrast",
    "RandomErasing",
    "RandomFlip",
    "RandomGaussianBlur",
    "RandomHue",
    "RandomPerspective",
    "RandomRotation",
    "RandomSaturation",
    "RandomSharpness",
    "RandomShear",
    "RandomTranslation",
    "RandomZoom",
    "SpatialDropout2D",
)

# Layers that only networks of keras.applications have.
APPLICATION_LAYERS: dict[str, Callable[..., str]] = {
    "CustomScaleLayer": arithmetic.add_scaled,
    "LayerScale": arithmetic.layer_scale,
    "StochasticDepth": arithmetic.identity,
}

# A converter takes the graph, the layer and its inputs, and names the output.
CONVERTERS: dict[str, Callable[..., str]] = {
    **ACTIVATION_LAYERS,
    **APPLICATION_LAYERS,
    **dict.fromkeys(TRAINING_ONLY, arithmetic.identity),
    "Add": arithmetic.add,
    "Average": arithmetic.average,
    "AveragePooling2D": convolutions.average_pooling,
    "BatchNormalization": arithmetic.batch_normalization,
    "Concatenate": shapes.concatenate,
    "Conv2D": convolutions.convolution,
    "Cropping2D": shapes.cropping,
    "Dense": arithmetic.dense,
    "DepthwiseConv2D": convolutions.depthwise_convolution,
    "Flatten": shapes.flatten,
    "GlobalAveragePooling2D": convolutions.global_average_pooling,
    "GlobalMaxPooling2D": convolutions.global_max_pooling,
    "LayerNormalization": arithmetic.layer_normalization,
    "MaxPooling2D": convolutions.max_pooling,
    "Maximum": arithmetic.maximum,
    "Minimum": arithmetic.minimum,
    "Multiply": arithmetic.multiply,
    "Normalization": arithmetic.normalization,
    "Permute": shapes.permute,
    "Rescaling": arithmetic.rescaling,
    "Reshape": shapes.reshape,
    "Resizing": shapes.resizing,
    "SeparableConv2D": convolutions.separable_convolution,
    "Subtract": arithmetic.subtract,
    "UpSampling2D": shapes.up_sampling,
    "ZeroPadding2D": shapes.zero_padding,
}

# What x + y and the like become between two tensors of a functional model.
OPERATORS = ("Add", "Maximum", "Minimum", "Multiply", "Subtract")


def build_onnx(model: "keras.Model", *, scaling: Scaling) -> bytes:
    """Write the network as an ONNX graph, scaling of the pixels included.

    Args:
        model: images `(batch, height, width, channels)` to scores `(batch, classes)`.
        scaling: how uint8 pixels become what the network takes.

    Returns:
        a serialised graph: uint8 `pixels` `(batch, height, width, channels)` to
        float32 `scores` `(batch, classes)`. Equal networks give equal bytes.

    Raises:
        ModelError: a layer has no converter, or the model has other inputs or outputs.

    Example:
        >>> import onnxruntime  # doctest: +SKIP
        >>> graph = build_onnx(model, scaling="unit")  # doctest: +SKIP
        >>> session = onnxruntime.InferenceSession(graph)  # doctest: +SKIP
        >>> session.run(["scores"], {"pixels": pixels})  # doctest: +SKIP
    """
    calls, outputs = calls_of(model)
    sources = [call for call in calls if not call.inputs]
    _require_pictures_to_scores([call.outputs[0] for call in sources], outputs, model)
    graph = GraphBuilder()
    (images,) = sources[0].outputs
    names = {images.number: _images(graph, scaling)}
    for call in calls:
        if call.inputs:
            names[call.outputs[0].number] = _convert(graph, call, names)
    (scores,) = outputs
    return graph.finish(
        names[scores.number], model.input_shape[1:], model.output_shape[-1]
    )


def _images(graph: GraphBuilder, scaling: Scaling) -> str:
    value = graph.add("Cast", "pixels", to=TensorProto.FLOAT)
    if scaling != "none":
        factor = 1 / 255 if scaling == "unit" else 2 / 255
        value = graph.add("Mul", value, graph.scalar(factor))
    if scaling == "signed":
        value = graph.add("Sub", value, graph.scalar(1.0))
    return graph.channels_first(value)


def _convert(graph: GraphBuilder, call: Call, names: dict[int, str]) -> str:
    layer = call.layer
    kind = type(layer).__name__
    if kind not in CONVERTERS or not (_is_known_layer(layer) or _is_operator(call)):
        raise ModelError(
            received=f"The layer {call.name!r} is a {kind}, which has no ONNX form "
            "here.",
            expected=f"one of {', '.join(sorted(CONVERTERS))}.",
            remedy="Express it with these layers of keras.layers.",
        )
    require(
        layer,
        getattr(layer, "data_format", None) != "channels_first",
        has="data_format='channels_first'",
        expected="channels_last, as pictures are.",
        remedy="Leave the data_format out.",
    )
    taken = call.inputs if _is_layer(layer) else call.operands
    values = [_value(graph, operand, names) for operand in taken]
    return CONVERTERS[kind](graph, layer, *values)


def _value(
    graph: GraphBuilder, operand: Tensor | float, names: dict[int, str]
) -> Value:
    if isinstance(operand, Tensor):
        return Value(names[operand.number], operand.shape)
    return Value(graph.scalar(operand), ())


def _is_layer(layer: Any) -> bool:
    import keras

    return isinstance(layer, keras.Layer)


def _is_known_layer(layer: Any) -> bool:
    # A layer of the user's own may be called LayerScale and do something else.
    of_applications = type(layer).__name__ in APPLICATION_LAYERS
    module = type(layer).__module__
    return _is_layer(layer) and (
        not of_applications or module.startswith("keras.src.applications.")
    )


def _is_operator(call: Call) -> bool:
    # Operations of keras.ops share names with layers, but also take arrays, and align
    # axes as NumPy does.
    ranks = {len(tensor.shape) for tensor in call.inputs}
    return (
        type(call.layer).__name__ in OPERATORS
        and ranks in ({2}, {4})
        and len(call.operands) == 2
    )


def _require_pictures_to_scores(
    inputs: list[Tensor], outputs: list[Tensor], model: Any
) -> None:
    taken, given = ([tensor.shape for tensor in group] for group in (inputs, outputs))
    known = all(side is not None for shape in taken for side in shape[1:])
    if known and list(map(len, taken)) == [4] and list(map(len, given)) == [2]:
        return
    raise ModelError(
        received=f"The network {model.name!r} turns {taken} into {given}.",
        expected="pictures (batch, height, width, channels) of one known size into "
        "scores (batch, classes).",
        remedy="Give it one keras.Input((height, width, channels)) and end it with "
        "one Dense layer.",
    )
