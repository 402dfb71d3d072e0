"""Columns of a table that the table did not name as we do, put to use by their name."""

import math
from collections.abc import Callable
from dataclasses import replace

from visus.core.errors import DataError, nearest_names
from visus.data.records import ImageDataset, ImageRecord


def group_by(dataset: ImageDataset, column: str) -> ImageDataset:
    """Take a metadata column as the group, which splits do not tear apart.

    Raises:
        DataError: a record lacks the column.

    Example:
        group_by(dataset, "patient")
    """
    return _changed(dataset, column, lambda r, text: replace(r, group=text))


def label_by(dataset: ImageDataset, column: str) -> ImageDataset:
    """Take a metadata column as the label.

    Raises:
        DataError: a record lacks the column.
    """
    changed = _changed(dataset, column, lambda r, text: replace(r, target=text))
    names = {label for record in changed.records for label in record.labels}
    return replace(changed, class_names=tuple(sorted(names)))


def value_by(dataset: ImageDataset, column: str) -> ImageDataset:
    """Take a metadata column as the number that is to be learned.

    Raises:
        DataError: a record lacks the column, or has no finite number there.
    """

    def change(record: ImageRecord, text: str) -> ImageRecord:
        return replace(record, target=_number(record, column, text))

    return replace(_changed(dataset, column, change), class_names=())


def _changed(
    dataset: ImageDataset,
    column: str,
    change: Callable[[ImageRecord, str], ImageRecord],
) -> ImageDataset:
    known = {name for record in dataset.records for name, _ in record.metadata}
    changed = []
    for record in dataset.records:
        text = dict(record.metadata).get(column)
        if text is None:
            raise _missing(dataset, record, column, known)
        changed.append(change(record, text))
    return dataset.with_records(changed)


def _number(record: ImageRecord, column: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise DataError(
            received=f"{record.id} has {text!r} in the column {column}.",
            expected="a finite number.",
            remedy="Correct the cell, or choose another column.",
        )
    return number


def _missing(
    dataset: ImageDataset, record: ImageRecord, column: str, known: set[str]
) -> DataError:
    near = nearest_names(column, known)
    return DataError(
        received=f"{record.id} of {dataset.name} has no column {column!r}.",
        expected=f"one of {', '.join(sorted(known)) or 'no columns at all'}.",
        remedy=f"Did you mean {near[0]!r}?" if near else "Choose a column it has.",
    )
