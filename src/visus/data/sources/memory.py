"""Pictures that are in Python already: arrays, PIL pictures, a DataFrame."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.core.errors import DataError
from visus.data.ledger import Ledger
from visus.data.records import ImageDataset, ImageRecord
from visus.data.sources.base import Access, Source
from visus.data.sources.manifest import check_columns, locate_below, read_rows

EXPECTED = (
    "a pair (pictures, labels): uint8 arrays (height, width) or (height, width, 1 or "
    "3), PIL pictures, or one array of them; or a DataFrame with file_name,label."
)


class MemorySource(Source):
    """A pair (pictures, labels), or a DataFrame."""

    def __init__(self, values: Any) -> None:
        self.values = values

    def read(self, access: Access) -> tuple[ImageDataset, Ledger]:
        """The records in the order given; their ids are their row numbers."""
        if hasattr(self.values, "columns") and hasattr(self.values, "to_dict"):
            check_columns("The DataFrame", map(str, self.values.columns))
            rows = self.values.to_dict("records")
            return read_rows("dataframe", rows, locate_below(Path()))
        if not isinstance(self.values, tuple | list) or len(self.values) != 2:
            raise _refuse(f"A {type(self.values).__name__}.")
        return _from_pair(*self.values)


def as_pixels(picture: Any) -> NDArray[np.uint8]:
    """One picture from Python as uint8 `(height, width, 1 or 3)`.

    PIL pictures are turned to gray or RGB; arrays must be uint8 already, since guessing
    at 0..1 or 0..255 is how peers lose a factor of 255 without a word.
    """
    if hasattr(picture, "convert") and hasattr(picture, "mode"):
        gray = picture.mode in ("1", "L", "LA")
        picture = np.asarray(picture.convert("L" if gray else "RGB"))
    pixels = np.asarray(picture)
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] not in (1, 3):
        raise _refuse(f"A picture of type {pixels.dtype} and shape {pixels.shape}.")
    return pixels


def _from_pair(pictures: Any, labels: Any) -> tuple[ImageDataset, Ledger]:
    if isinstance(pictures, np.ndarray) and pictures.ndim == 3:
        pictures = pictures[..., None]
    names = [_label(label) for label in np.asarray(labels).tolist()]
    if len(pictures) != len(names):
        raise _refuse(f"{len(pictures)} pictures and {len(names)} labels.")
    records = tuple(
        ImageRecord(str(row), name, pixels=as_pixels(picture))
        for row, (picture, name) in enumerate(zip(pictures, names, strict=True))
    )
    dataset = ImageDataset("memory", records, class_order(names))
    return dataset, Ledger(tuple(record.id for record in records))


def class_order(names: Sequence[str]) -> tuple[str, ...]:
    """Distinct names in order; numbers in the order of their values: 2 before 10."""
    distinct = set(names)
    if all(name.isdecimal() for name in distinct):
        return tuple(sorted(distinct, key=int))
    return tuple(sorted(distinct))


def _label(label: Any) -> str:
    if isinstance(label, float) and label.is_integer():
        label = int(label)
    return str(label)


def _refuse(received: str) -> DataError:
    return DataError(
        received=received,
        expected=EXPECTED,
        remedy="Convert the pictures to uint8, 0 to 255, and give one label each.",
    )
