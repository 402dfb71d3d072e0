"""A network on paper: its layers, what each sees and costs, and what a teacher says."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from visus.models.heads import last_activation
from visus.models.onnx_graph.calls import Call, Tensor, calls_of

if TYPE_CHECKING:
    import keras

# A dense layer with a larger share of all weights is worth a word.
LARGE_SHARE = 0.8
# A last feature that sees less than this share of the picture's side cannot know it.
SMALL_VIEW = 1 / 3
# A last feature that sees more than so many pictures side by side sees mostly padding.
# MobileNetV2 on 96 pixels sees five, and does well.
LARGE_VIEW = 8

WEIGHTED = ("Conv2D", "DepthwiseConv2D", "Dense")

Pair = tuple[int, int]


@dataclass(frozen=True)
class LayerRow:
    """One use of a layer.

    Args:
        name: as Keras calls it, after the networks that hold it: "block/conv".
        kind: its class.
        output_shape: without the batch.
        parameters: number of weights; 0 where the layer has had a row already.
        receptive_field: `(height, width)` in pixels that one feature sees; `None` once
            it sees the whole picture by construction (dense layers, global means).
        multiply_adds: for one picture.
    """

    name: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int
    receptive_field: Pair | None
    multiply_adds: int


@dataclass(frozen=True)
class NetworkDescription:
    """All layers in the order they run, their sums, and warnings about the network."""

    name: str
    input_shape: tuple[int, ...]
    layers: tuple[LayerRow, ...]
    parameters: int
    trainable_parameters: int
    multiply_adds: int
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The fields as plain data."""
        return asdict(self)


def describe_network(model: "keras.Model") -> NetworkDescription:
    """Describe a Keras network of pictures, layers of nested networks included.

    Receptive fields follow Araujo, Norris and Sim, "Computing Receptive Fields of
    Convolutional Neural Networks" (2019); where branches meet, the larger counts.

    Raises:
        ModelError: the layers are called in Python code, not joined in a graph.

    Example:
        >>> description = describe_network(model)  # doctest: +SKIP
        >>> [row.receptive_field for row in description.layers]  # doctest: +SKIP
        [(1, 1), (3, 3), (5, 5), (7, 7), None, None]
    """
    calls, outputs = calls_of(model)
    rows = tuple(_rows(calls))
    input_shape = tuple(model.input_shape[1:])
    return NetworkDescription(
        name=model.name,
        input_shape=input_shape,
        layers=rows,
        parameters=model.count_params(),
        trainable_parameters=sum(
            math.prod(variable.shape) for variable in model.trainable_variables
        ),
        multiply_adds=sum(row.multiply_adds for row in rows),
        warnings=(
            *_dense_warning(calls, rows),
            *_view_warning(input_shape, rows),
            *_collapse_warning(calls),
            *_softmax_warnings(calls, outputs),
        ),
    )


@dataclass(frozen=True)
class _View:
    """What one feature sees: its size, and the distance between neighbours, pixels."""

    size: tuple[float, float]
    step: tuple[float, float]


def _rows(calls: Sequence[Call]) -> Iterator[LayerRow]:
    views: dict[int, _View | None] = {}
    seen: set[int] = set()
    for call in calls:
        view = _view(call, [views[tensor.number] for tensor in call.inputs])
        views |= {tensor.number: view for tensor in call.outputs}
        yield LayerRow(
            name=call.name,
            kind=_kind(call),
            output_shape=_features(call),
            parameters=0 if id(call.layer) in seen else _parameters(call.layer),
            receptive_field=_pixels(view) if view else None,
            multiply_adds=_multiply_adds(call),
        )
        seen.add(id(call.layer))


def _kind(call: Call) -> str:
    return type(call.layer).__name__


def _features(call: Call) -> tuple[int, ...]:
    return tuple(side or 0 for side in call.outputs[0].shape[1:])


def _parameters(layer: Any) -> int:
    # Operations of keras.ops have none.
    return layer.count_params() if hasattr(layer, "count_params") else 0


def _pixels(view: _View) -> Pair:
    height, width = map(math.ceil, view.size)
    return height, width


def _view(call: Call, inputs: Sequence[_View | None]) -> _View | None:
    if not inputs:  # The picture itself.
        return _View((1, 1), (1, 1))
    known = [view for view in inputs if view]
    if len(known) < len(inputs) or _mixes_positions(call):
        return None
    sizes = zip(*(view.size for view in known), strict=True)
    steps = zip(*(view.step for view in known), strict=True)
    height, width = (
        _side(call, axis, max(size), max(step))
        for axis, (size, step) in enumerate(zip(sizes, steps, strict=True))
    )
    return _View((height[0], width[0]), (height[1], width[1]))


def _mixes_positions(call: Call) -> bool:
    kind = _kind(call)
    pictures = all(len(tensor.shape) == 4 for tensor in (*call.inputs, *call.outputs))
    return not pictures or kind in ("Reshape", "Permute") or kind.startswith("Global")


def _side(call: Call, axis: int, size: float, step: float) -> tuple[float, float]:
    layer = call.layer
    window = _window(layer)
    if window:
        spread = getattr(layer, "dilation_rate", (1, 1))[axis]
        size += (window[axis] - 1) * spread * step
        return size, step * layer.strides[axis]
    if _kind(call) in ("UpSampling2D", "Resizing"):
        # Nearest copies one neighbour, bilinear blends two.
        size += 0 if layer.interpolation == "nearest" else step
        before, after = (t.shape[1 + axis] for t in (call.inputs[0], call.outputs[0]))
        return size, step * (before or 1) / (after or 1)
    return size, step


def _window(layer: Any) -> Pair | None:
    return getattr(layer, "kernel_size", getattr(layer, "pool_size", None))


def _multiply_adds(call: Call) -> int:
    positions = math.prod(_features(call)[:-1])
    return positions * sum(map(math.prod, _kernel_shapes(call)))


def _kernel_shapes(call: Call) -> list[tuple[int, ...]]:
    # Of all that is multiplied with at each position of the output.
    layer = call.layer
    if _kind(call) == "SeparableConv2D":
        return [
            tuple(layer.depthwise_kernel.shape),
            tuple(layer.pointwise_kernel.shape),
        ]
    return [tuple(layer.kernel.shape)] if _kind(call) in WEIGHTED else []


def _dense_warning(calls: Sequence[Call], rows: Sequence[LayerRow]) -> Iterator[str]:
    total = sum(row.parameters for row in rows)
    largest = max(rows, key=lambda row: row.parameters)
    convolves = any("Conv" in row.kind for row in rows)
    large = largest.kind == "Dense" and largest.parameters >= LARGE_SHARE * total
    # Without positions to merge, there is nothing to downsample.
    if convolves and large and any(map(_flattens, calls)):
        yield (
            f"{largest.parameters / total:.0%} of the weights ({largest.parameters:,} "
            f"of {total:,}) sit in one dense layer, {largest.name!r}: it must learn "
            "every position anew. Downsample with pooling or strides before flattening."
        )


def _flattens(call: Call) -> bool:
    return _kind(call) in ("Flatten", "Reshape") and any(
        len(tensor.shape) == 4 and tensor.shape[1:3] != (1, 1) for tensor in call.inputs
    )


def _view_warning(picture: tuple[int, ...], rows: Sequence[LayerRow]) -> Iterator[str]:
    views = [row.receptive_field for row in rows if row.receptive_field]
    if not any("Conv" in row.kind for row in rows) or any(map(_sees_all, rows)):
        return
    # A feature never sees less than those it is made of.
    tall, wide = max(views, key=math.prod)
    sees = (
        f"The last feature sees {tall}x{wide} of the {picture[0]}x{picture[1]} pixels"
    )
    if tall < SMALL_VIEW * picture[0] or wide < SMALL_VIEW * picture[1]:
        yield (
            f"{sees}: too little to know a whole shape. Pooling or strides between the "
            "convolutions widen its view."
        )
    if tall > LARGE_VIEW * picture[0] and wide > LARGE_VIEW * picture[1]:
        yield (
            f"{sees}, far more than there are: the last layers see mostly padding. "
            "Fewer strides or layers, or larger pictures, suit each other better."
        )


def _sees_all(row: LayerRow) -> bool:
    # Positions that know the whole picture, as after squeeze and excitation.
    sides = row.output_shape[:-1]
    return row.receptive_field is None and len(sides) == 2 and math.prod(sides) > 1


def _collapse_warning(calls: Sequence[Call]) -> Iterator[str]:
    idle = [
        call.name
        for call in calls
        if call.inputs
        and call.inputs[0].shape[1:3] == (1, 1)
        and max(_window(call.layer) or (1, 1)) > 1
    ]
    if idle:
        more = f" and {len(idle) - 1} more" if len(idle) > 1 else ""
        yield (
            f"The picture is down to 1x1 before {idle[0]!r}{more}: a window finds only "
            "padding there. Downsample less before it, or leave it out."
        )


def _softmax_warnings(
    calls: Sequence[Call], outputs: Sequence[Tensor]
) -> Iterator[str]:
    softmaxes = {
        call.outputs[0].number: call.name
        for call in calls
        if last_activation(call.layer) == "softmax" and len(call.outputs[0].shape) == 2
    }
    for call in calls:
        before = [tensor.number for tensor in call.inputs]
        if len(before) == 1 and before[0] in softmaxes:
            yield (
                f"{call.name!r} comes after the softmax of {softmaxes[before[0]]!r}: "
                "what goes through a softmax twice, or on from one, learns slowly. "
                "Keep the softmax for the end."
            )
    if outputs[0].number not in softmaxes:
        yield (
            "The last layer has no softmax: its outputs are no probabilities. Visus "
            "adds one."
        )
