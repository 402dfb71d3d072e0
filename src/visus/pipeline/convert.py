"""visus convert: a data set in another tool's format, its pictures byte for byte."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from visus.core.progress import Progress, SilentProgress
from visus.data.ledger import Ledger
from visus.data.sources import read_source
from visus.data.sources.base import Access
from visus.data.writers import WRITERS, write_dataset
from visus.data.writers.folders import require_place


@dataclass(frozen=True)
class Converted:
    """What was written, and what was not.

    Args:
        to: the format's name.
        out: where it lies.
        pictures: how many.
        boxes: how many the source has.
        ledger: what became of every file.
        lost: what the format has no place for, in sentences.
    """

    to: str
    out: Path
    pictures: int
    boxes: int
    ledger: Ledger
    lost: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As `visus convert --json` prints it."""
        return {
            "to": self.to,
            "out": str(self.out),
            "pictures": self.pictures,
            "boxes": self.boxes,
            "lost": list(self.lost),
            **self.ledger.to_json(),
        }


def convert_source(
    source: Any,
    to: str,
    out: Path,
    *,
    force: bool = False,
    offline: bool = False,
    progress: Progress | None = None,
) -> Converted:
    """Read a source and write it as `to`.

    Args:
        source: as `read_source` takes it.
        to: csv, coco, yolo, webdataset or label-studio.
        out: a new folder; for csv also FILE.csv, which copies nothing.
        force: replace what an earlier call wrote there.
        offline: never open a connection.
        progress: who is told.

    Raises:
        ConfigError: the format is unknown, or `out` holds something.
        DataError: nothing can be read, or the format cannot hold it.
        MachineError: `out` cannot be written, or an extra is missing.
    """
    progress = progress or SilentProgress()
    # Names and places first: a misspelt one should not wait for 100,000 files.
    WRITERS.part(to)
    require_place(out, force=force)
    dataset, ledger = read_source(source, Access(offline, progress))
    written = write_dataset(dataset, to, out, force=force, progress=progress)
    return Converted(
        to=to,
        out=out,
        pictures=written.pictures,
        boxes=sum(len(record.boxes) for record in dataset.records),
        ledger=ledger.with_quarantined(written.quarantined),
        lost=written.lost,
    )
