"""How sure a figure is: intervals, and tests on the same pictures."""

import math
from statistics import NormalDist

from visus.core.report import Interval


def wilson_interval(right: int, total: int, confidence: float = 0.95) -> Interval:
    """The interval of a share (Wilson, 1927), honest for few pictures and near 1.

    Args:
        right: how many of the pictures.
        total: out of how many.
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
