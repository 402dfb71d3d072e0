"""A network on paper: its layers, what each sees and costs, and what a teacher says."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from visus.models.resolve import ends_with_softmax

if TYPE_CHECKING:
    import keras

# A dense layer with a larger share of all weights is worth a word.
LARGE_SHARE = 0.8
# A last feature that sees less than this share of the picture's side cannot know it.
SMALL_VIEW = 0.5

Pair = tuple[int, int]


@dataclass(frozen=True)
class LayerRow:
    """One layer.

    Args:
        name: as Keras calls it.
        kind: its class.
        output_shape: without the batch.
        parameters: number of weights.
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
    """All layers, their sums, and warnings about the shape of the network."""

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
    """Describe a Keras network of pictures.

    Receptive fields follow Araujo, Norris and Sim, "Computing Receptive Fields of
    Convolutional Neural Networks" (2019); where branches meet, the larger counts.
    """
    views: dict[int, _View | None] = {}
    rows = tuple(_row(layer, views) for layer in model.layers)
    return NetworkDescription(
        name=model.name,
        input_shape=tuple(model.input_shape[1:]),
        layers=rows,
        parameters=model.count_params(),
        trainable_parameters=sum(
            math.prod(variable.shape) for variable in model.trainable_variables
        ),
        multiply_adds=sum(row.multiply_adds for row in rows),
        warnings=tuple(_warnings(model, rows)),
    )


@dataclass(frozen=True)
class _View:
    """What one feature sees: its size, and the distance between neighbours, pixels."""

    size: Pair
    step: Pair


def _row(layer: Any, views: dict[int, "_View | None"]) -> LayerRow:
    view = _view(layer, _inputs_view(layer, views))
    views[id(layer)] = view
    shape = tuple(layer.output.shape[1:])
    return LayerRow(
        name=layer.name,
        kind=type(layer).__name__,
        output_shape=shape,
        parameters=layer.count_params(),
        receptive_field=view.size if view else None,
        multiply_adds=_multiply_adds(layer, shape),
    )


def _inputs_view(layer: Any, views: dict[int, "_View | None"]) -> "_View | None":
    tensors = layer.input if isinstance(layer.input, list) else [layer.input]
    sources = [tensor._keras_history.operation for tensor in tensors]
    if sources in ([], [layer]):  # The input itself.
        return _View((1, 1), (1, 1))
    seen = [views.get(id(source)) for source in sources]
    known = [view for view in seen if view]
    if len(known) < len(seen):
        return None
    return max(known, key=lambda view: view.size)


def _view(layer: Any, view: "_View | None") -> "_View | None":
    if view is None or len(layer.output.shape) != 4:
        return None
    window = getattr(layer, "kernel_size", getattr(layer, "pool_size", None))
    if window is None:
        return view
    dilation = getattr(layer, "dilation_rate", (1, 1))
    size = [
        seen + (length - 1) * spread * step
        for seen, length, spread, step in zip(
            view.size, window, dilation, view.step, strict=True
        )
    ]
    steps = [a * b for a, b in zip(view.step, layer.strides, strict=True)]
    return _View((size[0], size[1]), (steps[0], steps[1]))


def _multiply_adds(layer: Any, shape: tuple[int, ...]) -> int:
    if hasattr(layer, "layers"):
        return sum(
            _multiply_adds(inner, tuple(inner.output.shape[1:]))
            for inner in layer.layers
        )
    kind = type(layer).__name__
    positions = math.prod(shape[:-1]) if len(shape) == 3 else 1
    if kind == "SeparableConv2D":
        kernels = (layer.depthwise_kernel, layer.pointwise_kernel)
        return positions * sum(int(math.prod(kernel.shape)) for kernel in kernels)
    if kind not in ("Conv2D", "DepthwiseConv2D", "Dense"):
        return 0
    return positions * int(math.prod(layer.kernel.shape))


def _warnings(model: "keras.Model", rows: Sequence[LayerRow]) -> list[str]:
    found = [*_dense_warning(rows), *_view_warning(model.input_shape[1:3], rows)]
    if not ends_with_softmax(model):
        found.append(
            "The last layer has no softmax: its outputs are no probabilities. Visus "
            "adds one."
        )
    return found


def _dense_warning(rows: Sequence[LayerRow]) -> list[str]:
    total = sum(row.parameters for row in rows)
    largest = max(rows, key=lambda row: row.parameters)
    convolves = any("Conv" in row.kind for row in rows)
    if (
        not convolves
        or largest.kind != "Dense"
        or largest.parameters < LARGE_SHARE * total
    ):
        return []
    return [
        f"{largest.parameters / total:.0%} of the weights ({largest.parameters:,} of "
        f"{total:,}) sit in one dense layer, {largest.name!r}: it must learn every "
        "position anew. Downsample with pooling or strides before flattening."
    ]


def _view_warning(size: Pair, rows: Sequence[LayerRow]) -> list[str]:
    views = [row for row in rows if row.receptive_field]
    if not any("Conv" in row.kind for row in views):
        return []
    tall, wide = views[-1].receptive_field or (1, 1)
    if tall >= SMALL_VIEW * size[0] and wide >= SMALL_VIEW * size[1]:
        return []
    return [
        f"The last feature sees {tall}x{wide} of the {size[0]}x{size[1]} pixels: too "
        "little to know a whole shape. Pooling or strides between the convolutions "
        "widen its view."
    ]
