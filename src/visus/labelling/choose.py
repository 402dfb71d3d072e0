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
from visus.labelling.groups import Floats, Rows, directions, distances, group_points

Basis = Literal["features", "thumbnails", "backbone"]

# Pictures on the shortlist for each that is wanted.
SHORTLIST = 10
# More pictures than this are not told apart one by one.
MOST_GROUPED = 20_000


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


def _sampled(total: int, generator: np.random.Generator) -> Rows:
    if total <= MOST_GROUPED:
        return np.arange(total)
    return np.sort(generator.choice(total, MOST_GROUPED, replace=False))


def _one_a_group(
    points: Floats, worth: Floats, count: int, generator: np.random.Generator
) -> Rows:
    """Of `count` groups by weighted k-means, the picture nearest to each middle."""
    middles, _ = group_points(points, worth, count, generator)
    away = distances(points, middles)
    chosen: list[int] = []
    for number in range(count):
        # Each picture once, also where two middles lie on one another.
        away[chosen, number] = np.inf
        chosen.append(int(away[:, number].argmin()))
    return np.array(chosen, dtype=np.intp)
