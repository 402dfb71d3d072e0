"""Pictures in groups by their features: weighted k-means on the sphere's surface."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Rows = NDArray[np.intp]

ROUNDS = 10
# A feature that varies by less than this share of the others' says nothing.
LEAST_SPREAD = 1e-4


def directions(features: NDArray[np.floating] | NDArray[np.uint8]) -> Floats:
    """Features of mean 0 and spread 1, each picture's of length 1: strength is no kind.

    Features of several depths differ tenfold in size, and are worth no more for it.
    """
    points = np.asarray(features, dtype=np.float32)
    points = points - points.mean(axis=0)
    spread = points.std(axis=0)
    # What hardly ever varied must not be blown up.
    dead = spread <= LEAST_SPREAD * np.median(spread)
    points /= np.where(dead, np.inf, spread)
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    return np.asarray(points / np.maximum(lengths, np.float32(1e-6)))


def group_points(
    points: Floats, worth: Floats, count: int, generator: np.random.Generator
) -> tuple[Floats, Rows]:
    """Middles `(count, num_features)` and the group of each point `(num_points,)`.

    Args:
        points: `(num_points, num_features)`, at least `count` of them.
        worth: how much each counts `(num_points,)`, above 0.
        count: of the groups.
        generator: of the first middles.
    """
    middles = points[_spread_out(points, worth, count, generator)]
    for _ in range(ROUNDS):
        group = distances(points, middles).argmin(axis=1)
        inside = np.zeros((len(points), count), dtype=np.float32)
        inside[np.arange(len(points)), group] = worth
        totals = inside.sum(axis=0)
        # A group that lost all its pictures keeps its middle.
        held = totals > 0
        middles[held] = (inside.T @ points)[held] / totals[held, None]
    return middles, np.asarray(distances(points, middles).argmin(axis=1))


def distances(points: Floats, middles: Floats) -> Floats:
    """Squared, `(num_points, num_middles)`."""
    lengths = (points**2).sum(axis=1)[:, None] + (middles**2).sum(axis=1)
    return np.asarray(np.maximum(lengths - 2 * points @ middles.T, 0))


def _spread_out(
    points: Floats, worth: Floats, count: int, generator: np.random.Generator
) -> Rows:
    """First middles far from each other (k-means++; Arthur and Vassilvitskii, 2007)."""
    chosen = [int(generator.choice(len(points), p=_shares(worth)))]
    nearest = distances(points, points[chosen])[:, 0]
    free = np.ones(len(points), dtype=np.float32)
    while len(chosen) < count:
        free[chosen[-1]] = 0
        weights = nearest * worth * free
        # Where all that is left are copies of what is chosen, any will do.
        shares = _shares(weights if weights.any() else free)
        chosen.append(int(generator.choice(len(points), p=shares)))
        newest = distances(points, points[chosen[-1:]])[:, 0]
        nearest = np.minimum(nearest, newest)
    return np.array(chosen, dtype=np.intp)


def _shares(weights: Floats) -> NDArray[np.float64]:
    shares = weights.astype(np.float64)
    return np.asarray(shares / shares.sum())
