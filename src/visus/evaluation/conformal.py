"""Prediction sets fitted on held-out pictures, so that they cover as often as asked."""

import math

import numpy as np
from numpy.typing import NDArray

from visus.bundles.calibration import tempered
from visus.bundles.sets import DialPoint, SetRule, nonconformity
from visus.core.seeds import random_generator
from visus.evaluation.held import Held
from visus.evaluation.temperature import fit_temperatures

Values = NDArray[np.float64]

# Positions of the dial, beside the one that is asked for.
LEVELS = (0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
# Of Angelopoulos et al. (2021), where there are many classes; with few, sets are small.
MANY_CLASSES = 11
PENALTY, FREE = 0.01, 5
FOLDS = 5


def fit_sets(
    held: Held, temperatures: tuple[float, ...], coverage: float, *, seed: int = 0
) -> SetRule | str:
    """Thresholds of all positions of the dial that so many pictures allow.

    The temperature was fitted on the same pictures. So that it does not flatter, each
    fifth of them is scored with the temperature of the other four (cross-conformal;
    Vovk, "Cross-conformal predictors", 2015).

    Args:
        held: pictures of one known class each, that nothing was learned from.
        temperatures: of all of them.
        coverage: of the operating point, a share.
        seed: of folds and of the randomised sets by which thresholds are found.

    Returns:
        the rule; else why there is none.
    """
    many = held.scores.shape[1] >= MANY_CLASSES
    penalty, free = (PENALTY, FREE) if many else (0.0, 0)
    values = _values(held, penalty, free, seed)
    scores = tempered(held.scores, temperatures, "softmax")
    levels = sorted({*LEVELS, coverage})
    thresholds = {level: conformal_threshold(values, level) for level in levels}
    if not math.isfinite(thresholds[coverage]):
        needed = math.ceil(coverage / (1 - coverage) - 1e-9)
        return (
            f"a coverage of {coverage:.1%} takes {needed:,} held-out pictures, and "
            f"there are {len(held):,}"
        )
    certain = nonconformity(scores, np.zeros(len(scores)), penalty, free)
    right = scores.argmax(axis=1) == held.targets
    return SetRule(
        coverage=coverage,
        dial=tuple(
            _point(level, threshold, certain, right)
            for level, threshold in thresholds.items()
            if math.isfinite(threshold)
        ),
        penalty=penalty,
        free=free,
        pictures=len(held),
    )


def conformal_threshold(values: Values, coverage: float) -> float:
    """Up to which nonconformity a class is in a set (Vovk, Gammerman and Shafer, 2005).

    A new picture's is at most that with a probability of at least `coverage`, whatever
    the network is, if it is drawn as these were.

    Args:
        values: of the true classes of held-out pictures `(num_images,)`.
        coverage: a share.

    Returns:
        infinity where there are too few pictures to say.

    Example:
        >>> conformal_threshold(np.arange(1, 10) / 10, 0.8)
        0.8
        >>> conformal_threshold(np.arange(1, 10) / 10, 0.95)
        inf
    """
    place = math.ceil((len(values) + 1) * coverage - 1e-9)
    if place > len(values):
        return math.inf
    return float(np.partition(values, place - 1)[place - 1])


def _values(held: Held, penalty: float, free: int, seed: int) -> Values:
    """Nonconformity of the truth, randomised, with the temperature of other folds."""
    order = random_generator(seed, "conformal folds").permutation(len(held))
    draws = random_generator(seed, "conformal draws").random(len(held))
    found = np.empty(len(held))
    for fold in np.array_split(order, FOLDS):
        others = held.take(np.setdiff1d(order, fold))
        temperatures = fit_temperatures(others.scores, others.targets, others.weights)
        scores = tempered(held.scores[fold], temperatures, "softmax")
        values = nonconformity(scores, draws[fold], penalty, free)
        found[fold] = values[np.arange(len(fold)), held.targets[fold]]
    return found


def _point(
    level: float, threshold: float, certain: Values, right: NDArray[np.bool_]
) -> DialPoint:
    answered = (certain <= threshold).sum(axis=1) == 1
    accuracy = float(right[answered].mean()) if answered.any() else None
    return DialPoint(
        coverage=level,
        threshold=round(threshold, 9),
        answered=round(float(answered.mean()), 6),
        accuracy=None if accuracy is None else round(accuracy, 6),
    )
