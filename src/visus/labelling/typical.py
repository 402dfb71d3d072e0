"""What to label first, before there is a model: the typical, one of each kind.

Hacohen, Dekel and Weinshall, "Active learning on a budget: opposite strategies suit
high and low budgets" (ICML 2022): with few labels a picture in the middle of many
others teaches most. Pictures are grouped, the largest groups without a label come
first, and of each the picture with the nearest neighbours is taken.
"""

import numpy as np
from numpy.typing import NDArray

from visus.core.seeds import random_generator
from visus.labelling.groups import Floats, Rows, directions, group_points

# Neighbours by which a picture's surroundings are measured.
NEIGHBOURS = 20
# More groups would cost minutes and be of hardly any picture each.
MOST_GROUPS = 500
# More pictures than this are sampled.
MOST_GROUPED = 20_000


def choose_typical(
    features: NDArray[np.floating], labelled: NDArray[np.bool_], count: int, seed: int
) -> Rows:
    """Rows of typical pictures without a label, those of the largest groups first.

    Args:
        features: `(num_images, num_features)`.
        labelled: which have a label already `(num_images,)`; groups that have one wait.
        count: how many are wanted; all are given where there are not so many.
        seed: of the grouping.
    """
    generator = random_generator(seed, "label first")
    rows = _sampled(labelled, generator)
    points, known = directions(features[rows]), labelled[rows]
    wanted = min(count, int((~known).sum()))
    groups = min(MOST_GROUPS, int(known.sum()) + wanted, len(rows))
    worth = np.ones(len(rows), dtype=np.float32)
    group = group_points(points, worth, groups, generator)[1]
    chosen: list[int] = []
    taken = known.copy()
    while len(chosen) < wanted:
        # A round takes one of each group: first those that have no label at all.
        have = np.bincount(group[taken], minlength=groups)
        sizes = np.bincount(group[~taken], minlength=groups)
        order = np.lexsort((-sizes, have))
        fewest = have[order[sizes[order] > 0][0]]
        for number in order[(sizes[order] > 0) & (have[order] == fewest)]:
            if len(chosen) < wanted:
                inside = np.flatnonzero((group == number) & ~taken)
                place = int(inside[_density(points, group == number, inside).argmax()])
                chosen.append(place)
                taken[place] = True
    return np.asarray(rows[chosen], dtype=np.intp)


def _density(points: Floats, members: NDArray[np.bool_], asked: Rows) -> Floats:
    """How near the nearest of the same group are, as mean likeness `(num_asked,)`."""
    likeness = points[asked] @ points[members].T
    most = min(NEIGHBOURS + 1, likeness.shape[1])
    nearest = np.partition(likeness, -most, axis=1)[:, -most:]
    return np.asarray(nearest.mean(axis=1))


def _sampled(labelled: NDArray[np.bool_], generator: np.random.Generator) -> Rows:
    total = len(labelled)
    if total <= MOST_GROUPED:
        return np.arange(total)
    return np.sort(generator.choice(total, MOST_GROUPED, replace=False))
