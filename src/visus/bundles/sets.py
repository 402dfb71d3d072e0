"""Prediction sets: the classes that may be true, with a stated coverage.

Adaptive prediction sets (APS; Romano, Sesia and Candès, "Classification with valid and
adaptive coverage", 2020), with the penalty of large sets by Angelopoulos et al.
("Uncertainty sets for image classifiers using conformal prediction", 2021; RAPS).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.core.errors import ConfigError

Floats = NDArray[np.float32]
Values = NDArray[np.float64]


@dataclass(frozen=True)
class DialPoint:
    """One position of the coverage dial, as held-out pictures had it.

    Args:
        coverage: share of pictures whose set holds the truth, as it is promised.
        threshold: up to which scores of classes are in a set.
        answered: share of pictures whose set has one class.
        accuracy: share of those that are right; `None` where there are none.
    """

    coverage: float
    threshold: float
    answered: float
    accuracy: float | None


@dataclass(frozen=True)
class SetRule:
    """Which classes a picture's set holds.

    Args:
        coverage: the operating point; one of `dial`.
        dial: what else may be chosen, by rising coverage.
        penalty: added for each class in a set beyond `free`.
        free: classes without a penalty.
        pictures: that thresholds were found on.
    """

    coverage: float
    dial: tuple[DialPoint, ...]
    penalty: float
    free: int
    pictures: int

    @property
    def point(self) -> DialPoint:
        """The operating point."""
        return next(p for p in self.dial if p.coverage == self.coverage)

    def sets(self, scores: Floats) -> NDArray[np.bool_]:
        """The sets `(num_images, num_classes)`, the best class always in.

        The same picture has the same set, always: it is the union of what randomised
        sets hold, and so covers at least as much as they do.
        """
        return self.randomised(scores, np.zeros(len(scores)))

    def randomised(self, scores: Floats, draws: Values) -> NDArray[np.bool_]:
        """Sets that cover just as much as is asked, some of them empty.

        Args:
            scores: calibrated, `(num_images, num_classes)`.
            draws: evenly from 0 to 1, one a picture `(num_images,)`.
        """
        values = nonconformity(scores, draws, self.penalty, self.free)
        return np.asarray(values <= self.point.threshold)

    def asking(self, coverage: float) -> "SetRule":
        """The same with another operating point of the dial.

        Raises:
            ConfigError: the dial has no such position.
        """
        known = [point.coverage for point in self.dial]
        if coverage not in known:
            raise ConfigError(
                received=f"A coverage of {coverage:g}.",
                expected=f"one of {', '.join(f'{c:g}' for c in known)}, which the "
                f"{self.pictures:,} pictures held for calibration allow.",
                remedy="Choose one of these, or train with answers.coverage and more "
                "validation pictures.",
            )
        return replace(self, coverage=coverage)

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "coverage": self.coverage,
            "dial": [vars(point) for point in self.dial],
            "penalty": self.penalty,
            "free": self.free,
            "pictures": self.pictures,
        }

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "SetRule":
        """Read what `to_json` gave.

        Raises:
            KeyError: something is missing.
            ValueError: the operating point is not on the dial.
        """
        rule = cls(
            coverage=float(values["coverage"]),
            dial=tuple(DialPoint(**point) for point in values["dial"]),
            penalty=float(values["penalty"]),
            free=int(values["free"]),
            pictures=int(values["pictures"]),
        )
        if rule.coverage not in [point.coverage for point in rule.dial]:
            raise ValueError(f"the dial has no coverage {rule.coverage}")
        return rule


def nonconformity(scores: Floats, draws: Values, penalty: float, free: int) -> Values:
    """How late each class comes in: the scores before it, and a part of its own.

    Args:
        scores: `(num_images, num_classes)`; they add up to 1.
        draws: which part of its own score counts, one a picture `(num_images,)`.
        penalty: for each place behind the first `free` ones.
        free: places without a penalty.

    Example:
        >>> scores = np.array([[0.2, 0.7, 0.1]])
        >>> nonconformity(scores, np.array([0.5]), 0.0, 0).round(2).tolist()
        [[0.8, 0.35, 0.95]]
    """
    order = np.argsort(-scores, axis=1, kind="stable")
    ranked = np.take_along_axis(scores, order, axis=1).astype(np.float64)
    before = np.cumsum(ranked, axis=1) - ranked
    late = np.maximum(0, np.arange(1, scores.shape[1] + 1) - free)
    values = before + draws[:, None] * ranked + penalty * late
    # No penalty keeps the best class out.
    values[:, 0] -= penalty * late[0] if len(late) else 0
    found: Values = np.empty_like(values)
    np.put_along_axis(found, order, values, axis=1)
    return found
