"""metadata.csv beside images/: Hugging Face's image folder; or a table alone."""

import csv
import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from visus.core.errors import DataError
from visus.core.files import write_bytes
from visus.data.records import ImageDataset
from visus.data.sources.archive_paths import ArchivePaths
from visus.data.sources.rows import as_text, row_of
from visus.data.sources.tables import Row
from visus.data.writers.base import EVERYTHING, MASKS, Output, Writer
from visus.data.writers.pictures import Names

COLUMNS = ("label", "labels", "value", "split", "group", "weight", "boxes", "mask")


class ManifestWriter(Writer):
    """A row a picture; lists are written as JSON."""

    holds = EVERYTHING
    masks = MASKS

    def write(self, dataset: ImageDataset, output: Output) -> None:
        """Copy the pictures to images/ and write metadata.csv."""
        names = Names()
        rows = []
        for record, picture in output.pictures(dataset.records):
            name = names.name(record, picture)
            said = {"file_name": f"images/{name}", **output.save_both(name, picture)}
            rows.append({**said, **row_of(record)})
        output.save("metadata.csv", _csv(rows))


def write_manifest(dataset: ImageDataset, path: Path) -> None:
    """A table that names the pictures where they lie; nothing is copied.

    Raises:
        DataError: a picture lies in memory, or in a file of records.
        MachineError: the place cannot be written.
    """
    rows: list[Row] = []
    archives = ArchivePaths()
    for record in dataset.records:
        location = archives.path_of(record.location)
        if location is None:
            raise DataError(
                received=f"{record.id} is no file: it lies in memory, or in a file of "
                "records.",
                expected="pictures in files or in a zip or tar, for a table that only "
                "names them.",
                remedy="Give a folder as --out; the pictures are then copied to it.",
            )
        name = _name_from(path.parent, location)
        shape = archives.path_of(record.mask)
        mask = {} if shape is None else {"mask": _name_from(path.parent, shape)}
        rows.append({"file_name": name, **row_of(record), **mask})
    write_bytes(path, _csv(rows))


def _name_from(folder: Path, location: Path) -> str:
    place, top = os.path.abspath(location), os.path.abspath(folder)
    inside = os.path.commonpath([place, top]) == top
    return os.path.relpath(place, top) if inside else place


def _csv(rows: Sequence[Row]) -> bytes:
    used = dict.fromkeys(column for row in rows for column in row)
    known = [name for name in COLUMNS if name in used or name == "label"]
    further = sorted(name for name in used if name not in (*COLUMNS, "file_name"))
    columns = ["file_name", *known, *further]
    stream = io.StringIO()
    table = csv.writer(stream, lineterminator="\n")
    table.writerow(columns)
    table.writerows([_cell(row.get(column)) for column in columns] for row in rows)
    return stream.getvalue().encode("utf-8", "replace")


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    return as_text(value)
