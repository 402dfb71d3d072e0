"""Which pictures to label next: whose labels tell most, and not all of one kind.

Where a model tells how unsure it is, the labels that would settle most of that are
chosen (`settle.py`). A number does not tell; pictures are then put into groups of all
kinds and one is taken of each (Zhdanov, "Diverse mini-batch active learning", 2019).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from visus.core.seeds import random_generator
from visus.labelling.groups import Floats, Rows, directions, distances, group_points
from visus.labelling.settle import Surveyed, choose_settling

Basis = Literal["features", "thumbnails", "backbone"]

# More pictures than this are not told apart one by one.
MOST_GROUPED = 20_000


@dataclass(frozen=True)
class Candidates:
    """Pictures to choose from.

    Args:
        features: by which they are told apart, `(num_images, num_features)`.
        uncertainties: from 0, sure, to 1, undecided `(num_images,)`; `None`: unknown.
        labelled: pictures that have a label already, of which none is chosen; what
            they tell need not be asked again. `None`: none is known.
    """

    features: NDArray[np.floating] | NDArray[np.uint8]
    uncertainties: Floats | None
    labelled: Surveyed | None = None

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
        rows = _sampled(len(candidates), generator)
        points = directions(candidates.features[rows])
        return rows[_one_a_group(points, min(count, len(rows)), generator)]
    rows = np.argsort(-unsure, kind="stable")[:MOST_GROUPED]
    pool = Surveyed(candidates.features[rows], unsure[rows])
    labelled = candidates.labelled or pool.take(rows[:0])
    return rows[choose_settling(pool, labelled, min(count, len(rows)), generator)]


def _sampled(total: int, generator: np.random.Generator) -> Rows:
    if total <= MOST_GROUPED:
        return np.arange(total)
    return np.sort(generator.choice(total, MOST_GROUPED, replace=False))


def _one_a_group(points: Floats, count: int, generator: np.random.Generator) -> Rows:
    """Of `count` groups by k-means, the picture nearest to each middle."""
    worth = np.ones(len(points), dtype=np.float32)
    middles, _ = group_points(points, worth, count, generator)
    away = distances(points, middles)
    chosen: list[int] = []
    for number in range(count):
        # Each picture once, also where two middles lie on one another.
        away[chosen, number] = np.inf
        chosen.append(int(away[:, number].argmin()))
    return np.array(chosen, dtype=np.intp)
