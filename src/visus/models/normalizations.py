"""Batch normalizations measured anew on other pictures: an adaptation without labels.

What is dark, blurred or noisy elsewhere moves the means and spreads of what a network's
batch normalizations take, and with them all that comes after. Measured there, they are
moved back, and no weight is changed (Li et al., "Revisiting batch normalization for
practical domain adaptation", 2016; Schneider et al., "Improving robustness against
common corruptions by covariate shift adaptation", 2020).

Both papers put the new statistics in the place of the old ones, which is right where
the old ones are those of the network's own pictures. Of a backbone they are not: its
normalizations keep ImageNet's, under which the head was trained on cats and dogs. So
the own pictures are measured too, and what is undone is the difference: with `m, v` the
mean and variance elsewhere, `m', v'` those of the own pictures, `x` becomes
`(x - m) sqrt(v' / v) + m'`, which is written into the normalization's own numbers.
Where the old statistics are those of the own pictures, both come to the same.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
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

# What the own statistics count, in pictures (Schneider et al., 2020, find 8 to 32).
PRIOR = 16
# Pictures at a time: as many as fit, since each piece is normalized by its own.
PIECE_PLACES, FEWEST, MOST = 2**22, 16, 256


def has_normalizations(opened: "OpenedNetwork") -> bool:
    """Whether there is anything to measure anew."""
    return bool(_normalizations(opened))


def normalize_anew(
    opened: "OpenedNetwork",
    pixels: Pixels,
    own: Pixels,
    *,
    prior: float = PRIOR,
    progress: Progress | None = None,
) -> None:
    """Move all batch normalizations of a network to other pictures, in place.

    Each piece of the others runs normalized by its own statistics, as in training; what
    they are over all pieces is kept, mixed with those of the own ones as `prior`
    pictures.

    Args:
        opened: the network that is changed.
        pixels: of the others, uint8 `(num_images, height, width, channels)`, at least
            one.
        own: the like of pictures that the network answers well.
        prior: how many pictures the own statistics count as; 0: nothing.
        progress: who is told.

    Raises:
        ModelError: it has no batch normalization.
    """
    if not has_normalizations(opened):
        raise no_normalizations(opened.model.name)
    layers = _normalizations(opened)
    progress = progress or SilentProgress()
    with progress.stage("Measuring normalizations", len(own) + len(pixels)):
        here = {id(layer): _Measured(layer) for layer in layers}
        for piece in _pieces(own, progress):
            _run(opened, piece, here)
        there = {id(m.layer): _Moved(m.layer, home=m.all()) for m in here.values()}
        for piece in _pieces(pixels, progress):
            _run(opened, piece, there)
    for layer in there.values():
        layer.keep(prior)


def _pieces(pixels: Pixels, progress: Progress) -> Iterator[Pixels]:
    size = piece_size(pixels.shape[1:])
    for first in range(0, len(pixels), size):
        yield pixels[first : first + size]
        progress.advance(min(size, len(pixels) - first))


def piece_size(shape: tuple[int, ...]) -> int:
    """Pictures of `(height, width, channels)` that run at once."""
    return max(FEWEST, min(MOST, PIECE_PLACES // (shape[0] * shape[1])))


@dataclass
class _Measured:
    """What one layer takes, over all pieces; the layer stays as it is."""

    layer: Any
    pieces: list[tuple[float, Moments]] = field(default_factory=list)

    def see(self, values: Any, count: int) -> None:
        """Note what these values are."""
        import keras

        axis = self.layer.axis % len(values.shape)
        others = [place for place in range(len(values.shape)) if place != axis]
        mean, variance = keras.ops.moments(values, axes=others)
        self.pieces.append((count, (_doubles(mean), _doubles(variance))))

    def all(self) -> Moments:
        """Within the pieces, and between them (the law of total variance)."""
        weights = np.array([count for count, _ in self.pieces], dtype=np.float64)
        means = np.stack([mean for _, (mean, _) in self.pieces])
        variances = np.stack([variance for _, (_, variance) in self.pieces])
        weights /= weights.sum()
        mean = weights @ means
        return mean, weights @ (variances + (means - mean) ** 2)


@dataclass
class _Moved(_Measured):
    """The same where the layer undoes the difference to its own pictures."""

    home: Moments = field(kw_only=True)

    def __post_init__(self) -> None:
        kept = self.layer.moving_mean, self.layer.moving_variance
        self.old: Moments = (_doubles(kept[0]), _doubles(kept[1]))

    def see(self, values: Any, count: int) -> None:
        """Note what these values are, and normalize by it."""
        super().see(values, count)
        self._undo(self.pieces[-1][1])

    def keep(self, prior: float) -> None:
        """Undo what all pieces, and the own pictures beside them, say."""
        if prior:
            self.pieces.append((prior, self.home))
        self._undo(self.all())

    def _undo(self, there: Moments) -> None:
        bound = float(self.layer.epsilon)
        (mean, variance), (own_mean, own_variance) = there, self.home
        old_mean, old_variance = self.old
        wider = (variance + bound) / (own_variance + bound)
        self.layer.moving_mean.assign(mean - (own_mean - old_mean) * np.sqrt(wider))
        # What Keras adds to a variance is no part of it.
        new = (old_variance + bound) * wider - bound
        self.layer.moving_variance.assign(np.maximum(new, 0))


def _doubles(values: Any) -> NDArray[np.float64]:
    return np.asarray(values, dtype=np.float64)


def _run(
    opened: "OpenedNetwork", pixels: Pixels, measured: Mapping[int, _Measured]
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
            layer.see(given[0], len(pixels))
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
