"""How sure a figure is: intervals, and tests on the same pictures."""

import math
from collections.abc import Callable, Mapping
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from visus.core.report import Interval
from visus.core.seeds import random_generator

Values = NDArray[np.float64]

# Percentiles of 95 % settle at about so many.
DRAWS = 1_000
# A minute of drawing is too long; by fewer draws an interval is blurred by a tenth.
FEWEST_DRAWS = 200
MOST_CELLS = 400_000_000


def wilson_interval(right: float, total: float, confidence: float = 0.95) -> Interval:
    """The interval of a share (Wilson, 1927), honest for few pictures and near 1.

    Args:
        right: how many of the pictures.
        total: out of how many; of weighted pictures, what `effective_number` says.
        confidence: of the interval, a share.

    Raises:
        ValueError: there are no pictures, or more right ones than pictures.

    Example:
        >>> interval = wilson_interval(99, 100)
        >>> round(interval.low, 3), round(interval.high, 3)
        (0.946, 0.998)
    """
    if not 0 <= right <= total or total == 0:
        raise ValueError(f"{right} of {total} is no share")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = right / total
    centre = share + z * z / (2 * total)
    spread = z * math.sqrt(share * (1 - share) / total + (z / (2 * total)) ** 2)
    scale = 1 + z * z / total
    # Rounding must not push a bound past the share itself.
    low = 0.0 if right == 0 else min((centre - spread) / scale, share)
    high = 1.0 if right == total else max((centre + spread) / scale, share)
    return Interval(value=share, low=max(0.0, low), high=high, confidence=confidence)


def mean_interval(values: ArrayLike, confidence: float = 0.95) -> Interval:
    """The mean of repeated measurements, and Student's interval of it (Gosset, 1908).

    Args:
        values: `(num_values,)`, at least one; one alone tells nothing of its interval.
        confidence: of the interval, a share.

    Example:
        >>> interval = mean_interval([0.5, 0.6, 0.7])
        >>> round(interval.low, 3), round(interval.high, 3)
        (0.352, 0.848)
    """
    measured = np.asarray(values, dtype=np.float64)
    count, mean = len(measured), float(measured.mean())
    spread = math.inf
    if count > 1:
        error = float(measured.std(ddof=1)) / math.sqrt(count)
        spread = error * student_quantile((1 + confidence) / 2, count - 1)
    return Interval(
        value=mean, low=mean - spread, high=mean + spread, confidence=confidence
    )


def mean_share_interval(shares: ArrayLike, confidence: float = 0.95) -> Interval:
    """The mean of shares, such as how often each picture is answered right.

    Student's interval within 0 and 1. Where all are alike that has no width, which few
    pictures do not prove: then it is Wilson's, as if each were right or wrong, which is
    never too narrow.

    Args:
        shares: `(num_pictures,)`, 0 to 1, at least one.
        confidence: of the interval, a share.

    Example:
        >>> round(mean_share_interval([1.0] * 20).low, 3)
        0.839
    """
    measured = np.asarray(shares, dtype=np.float64)
    if np.ptp(measured) == 0:
        return wilson_interval(float(measured.sum()), len(measured), confidence)
    found = mean_interval(measured, confidence)
    ends = {"low": max(0.0, found.low), "high": min(1.0, found.high)}
    return found.model_copy(update=ends)


def student_quantile(share: float, freedom: int) -> float:
    """The quantile of Student's t above its middle (Hill, Algorithm 396, 1970).

    Args:
        share: above 0.5 and below 1.
        freedom: degrees of freedom, at least 1.
    """
    tails = 2 * (1 - share)
    if freedom == 1:
        return 1 / math.tan(tails * math.pi / 2)
    if freedom == 2:
        return math.sqrt(2 / (tails * (2 - tails)) - 2)
    a = 1 / (freedom - 0.5)
    b = 48 / a**2
    c = ((20_700 * a / b - 98) * a - 16) * a + 96.36
    d = ((94.5 / (b + c) - 3) / b + 1) * math.sqrt(a * math.pi / 2) * freedom
    y = (d * tails) ** (2 / freedom)
    if y > 0.05 + a:
        x = NormalDist().inv_cdf(tails / 2)
        y = x * x
        if freedom < 5:
            c += 0.3 * (freedom - 4.5) * (x + 0.6)
        c += (((0.05 * d * x - 5) * x - 7) * x - 2) * x + b
        y = (((((0.4 * y + 6.3) * y + 36) * y + 94.5) / c - y - 3) / b + 1) * x
        y = math.expm1(a * y * y)
    else:
        fraction = (freedom + 6) / (freedom * y) - 0.089 * d - 0.822
        y = 1 / (fraction * (freedom + 2) * 3) + 0.5 / (freedom + 4)
        y = (y * ((d * tails) ** (2 / freedom)) - 1) * (freedom + 1) / (freedom + 2)
        y += 1 / (d * tails) ** (2 / freedom)
    return math.sqrt(freedom * y)


def effective_number(weights: ArrayLike) -> float:
    """How many pictures of equal weight tell as much (Kish, "Survey Sampling", 1965).

    Args:
        weights: `(num_images,)`, not all 0.
    """
    counts = np.asarray(weights, dtype=np.float64)
    return float(counts.sum() ** 2 / (counts**2).sum())


def bootstrap(
    measure: Callable[[Values], Mapping[str, float]],
    weights: ArrayLike,
    units: ArrayLike,
    *,
    columns: int = 1,
    seed: int = 0,
    confidence: float = 0.95,
) -> dict[str, Interval]:
    """Intervals of figures by drawing pictures again (Efron, 1979; percentiles).

    Pictures of one unit, such as the four photographs of one house, are drawn together:
    they are no independent witnesses.

    Args:
        measure: from weights `(num_images,)` to figures by name.
        weights: how much each picture counts `(num_images,)`.
        units: `(num_images,)`; equal numbers are drawn together.
        columns: scores a picture; where there are very many in all, draws are fewer.
        seed: of the draws.
        confidence: of the intervals, a share.
    """
    counts = np.asarray(weights, dtype=np.float64)
    _, unit_of = np.unique(np.asarray(units), return_inverse=True)
    num_units = int(unit_of.max()) + 1
    generator = random_generator(seed, "bootstrap")
    drawn: dict[str, list[float]] = {}
    wanted = MOST_CELLS // (columns * len(counts))
    for _ in range(min(max(wanted, FEWEST_DRAWS), DRAWS)):
        times = np.bincount(
            generator.integers(0, num_units, num_units), minlength=num_units
        )
        times_drawn = counts * times[unit_of]
        if times_drawn.any():
            for name, value in measure(times_drawn).items():
                drawn.setdefault(name, []).append(value)
    return {
        name: _percentiles(value, drawn[name], confidence)
        for name, value in measure(counts).items()
    }


def _percentiles(value: float, drawn: list[float], confidence: float) -> Interval:
    # A draw may lack what a figure needs, such as numbers that differ.
    finite = [figure for figure in drawn if math.isfinite(figure)] or [value]
    tail = (1 - confidence) / 2
    low, high = np.quantile(finite, [tail, 1 - tail])
    return Interval(
        value=value, low=float(low), high=float(high), confidence=confidence
    )


def mcnemar(only_first: int, only_second: int) -> float:
    """How likely such a difference is if both are equally good (McNemar, 1947).

    The exact two-sided binomial test over the pictures on which exactly one is right.

    Args:
        only_first: pictures that only the first answers right.
        only_second: pictures that only the second answers right.

    Returns:
        the p value, 0 to 1.

    Example:
        >>> round(mcnemar(1, 9), 4)
        0.0215
    """
    total, fewer = only_first + only_second, min(only_first, only_second)
    if total == 0:
        return 1.0
    tail = sum(math.exp(_log_binomial(total, k)) for k in range(fewer + 1))
    return min(1.0, 2 * tail)


def difference_interval(
    only_first: int, only_second: int, total: int, confidence: float = 0.95
) -> Interval:
    """Second's accuracy minus first's on the same pictures, with its interval.

    Agresti and Min, "Simple improved confidence intervals for comparing matched
    proportions" (2005): Wald's interval after adding half a picture to each cell.

    Args:
        only_first: pictures that only the first answers right.
        only_second: pictures that only the second answers right.
        total: pictures that both answered, at least one.
        confidence: of the interval, a share.
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    first, second, count = only_first + 0.5, only_second + 0.5, total + 2
    middle = (second - first) / count
    variance = (first + second - (second - first) ** 2 / count) / count**2
    spread = z * math.sqrt(variance)
    return Interval(
        value=(only_second - only_first) / total,
        low=max(-1.0, middle - spread),
        high=min(1.0, middle + spread),
        confidence=confidence,
    )


def _log_binomial(total: int, k: int) -> float:
    # The logarithm of C(total, k) / 2^total.
    chosen = math.lgamma(total + 1) - math.lgamma(k + 1) - math.lgamma(total - k + 1)
    return chosen - total * math.log(2)


def newcombe_difference(
    first: tuple[int, int], second: tuple[int, int], confidence: float = 0.95
) -> Interval:
    """Second share minus first, of different pictures, with its interval.

    Newcombe, "Interval estimation for the difference between independent proportions"
    (1998), method 10: from Wilson's intervals of both.

    Args:
        first: right ones, and out of how many.
        second: the like.
        confidence: of the interval, a share.

    Example:
        >>> gap = newcombe_difference((48, 80), (56, 70))
        >>> round(gap.value, 3), round(gap.low, 4), round(gap.high, 4)
        (0.2, 0.0524, 0.3339)
    """
    one, two = (wilson_interval(*pair, confidence) for pair in (first, second))
    gap = two.value - one.value
    below = math.hypot(two.value - two.low, one.high - one.value)
    above = math.hypot(two.high - two.value, one.value - one.low)
    return Interval(
        value=gap,
        low=max(-1.0, gap - below),
        high=min(1.0, gap + above),
        confidence=confidence,
    )
