"""WebDataset: tar shards of up to 10,000 samples, one row of shards a split."""

import io
import json
import tarfile
from collections.abc import Iterator

from visus.data.records import SPLITS, ImageDataset, ImageRecord
from visus.data.sources.rows import row_of
from visus.data.writers.base import EVERYTHING, MASKS, Output, Writer
from visus.data.writers.pictures import Names, Picture

SAMPLES_A_SHARD = 10_000


class WebDatasetWriter(Writer):
    """A sample is the picture, .json with what is known, and .cls with the number."""

    holds = EVERYTHING
    masks = MASKS

    def write(self, dataset: ImageDataset, output: Output) -> None:
        """Write `<split>-000000.tar` and on."""
        classes = {name: number for number, name in enumerate(dataset.class_names)}
        names = Names()
        for split in (*SPLITS, None):
            records = [record for record in dataset.records if record.split == split]
            word = split or "unsplit"
            for number, first in enumerate(range(0, len(records), SAMPLES_A_SHARD)):
                shard = output.folder / f"{word}-{number:06d}.tar"
                with tarfile.open(shard, "w") as tar:
                    piece = records[first : first + SAMPLES_A_SHARD]
                    for record, picture in output.pictures(piece):
                        for name, content in _parts(record, picture, names, classes):
                            _add(tar, name, content)


def _parts(
    record: ImageRecord, picture: Picture, names: Names, classes: dict[str, int]
) -> Iterator[tuple[str, bytes]]:
    stem, _, ending = names.name(record, picture, flat=True).rpartition(".")
    # The first dot ends the key, so there may be no other.
    key = stem.replace(".", "_")
    row = row_of(record)
    yield f"{key}.{ending.lower()}", picture.content
    if picture.mask is not None:
        yield f"{key}.mask{picture.mask_ending}", picture.mask
    if isinstance(record.target, str):
        row["label"] = record.target
        yield f"{key}.cls", str(classes.get(record.target, -1)).encode()
    yield f"{key}.json", json.dumps(row).encode()


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    # No time and no owner: the same data gives the same bytes.
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))
