"""What every writer offers, and what its format can hold."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from visus.core.progress import Progress, SilentProgress
from visus.data.decode import DecodeFailure
from visus.data.ledger import Quarantined
from visus.data.records import ImageDataset, ImageRecord
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

    def save(self, name: str, content: bytes) -> None:
        """Write one file of the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


class Writer(ABC):
    """One format.

    Args:
        holds: which of `WORDS` the format can hold.
    """

    holds: ClassVar[frozenset[str]]

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
            if count and word not in self.holds
        ]


def _used(dataset: ImageDataset) -> dict[str, int]:
    records = dataset.records
    return {
        "boxes": sum(bool(record.boxes) for record in records),
        "splits": sum(record.split is not None for record in records),
        "groups": sum(record.group is not None for record in records),
        "weights": sum(record.weight != 1.0 for record in records),
        "further columns": sum(bool(record.metadata) for record in records),
    }


EVERYTHING = frozenset({"boxes", "splits", "groups", "weights", "further columns"})


def without_boxes(record: ImageRecord) -> ImageRecord:
    """The record for formats that write boxes in words of their own."""
    return replace(record, boxes=())
