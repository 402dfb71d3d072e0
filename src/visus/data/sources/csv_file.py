"""A CSV of file_name,label[,split,...]; also rows that come from a DataFrame.

Further columns are kept as metadata: one may name the group, such as the patient.
"""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from visus.core.errors import DataError
from visus.data.ledger import Ledger
from visus.data.records import ImageDataset, ImageRecord, Split
from visus.data.sources.base import Access, Source
from visus.data.sources.folder import SPLIT_FOLDERS

REQUIRED = ("file_name", "label")


class CsvSource(Source):
    """One picture a row; file names are relative to the CSV's own folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, access: Access) -> tuple[ImageDataset, Ledger]:
        """The records in the order of the rows."""
        delimiter = "\t" if self.path.suffix.lower() == ".tsv" else ","
        try:
            with self.path.open(encoding="utf-8-sig", newline="") as file:
                rows = csv.DictReader(file, delimiter=delimiter)
                columns = tuple(name.strip() for name in rows.fieldnames or ())
                rows.fieldnames = columns
                check_columns(str(self.path), columns)
                return read_rows(self.path.stem, rows, self.path.parent)
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise DataError(
                received=f"{self.path} cannot be read as CSV: {error}.",
                expected="UTF-8 text with the columns file_name,label[,split].",
                remedy="Save it again as UTF-8 CSV.",
            ) from error


def check_columns(place: str, columns: Iterable[str]) -> None:
    """Refuse a table that lacks a column, naming it."""
    found = list(columns)
    missing = [name for name in REQUIRED if name not in found]
    if missing:
        raise DataError(
            received=f"{place} has the columns {', '.join(found) or 'none'}.",
            expected=f"the columns file_name and label; {' and '.join(missing)} is "
            "missing.",
            remedy="Name the columns in the first line: file_name,label[,split].",
        )


def read_rows(
    name: str, rows: Iterable[Mapping[str, object]], folder: Path
) -> tuple[ImageDataset, Ledger]:
    """Records from rows with file_name, label and perhaps split.

    Raises:
        DataError: a file does not exist, a name comes twice, or a split is unknown.
    """
    records = [_record(number, row, folder) for number, row in enumerate(rows, 1)]
    if not records:
        raise DataError(
            received=f"{name} has no rows.",
            expected="one row a picture.",
            remedy="Add rows below the line of column names.",
        )
    _check_files(name, records)
    labels = tuple(sorted({record.target for record in records if record.target}))
    ledger = Ledger(tuple(record.id for record in records))
    return ImageDataset(name, tuple(records), labels), ledger


def _record(number: int, row: Mapping[str, object], folder: Path) -> ImageRecord:
    file_name, label = (str(row.get(key) or "").strip() for key in REQUIRED)
    if not file_name or not label:
        raise DataError(
            received=f"Row {number} has the file name {file_name!r} and the label "
            f"{label!r}.",
            expected="both, in every row.",
            remedy="Complete the row, or remove it.",
        )
    split = _split(number, str(row.get("split") or "").strip())
    others = tuple(
        (str(name), str(value))
        for name, value in row.items()
        if name not in (*REQUIRED, "split", None) and value is not None
    )
    place = folder / file_name
    return ImageRecord(file_name, label, place, split=split, metadata=others)


def _split(number: int, word: str) -> Split | None:
    if not word or word.lower() in ("nan", "none"):
        return None
    if word.lower() not in SPLIT_FOLDERS:
        raise DataError(
            received=f"Row {number} has the split {word!r}.",
            expected="train, validation, test, or nothing.",
            remedy="Correct the word, or leave the column out.",
        )
    return SPLIT_FOLDERS[word.lower()]


def _check_files(name: str, records: list[ImageRecord]) -> None:
    missing = [r.id for r in records if r.location and not r.location.is_file()]
    if missing:
        raise DataError(
            received=f"{len(missing)} of the {len(records)} files that {name} names do "
            f"not exist, such as {', '.join(missing[:3])}.",
            expected="file names relative to the CSV's own folder, or absolute.",
            remedy="Correct the names, or remove those rows.",
        )
    ids = [record.id for record in records]
    if len(set(ids)) < len(ids):
        twice = next(name for name in ids if ids.count(name) > 1)
        raise DataError(
            received=f"{name} names the file {twice!r} more than once.",
            expected="one row a picture; a picture has one label.",
            remedy="Remove the rows that are too many.",
        )
