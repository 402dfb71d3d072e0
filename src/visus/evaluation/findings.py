"""What a person should know about an evaluation, in sentences."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from visus.core.report import Fact, Finding
from visus.data.batches import Batch

# A wider interval, as a share, cannot tell a good recipe from a slightly better one.
WIDE = 0.05
MOST_NAMES = 10


def accuracy_findings(
    accuracy: Fact, baselines: Sequence[Fact], num_images: int
) -> list[Finding]:
    """Is the accuracy more than no learning gives, and how well is it known?

    Args:
        accuracy: with its interval.
        baselines: accuracies that one gets without learning.
        num_images: pictures in the test.
    """
    interval = accuracy.interval
    if interval is None:
        return []
    found = []
    best = max(baselines, key=_value, default=None)
    if best is not None and interval.value < _value(best):
        message = f"Worse than a baseline that learns nothing: {best.text}."
        found.append(Finding(severity="error", message=message))
    elif best is not None and interval.low <= _value(best):
        message = (
            f"Not clearly better than a baseline that learns nothing: {best.text}."
        )
        found.append(Finding(severity="warning", message=message))
    width = interval.high - interval.low
    if width > WIDE:
        message = (
            f"With {num_images:,} test pictures the accuracy is only known to lie in a "
            f"range of {100 * width:.0f} points; more pictures would narrow it."
        )
        found.append(Finding(severity="info", message=message))
    return found


def class_findings(
    confusion: NDArray[np.int64], names: Sequence[str], test: Batch
) -> list[Finding]:
    """Which classes the test lacks, and which the network never finds.

    Args:
        confusion: counts by target and answer, `(num_classes, num_classes)`.
        names: of the classes.
        test: the pictures that were counted.
    """
    support, right = confusion.sum(axis=1), np.diag(confusion)
    found = []
    absent = np.flatnonzero(support == 0)
    if len(absent):
        message = f"The test has no picture of {named(names, absent)}."
        found.append(Finding(severity="warning", message=message))
    missed = np.flatnonzero((support > 0) & (right == 0))
    if len(missed):
        rows = np.flatnonzero(np.isin(test.targets, missed))
        message = (
            f"Not one of the {len(rows):,} test pictures of {named(names, missed)} "
            "was recognised."
        )
        ids = tuple(test.ids[row] for row in rows)
        found.append(Finding(severity="warning", message=message, image_ids=ids))
    return found


def _value(fact: Fact) -> float:
    return float(fact.value or 0)


def named(names: Sequence[str], numbers: NDArray[np.intp]) -> str:
    """Some names in quotes, and how many more there are."""
    first = ", ".join(repr(names[number]) for number in numbers[:MOST_NAMES])
    rest = len(numbers) - MOST_NAMES
    return f"{first} and {rest:,} more classes" if rest > 0 else first
