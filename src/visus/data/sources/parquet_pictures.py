"""Parquet that holds the pictures themselves, as Hugging Face's data sets do.

Source: huggingface.co/docs/datasets, the feature Image: a column of {bytes, path}. The
bytes are compressed in pages and cannot be reached one by one: they are written once,
a few rows at a time, one after the other into the cache, and read from there.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from visus.core.errors import DataError, MachineError
from visus.core.files import write_json, written_aside
from visus.data.extras import need
from visus.data.ledger import Ledger
from visus.data.locations import Location
from visus.data.nested import PlainFile, plain_bytes, spool_path
from visus.data.records import ImageDataset, ImageRecord
from visus.data.sources.base import Layout
from visus.data.sources.gathered import Gathered
from visus.data.sources.places import Place, split_of_words
from visus.data.sources.rows import described

PICTURES = ("image", "img")
# Rows in memory at once.
ROWS = 64


class ParquetPictures(Layout):
    """Rows of a picture with its label and more."""

    def recognises(self, place: Place) -> bool:
        """A Parquet file with a column of pictures' bytes."""
        return any(_picture_column(place.find(name)) for name in _files(place)[:1])

    def read(self, place: Place) -> tuple[ImageDataset, Ledger]:
        """The records file by file; their ids are `file#number`."""
        gathered = Gathered(place)
        for name in _files(place):
            _read_file(gathered, name)
        gathered.account_for_rest("It is no Parquet file.", besides=_files(place))
        return gathered.finish()


def _files(place: Place) -> list[str]:
    return [name for name in place.names if name.lower().endswith(".parquet")]


def _picture_column(location: Location | None) -> str | None:
    """The column of structs with bytes; `None` where there is none, or no pyarrow."""
    if location is None:
        return None
    try:
        schema = _opened(plain_bytes(location)).schema_arrow
    except (DataError, MachineError, OSError):
        # Not what it says, or not to be read here: the readers of tables say so.
        return None
    for name in PICTURES:
        at = schema.get_field_index(name)
        if at >= 0 and _holds_bytes(schema.field(at).type):
            return name
    return None


def _holds_bytes(kind: Any) -> bool:
    arrow = need("pyarrow", extra="parquet", because="It is Parquet.").types
    if arrow.is_struct(kind):
        return any(kind.field(at).name == "bytes" for at in range(kind.num_fields))
    return bool(arrow.is_binary(kind) or arrow.is_large_binary(kind))


def _opened(plain: PlainFile) -> Any:
    because = f"{plain.archive} holds Parquet."
    arrow = need("pyarrow", extra="parquet", because=because)
    parquet = need("pyarrow.parquet", extra="parquet", because=because)
    try:
        # Mapped, not read: only what is asked for comes into memory.
        whole = arrow.memory_map(str(plain.path)).read_buffer()
        part = whole.slice(plain.start, plain.length)
        return parquet.ParquetFile(arrow.BufferReader(part))
    except (arrow.ArrowException, OSError, ValueError) as error:
        raise _damaged(plain.archive, str(error)) from error


def _read_file(gathered: Gathered, name: str) -> None:
    location = gathered.place.find(name)
    column = _picture_column(location)
    if location is None or column is None:
        raise _damaged(Path(name), "it has no column of pictures' bytes")
    plain = plain_bytes(location)
    lengths = _spooled(location, plain, column)
    pictures = PlainFile(plain.archive, spool_path(location, "pictures"), 0, 0)
    start = 0
    for number, (row, length) in enumerate(
        zip(_rows(plain, column), lengths, strict=True)
    ):
        key = f"{name}#{number:06d}"
        if length is None:
            gathered.refuse(key, "no_class", f"Its {column} has no bytes.")
            continue
        member = pictures.member(key, start, length)
        record = ImageRecord(key, None, member, split=split_of_words(name))
        gathered.add(described(record, row, f"Row {number + 1} of {name}"))
        start += length


def _spooled(location: Location, plain: PlainFile, column: str) -> list[int | None]:
    """How many bytes each picture has; they lie in the cache one after the other."""
    place = spool_path(location, "pictures")
    index = spool_path(location, "json")
    if not (place.is_file() and index.is_file()):
        lengths: list[int | None] = []
        with written_aside(place) as aside, aside.open("wb") as file:
            for picture in _pictures(plain, column):
                lengths.append(None if picture is None else len(picture))
                file.write(picture or b"")
            file.flush()
            os.fsync(file.fileno())
        write_json(index, lengths)
    found: list[int | None] = json.loads(index.read_text(encoding="utf-8"))
    return found


def _batches(plain: PlainFile, columns: list[str]) -> Iterator[Any]:
    arrow = need("pyarrow", extra="parquet", because="It is Parquet.")
    try:
        yield from _opened(plain).iter_batches(batch_size=ROWS, columns=columns)
    except (arrow.ArrowException, OSError, ValueError) as error:
        raise _damaged(plain.archive, str(error)) from error


def _pictures(plain: PlainFile, column: str) -> Iterator[bytes | None]:
    for batch in _batches(plain, [column]):
        for value in batch.column(0):
            found = value.as_py()
            yield found.get("bytes") if isinstance(found, dict) else found


def _rows(plain: PlainFile, column: str) -> Iterator[dict[str, Any]]:
    """The other columns, class numbers as the names that the schema gives them."""
    schema = _opened(plain).schema_arrow
    others = [name for name in schema.names if name != column]
    names = _class_names(schema)
    if not others:
        for batch in _batches(plain, [column]):
            yield from ({} for _ in range(batch.num_rows))
    for batch in _batches(plain, others) if others else ():
        for row in batch.to_pylist():
            yield {key: _named(value, names.get(key)) for key, value in row.items()}


def _class_names(schema: Any) -> dict[str, list[str]]:
    """Names of classes by column, as the package datasets keeps them."""
    said = (schema.metadata or {}).get(b"huggingface", b"{}")
    try:
        features = json.loads(said)["info"]["features"]
        return {
            column: feature["names"]
            for column, feature in features.items()
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
        }
    # What another tool wrote there is not needed to read the rows.
    except (AttributeError, KeyError, TypeError, ValueError):
        return {}


def _named(value: Any, names: list[str] | None) -> Any:
    known = isinstance(value, int) and names and 0 <= value < len(names)
    # In a set without labels, the number is -1.
    unknown = names and value == -1
    return None if unknown else names[value] if known and names else value


def _damaged(path: Path, why: str) -> DataError:
    return DataError(
        received=f"{path} cannot be read as Parquet with pictures: {why}.",
        expected="Parquet with a column image of {bytes, path}.",
        remedy="Download it again.",
    )
