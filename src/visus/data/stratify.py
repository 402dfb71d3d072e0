"""Units, and how those with several labels each are divided alike.

Sechidis, Tsoumakas and Vlahavas, "On the stratification of multi-label data" (ECML
PKDD 2011): the rarest label is divided first, each unit going where it is most wanted.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from visus.core.seeds import derive_seed


@dataclass(frozen=True)
class Unit:
    """Pictures that no split may tear apart.

    Args:
        rows: of the records, in order.
        classes: how many pictures of each class, label or other stratum it has.
        key: the same for the same content in any order.
    """

    rows: tuple[int, ...]
    classes: Mapping[str, int]
    key: str


def rank(key: str, purpose: int) -> int:
    """The place of a unit in an order that depends on the purpose's seed alone."""
    # Python's own hash changes from process to process.
    return derive_seed(purpose, key)


def choose_iteratively(units: list[Unit], share: float, purpose: int) -> set[int]:
    """Rows of units that together have about this share of every label.

    Args:
        units: all that are to be divided.
        share: of the pictures of each label, 0 to 1.
        purpose: seed of the order in which units come.
    """
    waiting = sorted(units, key=lambda unit: rank(unit.key, purpose))
    labels: Counter[str] = Counter()
    for unit in waiting:
        labels.update(unit.classes)
    sides = [_Side(labels, 1 - share), _Side(labels, share)]
    while waiting:
        left: Counter[str] = Counter()
        for unit in waiting:
            left.update(unit.classes)
        rarest = min(left, key=lambda name: (left[name], name))
        for unit in waiting:
            if rarest in unit.classes:
                _wanting(sides, unit, rarest).take(unit)
        waiting = [unit for unit in waiting if rarest not in unit.classes]
    return set(sides[1].rows)


class _Side:
    """One side of the division: what it still wants, and what it has."""

    def __init__(self, labels: Mapping[str, int], share: float) -> None:
        self.wanted = {name: share * count for name, count in labels.items()}
        self.pictures = share * sum(labels.values())
        self.rows: list[int] = []
        self.labels: set[str] = set()

    def take(self, unit: Unit) -> None:
        self.rows.extend(unit.rows)
        self.labels.update(unit.classes)
        for name, count in unit.classes.items():
            self.wanted[name] -= count
            self.pictures -= count


def _wanting(sides: list[_Side], unit: Unit, rarest: str) -> _Side:
    learned = sides[0]
    # What is tested must have been learned: the first picture of a label is.
    if any(name not in learned.labels for name in unit.classes):
        return learned
    return max(sides, key=lambda side: (side.wanted[rarest], side.pictures))
