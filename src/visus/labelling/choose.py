"""Which pictures to label next: where the model is unsure, and not all of one kind.

Zhdanov, "Diverse mini-batch active learning" (2019): the least sure pictures are
shortlisted, and one is taken from each of as many groups of them as labels are wanted,
so that no two tell the same. Without a margin, groups of all pictures are taken.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from visus.core.seeds import random_generator

Floats = NDArray[np.float32]
Rows = NDArray[np.intp]
Basis = Literal["features", "thumbnails"]

# Pictures on the shortlist for each that is wanted.
SHORTLIST = 10
# More pictures than this are not told apart one by one.
MOST_GROUPED = 20_000
ROUNDS = 10


@dataclass(frozen=True)
class Candidates:
    """Pictures to choose from.

    Args:
        features: by which they are told apart, `(num_images, num_features)`.
        uncertainties: from 0, sure, to 1, undecided `(num_images,)`; `None`: unknown.
    """

    features: NDArray[np.floating] | NDArray[np.uint8]
    uncertainties: Floats | None

    def __len__(self) -> int:
        return len(self.features)


def choose_next(candidates: Candidates, count: int, *, seed: int = 0) -> Rows:
    """Rows of the pictures worth labelling, the worthiest first.

    Args:
        candidates: all that have no label.
        count: how many are wanted; all are given where there are not so many.
        seed: of the grouping.
    """
    generator = random_generator(seed, "label next")
    unsure = candidates.uncertainties
    if unsure is None:
        shortlist = _sampled(len(candidates), generator)
        worth = np.ones(len(shortlist), dtype=np.float32)
    else:
        most = min(len(unsure), SHORTLIST * count, MOST_GROUPED)
        shortlist = np.argsort(-unsure, kind="stable")[:most]
        worth = np.maximum(unsure[shortlist], np.float32(1e-3))
    if len(shortlist) <= count:
        chosen = np.arange(len(shortlist))
    else:
        points = directions(candidates.features[shortlist])
        chosen = _one_a_group(points, worth, count, generator)
    order = np.argsort(-worth[chosen], kind="stable")
    return np.asarray(shortlist[chosen[order]], dtype=np.intp)


def directions(features: NDArray[np.floating] | NDArray[np.uint8]) -> Floats:
    """Features with mean 0, and each picture's of length 1: strength is no kind."""
    points = np.asarray(features, dtype=np.float32)
    points = points - points.mean(axis=0)
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    return np.asarray(points / np.maximum(lengths, np.float32(1e-6)))


def _sampled(total: int, generator: np.random.Generator) -> Rows:
    if total <= MOST_GROUPED:
        return np.arange(total)
    return np.sort(generator.choice(total, MOST_GROUPED, replace=False))


def _one_a_group(
    points: Floats, worth: Floats, count: int, generator: np.random.Generator
) -> Rows:
    """Of `count` groups by weighted k-means, the picture nearest to each middle."""
    middles = points[_spread_out(points, worth, count, generator)]
    for _ in range(ROUNDS):
        group = _distances(points, middles).argmin(axis=1)
        inside = np.zeros((len(points), count), dtype=np.float32)
        inside[np.arange(len(points)), group] = worth
        totals = inside.sum(axis=0)
        # A group that lost all its pictures keeps its middle.
        held = totals > 0
        middles[held] = (inside.T @ points)[held] / totals[held, None]
    distances = _distances(points, middles)
    chosen: list[int] = []
    for number in range(count):
        # Each picture once, also where two middles lie on one another.
        distances[chosen, number] = np.inf
        chosen.append(int(distances[:, number].argmin()))
    return np.array(chosen, dtype=np.intp)


def _spread_out(
    points: Floats, worth: Floats, count: int, generator: np.random.Generator
) -> Rows:
    """First middles far from each other (k-means++; Arthur and Vassilvitskii, 2007)."""
    chosen = [int(generator.choice(len(points), p=_shares(worth)))]
    nearest = _distances(points, points[chosen])[:, 0]
    while len(chosen) < count:
        weights = nearest * worth
        weights[chosen] = 0
        # Where all that is left are copies of what is chosen, any will do.
        left = np.isin(np.arange(len(points)), chosen, invert=True)
        shares = _shares(weights if weights.any() else left.astype(np.float32))
        chosen.append(int(generator.choice(len(points), p=shares)))
        distances = _distances(points, points[chosen[-1:]])[:, 0]
        nearest = np.minimum(nearest, distances)
    return np.array(chosen, dtype=np.intp)


def _distances(points: Floats, middles: Floats) -> Floats:
    """Squared, `(num_points, num_middles)`."""
    lengths = (points**2).sum(axis=1)[:, None] + (middles**2).sum(axis=1)
    return np.asarray(np.maximum(lengths - 2 * points @ middles.T, 0))


def _shares(weights: Floats) -> NDArray[np.float64]:
    shares = weights.astype(np.float64)
    return np.asarray(shares / shares.sum())
