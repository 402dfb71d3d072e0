"""What every writer offers, and what its format can hold."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from visus.core.progress import Progress, SilentProgress
from visus.data.decode import DecodeFailure
from visus.data.ledger import Quarantined
from visus.data.records import Box, ImageDataset, ImageRecord
from visus.data.writers.pictures import Picture, read_picture


@dataclass
class Output:
    """The folder that a writer fills, and what could not be written.

    Args:
        folder: where to write.
        progress: who is told.
        quarantined: pictures whose bytes cannot be read, or are no picture.
        written: how many pictures lie in the folder.
    """

    folder: Path
    progress: Progress = field(default_factory=SilentProgress)
    quarantined: list[Quarantined] = field(default_factory=list)
    written: int = 0

    def pictures(
        self, records: Iterable[ImageRecord]
    ) -> Iterator[tuple[ImageRecord, Picture]]:
        """The bytes of each record's picture, in order; failures are set aside."""
        for record in records:
            try:
                picture = read_picture(record)
            except DecodeFailure as failure:
                entry = Quarantined(record.id, failure.verdict, failure.reason)
                self.quarantined.append(entry)
            else:
                yield record, picture
                self.written += 1
            self.progress.advance()

    def save_both(self, name: str, picture: Picture) -> dict[str, str]:
        """Write a picture to images/ and its mask to masks/.

        Returns:
            `{"mask": where it lies}`; nothing where there is no mask.
        """
        self.save(f"images/{name}", picture.content)
        if picture.mask is None:
            return {}
        self.save(picture.mask_name(name), picture.mask)
        return {"mask": picture.mask_name(name)}

    def save(self, name: str, content: bytes) -> None:
        """Write one file of the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


class Writer(ABC):
    """One format.

    Args:
        holds: which of `EVERYTHING` the format can hold.
        masks: which of `MASKS` it can hold.
    """

    holds: ClassVar[frozenset[str]]
    masks: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def write(self, dataset: ImageDataset, output: Output) -> None:
        """Fill the folder.

        Raises:
            DataError: the format cannot hold these targets at all.
        """

    def lost(self, dataset: ImageDataset) -> list[str]:
        """What of this data set the format has no place for, in sentences."""
        return [
            f"The {word} of {count:,} pictures are not written."
            for word, count in _used(dataset).items()
            if count and word not in self.holds | self.masks
        ]


def _used(dataset: ImageDataset) -> dict[str, int]:
    records = dataset.records
    return {
        "boxes": sum(bool(record.boxes) for record in records),
        "splits": sum(record.split is not None for record in records),
        "groups": sum(record.group is not None for record in records),
        "weights": sum(record.weight != 1.0 for record in records),
        "further columns": sum(bool(record.metadata) for record in records),
        "mask pictures": sum(record.mask is not None for record in records),
        **{
            kind: sum(kind in map(mask_kind, record.boxes) for record in records)
            for kind in MASKS
            if kind != "mask pictures"
        },
    }


def mask_kind(box: Box) -> str:
    """Which of `MASKS` the box has; "" for none."""
    if box.mask is None:
        return ""
    if box.mask.encoding == "coco":
        return "COCO masks"
    if box.mask.encoding:
        return "brush masks"
    return "outlines" if len(box.mask.polygons) == 1 else "outlines in parts"


MASKS = frozenset(
    {"outlines", "outlines in parts", "COCO masks", "brush masks", "mask pictures"}
)
EVERYTHING = frozenset({"boxes", "splits", "groups", "weights", "further columns"})


def without_boxes(record: ImageRecord) -> ImageRecord:
    """The record for formats that write boxes in words of their own."""
    return replace(record, boxes=())
