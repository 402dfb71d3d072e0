"""outliers: pictures that look like none of the others."""

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from visus.auditing.base import Check, Opinion, graded
from visus.auditing.evidence import Evidence
from visus.core.seeds import random_generator
from visus.core.settings import Settings

NEIGHBOURS = 5
AXES = 64
# Distances to more pictures would cost minutes; neighbours among these are near enough.
MOST_REFERENCES = 5_000
PIECE = 1_024

Floats = NDArray[np.float32]


class OutlierSettings(Settings):
    """How far away is alone."""

    times: float = Field(
        1.6, gt=1, description="distance to the fifth neighbour over the median one"
    )


class Outliers(Check[OutlierSettings]):
    """The distance to the fifth nearest neighbour, beside the usual one.

    Ramaswamy, Rastogi and Shim, "Efficient algorithms for mining outliers from large
    data sets" (SIGMOD 2000), on the probe's features along their 64 main axes.
    """

    settings_class = OutlierSettings

    def judge(self, evidence: Evidence) -> Opinion:
        """0.5 where the distance is `times` the median one."""
        if len(evidence) <= NEIGHBOURS:
            return Opinion()
        distances = neighbour_distances(evidence.features, seed=evidence.seed)
        usual = float(np.median(distances))
        if usual <= 0:
            return Opinion()
        times = np.maximum(distances / usual, 1e-6)
        return Opinion(
            scores=graded(1 / times, 1 / self.settings.times),
            clause="which look like none of the others",
            caption=lambda row: f"{times[row]:.1f} times as far from others as usual",
            severity="info",
        )


def neighbour_distances(features: Floats, *, seed: int = 0) -> Floats:
    """Distance of each picture to its fifth nearest other one, `(num_images,)`.

    Args:
        features: `(num_images, num_features)`, more than five pictures.
        seed: of the pictures that neighbours are looked for among, where there are
            more than 5,000.
    """
    placed = _main_axes(features)
    count = len(placed)
    chosen = np.arange(count)
    if count > MOST_REFERENCES:
        generator = random_generator(seed, "references")
        chosen = np.sort(generator.choice(count, MOST_REFERENCES, replace=False))
    references = placed[chosen]
    lengths = np.einsum("rf,rf->r", references, references)
    distances = np.empty(count, dtype=np.float32)
    for first in range(0, count, PIECE):
        piece = placed[first : first + PIECE]
        squares = lengths - 2 * piece @ references.T
        squares += np.einsum("rf,rf->r", piece, piece)[:, None]
        # Nobody is a neighbour of itself.
        squares[np.arange(first, first + len(piece))[:, None] == chosen] = np.inf
        nearest = np.partition(squares, NEIGHBOURS - 1, axis=1)[:, NEIGHBOURS - 1]
        distances[first : first + len(piece)] = np.sqrt(np.maximum(nearest, 0))
    return distances


def _main_axes(features: Floats) -> Floats:
    centred = features - features.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    placed: Floats = centred @ axes[:, -AXES:]
    return placed
