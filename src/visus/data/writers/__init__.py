"""Writers: data sets in the formats of other tools, one format a file."""

from dataclasses import dataclass
from pathlib import Path

from visus.core.errors import DataError
from visus.core.progress import Progress, SilentProgress
from visus.core.registry import Registry
from visus.data.ledger import Quarantined
from visus.data.records import ImageDataset
from visus.data.writers.base import Output, Writer
from visus.data.writers.folders import folder_aside, require_place

WRITERS = Registry("format", "writers")

WRITERS.add(
    "csv",
    "visus.data.writers.manifest:ManifestWriter",
    "metadata.csv beside images/; or FILE.csv, which only names the pictures",
)
WRITERS.add(
    "coco",
    "visus.data.writers.coco:CocoWriter",
    "annotations.json beside images/",
)
WRITERS.add(
    "yolo",
    "visus.data.writers.yolo:YoloWriter",
    "data.yaml, images/ and labels/; class folders where there are no boxes",
)
WRITERS.add(
    "label-studio",
    "visus.data.writers.label_studio:LabelStudioWriter",
    "tasks.json beside images/",
)
WRITERS.add(
    "webdataset",
    "visus.data.writers.webdataset:WebDatasetWriter",
    "tar shards, one row of them a split",
)


@dataclass(frozen=True)
class Writing:
    """What came of writing a data set.

    Args:
        pictures: how many are in the new place.
        quarantined: those whose bytes cannot be read, or are no picture.
        lost: what the format has no place for, in sentences.
    """

    pictures: int
    quarantined: tuple[Quarantined, ...]
    lost: tuple[str, ...]


def write_dataset(
    dataset: ImageDataset,
    to: str,
    out: Path,
    *,
    force: bool = False,
    progress: Progress | None = None,
) -> Writing:
    """Write a data set; it is there whole, or not at all.

    Args:
        dataset: records whose pictures can be read.
        to: a name of `WRITERS`.
        out: a new folder; for csv also FILE.csv, which copies nothing.
        force: replace what an earlier call wrote there.
        progress: who is told.

    Raises:
        ConfigError: the format is unknown, or `out` holds something.
        DataError: the format cannot hold these targets.
        MachineError: `out` cannot be written.
    """
    writer: Writer = WRITERS.load(to)()
    require_place(out, force=force)
    lost = tuple(writer.lost(dataset))
    if to == "csv" and out.suffix.lower() == ".csv":
        from visus.data.writers.manifest import write_manifest

        write_manifest(dataset, out)
        return Writing(len(dataset), (), lost)
    progress = progress or SilentProgress()
    with folder_aside(out) as folder:
        output = Output(folder, progress)
        with progress.stage("Writing pictures", len(dataset)):
            writer.write(dataset, output)
        if not output.written:
            raise _nothing_written(dataset, output)
    return Writing(output.written, tuple(output.quarantined), lost)


def _nothing_written(dataset: ImageDataset, output: Output) -> DataError:
    first = output.quarantined[0] if output.quarantined else None
    why = f"; the first, {first.id}: {first.reason}" if first else ""
    return DataError(
        received=f"Not one picture of {dataset.name} can be written{why}.",
        expected="at least one picture that can be read.",
        remedy="Check that this is the source you mean.",
    )
