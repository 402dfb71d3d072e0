"""Columns of a table that the table did not name as we do, put to use by their name."""

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
    known = {name for record in dataset.records for name, _ in record.metadata}
    grouped = []
    for record in dataset.records:
        text = dict(record.metadata).get(column)
        if text is None:
            raise _missing(dataset, record, column, known)
        grouped.append(replace(record, group=text))
    return dataset.with_records(grouped)


def _missing(
    dataset: ImageDataset, record: ImageRecord, column: str, known: set[str]
) -> DataError:
    near = nearest_names(column, known)
    return DataError(
        received=f"{record.id} of {dataset.name} has no column {column!r}.",
        expected=f"one of {', '.join(sorted(known)) or 'no columns at all'}.",
        remedy=f"Did you mean {near[0]!r}?" if near else "Choose a column it has.",
    )
