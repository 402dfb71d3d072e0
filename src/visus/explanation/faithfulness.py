"""Whether a map tells what the network looks at: deletion and insertion.

Petsiuk, Das and Saenko, "RISE" (2018), section 4: what a map calls important is deleted
first, and the score should fall soon; or it is inserted first into a blurred picture,
and the score should rise soon. Both are areas under curves, 0 to 1 for probabilities.
A single figure means nothing: every map is compared with maps drawn by chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visus.explanation.base import Floats, Pixels, Subject
from visus.explanation.covering import fill_color
from visus.explanation.random_map import random_values
from visus.explanation.resize import blurred

# Of each curve.
POINTS = 17
# A map that beats all of so many drawn by chance does so by luck once in twenty times.
RANDOM_MAPS = 19
# Standard deviation of the blur that insertion begins with, of the picture's sides.
BLUR = 0.08


@dataclass(frozen=True)
class Curves:
    """How the score changes as pixels go and come, the most important first.

    Args:
        shares: of the pixels `(num_points,)`, 0 to 1.
        deletion: scores when that share is covered `(num_points,)`.
        insertion: scores when that share is sharp and the rest blurred.
    """

    shares: Floats
    deletion: Floats
    insertion: Floats

    @property
    def deletion_area(self) -> float:
        """Below the curve of deletion: less is better."""
        return float(np.trapezoid(self.deletion, self.shares))

    @property
    def insertion_area(self) -> float:
        """Below the curve of insertion: more is better."""
        return float(np.trapezoid(self.insertion, self.shares))

    @property
    def gain(self) -> float:
        """Insertion less deletion: more is better."""
        return self.insertion_area - self.deletion_area


@dataclass(frozen=True)
class Faith:
    """A map's curves beside those of maps drawn by chance.

    Args:
        curves: of the map.
        random: of the others.
    """

    curves: Curves
    random: tuple[Curves, ...]

    @property
    def beats_random(self) -> bool:
        """Whether it does better than every map drawn by chance."""
        return self.curves.gain > max(curves.gain for curves in self.random)

    @property
    def beaten(self) -> int:
        """How many maps drawn by chance do worse."""
        return sum(curves.gain < self.curves.gain for curves in self.random)


def random_curves(subject: Subject, count: int = RANDOM_MAPS) -> tuple[Curves, ...]:
    """The curves of maps drawn by chance; numbers 1 to `count` of `random_values`."""
    return tuple(
        curves_of(subject, random_values(subject.seed, number, subject.size))
        for number in range(1, count + 1)
    )


def curves_of(subject: Subject, values: Floats) -> Curves:
    """Delete and insert pixels in the order of a map `(height, width)`.

    Pixels of equal value go in an order drawn by chance: reading order would be one
    that means something.
    """
    order = pixel_order(values)
    shares = np.linspace(0, 1, POINTS, dtype=np.float32)
    covered = np.empty_like(subject.pixels)
    covered[...] = fill_color(subject.pixels, "mean").round()
    blur = blurred(subject.pixels, BLUR)
    deleted = _in_order(subject.pixels, covered, order, shares)
    inserted = _in_order(blur, subject.pixels, order, shares)
    scores = subject.score(np.concatenate([deleted, inserted]))
    return Curves(shares, scores[:POINTS], scores[POINTS:])


def pixel_order(values: Floats) -> NDArray[np.intp]:
    """Places of the flat map, the largest value first."""
    ties = np.random.default_rng(0).permutation(values.size)
    flat = values.reshape(-1)
    return np.asarray(ties[np.argsort(-flat[ties], kind="stable")])


def _in_order(
    before: Pixels,
    after: Pixels,
    order: NDArray[np.intp],
    shares: Sequence[float] | Floats,
) -> Pixels:
    """Pictures in which so large a share of the pixels has changed."""
    channels = before.shape[-1]
    flat, other = before.reshape(-1, channels), after.reshape(-1, channels)
    pictures = np.repeat(flat[np.newaxis], len(shares), axis=0)
    for picture, share in zip(pictures, shares, strict=True):
        changed = order[: round(float(share) * len(order))]
        picture[changed] = other[changed]
    return pictures.reshape(len(shares), *before.shape)
