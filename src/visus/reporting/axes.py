"""The axes of a chart: round numbers, and where each value lies between them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

# Beyond these, sums of values are no longer finite or no longer differ.
LARGEST = 1e300
SMALLEST_SPREAD = 1e-100
STEPS = (1, 2, 5, 10)


@dataclass(frozen=True)
class Axis:
    """From values to positions in pixels.

    Args:
        ticks: round values, rising, of which the first and last end the axis.
        start: position of the first tick.
        end: position of the last tick.
    """

    ticks: Sequence[float]
    start: float
    end: float

    @classmethod
    def around(cls, values: Sequence[float], start: float, end: float) -> "Axis":
        """An axis that holds these values; whole numbers get whole ticks."""
        finite = [value for value in values if math.isfinite(value)] or [0.0]
        whole = all(value == round(value) for value in finite)
        return cls(round_ticks(min(finite), max(finite), whole=whole), start, end)

    def place(self, value: float) -> float:
        """The position of a value, in pixels."""
        low, high = self.ticks[0], self.ticks[-1]
        share = (_limited(value) - low) / (high - low)
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)


def round_ticks(low: float, high: float, *, whole: bool = False) -> list[float]:
    """About five round numbers from at most `low` to at least `high`.

    Steps are 1, 2 or 5 times a power of ten (Heckbert, "Nice numbers for graph
    labels", Graphics Gems, 1990).

    Args:
        low: smallest value.
        high: largest value, at least `low`.
        whole: take no step below one.

    Example:
        >>> round_ticks(0, 19)
        [0.0, 5.0, 10.0, 15.0, 20.0]
    """
    low, high = _apart(_limited(low), _limited(high))
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(nice * power for nice in STEPS if nice * power >= rough * (1 - 1e-9))
    if whole:
        step = max(1.0, step)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [number * step for number in range(first, last + 1)]


def _limited(value: float) -> float:
    return min(max(value, -LARGEST), LARGEST)


def _apart(low: float, high: float) -> tuple[float, float]:
    largest = max(abs(low), abs(high))
    if high - low > max(1e-9 * largest, SMALLEST_SPREAD):
        return low, high
    margin = 0.1 * largest if largest > SMALLEST_SPREAD else 0.5
    return low - margin, high + margin
