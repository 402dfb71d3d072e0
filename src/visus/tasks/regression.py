"""Figures of numbers, in NumPy; tests hold each against scikit-learn and SciPy.

Answers, truth and weights are `(num_images,)`; no weights means that all count alike.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def number_text(number: float) -> str:
    """A number as a person reads it: four digits or more, no more than it needs.

    Example:
        >>> number_text(869500.0), number_text(0.123456)
        ('869,500', '0.1235')
    """
    return f"{number:,.0f}" if 1e3 <= abs(number) < 1e15 else f"{number:.4g}"


def mean_absolute_error(
    answers: Values, truth: Values, weights: NDArray[Any] | None = None
) -> float:
    """Mean distance of answers from the truth, in their unit."""
    return float(np.average(np.abs(answers - truth), weights=weights))


def root_mean_squared_error(
    answers: Values, truth: Values, weights: NDArray[Any] | None = None
) -> float:
    """Root of the mean squared distance, in the unit: large mistakes count more."""
    return float(np.sqrt(np.average((answers - truth) ** 2, weights=weights)))


def r_squared(
    answers: Values, truth: Values, weights: NDArray[Any] | None = None
) -> float:
    """Share of the variance that is explained (the coefficient of determination).

    1 is perfect, 0 is as good as the mean of the truth, below 0 is worse. NaN where the
    truth does not vary.
    """
    mean = np.average(truth, weights=weights)
    whole = float(np.average((truth - mean) ** 2, weights=weights))
    left = float(np.average((truth - answers) ** 2, weights=weights))
    return 1 - left / whole if whole else float("nan")


def spearman(
    answers: Values, truth: Values, weights: NDArray[Any] | None = None
) -> float:
    """Correlation of the ranks (Spearman, 1904), -1 to 1: is the order right?

    A picture of weight 2 counts as two equal ones. NaN where either does not vary.
    """
    counts = np.ones(len(truth)) if weights is None else np.asarray(weights, float)
    return spearman_of(answers, truth)(counts)


def spearman_of(answers: Values, truth: Values) -> Callable[[NDArray[Any]], float]:
    """From weights to `spearman`, with the sorting done beforehand."""
    places = [np.unique(values, return_inverse=True)[1] for values in (answers, truth)]

    def correlation(counts: NDArray[Any]) -> float:
        first, second = (_centred_ranks(place, counts) for place in places)
        spread = np.sqrt(np.sum(counts * first**2) * np.sum(counts * second**2))
        shared = np.sum(counts * first * second)
        return float(shared / spread) if spread else float("nan")

    return correlation


def _centred_ranks(places: NDArray[np.intp], counts: NDArray[Any]) -> Values:
    """Ranks less their mean; equal values, which have one place, share theirs."""
    sums = np.bincount(places, weights=counts)
    ranks: Values = np.cumsum(sums) - (sums - 1) / 2
    centred: Values = ranks[places] - np.average(ranks[places], weights=counts)
    return centred
