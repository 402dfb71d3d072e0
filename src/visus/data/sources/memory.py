"""Pictures that are in Python already: arrays, PIL pictures, a DataFrame."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.core.errors import DataError
from visus.data.ledger import Ledger
from visus.data.records import ImageDataset, ImageRecord, Target
from visus.data.sources.base import Access, Source
from visus.data.sources.manifest import check_columns, locate_below, read_rows

EXPECTED = (
    "a pair (pictures, labels): uint8 arrays (height, width) or (height, width, 1 or "
    "3), PIL pictures, or one array of them; a label, a list of labels, or a number "
    "with a fraction for each; or a DataFrame with file_name,label."
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
    targets = _targets(labels)
    if len(pictures) != len(targets):
        raise _refuse(f"{len(pictures)} pictures and {len(targets)} labels.")
    records = tuple(
        ImageRecord(str(row), target, pixels=as_pixels(picture))
        for row, (picture, target) in enumerate(zip(pictures, targets, strict=True))
    )
    names = [name for record in records for name in record.labels]
    dataset = ImageDataset("memory", records, class_order(names))
    return dataset, Ledger(tuple(record.id for record in records))


def _targets(labels: Any) -> list[Target]:
    """Lists are several labels; numbers of which any has a fraction are numbers."""
    values = labels.tolist() if hasattr(labels, "tolist") else list(labels)
    if any(isinstance(value, list | tuple | set | frozenset) for value in values):
        return [tuple(dict.fromkeys(map(_label, _several(v)))) for v in values]
    plain = np.asarray(values).tolist()
    # NaN is how NumPy and pandas say that nothing is known.
    known = [None if value != value else value for value in plain]
    floats = [value for value in known if isinstance(value, float)]
    if all(value.is_integer() for value in floats):
        return [None if value is None else _label(value) for value in known]
    if not all(value is None or math.isfinite(value) for value in known):
        raise _refuse("A number that is infinite.")
    return [None if value is None else float(value) for value in known]


def _several(value: Any) -> list[Any]:
    if isinstance(value, set | frozenset):
        return sorted(value)
    return list(value) if isinstance(value, list | tuple) else [value]


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
