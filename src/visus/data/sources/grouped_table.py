"""A table about things of which there are several pictures each: houses, patients.

The table's first column names the things. A picture belongs to the thing that its own
name begins with (`12_kitchen.jpg`) or that its folder is called by (`12/kitchen.jpg`);
the thing is its group, so that splits never tear its pictures apart.
"""

import re
from dataclasses import replace

from visus.core.errors import DataError
from visus.data.ledger import Ledger
from visus.data.records import ImageDataset, ImageRecord
from visus.data.sources.base import Layout
from visus.data.sources.gathered import Gathered
from visus.data.sources.places import PICTURES, SPLIT_FOLDERS, Place
from visus.data.sources.rows import as_text, described
from visus.data.sources.tables import TABLES, Row, read_table

_END_OF_KEY = re.compile(r"[_\-. ]")


class GroupedTable(Layout):
    """One row a thing; its columns are metadata of all its pictures."""

    def recognises(self, place: Place) -> bool:
        """One table at the top, whose first column names most of the pictures."""
        rows = _rows(place)
        pictures = _pictures(place) if rows else []
        matched = sum(_key(name, rows) is not None for name in pictures)
        return bool(pictures) and 2 * matched > len(pictures)

    def read(self, place: Place) -> tuple[ImageDataset, Ledger]:
        """The records in the order of their names."""
        gathered, rows = Gathered(place), _rows(place)
        for name in _pictures(place):
            key = _key(name, rows)
            if key is None:
                gathered.refuse(name, "no_class", "No row of the table is about it.")
                continue
            split = SPLIT_FOLDERS.get(name.partition("/")[0].lower())
            record = ImageRecord(name, None, place.find(name), split=split)
            record = described(record, rows[key], f"The row of {key!r}")
            gathered.add(replace(record, group=record.group or key))
        gathered.account_for_rest("It is no picture by its name.")
        return gathered.finish()


def _rows(place: Place) -> dict[str, Row]:
    tops = [name for name in place.names if "/" not in name]
    tables = [name for name in tops if name.lower().endswith(TABLES)]
    if len(tables) != 1 or len(place.names) == 1:
        return {}
    try:
        table = read_table(tables[0], place.read(tables[0]))
        if len(table.columns) < 2 or "file_name" in table.columns:
            return {}
        first = table.columns[0]
        return {as_text(row.get(first)).strip(): row for row in table.rows}
    except DataError:
        # A broken table beside class folders is a stray file, and no hindrance.
        return {}


def _pictures(place: Place) -> list[str]:
    return [name for name in place.names if name.lower().endswith(PICTURES)]


def _key(name: str, rows: dict[str, Row]) -> str | None:
    *folders, last = name.split("/")
    start = _END_OF_KEY.split(last)[0]
    return next((key for key in (start, *folders[-1:]) if key in rows), None)
