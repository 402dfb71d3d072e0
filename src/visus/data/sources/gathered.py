"""Gathered: records and refusals as a layout finds them, made into a data set."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from visus.core.errors import DataError
from visus.data.ledger import Ledger, Quarantined, Verdict
from visus.data.records import Box, ImageDataset, ImageRecord, Mask, Target
from visus.data.sources.places import ANNOTATIONS, Place


class Gathered:
    """What one place gives, in the order found."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.records: list[ImageRecord] = []
        self.quarantined: list[Quarantined] = list(place.refused)
        self.masks: set[str] = set()

    def add(self, record: ImageRecord, mask: str = "", folder: str = "") -> None:
        """Take a picture; one whose boxes or mask make no sense is set aside.

        Args:
            record: the picture.
            mask: the name of the picture of its pixels' classes, where it has one.
            folder: where whatever names the mask lies.
        """
        found = self.place.resolve(mask, folder) if mask else None
        reason = box_fault(record.boxes)
        if found is not None:
            self.masks.add(found)
            record = replace(record, mask=self.place.find(found))
        elif mask:
            reason = reason or f"Its mask, {mask[:200]}, does not exist."
        if reason is not None:
            self.refuse(record.id, "corrupt", reason)
        else:
            self.records.append(record)

    def refuse(self, name: str, verdict: Verdict, reason: str) -> None:
        """Set a picture aside."""
        self.quarantined.append(Quarantined(name, verdict, reason))

    def account_for_rest(self, reason: str, besides: Iterable[str] = ()) -> None:
        """Set aside what lies in the place and was not spoken of.

        Args:
            reason: why, for a person.
            besides: further files that describe pictures and are none.
        """
        known = {*besides, *self.masks, *(record.id for record in self.records)}
        known |= {entry.id for entry in self.quarantined}
        for name in self.place.names:
            if name not in known and not name.lower().endswith((*ANNOTATIONS, ".txt")):
                self.refuse(name, "no_class", reason)

    def finish(self, name: str | None = None) -> tuple[ImageDataset, Ledger]:
        """The data set and its ledger.

        Raises:
            DataError: nothing is usable, or a picture is described twice.
        """
        self._check_ids()
        if not self.records:
            raise self._nothing_usable()
        names = class_names(record.target for record in self.records)
        dataset = ImageDataset(name or self.place.name, tuple(self.records), names)
        used = tuple(record.id for record in self.records)
        return dataset, Ledger(used, tuple(self.quarantined))

    def _check_ids(self) -> None:
        seen = set()
        for record in self.records:
            if record.id in seen:
                raise DataError(
                    received=f"{self.place.shown} describes {record.id!r} twice.",
                    expected="each picture described once.",
                    remedy="Remove one of the two, or give one annotation file.",
                )
            seen.add(record.id)

    def _nothing_usable(self) -> DataError:
        first = self.quarantined[0] if self.quarantined else None
        why = f"; the first, {first.id}: {first.reason}" if first else ""
        return DataError(
            received=f"{self.place.shown} has {len(self.quarantined)} files and not "
            f"one usable picture{why}.",
            expected="pictures, and labels that name them.",
            remedy="Check that the pictures lie where the labels say.",
        )


def class_names(targets: Iterable[Target]) -> tuple[str, ...]:
    """All class names that some targets use, sorted."""
    found: set[str] = set()
    for target in targets:
        if isinstance(target, str):
            found.add(target)
        elif isinstance(target, tuple):
            found |= set(target)
    return tuple(sorted(found))


def target_of_boxes(boxes: Iterable[Box]) -> Target:
    """The boxes' label when all agree, else their several labels, sorted."""
    labels = tuple(sorted({box.label for box in boxes}))
    return labels[0] if len(labels) == 1 else labels or None


def box_around(label: str, polygon: Sequence[float]) -> Box:
    """The smallest box around an outline, which it then holds.

    Args:
        label: what it is.
        polygon: x, y, x, y, ... in pixels.
    """
    across, down = polygon[::2], polygon[1::2]
    mask = Mask((tuple(polygon),))
    return Box(label, min(across), min(down), max(across), max(down), mask)


def box_fault(boxes: Iterable[Box]) -> str | None:
    """What is wrong with the boxes of a picture; an empty area is not."""
    for number, box in enumerate(boxes, 1):
        edges = (box.left, box.top, box.right, box.bottom)
        if not all(abs(edge) < 1e9 for edge in edges):
            return f"Box {number} has edges that are no pixels: {edges}."
        if box.right < box.left or box.bottom < box.top:
            return f"Box {number} ends before it begins: {edges}."
        for polygon in box.mask.polygons if box.mask else ():
            if len(polygon) < 6 or len(polygon) % 2:
                return f"The mask of box {number} has no three corners or more."
            if not all(abs(place) < 1e9 for place in polygon):
                return f"The mask of box {number} has corners that are no pixels."
    return None
