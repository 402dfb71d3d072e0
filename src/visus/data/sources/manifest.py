"""A table of file_name,label and more; also rows that come from a DataFrame."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from visus.core.errors import DataError, VisusError
from visus.data.ledger import Ledger
from visus.data.locations import Location
from visus.data.records import ImageDataset, ImageRecord
from visus.data.sources.archive_paths import ArchivePaths
from visus.data.sources.base import Layout
from visus.data.sources.gathered import class_names
from visus.data.sources.places import FolderPlace, Place
from visus.data.sources.rows import BESIDE, as_text, described
from visus.data.sources.tables import TABLES, Row, read_table

Locate = Callable[[str], Location | None]


class Manifest(Layout):
    """One picture a row; file names are relative to the table's own folder."""

    def recognises(self, place: Place) -> bool:
        """One table at the top, with a column of file names."""
        tables = self._tables(place)
        if len(tables) != 1:
            return False
        # A table that stands alone is meant, and its faults are said.
        alone = not any("/" in name for name in place.names)
        try:
            table = read_table(tables[0], place.read(tables[0]))
        except VisusError:
            return alone
        return place.names == tuple(tables) or "file_name" in table.columns

    def read(self, place: Place) -> tuple[ImageDataset, Ledger]:
        """The records in the order of the rows."""
        (name,) = self._tables(place)
        table = read_table(name, place.read(name))
        shown = f"{place.shown}/{name}"
        check_columns(shown, table.columns)
        stem = name.rpartition(".")[0]
        return read_rows(stem, table.rows, _locator(place))

    def _tables(self, place: Place) -> list[str]:
        return [
            name
            for name in place.names
            if "/" not in name and name.lower().endswith(TABLES)
        ]


def check_columns(place: str, columns: Iterable[str]) -> None:
    """Refuse a table that lacks a column, naming it."""
    found = list(columns)
    missing = [] if "file_name" in found else ["file_name"]
    # Any column may be what is to be learned, if --target names it.
    missing += [] if {*found} - {"file_name", *BESIDE} else ["label"]
    if missing:
        raise DataError(
            received=f"{place} has the columns {', '.join(found) or 'none'}.",
            expected=f"the columns file_name and label; {' and '.join(missing)} is "
            "missing.",
            remedy="Name the columns in the first line: file_name,label[,split]. In "
            "place of label there may be labels, value or boxes, or a column of any "
            "name for --target.",
        )


def read_rows(
    name: str, rows: Iterable[Row], locate: Locate
) -> tuple[ImageDataset, Ledger]:
    """Records from rows with file_name, label and more.

    Args:
        name: of the data set.
        rows: cells by column.
        locate: where the file of a name lies; `None` when there is none.

    Raises:
        DataError: a file does not exist, a name comes twice, or a cell is wrong.
    """
    known = list(rows)
    records = [_record(number, row) for number, row in enumerate(known, 1)]
    masks = [as_text(row.get("mask")).strip() for row in known]
    if not records:
        raise DataError(
            received=f"{name} has no rows.",
            expected="one row a picture.",
            remedy="Add rows below the line of column names.",
        )
    _check_names(name, records)
    located = _located(name, records, masks, locate)
    labels = class_names(record.target for record in located)
    ledger = Ledger(tuple(record.id for record in located))
    return ImageDataset(name, located, labels), ledger


def _record(number: int, row: Row) -> ImageRecord:
    where = f"Row {number}"
    file_name = as_text(row.get("file_name")).strip()
    record = described(ImageRecord(file_name, None), row, where)
    if not file_name:
        raise DataError(
            received=f"Row {number} has no file name.",
            expected="one in every row.",
            remedy="Complete the row, or remove it.",
        )
    if record.target is None and "label" in row and "boxes" not in row:
        raise DataError(
            received=f"Row {number}, {file_name}, has an empty label.",
            expected="a label in every row.",
            remedy="Write it, or remove the row. What has no label can be learned from "
            "too: keep it in a folder, and name that with `visus train --unlabelled`.",
        )
    return record


def _check_names(name: str, records: list[ImageRecord]) -> None:
    seen = set()
    for record in records:
        if record.id in seen:
            raise DataError(
                received=f"{name} names the file {record.id!r} more than once.",
                expected="one row a picture; several labels go into the column labels.",
                remedy="Remove the rows that are too many.",
            )
        seen.add(record.id)


def _located(
    name: str, records: list[ImageRecord], masks: list[str], locate: Locate
) -> tuple[ImageRecord, ...]:
    located = tuple(
        replace(record, location=locate(record.id), mask=locate(mask) if mask else None)
        for record, mask in zip(records, masks, strict=True)
    )
    missing = [record.id for record in located if record.location is None]
    missing += [
        mask
        for record, mask in zip(located, masks, strict=True)
        if mask and record.mask is None
    ]
    if missing:
        raise DataError(
            received=f"{len(missing)} of the files in {len(records)} rows of {name} do "
            f"not exist, such as {', '.join(missing[:3])}.",
            expected="file names relative to the table's own folder, or absolute.",
            remedy="Correct the names, or remove those rows.",
        )
    return located


def locate_below(folder: Path) -> Locate:
    """Files relative to a folder, or absolute: a person's own table may point away.

    A path may lead through an archive, as `ArchivePaths` reads it.
    """
    archives = ArchivePaths()

    def locate(name: str) -> Location | None:
        try:
            path = folder / name
            return path if path.is_file() else archives.find(path)
        except (OSError, ValueError):
            return None

    return locate


def _locator(place: Place) -> Locate:
    if isinstance(place, FolderPlace) and place.listed is not None:
        return locate_below(place.folder)
    return place.find
