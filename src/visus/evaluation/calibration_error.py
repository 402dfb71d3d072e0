"""How far probabilities are from what happens: calibration errors, Brier, diagrams."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visus.core.report import Interval
from visus.core.seeds import random_generator
from visus.tasks.base import Targets
from visus.tasks.intervals import effective_number

Values = NDArray[np.float64]

# As in Guo et al. (2017).
BINS = 15
DRAWS = 1_000
HALVINGS = 30
# No error is so many times as large as the one that was seen.
MOST_TIMES = 8.0


@dataclass(frozen=True)
class Reliability:
    """Pictures in bins of their confidence; bins without pictures are left out.

    Args:
        confidence: mean of the bin `(num_bins,)`.
        accuracy: share of its pictures that are right `(num_bins,)`.
        share: of all pictures that lie in it `(num_bins,)`; they add up to 1.
        number: how many pictures of equal weight it is worth `(num_bins,)`.
    """

    confidence: Values
    accuracy: Values
    share: Values
    number: Values

    @property
    def error(self) -> float:
        """Mean distance of confidence and accuracy: the expected calibration error.

        Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities using
        Bayesian binning" (2015); a share.
        """
        return float((self.share * np.abs(self.accuracy - self.confidence)).sum())


def reliability(
    confidences: NDArray[np.floating],
    right: NDArray[np.bool_],
    weights: NDArray[np.floating] | None = None,
    *,
    bins: int = BINS,
    adaptive: bool = False,
) -> Reliability:
    """Put pictures into bins by confidence.

    Args:
        confidences: score of the answer, `(num_images,)`.
        right: whether it is the truth, `(num_images,)`.
        weights: how much each picture counts `(num_images,)`; `None`: all alike.
        bins: how many.
        adaptive: bins of as many pictures each, not of equal width (Nixon et al.,
            "Measuring calibration in deep learning", 2019).

    Example:
        >>> found = reliability(np.array([0.9, 0.9, 0.6]), np.array([1, 0, 1]) > 0)
        >>> round(found.error, 3)                 # (2 x |0.5 - 0.9| + |1 - 0.6|) / 3
        0.4
    """
    sure = confidences.astype(np.float64)
    counts = np.ones(len(sure)) if weights is None else weights.astype(np.float64)
    if adaptive:
        places = np.empty(len(sure), dtype=np.intp)
        order = np.argsort(sure, kind="stable")
        places[order] = np.arange(len(sure)) * bins // max(len(sure), 1)
    else:
        # The upper edge belongs to a bin, so that 1.0 lies in the last.
        places = np.clip(np.ceil(sure * bins).astype(np.intp) - 1, 0, bins - 1)
    total = np.bincount(places, counts, bins)
    used = total > 0
    squares = np.bincount(places, counts**2, bins)[used]
    return Reliability(
        confidence=np.bincount(places, counts * sure, bins)[used] / total[used],
        accuracy=np.bincount(places, counts * right, bins)[used] / total[used],
        share=total[used] / total.sum(),
        number=total[used] ** 2 / squares,
    )


def debiased_error(found: Reliability, *, seed: int = 0) -> Interval:
    """The calibration error without what chance adds, and its 95 % interval.

    Bins hold few pictures, so the plain estimate is above 0 for perfect probabilities
    too: 0.03 for 1,000 pictures of which 85 % are right. What chance does to it is
    drawn, as by Kumar, Liang and Ma ("Verified uncertainty calibration", 2019), and
    the error is the one whose plain estimates are on average what was seen (indirect
    inference; Gouriéroux, Monfort and Renault, 1993); the interval holds the errors
    with which what was seen is no rarer than 2.5 % on either side. Errors of all bins
    are taken to grow alike. Where even no error at all would seldom show as little as
    was seen, there is no such error, and the upper end is what was seen: chance adds to
    the plain estimate, so an error of 0 to 0 would claim more than pictures can tell.

    Args:
        found: adaptive bins, best.
        seed: of what is drawn.
    """
    gaps = found.accuracy - found.confidence
    # One more picture that is right as often as was promised: a bin without mistakes
    # would seem to be free of chance.
    rate = (found.accuracy * found.number + found.confidence) / (found.number + 1)
    spread = np.sqrt(rate * (1 - rate) / found.number)
    generator = random_generator(seed, "calibration error")
    noise = spread * generator.standard_normal((DRAWS, len(gaps)))

    def estimates(times: float) -> Values:
        drawn: Values = np.abs(times * gaps + noise) @ found.share
        return drawn

    def quantile(share: float) -> Callable[[float], float]:
        return lambda times: float(np.quantile(estimates(times), share))

    seen = found.error
    value, low, high = (
        seen * _times(figure, seen)
        for figure in (
            lambda times: float(estimates(times).mean()),
            quantile(0.975),
            quantile(0.025),
        )
    )
    return Interval(value=value, low=min(low, value), high=max(high or seen, value))


def brier(
    scores: NDArray[np.floating],
    targets: Targets,
    weights: NDArray[np.floating] | None = None,
) -> float:
    """Mean squared distance of scores and truth, 0 to 2 (Brier, 1950).

    Args:
        scores: `(num_images, num_classes)`.
        targets: class numbers `(num_images,)`; of labels, 0 or 1 as scores are, and
            then the mean over labels, 0 to 1.
        weights: how much each picture counts `(num_images,)`; `None`: all alike.
    """
    away = scores.astype(np.float64)
    if targets.ndim > 1:
        squares = ((away - targets) ** 2).mean(axis=1)
    else:
        away[np.arange(len(targets)), targets] -= 1
        squares = (away**2).sum(axis=1)
    return float(np.average(squares, weights=weights))


def enough(weights: NDArray[np.floating]) -> bool:
    """Whether there are two pictures or more a bin, or bins would tell nothing."""
    return effective_number(weights) >= 2 * BINS


def _times(figure: Callable[[float], float], wanted: float) -> float:
    """By how much all gaps must be multiplied for the figure to be as wanted."""
    low, high = 0.0, MOST_TIMES
    if figure(low) >= wanted:
        return 0.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if figure(middle) < wanted else (low, middle)
    return (low + high) / 2
