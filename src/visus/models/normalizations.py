"""Batch normalizations measured anew on other pictures: an adaptation without labels.

What is dark, blurred or noisy elsewhere moves the means and spreads that a network's
batch normalizations were trained with, and with them all that comes after. Measured on
pictures of the new kind they fit again, and no weight is changed (Li et al.,
"Revisiting batch normalization for practical domain adaptation", 2016; Schneider et
al., "Improving robustness against common corruptions by covariate shift adaptation",
2020).
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from visus.core.errors import ModelError
from visus.core.progress import Progress, SilentProgress

if TYPE_CHECKING:
    from visus.models.onnx_graph.calls import Call
    from visus.models.opened import OpenedNetwork

Pixels = NDArray[np.uint8]
Moments = tuple[NDArray[np.float64], NDArray[np.float64]]

# What the old statistics count, in pictures (Schneider et al., 2020, find 8 to 32).
PRIOR = 16
# Pictures at a time: as many as fit, since each piece is normalized by its own.
PIECE_PLACES, FEWEST, MOST = 2**22, 16, 256


def has_normalizations(opened: "OpenedNetwork") -> bool:
    """Whether there is anything to measure anew."""
    return bool(_normalizations(opened))


def normalize_anew(
    opened: "OpenedNetwork",
    pixels: Pixels,
    *,
    prior: float = PRIOR,
    progress: Progress | None = None,
) -> None:
    """Measure all batch normalizations of a network on these pictures, in place.

    Each piece of pictures runs normalized by its own statistics, as in training; what
    they are over all pieces is kept, mixed with the old ones as `prior` pictures.

    Args:
        opened: the network that is changed.
        pixels: uint8 `(num_images, height, width, channels)`, at least one.
        prior: how many pictures the old statistics count as; 0: nothing.
        progress: who is told.

    Raises:
        ModelError: it has no batch normalization.
    """
    if not has_normalizations(opened):
        raise no_normalizations(opened.model.name)
    measured = {id(layer): _Measured(layer) for layer in _normalizations(opened)}
    size = piece_size(pixels.shape[1:])
    progress = progress or SilentProgress()
    with progress.stage("Measuring normalizations", len(pixels)):
        for first in range(0, len(pixels), size):
            piece = pixels[first : first + size]
            _run(opened, piece, measured)
            progress.advance(len(piece))
    for layer in measured.values():
        layer.keep(prior)


def piece_size(shape: tuple[int, ...]) -> int:
    """Pictures of `(height, width, channels)` that run at once."""
    return max(FEWEST, min(MOST, PIECE_PLACES // (shape[0] * shape[1])))


@dataclass
class _Measured:
    """One layer's statistics of all pieces."""

    layer: Any
    pieces: list[tuple[int, Moments]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.old: Moments = self._now()

    def _now(self) -> Moments:
        values = (self.layer.moving_mean, self.layer.moving_variance)
        mean, variance = (np.asarray(v, dtype=np.float64) for v in values)
        return mean, variance

    def use_those_of(self, values: Any, count: int) -> None:
        """Normalize by what these values are, and note it."""
        import keras

        axis = self.layer.axis % len(values.shape)
        others = [place for place in range(len(values.shape)) if place != axis]
        mean, variance = keras.ops.moments(values, axes=others)
        self._set((mean, variance))
        self.pieces.append((count, self._now()))

    def keep(self, prior: float) -> None:
        """The statistics over all pieces and the old ones."""
        parts = [*self.pieces, *([(prior, self.old)] if prior else [])]
        weights = np.array([count for count, _ in parts], dtype=np.float64)
        means = np.stack([mean for _, (mean, _) in parts])
        variances = np.stack([variance for _, (_, variance) in parts])
        weights /= weights.sum()
        mean = weights @ means
        # Within the parts, and between them (the law of total variance).
        self._set((mean, weights @ (variances + (means - mean) ** 2)))

    def _set(self, moments: tuple[Any, Any]) -> None:
        self.layer.moving_mean.assign(moments[0])
        self.layer.moving_variance.assign(moments[1])


def _run(
    opened: "OpenedNetwork", pixels: Pixels, measured: dict[int, _Measured]
) -> None:
    """Once through the network; what nobody needs any more is let go."""
    import keras

    found: dict[int, Any] = {}
    waiting = Counter(tensor.number for call in opened.calls for tensor in call.inputs)
    for call in opened.calls:
        if not call.inputs:
            images = keras.ops.convert_to_tensor(opened.images(pixels))
            found[call.outputs[0].number] = images
            continue
        given = [found[tensor.number] for tensor in call.inputs]
        if (layer := measured.get(id(call.layer))) is not None:
            layer.use_those_of(given[0], len(pixels))
        taken, named = call.arguments(given)
        values = keras.tree.flatten(call.layer(*taken, **named))
        found |= {t.number: v for t, v in zip(call.outputs, values, strict=True)}
        _let_go(call, found, waiting)


def _let_go(call: "Call", found: dict[int, Any], waiting: Counter[int]) -> None:
    for tensor in call.inputs:
        waiting[tensor.number] -= 1
        if not waiting[tensor.number]:
            found.pop(tensor.number, None)


def _normalizations(opened: "OpenedNetwork") -> list[Any]:
    layers = [call.layer for call in opened.calls]
    name = "BatchNormalization"
    return [layer for layer in layers if type(layer).__name__ == name]


def no_normalizations(name: str) -> ModelError:
    """The one error for a network that cannot be adapted so."""
    return ModelError(
        received=f"The network {name!r} has no batch normalization.",
        expected="one: adapting without labels measures their statistics anew.",
        remedy="Adapt by features (--adapt-by alignment), or label some of the "
        "pictures and train again.",
    )
