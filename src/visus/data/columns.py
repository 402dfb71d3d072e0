"""Columns of a table that the table did not name as we do, put to use by their name."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from visus.core.errors import DataError, nearest_names
from visus.data.records import ImageDataset, ImageRecord, Target
from visus.data.sources.gathered import class_names
from visus.data.sources.rows import TARGETS, names_in


def group_by(dataset: ImageDataset, column: str) -> ImageDataset:
    """Take a metadata column as the group, which splits do not tear apart.

    Raises:
        DataError: a record lacks the column.

    Example:
        group_by(dataset, "patient")
    """
    return _changed(dataset, column, lambda r, text: replace(r, group=text))


def target_by(dataset: ImageDataset, column: str | None, kind: str) -> ImageDataset:
    """The data with the targets that are meant.

    Args:
        dataset: as the source reads it.
        column: of metadata that holds the target; `None` keeps what there is.
        kind: "single-label", "multi-label" or "numeric"; with "auto" a column in which
            every cell is a number is numeric, and one with lists (JSON, or `|` between)
            multi-label.

    Raises:
        DataError: a record lacks the column, or has something else in it.

    Example:
        target_by(dataset, "price", "auto")
    """
    if column is not None and column not in TARGETS:
        texts = [dict(record.metadata).get(column, "") for record in dataset.records]
        kind = _kind(texts) if kind == "auto" else kind
        dataset = _changed(dataset, column, lambda r, text: replace(r, target=text))
    if kind == "auto":
        return dataset
    changed = [
        record
        if record.target is None
        else replace(record, target=_as_kind(record, kind, column or "target"))
        for record in dataset.records
    ]
    names = class_names(record.target for record in changed)
    # An order that the source gives, such as 2 before 10, is kept.
    kept = set(names) == set(dataset.class_names)
    return replace(
        dataset,
        records=tuple(changed),
        class_names=dataset.class_names if kept else names,
    )


def _as_kind(record: ImageRecord, kind: str, column: str) -> Target:
    if kind == "numeric":
        return _number(record, column, record.label)
    # No label at all is an answer among several labels; as the one label it is none.
    return names_in(record.target) if kind == "multi-label" else record.label or None


def _kind(texts: Sequence[str]) -> str:
    if all(_is_number(text) for text in texts):
        return "numeric"
    several = any("|" in text or text.startswith("[") for text in texts)
    return "multi-label" if several else "single-label"


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


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
    changed = []
    for record in dataset.records:
        text = dict(record.metadata).get(column)
        if text is None:
            raise no_such_column(dataset, column, record.id)
        changed.append(change(record, text))
    return dataset.with_records(changed)


def _number(record: ImageRecord, column: str, text: str) -> float:
    if not _is_number(text):
        raise DataError(
            received=f"{record.id} has {text!r} in the column {column}.",
            expected="a finite number.",
            remedy="Correct the cell, or choose another column.",
        )
    return float(text)


def no_such_column(
    dataset: ImageDataset, column: str, lacking: str | None = None
) -> DataError:
    """The one error for a column that pictures do not have.

    Args:
        dataset: whose columns there are.
        column: that was asked for.
        lacking: a picture that has not got it; `None`: none has.
    """
    known = sorted({name for record in dataset.records for name, _ in record.metadata})
    if not known:
        return DataError(
            received=f"{dataset.name} has no columns, and so no column {column!r}.",
            expected=f"a table of pictures with the columns file_name and {column}.",
            remedy="Put it beside the pictures as metadata.csv, or name the table in "
            "place of the folder; docs/sources.md shows both.",
        )
    near = nearest_names(column, known)
    what = f"{column!r}" if lacking is None else f"{column!r} for {lacking}"
    return DataError(
        received=f"{dataset.name} has no column {what}.",
        expected=f"one of {', '.join(known)}.",
        remedy=f"Did you mean {near[0]!r}?" if near else "Choose a column it has.",
    )
