"""The learning-rate search: raise the rate step by step and watch the loss.

After Smith, "Cyclical Learning Rates for Training Neural Networks" (2017): while the
rate is too small the loss hardly moves; then it falls; then it leaps away. A good peak
rate lies where it falls fastest.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from visus.core.progress import Progress
from visus.training.epochs import EpochPlan
from visus.training.steps import Steps, Work

MOST_STEPS = 120
# From so many powers of ten below the settings' rate to so many above it.
POWERS_BELOW, POWERS_ABOVE = 4.0, 2.0
# Steps on each side that a slope is told by: together one power of ten.
HALF_WINDOW = 10
# The loss has leapt away when it is so many times the least, and not before a quarter.
LEAP = 3.0
# A fall must be steeper than so many of its standard errors: the steepest of a hundred
# overlapping windows of mere noise often has three.
LEAST_ERRORS = 4.0


@dataclass(frozen=True)
class RateCurve:
    """What one search found.

    Args:
        rates: float64 `(steps,)`, rising.
        losses: float64 `(steps,)`, of one batch each.
        smooth: float64 `(steps,)`, the middle of straight lines through the 21 losses
            around each; NaN at both ends.
        suggestion: the rate where these lines fall fastest; `None` where none falls
            by more than chance.
    """

    rates: NDArray[np.float64]
    losses: NDArray[np.float64]
    smooth: NDArray[np.float64]
    suggestion: float | None


def search_rate(steps: Steps, plan: EpochPlan, progress: Progress) -> RateCurve:
    """Train for at most 120 steps at rising rates, then put everything back.

    Args:
        steps: the engine, with the network as it will begin.
        plan: the first epoch of the run; batches are taken from it in order.
        progress: who is told.
    """
    before = steps.state()
    middle = plan.config.learning_rate
    rates = middle * np.geomspace(10**-POWERS_BELOW, 10**POWERS_ABOVE, MOST_STEPS)
    losses: list[float] = []
    order = plan.order()
    with progress.stage("Raising the learning rate", MOST_STEPS):
        for number, rate in enumerate(rates):
            work = plan.work(order, number % plan.steps, 1)
            losses.append(_loss_at(steps, work, rate))
            progress.advance(1)
            if _has_leapt(losses):
                break
    steps.restore(before)
    steps.reset_totals()
    found = np.array(losses)
    # A loss that is no number ends the search and tells nothing itself.
    found = found[np.isfinite(found)]
    return curve_of(rates[: len(found)], found)


def curve_of(rates: NDArray[np.float64], losses: NDArray[np.float64]) -> RateCurve:
    """Straight lines through pieces of the losses, and where they fall fastest.

    The lines are least-squares fits over 21 steps, a Savitzky-Golay filter of the
    first order (Savitzky and Golay, 1964), which does not lag behind.

    Example:
        >>> rates = np.geomspace(1e-4, 1, 81)
        >>> losses = 2 - 1 / (1 + np.exp(-4 * (np.log10(rates) + 2)))
        >>> round(curve_of(rates, losses).suggestion, 3)
        0.01
    """
    smooth = np.full(len(losses), np.nan)
    size = 2 * HALF_WINDOW + 1
    if len(losses) <= size:
        return RateCurve(rates, losses, smooth, None)
    steps = np.arange(size) - HALF_WINDOW
    spread = float(steps @ steps)
    pieces = np.lib.stride_tricks.sliding_window_view(losses, size)
    means, slopes = pieces.mean(axis=1), pieces @ steps / spread
    smooth[HALF_WINDOW:-HALF_WINDOW] = means
    left = pieces - means[:, None] - slopes[:, None] * steps
    errors = np.sqrt((left**2).sum(axis=1) / (size - 2) / spread)
    # What comes after the least loss is the leap, not the fall.
    fastest = int(np.argmin(slopes[: int(np.argmin(means)) + 1]))
    falls = slopes[fastest] < -LEAST_ERRORS * errors[fastest]
    found = float(rates[HALF_WINDOW + fastest]) if falls else None
    return RateCurve(rates, losses, smooth, found)


def _loss_at(steps: Steps, work: Work, rate: float) -> float:
    steps.reset_totals()
    steps.train(replace(work, rates=np.full(1, rate, dtype=np.float32)))
    return steps.training_totals().mean_loss


def _has_leapt(losses: list[float]) -> bool:
    if not math.isfinite(losses[-1]):
        return True
    latest = losses[-HALF_WINDOW // 2 :]
    return len(losses) > MOST_STEPS // 4 and min(latest) > LEAP * min(losses)
