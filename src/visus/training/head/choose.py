"""How strong the penalty of a head should be, by cross-validation on what it learns."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from visus.core.seeds import random_generator
from visus.tasks.base import Activation
from visus.training.head.solve import (
    Preconditioner,
    Problems,
    losses_and_residuals,
    solve,
)

Array = NDArray[np.floating]
Floats = NDArray[np.float32]

# Half a power of ten apart: between them no loss differs by more than its error.
STRENGTHS: tuple[float, ...] = tuple(10.0 ** (place / 2) for place in range(-4, 1))
# Where the best is at an end, that many more are tried beyond it, so often.
MORE_STRENGTHS = 2
MOST_EXTENSIONS = 2
# Where no picture can be held out.
USUAL_STRENGTH = 0.1
# More rows hardly change which strength is best, and cost in proportion.
MOST_ROWS = 10_000
# Scores of one row in all problems that are descended together.
MOST_COLUMNS = 512
# With very many outputs, folds cost more than they tell.
MANY_OUTPUTS, FEW_FOLDS = 50, 3


@dataclass(frozen=True)
class Examples:
    """What a head learns from; a row a picture.

    Args:
        features: `(num_images, num_features)`, of mean 0 and spread 1.
        views: the same of other views of the same pictures, learned from beside them
            and never asked about.
        targets: `(num_images, num_outputs)`, see `Problems`.
        weights: `(num_images,)`.
        folds: `(num_images,)`, from 0; units lie in one fold.
        activation: how scores come from values.
    """

    features: Floats
    targets: Floats
    weights: Floats
    folds: NDArray[np.intp]
    activation: Activation
    views: tuple[Floats, ...] = ()

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, rows: NDArray[np.intp]) -> "Examples":
        """Some of the pictures."""
        return replace(
            self,
            features=self.features[rows],
            views=tuple(view[rows] for view in self.views),
            targets=self.targets[rows],
            weights=self.weights[rows],
            folds=self.folds[rows],
        )

    def problems(self, weights: Array, strengths: Sequence[float]) -> Problems:
        """Problems on all views; `weights` `(num_images, problems)` count pictures."""
        times = 1 + len(self.views)
        dtype = self.features.dtype
        shares = weights / weights.sum(axis=0)
        return Problems(
            features=np.concatenate([self.features, *self.views]),
            targets=np.concatenate([self.targets] * times).astype(dtype),
            weights=np.concatenate([shares / times] * times).astype(dtype),
            strengths=np.asarray(strengths, dtype=dtype),
            activation=self.activation,
        )


@dataclass(frozen=True)
class Curve:
    """What cross-validation found.

    Args:
        strengths: that were tried, rising `(num_strengths,)`.
        losses: mean loss of held-out pictures `(num_strengths,)`.
        best: the strength of the lowest loss.
        values: what the head of that strength gave each picture while it was held out,
            before the activation `(num_images, num_outputs)`; NaN where it never was.
        folds: how many there were; 0 where no picture could be held out.
    """

    strengths: tuple[float, ...]
    losses: tuple[float, ...]
    best: float
    values: Floats
    folds: int

    def rescaled(self, factor: float) -> "Curve":
        """With strengths in another unit."""
        strengths = tuple(factor * strength for strength in self.strengths)
        return replace(self, strengths=strengths, best=factor * self.best)

    @property
    def counted(self) -> NDArray[np.bool_]:
        """Which pictures were held out."""
        return np.asarray(np.isfinite(self.values).all(axis=1))

    @property
    def loss(self) -> float:
        """The lowest mean loss; NaN without folds."""
        return min(self.losses, default=float("nan"))


def choose_strength(
    examples: Examples,
    preconditioner: Preconditioner,
    seed: int,
    strengths: Sequence[float] = STRENGTHS,
) -> Curve:
    """Hold out each fold once for every strength, and find the lowest loss.

    A held-out picture whose class no other fold has is not counted, since nobody could
    know it.

    Args:
        examples: with their folds.
        preconditioner: of their features.
        seed: of the sample where there are very many pictures.
        strengths: to try; more beyond an end are tried where that end is best.
    """
    rows = _sampled(len(examples), seed)
    asked = examples.take(rows)
    if asked.targets.shape[1] > MANY_OUTPUTS:
        asked = replace(asked, folds=asked.folds % FEW_FOLDS)
    tried = _Tried(asked, preconditioner)
    if not tried.counted.any():
        values = np.full(examples.targets.shape, np.nan, dtype=np.float32)
        return Curve((), (), USUAL_STRENGTH, values, 0)
    tried.add(strengths)
    for _ in range(MOST_EXTENSIONS if len(strengths) > 1 else 0):
        beyond = tried.beyond()
        if not beyond:
            break
        tried.add(beyond)
    return tried.curve(rows, len(examples))


class _Tried:
    """The strengths that were tried so far."""

    def __init__(self, examples: Examples, preconditioner: Preconditioner) -> None:
        self.examples = examples
        self.preconditioner = preconditioner
        self.names = np.unique(examples.folds)
        self.counted = _can_be_judged(examples)
        self._values: dict[float, Floats] = {}
        self._losses: dict[float, float] = {}

    def add(self, strengths: Sequence[float]) -> None:
        """Hold out every fold under these strengths."""
        outputs = self.examples.targets.shape[1]
        at_once = max(1, MOST_COLUMNS // (outputs * len(self.names)))
        for first in range(0, len(strengths), at_once):
            some = strengths[first : first + at_once]
            parameters = solve(self._problems(some), preconditioner=self.preconditioner)
            self._note(some, parameters)

    def beyond(self) -> Sequence[float]:
        """What should be tried too: nothing, unless the best lies at an end."""
        tried = sorted(self._losses)
        best = min(tried, key=self._losses.__getitem__)
        steps = 10.0 ** (np.arange(1, MORE_STRENGTHS + 1) / 2)
        if best == tried[0]:
            return tuple(map(float, best / steps))
        return tuple(map(float, best * steps)) if best == tried[-1] else ()

    def curve(self, rows: NDArray[np.intp], num_images: int) -> Curve:
        """All of it, for pictures of which `rows` were asked."""
        tried = sorted(self._losses)
        best = min(tried, key=self._losses.__getitem__)
        outputs = self.examples.targets.shape[1]
        values = np.full((num_images, outputs), np.nan, dtype=np.float32)
        values[rows[self.counted]] = self._values[best][self.counted]
        return Curve(
            tuple(tried),
            tuple(self._losses[strength] for strength in tried),
            best,
            values,
            len(self.names),
        )

    def _problems(self, strengths: Sequence[float]) -> Problems:
        # Fold by fold, all strengths of each.
        inside = self.examples.folds[:, None] != self.names
        weights = self.examples.weights[:, None] * inside
        return self.examples.problems(
            np.repeat(weights, len(strengths), axis=1),
            [*strengths] * len(self.names),
        )

    def _note(self, strengths: Sequence[float], parameters: Array) -> None:
        examples = self.examples
        outputs = examples.targets.shape[1]
        values = np.zeros((len(examples), len(strengths), outputs), dtype=np.float32)
        for number, name in enumerate(self.names):
            held = examples.folds == name
            first = number * len(strengths)
            some = parameters[:, first : first + len(strengths)]
            flat = some.reshape(len(some), -1)
            found = examples.features[held] @ flat[:-1] + flat[-1]
            values[held] = found.reshape(-1, len(strengths), outputs)
        losses, _ = losses_and_residuals(values, examples.targets, examples.activation)
        weights = examples.weights * self.counted
        means = (weights @ losses) / weights.sum()
        for place, strength in enumerate(strengths):
            self._values[strength] = values[:, place]
            self._losses[strength] = float(means[place])


def _can_be_judged(examples: Examples) -> NDArray[np.bool_]:
    """Which pictures have a weight, and a class that other folds have too."""
    counted = examples.weights > 0
    if len(np.unique(examples.folds)) < 2:
        return np.zeros(len(examples), dtype=bool)
    if examples.activation != "softmax":
        return counted
    classes = examples.targets.argmax(axis=1)
    spread = [len(np.unique(f)) for f in _grouped(examples.folds, classes)]
    several = np.asarray(spread) > 1
    _, places = np.unique(classes, return_inverse=True)
    return np.asarray(counted & several[places])


def _grouped(
    values: NDArray[np.intp], keys: NDArray[np.intp]
) -> Iterator[NDArray[np.intp]]:
    for key in np.unique(keys):
        yield values[keys == key]


def _sampled(count: int, seed: int) -> NDArray[np.intp]:
    if count <= MOST_ROWS:
        return np.arange(count)
    generator = random_generator(seed, "strength")
    return np.sort(generator.choice(count, MOST_ROWS, replace=False))


def better_views(
    curves: Mapping[str, Curve], examples: Examples, first: str
) -> tuple[str, str]:
    """Which views to learn from, and why, in words.

    Args:
        curves: by name, of examples that differ in their views alone.
        examples: any of them.
        first: the name of those without other views, which need no reason.

    Returns:
        The name of the lowest loss, if it is lower than that of `first` by more than
        the standard error of the difference, picture by picture; else `first`.
    """
    losses = {name: _losses(curve, examples) for name, curve in curves.items()}
    best = min(curves, key=lambda name: curves[name].loss)
    told = ", ".join(f"{name} {curve.loss:.4f}" for name, curve in curves.items())
    if best == first or not np.isfinite(losses[first]).any():
        return first, told
    gains = losses[first] - losses[best]
    gains = gains[np.isfinite(gains)]
    error = gains.std() / np.sqrt(len(gains))
    return (best if gains.mean() > error else first), told


def _losses(curve: Curve, examples: Examples) -> Array:
    values = curve.values[:, None, :]
    losses, _ = losses_and_residuals(values, examples.targets, examples.activation)
    return np.asarray(losses[:, 0])
