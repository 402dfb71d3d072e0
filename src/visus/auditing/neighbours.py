"""Which pictures are most alike to the probe, and how alike."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visus.core.seeds import random_generator

Floats = NDArray[np.float32]

NEIGHBOURS = 5
AXES = 64
# Distances to more pictures would cost minutes; neighbours among these are near enough.
MOST_REFERENCES = 5_000
PIECE = 1_024


@dataclass(frozen=True)
class Neighbours:
    """The five nearest other pictures of each, the nearest first.

    Args:
        rows: `(num_images, 5)`.
        distances: float32 `(num_images, 5)`, along the 64 main axes of the features.
    """

    rows: NDArray[np.intp]
    distances: Floats


def find_neighbours(features: Floats, *, seed: int = 0) -> Neighbours | None:
    """Look for the nearest pictures; `None` when there are fewer than six.

    Args:
        features: `(num_images, num_features)`.
        seed: of the pictures that neighbours are looked for among, where there are
            more than 5,000.
    """
    count = len(features)
    if count <= NEIGHBOURS:
        return None
    placed = _main_axes(features)
    chosen = np.arange(count)
    if count > MOST_REFERENCES:
        generator = random_generator(seed, "references")
        chosen = np.sort(generator.choice(count, MOST_REFERENCES, replace=False))
    rows = np.empty((count, NEIGHBOURS), dtype=np.intp)
    squares = np.empty((count, NEIGHBOURS), dtype=np.float32)
    for first in range(0, count, PIECE):
        piece = slice(first, min(first + PIECE, count))
        found, squares[piece] = _nearest(placed, chosen, piece)
        rows[piece] = chosen[found]
    return Neighbours(rows, np.sqrt(np.maximum(squares, 0)))


def _nearest(
    placed: Floats, chosen: NDArray[np.intp], piece: slice
) -> tuple[NDArray[np.intp], Floats]:
    """Positions in `chosen` and squared distances, `(piece, 5)` each."""
    asked, references = placed[piece], placed[chosen]
    squares = (references**2).sum(axis=1) - 2 * asked @ references.T
    squares += (asked**2).sum(axis=1, keepdims=True)
    # Nobody is a neighbour of itself.
    squares[np.arange(piece.start, piece.stop)[:, None] == chosen] = np.inf
    near = np.argpartition(squares, NEIGHBOURS - 1, axis=1)[:, :NEIGHBOURS]
    order = np.argsort(np.take_along_axis(squares, near, axis=1), axis=1)
    found = np.take_along_axis(near, order, axis=1)
    return found, np.take_along_axis(squares, found, axis=1)


def _main_axes(features: Floats) -> Floats:
    centred = features - features.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    placed: Floats = centred @ axes[:, -AXES:]
    return placed
