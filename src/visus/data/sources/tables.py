"""Rows from CSV, TSV, JSON Lines and Parquet, one mapping a row."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from visus.core.errors import DataError
from visus.data.extras import need
from visus.data.sources.checked import checked_json

TABLES = (".csv", ".tsv", ".jsonl", ".parquet")

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Table:
    """Columns by name, and the rows in their order."""

    columns: tuple[str, ...]
    rows: Iterable[Row]


def read_table(name: str, content: bytes) -> Table:
    """A table by the ending of its name.

    Raises:
        DataError: it cannot be read as what its name says.
        MachineError: Parquet, and pyarrow is not installed.
    """
    if name.lower().endswith(".parquet"):
        return _parquet(name, content)
    text = _text(name, content)
    if name.lower().endswith(".jsonl"):
        return _json_lines(name, text)
    return _csv(name, text, "\t" if name.lower().endswith(".tsv") else ",")


def _text(name: str, content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unreadable(name, str(error)) from error
    if "\0" in text:
        raise _unreadable(name, "it holds a NUL byte")
    return text


def _csv(name: str, text: str, delimiter: str) -> Table:
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    columns = tuple(cell.strip() for cell in next(_rows(name, lines), ()))
    if len(set(columns)) < len(columns):
        raise _unreadable(name, "two columns have one name")
    return Table(columns, _mappings(name, columns, lines))


def _mappings(
    name: str, columns: tuple[str, ...], lines: Iterable[list[str]]
) -> Iterator[Row]:
    for number, cells in enumerate(_rows(name, lines), 1):
        if len(cells) > len(columns):
            raise _unreadable(
                name, f"row {number} has {len(cells)} cells for {len(columns)} columns"
            )
        if cells:
            yield dict(zip(columns, cells, strict=False))


def _rows(name: str, lines: Iterable[list[str]]) -> Iterator[list[str]]:
    try:
        yield from lines
    except csv.Error as error:
        raise _unreadable(name, str(error)) from error


def _json_lines(name: str, text: str) -> Table:
    rows = [
        checked_json(dict[str, Any], line, f"Line {number} of {name}")
        for number, line in enumerate(text.split("\n"), 1)
        if line.strip()
    ]
    columns = dict.fromkeys(column for row in rows for column in row)
    return Table(tuple(columns), rows)


def _parquet(name: str, content: bytes) -> Table:
    because = f"{name} is a Parquet file."
    pyarrow = need("pyarrow", extra="parquet", because=because)
    parquet = need("pyarrow.parquet", extra="parquet", because=because)
    try:
        table = parquet.read_table(pyarrow.BufferReader(content))
        return Table(tuple(table.column_names), table.to_pylist())
    except (pyarrow.ArrowException, OSError, ValueError, MemoryError) as error:
        raise _unreadable(name, str(error)) from error


def _unreadable(name: str, why: str) -> DataError:
    return DataError(
        received=f"{name} cannot be read as a table: {why}.",
        expected="UTF-8 CSV or TSV, JSON Lines, or Parquet, with the columns "
        "file_name and label.",
        remedy="Save it again in one of these forms.",
    )
