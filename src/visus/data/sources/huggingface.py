"""Hugging Face's image folder: metadata.csv, .jsonl or .parquet beside the pictures.

Source: huggingface.co/docs/datasets, "Create an image dataset". There may be one such
table at the top or one in each split's folder; `file_name` counts from the table.
"""

from visus.core.errors import DataError
from visus.data.ledger import Ledger
from visus.data.records import ImageDataset, ImageRecord
from visus.data.sources.base import Layout
from visus.data.sources.gathered import Gathered
from visus.data.sources.places import SPLIT_FOLDERS, Place
from visus.data.sources.rows import TARGETS, as_text, described
from visus.data.sources.tables import TABLES, read_table

METADATA = tuple(f"metadata{ending}" for ending in TABLES)


class HuggingFaceFolder(Layout):
    """Rows of metadata about pictures that lie beside them."""

    def recognises(self, place: Place) -> bool:
        """There is a table called metadata in a folder."""
        return bool(_tables(place)) and len(place.names) > 1

    def read(self, place: Place) -> tuple[ImageDataset, Ledger]:
        """The records table by table, in the order of the rows."""
        gathered = Gathered(place)
        for table in _tables(place):
            _read_table(gathered, table)
        gathered.account_for_rest("No row of the metadata names it.")
        return gathered.finish()


def _tables(place: Place) -> list[str]:
    return [name for name in place.names if name.rpartition("/")[2] in METADATA]


def _read_table(gathered: Gathered, name: str) -> None:
    folder = name.rpartition("/")[0]
    table = read_table(name, gathered.place.read(name))
    if "file_name" not in table.columns:
        raise DataError(
            received=f"{name} has the columns {', '.join(table.columns) or 'none'}.",
            expected="the column file_name.",
            remedy="Add it: the picture's path, counted from the table.",
        )
    has_target = bool({*TARGETS} & {*table.columns})
    for number, row in enumerate(table.rows, 1):
        file_name = as_text(row.get("file_name")).strip()
        found = gathered.place.resolve(file_name, folder)
        if found is None:
            shown = f"{folder}/{file_name}".lstrip("/")
            gathered.refuse(shown, "unreadable", "The metadata's file does not exist.")
            continue
        known = ImageRecord(
            id=found,
            target=None if has_target else _class_folder(found),
            location=gathered.place.find(found),
            split=SPLIT_FOLDERS.get(found.partition("/")[0].lower()),
        )
        record = described(known, row, f"Row {number} of {name}")
        gathered.add(record, as_text(row.get("mask")).strip(), folder)


def _class_folder(name: str) -> str | None:
    folders = name.split("/")[:-1]
    if folders and folders[0].lower() in SPLIT_FOLDERS:
        folders = folders[1:]
    return folders[0] if folders else None
