"""Slices: parts of the test on which a model is worse, beyond what chance explains."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visus.bundles.predictions import Predictions
from visus.core.report import Finding, Table
from visus.evaluation.parts import Parts
from visus.tasks.intervals import wilson_interval

Right = NDArray[np.bool_]
# By the name of a trait, what each picture has of it `(num_images,)`; "" is unknown.
Traits = Mapping[str, Sequence[str]]

# A part with fewer pictures, or that leaves fewer outside, tells nothing.
FEWEST_PICTURES = 20
MOST_SHOWN = 12
# Of all parts that are called weak, so many are expected to be so by chance.
FALSE_DISCOVERIES = 0.05


@dataclass(frozen=True)
class Slice:
    """One part of the test.

    Args:
        trait: by which it is told, such as "brightness".
        value: of its pictures.
        right: how many of them are answered right.
        total: how many they are.
        p_value: how likely so few right ones are, were it no worse than the rest.
        q_value: the same, corrected for how many parts were looked at.
    """

    trait: str
    value: str
    right: int
    total: int
    p_value: float
    q_value: float = 1.0

    @property
    def accuracy(self) -> float:
        """The share that is right."""
        return self.right / self.total


def find_slices(right: Right, traits: Traits) -> list[Slice]:
    """All parts with pictures enough, the weakest by their q value first.

    Each is held against the rest by Fisher's exact test (1922), one-sided; q values are
    those of Benjamini and Hochberg ("Controlling the false discovery rate", 1995).

    Args:
        right: whether each picture is answered right `(num_images,)`.
        traits: what each picture is like.
    """
    found = []
    for trait, values in traits.items():
        told = np.asarray(values, dtype=object)
        for value in sorted(set(values) - {""}):
            inside = told == value
            total = int(inside.sum())
            if min(total, len(right) - total) < FEWEST_PICTURES:
                continue
            good = int(right[inside].sum())
            p_value = fisher_fewer(good, total, int(right.sum()), len(right))
            found.append(Slice(trait, value, good, total, p_value))
    corrected = benjamini_hochberg([part.p_value for part in found])
    parts = [
        Slice(s.trait, s.value, s.right, s.total, s.p_value, q)
        for s, q in zip(found, corrected, strict=True)
    ]
    return sorted(parts, key=lambda part: (part.q_value, part.accuracy))


def measure_slices(right: Right, traits: Traits) -> Parts:
    """A table of the weakest parts, and a warning for each that is surely weak."""
    parts = find_slices(right, traits)
    if not parts:
        return Parts(())
    weak = [part for part in parts if part.q_value < FALSE_DISCOVERIES]
    overall = float(right.mean())
    findings = [
        Finding(
            severity="warning",
            message=f"Worse where {part.trait} is {part.value}: {part.accuracy:.2%} "
            f"right of {part.total:,} pictures, {overall:.2%} of all.",
        )
        for part in weak[:3]
    ]
    if not weak:
        message = (
            f"None of {len(parts)} slices of the test (by {_listed(traits)}) is surely "
            "worse than the rest."
        )
        findings.append(Finding(severity="info", message=message))
    return Parts((), findings=findings, tables=(_table(parts),))


def right_answers(
    predictions: Predictions, targets: NDArray[np.generic]
) -> Right | None:
    """Which answers are wholly right; `None` for numbers, which only come near."""
    kind = predictions.meaning.kind
    if kind == "numeric":
        return None
    if kind == "single-label":
        return np.asarray(predictions.answer_numbers == targets)
    truth = [predictions.meaning.target(row) for row in targets]
    pairs = zip(predictions.answers, truth, strict=True)
    return np.array([answer == true for answer, true in pairs])


def fisher_fewer(right: int, total: int, all_right: int, everything: int) -> float:
    """How likely at most `right` of `total` are, drawn from all without putting back.

    Args:
        right: right answers in the part.
        total: pictures in the part.
        all_right: right answers in all.
        everything: pictures in all.

    Example:
        >>> round(fisher_fewer(0, 2, 2, 4), 4)     # (1/2) x (1/3)
        0.1667
    """
    fewest = max(0, total - (everything - all_right))
    whole = _log_choose(everything, total)
    terms = [
        _log_choose(all_right, k) + _log_choose(everything - all_right, total - k)
        for k in range(fewest, right + 1)
    ]
    return min(1.0, sum(math.exp(term - whole) for term in terms))


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """q values: the share of false discoveries when all up to here are believed.

    Example:
        >>> benjamini_hochberg([0.01, 0.04, 0.03])
        [0.03, 0.04, 0.04]
    """
    count = len(p_values)
    order = sorted(range(count), key=lambda place: -p_values[place])
    found, least = [1.0] * count, 1.0
    for rank, place in enumerate(order):
        least = min(least, p_values[place] * count / (count - rank))
        found[place] = least
    return found


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _listed(traits: Traits) -> str:
    return ", ".join(traits)


def _table(parts: Sequence[Slice]) -> Table:
    rows = []
    for part in parts[:MOST_SHOWN]:
        interval = wilson_interval(part.right, part.total)
        rows.append(
            (
                part.trait,
                part.value,
                part.total,
                f"{interval.value:.2%}",
                f"{interval.low:.2%} to {interval.high:.2%}",
                float(f"{part.q_value:.3g}"),
            )
        )
    return Table(
        title="Weakest slices",
        columns=("by", "value", "pictures", "right", "95 % interval", "q"),
        rows=tuple(rows),
        note=f"{len(parts)} slices with {FEWEST_PICTURES} pictures or more were held "
        "against the rest of the test (Fisher's exact test); q is corrected for how "
        f"many they are: of those below {FALSE_DISCOVERIES:g}, one in twenty is "
        "expected to be there by chance.",
    )
