"""Smaller training sets out of one, to see what fewer pictures would have taught."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visus.core.seeds import random_generator
from visus.models.joined import HeadWeights
from visus.tasks.base import Head
from visus.training.head.centroids import centroid_head
from visus.training.head.choose import USUAL_STRENGTH
from visus.training.head.config import FrozenConfig
from visus.training.head.fit import Pupils, fit_head

Floats = NDArray[np.float32]
Rows = NDArray[np.intp]

CENTROID, LOGISTIC = "nearest centroid", "logistic regression"
SHOTS = (1, 5, 10, 20)
SHOT_DRAWS = 20
# Halves of halves, down to a thirty-second of all pictures.
HALVINGS = 5
CURVE_DRAWS = 5
# Smaller sets say more about luck than about growth.
FEWEST_A_CLASS = 3


@dataclass(frozen=True)
class Described:
    """Pictures as features, each of one class.

    Args:
        features: `(num_images, num_features)`.
        targets: class numbers `(num_images,)`.
        units: `(num_images,)`; equal numbers are twins, or of one group.
    """

    features: Floats
    targets: NDArray[np.int32]
    units: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, rows: Rows) -> "Described":
        """Some of the pictures."""
        return Described(self.features[rows], self.targets[rows], self.units[rows])


@dataclass(frozen=True)
class Drawn:
    """What training sets of one size taught.

    Args:
        pictures: in each; of few shots, of each class.
        head: which learned from them.
        right: bool `(num_draws, num_tests)`: which test pictures each answered right.
    """

    pictures: int
    head: str
    right: NDArray[np.bool_]

    @property
    def accuracies(self) -> tuple[float, ...]:
        """Of each draw, a share."""
        return tuple(self.right.mean(axis=1).tolist())


def fit_plainly(
    pupils: Described, num_classes: int, strength: float = USUAL_STRENGTH
) -> HeadWeights:
    """Logistic regression with a penalty that is known already."""
    count = len(pupils)
    return fit_head(
        Pupils(
            features=pupils.features,
            targets=pupils.targets,
            weights=np.ones(count, dtype=np.float32),
            # One fold: none is held out.
            folds=np.zeros(count, dtype=np.intp),
            views={},
        ),
        Head(num_classes),
        FrozenConfig(strength=strength),
        seed=0,
    ).weights


def few_shots(
    pupils: Described,
    tests: Described,
    num_classes: int,
    *,
    shots: Sequence[int] = SHOTS,
    draws: int = SHOT_DRAWS,
    seed: int = 0,
) -> tuple[Drawn, ...]:
    """Both heads on a few pictures a class, drawn again and again.

    Of twins or a group at most one picture is drawn. Numbers of pictures that a class
    has not are left out.

    Args:
        pupils: to draw from; every class has pictures.
        tests: answered by every head.
        num_classes: how many there are.
        shots: pictures of each class, rising.
        draws: training sets of each size.
        seed: of the draws.
    """
    alone = _one_a_unit(pupils)
    most = np.bincount(pupils.targets[alone], minlength=num_classes).min()
    found = []
    for count in (shot for shot in shots if shot <= most):
        chosen = [
            _balanced(pupils, alone, count, random_generator(seed, "shots", draw))
            for draw in range(draws)
        ]
        for name, fit in _heads(num_classes).items():
            right = [_right(fit(pupils.take(rows)), tests) for rows in chosen]
            found.append(Drawn(count, name, np.stack(right)))
    return tuple(found)


def growing_sets(
    pupils: Described,
    tests: Described,
    num_classes: int,
    *,
    strength: float = USUAL_STRENGTH,
    draws: int = CURVE_DRAWS,
    seed: int = 0,
) -> tuple[Drawn, ...]:
    """Logistic heads on a thirty-second of the pictures, a sixteenth, ... and all.

    Classes keep their shares, and units stay whole, so a set may be a little smaller.

    Args:
        pupils: to draw from.
        tests: answered by every head.
        num_classes: how many there are.
        strength: of the penalty, as it was chosen for all pictures.
        draws: training sets of each size but the largest.
        seed: of the draws.
    """
    total = len(pupils)
    sizes = [total >> halving for halving in range(HALVINGS, 0, -1)]
    least = FEWEST_A_CLASS * num_classes
    orders = [
        stratified_order(pupils, random_generator(seed, "sets", draw))
        for draw in range(draws)
    ]
    found = []
    for size in (size for size in sizes if size >= least):
        chosen = [_whole_units(pupils, order, size) for order in orders]
        taught = [rows for rows in chosen if _has_all(pupils, rows, num_classes)]
        if taught:
            right = [
                _right(fit_plainly(pupils.take(rows), num_classes, strength), tests)
                for rows in taught
            ]
            found.append(Drawn(size, LOGISTIC, np.stack(right)))
    last = _right(fit_plainly(pupils, num_classes, strength), tests)
    return (*found, Drawn(total, LOGISTIC, last[None]))


def stratified_order(pictures: Described, generator: np.random.Generator) -> Rows:
    """All rows in an order whose every beginning has each class in its share.

    Pictures of one unit follow each other; a unit counts as its first picture's class.
    """
    _, firsts, unit_of = np.unique(
        pictures.units, return_index=True, return_inverse=True
    )
    classes = pictures.targets[firsts]
    places = np.empty(len(firsts))
    for number in np.unique(classes):
        members = generator.permutation(np.flatnonzero(classes == number))
        # Like cards of one color that are dealt evenly, from anywhere on.
        places[members] = (np.arange(len(members)) + generator.random()) / len(members)
    order = np.lexsort((np.arange(len(unit_of)), places[unit_of]))
    return np.asarray(order, dtype=np.intp)


def _whole_units(pictures: Described, order: Rows, size: int) -> Rows:
    """The first so many rows, less a unit that would be torn."""
    if size >= len(order):
        return order
    torn = pictures.units[order[size]]
    first = order[:size]
    return np.asarray(first[pictures.units[first] != torn])


def _has_all(pictures: Described, rows: Rows, num_classes: int) -> bool:
    return len(np.unique(pictures.targets[rows])) == num_classes


def _one_a_unit(pictures: Described) -> Rows:
    return np.unique(pictures.units, return_index=True)[1]


def _balanced(
    pictures: Described, rows: Rows, count: int, generator: np.random.Generator
) -> Rows:
    shuffled = generator.permutation(rows)
    targets = pictures.targets[shuffled]
    return np.concatenate(
        [shuffled[targets == number][:count] for number in np.unique(targets)]
    )


def _heads(num_classes: int) -> dict[str, Callable[[Described], HeadWeights]]:
    return {
        CENTROID: lambda few: centroid_head(few.features, few.targets, num_classes),
        LOGISTIC: lambda few: fit_plainly(few, num_classes),
    }


def _right(head: HeadWeights, tests: Described) -> NDArray[np.bool_]:
    return np.asarray(head.scores(tests.features).argmax(axis=1) == tests.targets)
