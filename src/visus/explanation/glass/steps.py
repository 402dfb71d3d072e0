"""A network as steps that a page can take itself, with what Keras makes of each.

A layer with an activation of its own becomes two steps, so that a learner sees the sum
before and after it. What the page cannot compute is handed to it as Keras has it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.explanation.glass.fields import Field, padding_before
from visus.models.onnx_graph.calls import Call
from visus.models.opened import OpenedNetwork, activation_name, kind_of

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]

# What the page computes by itself, of activations.
ACTIVATIONS = (
    "elu",
    "hard_sigmoid",
    "hard_swish",
    "linear",
    "relu",
    "relu6",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "tanh",
)
NOTHING_TO_DO = (
    "ActivityRegularization",
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "Identity",
    "SpatialDropout2D",
)


@dataclass(frozen=True)
class Step:
    """One step of the page.

    Args:
        name: the layer's.
        kind: which arithmetic it is; "given": the page takes `values` as they are.
        inputs: numbers of the steps that it takes from.
        values: what Keras gives: `(height, width, channels)` or `(num_values,)`.
        choices: plain numbers that the arithmetic needs.
        arrays: weights that it needs.
        sees: the pixels that a place hangs on; `None`: all of them.
    """

    name: str
    kind: str
    inputs: tuple[int, ...]
    values: Floats
    choices: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, Floats] = field(default_factory=dict)
    sees: Field | None = None


def steps_of(network: OpenedNetwork, pixels: Pixels) -> list[Step]:
    """All steps from the pixels to the scores.

    Args:
        network: fresh from its bundle.
        pixels: uint8 `(height, width, channels)`.

    """
    return _Gathered(network, pixels).steps


class _Gathered:
    """Steps so far, and which of them stands for each tensor of the network."""

    def __init__(self, network: OpenedNetwork, pixels: Pixels) -> None:
        self.network = network
        self.steps: list[Step] = []
        self._step_of: dict[int, int] = {}
        self._values: dict[int, Any] = {}
        for call in network.calls:
            if call.inputs:
                self._take(call)
            else:
                self._begin(call, pixels)

    def _begin(self, call: Call, pixels: Pixels) -> None:
        raw = Step("pixels", "input", (), pixels.astype(np.float32), sees=Field())
        number = self._add(raw)
        images = self.network.images(pixels[np.newaxis])
        if self.network.scaling != "none":
            signed = self.network.scaling == "signed"
            choices = {"scale": (2 if signed else 1) / 255, "offset": -1.0 * signed}
            scaled = Step("scaling", "rescale", (number,), images[0], choices)
            number = self._add(replace(scaled, sees=Field()))
        self._note(call, number, images)

    def _take(self, call: Call) -> None:
        taken = tuple(self._step_of[tensor.number] for tensor in call.inputs)
        sees = self._joined(taken)
        made = _made(call, [self.steps[number].values.shape for number in taken])
        last = activation_name(call.layer)
        if made is None or (made.splits and last not in ACTIVATIONS):
            given = Step(call.name, "given", taken, self._run(call)[0])
            number = self._add(replace(given, choices={"layer": kind_of(call)}))
        else:
            with _without_activation(call.layer, made.splits):
                values = self._run(call)[0]
            step = Step(call.name, made.kind, taken, values, made.choices, made.arrays)
            number = self._add(replace(step, sees=made.field(sees)))
            if made.splits and last != "linear":
                number = self._activated(call, number, last)
        self._note(call, number, self._run(call))

    def _activated(self, call: Call, number: int, name: str) -> int:
        kind = "softmax" if name == "softmax" else "activation"
        step = Step(
            name=f"{call.name} {name}",
            kind=kind,
            inputs=(number,),
            values=self._run(call)[0],
            choices={"function": name},
            sees=self.steps[number].sees,
        )
        return self._add(step)

    def _add(self, step: Step) -> int:
        self.steps.append(replace(step, values=_as_shown(step.values)))
        return len(self.steps) - 1

    def _note(self, call: Call, number: int, values: Any) -> None:
        self._step_of[call.outputs[0].number] = number
        self._values[call.outputs[0].number] = values

    def _run(self, call: Call) -> Floats:
        taken, named = call.arguments([self._values[t.number] for t in call.inputs])
        return np.asarray(call.layer(*taken, **named), dtype=np.float32)

    def _joined(self, taken: Sequence[int]) -> Field | None:
        fields = [self.steps[number].sees for number in taken]
        known = [one for one in fields if one is not None]
        if len(known) < len(fields):
            return None
        joined = known[0]
        for other in known[1:]:
            joined = joined.joined(other)
        return joined


def _as_shown(values: Floats) -> Floats:
    """Maps or a list: lists side by side, as of tokens, become the rows of one map."""
    if values.ndim == 2:
        return values[..., np.newaxis]
    return values if values.ndim == 3 else values.reshape(-1)


@contextmanager
def _without_activation(layer: Any, splits: bool) -> Iterator[None]:
    """The layer's sums alone, for as long as this lasts."""
    if not splits:
        yield
        return
    before, layer.activation = layer.activation, None
    try:
        yield
    finally:
        layer.activation = before


@dataclass(frozen=True)
class _Made:
    """What a layer becomes: its arithmetic, and how the field of view grows."""

    kind: str
    choices: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, Floats] = field(default_factory=dict)
    splits: bool = False
    window: tuple[Any, ...] | None = None
    mixes: bool = False

    def field(self, sees: Field | None) -> Field | None:
        if sees is None or self.mixes:
            return None
        return sees if self.window is None else sees.through(*self.window)


Shapes = Sequence[tuple[int, ...]]


def _made(call: Call, shapes: Shapes) -> _Made | None:
    """The arithmetic of a layer; `None` where the page has none for it."""
    kind = kind_of(call)
    if kind in NOTHING_TO_DO:
        return _Made("identity")
    maker = _MAKERS.get(kind)
    if maker is None or getattr(call.layer, "data_format", "") == "channels_first":
        return None
    return maker(call.layer, shapes)


def _convolution(layer: Any, shapes: Shapes) -> _Made | None:
    if layer.groups != 1:
        return None
    return _windowed(layer, shapes, "convolution", layer.kernel)


def _depthwise(layer: Any, shapes: Shapes) -> _Made | None:
    if layer.depth_multiplier != 1:
        return None
    return _windowed(layer, shapes, "depthwise", layer.kernel)


def _windowed(layer: Any, shapes: Shapes, kind: str, kernel: Any) -> _Made:
    size, strides = tuple(layer.kernel_size), tuple(layer.strides)
    spread = tuple(layer.dilation_rate)
    before = padding_before(shapes[0][:2], size, strides, layer.padding, spread)
    arrays = {"kernel": np.asarray(kernel)}
    if layer.bias is not None:
        arrays["bias"] = np.asarray(layer.bias)
    choices = {
        "window": size,
        "strides": strides,
        "padding": before,
        "dilation": spread,
        "mode": layer.padding,
    }
    return _Made(kind, choices, arrays, True, (size, strides, before, spread))


def _pooling(kind: str) -> Callable[[Any, Shapes], _Made]:
    def made(layer: Any, shapes: Shapes) -> _Made:
        size, strides = tuple(layer.pool_size), tuple(layer.strides)
        before = padding_before(shapes[0][:2], size, strides, layer.padding)
        choices = {
            "window": size,
            "strides": strides,
            "padding": before,
            "mode": layer.padding,
        }
        return _Made(kind, choices, window=(size, strides, before))

    return made


def _dense(layer: Any, shapes: Shapes) -> _Made | None:
    if len(shapes[0]) != 1:
        return None
    arrays = {"kernel": np.asarray(layer.kernel)}
    if layer.bias is not None:
        arrays["bias"] = np.asarray(layer.bias)
    return _Made("dense", {}, arrays, True, mixes=True)


def _batch_normalization(layer: Any, shapes: Shapes) -> _Made | None:
    if layer.axis not in (-1, len(shapes[0])):
        return None
    parts = {
        "mean": layer.moving_mean,
        "variance": layer.moving_variance,
        "gamma": layer.gamma,
        "beta": layer.beta,
    }
    arrays = {name: np.asarray(v) for name, v in parts.items() if v is not None}
    return _Made("normalization", {"epsilon": float(layer.epsilon)}, arrays)


def _relu(layer: Any, shapes: Shapes) -> _Made | None:
    if layer.negative_slope or layer.threshold or layer.max_value not in (None, 6):
        return None
    return _Made(
        "activation", {"function": "relu6" if layer.max_value == 6 else "relu"}
    )


def _activation(layer: Any, shapes: Shapes) -> _Made | None:
    name = activation_name(layer)
    if name not in ACTIVATIONS:
        return None
    return (
        _softmax(layer, shapes)
        if name == "softmax"
        else _Made("activation", {"function": name})
    )


def _softmax(layer: Any, shapes: Shapes) -> _Made | None:
    return _Made("softmax") if len(shapes[0]) == 1 else None


def _rescaling(layer: Any, shapes: Shapes) -> _Made | None:
    if np.ndim(layer.scale) or np.ndim(layer.offset):
        return None
    return _Made(
        "rescale", {"scale": float(layer.scale), "offset": float(layer.offset)}
    )


def _zero_padding(layer: Any, shapes: Shapes) -> _Made:
    before = (layer.padding[0][0], layer.padding[1][0])
    choices = {"padding": before}
    return _Made("zero-padding", choices, window=((1, 1), (1, 1), before))


def _added(layer: Any, shapes: Shapes) -> _Made | None:
    return _Made("add") if len(set(shapes)) == 1 else None


_MAKERS: dict[str, Callable[[Any, Shapes], _Made | None]] = {
    "Activation": _activation,
    "Add": _added,
    "AveragePooling2D": _pooling("mean-pooling"),
    "BatchNormalization": _batch_normalization,
    "Conv2D": _convolution,
    "Dense": _dense,
    "DepthwiseConv2D": _depthwise,
    "Flatten": lambda layer, shapes: _Made("flatten", mixes=True),
    "GlobalAveragePooling2D": lambda layer, shapes: (
        None if layer.keepdims else _Made("global-mean", mixes=True)
    ),
    "MaxPooling2D": _pooling("max-pooling"),
    "ReLU": _relu,
    "Rescaling": _rescaling,
    "Softmax": _softmax,
    "ZeroPadding2D": _zero_padding,
}
