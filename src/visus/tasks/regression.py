"""Figures of numbers, in NumPy; tests hold each against scikit-learn and SciPy.

Answers, truth and weights are `(num_images,)`; no weights means that all count alike.
"""

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
    first, second = _ranks(answers, counts), _ranks(truth, counts)
    first = first - np.average(first, weights=counts)
    second = second - np.average(second, weights=counts)
    spread = np.sqrt(np.sum(counts * first**2) * np.sum(counts * second**2))
    return float(np.sum(counts * first * second) / spread) if spread else float("nan")


def _ranks(values: Values, counts: Values) -> Values:
    """Mean rank of each value; equal values share theirs."""
    _, place = np.unique(values, return_inverse=True)
    sums = np.bincount(place, weights=counts)
    ranks: Values = np.cumsum(sums) - (sums - 1) / 2
    return ranks[place]
