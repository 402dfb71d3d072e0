"""Leaks: what a given split has on two sides although it belongs on one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from visus.data.records import ImageDataset, ImageRecord
from visus.data.twins import Twins


@dataclass(frozen=True)
class Leak:
    """Two pictures on two sides of a split.

    Args:
        first: the one that is learned from, or chosen by.
        second: the one on the other side: of the test, where it is involved.
        kind: "exact" and "near" are twins, "group" is one patient, site or video.
    """

    first: ImageRecord
    second: ImageRecord
    kind: Literal["exact", "near", "group"]

    @property
    def tested(self) -> bool:
        """Whether the test is flattered by it."""
        return self.second.split == "test"

    def __str__(self) -> str:
        return (
            f"{self.first.id} ({self.first.split}) and {self.second.id} "
            f"({self.second.split}), {_WORDS[self.kind]}"
        )


_WORDS = {
    "exact": "byte for byte the same",
    "near": "the same picture, changed a little",
    "group": "of one group",
}
_ORDER = ("train", "validation", "test")


def find_leaks(dataset: ImageDataset, twins: Twins) -> tuple[Leak, ...]:
    """Twins and groups that lie on several sides, those of the test first.

    Args:
        dataset: every record in its split.
        twins: of its rows.
    """
    records = dataset.records
    leaks = [
        _leak(records[pair.first], records[pair.second], pair.kind)
        for pair in twins.pairs
        if records[pair.first].split != records[pair.second].split
    ]
    return tuple(
        sorted([*leaks, *_torn_groups(dataset)], key=lambda leak: not leak.tested)
    )


def _torn_groups(dataset: ImageDataset) -> Iterator[Leak]:
    """One leak a group, between its first picture and the first on another side."""
    first_of: dict[str, ImageRecord] = {}
    torn: set[str] = set()
    for record in dataset.records:
        if record.group is None or record.group in torn:
            continue
        first = first_of.setdefault(record.group, record)
        if first.split != record.split:
            torn.add(record.group)
            yield _leak(first, record, "group")


def _leak(
    one: ImageRecord, other: ImageRecord, kind: Literal["exact", "near", "group"]
) -> Leak:
    first, second = sorted((one, other), key=lambda r: _ORDER.index(r.split or "train"))
    return Leak(first, second, kind)
