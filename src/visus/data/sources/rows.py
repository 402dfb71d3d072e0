"""What a row says of its picture: the columns that every table and JSON entry shares.

label, labels (a list), value (a number), split, group, weight, boxes, mask (a picture's
name, looked up by whoever knows the place); every further column is metadata. Writers
use `row_of`, readers `described`: each undoes the other.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any

from visus.core.errors import DataError
from visus.data.records import Box, ImageRecord, Split, Target
from visus.data.sources.checked import checked_json, checked_value
from visus.data.sources.gathered import box_fault, target_of_boxes
from visus.data.sources.places import SPLIT_FOLDERS

TARGETS = ("label", "labels", "value", "boxes", "objects")
BESIDE = ("split", "group", "weight")
KNOWN = ("file_name", *TARGETS, *BESIDE, "mask")
# What a spreadsheet would run: `=HYPERLINK(...)`, `+cmd|...!A1`. No label looks so.
_FORMULA = re.compile(r"^[=+@-][^ ]*[(!|]")


def described(record: ImageRecord, row: Mapping[str, Any], where: str) -> ImageRecord:
    """The record with what a row says of it; the row's own words win.

    Args:
        record: the picture, with what is known without the row.
        row: cells by column: text of a CSV, or values of JSON or Parquet.
        where: the row, for messages, such as "Row 3".

    Raises:
        DataError: a cell has a value that its column cannot have.
    """
    boxes = _boxes(row, where) or record.boxes
    weight = _number(row.get("weight"), where, "weight")
    if weight is not None and weight < 0:
        raise _refuse(where, "weight", weight, "a number from 0 up")
    return replace(
        record,
        target=_target(row, boxes, record.target, where),
        split=split_of(row.get("split"), where) or record.split,
        group=_label(row.get("group"), where, "group") or record.group,
        weight=record.weight if weight is None else weight,
        boxes=boxes,
        metadata=_metadata(row),
    )


def row_of(record: ImageRecord) -> dict[str, Any]:
    """What must be said of a record, and nothing that goes without saying."""
    row: dict[str, Any] = {}
    if record.target != target_of_boxes(record.boxes):
        row |= _said_target(record.target)
    row |= {} if record.split is None else {"split": record.split}
    row |= {} if record.group is None else {"group": record.group}
    row |= {} if record.weight == 1.0 else {"weight": record.weight}
    row |= {"boxes": [_said_box(box) for box in record.boxes]} if record.boxes else {}
    return row | {name: text for name, text in record.metadata if name not in KNOWN}


def _said_box(box: Box) -> dict[str, Any]:
    said = asdict(box)
    mask = said.pop("mask") or {}
    mask = {name: value for name, value in mask.items() if value}
    return {**said, "mask": mask} if mask else said


def split_of(value: Any, where: str) -> Split | None:
    """The split that a cell names; `None` for an empty one."""
    word = as_text(value).strip().lower()
    if not word or word in ("nan", "none"):
        return None
    if word not in SPLIT_FOLDERS:
        raise _refuse(where, "split", value, "train, validation, test, or nothing")
    return SPLIT_FOLDERS[word]


def as_text(value: Any) -> str:
    """A cell as text: "" where it is empty, "3" for 3.0, JSON for lists."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _said_target(target: Target) -> dict[str, Any]:
    if isinstance(target, tuple):
        return {"labels": list(target)}
    return {"value" if isinstance(target, float) else "label": target}


def _target(
    row: Mapping[str, Any], boxes: tuple[Box, ...], known: Target, where: str
) -> Target:
    number = _number(row.get("value"), where, "value")
    labels = _labels(row.get("labels"), where)
    label = _label(row.get("label"), where, "label")
    given = [target for target in (label, labels, number) if target is not None]
    if len(given) > 1:
        raise _refuse(where, "label, labels and value", given, "one of the three")
    if given:
        return given[0]
    # `null` in JSON says that nothing is known; an empty cell says nothing.
    silent = row.get("label", "") is None
    return known if known is not None or silent else target_of_boxes(boxes)


def _label(value: Any, where: str, column: str) -> str | None:
    text = as_text(value).strip()
    if _FORMULA.match(text):
        raise _refuse(where, column, value, "a name, not a spreadsheet's formula")
    return text or None


def names_in(target: Target) -> tuple[str, ...]:
    """The labels that a target holds: itself, or a cell's list of them."""
    if isinstance(target, str):
        return _labels(target, "A target") or ()
    return target if isinstance(target, tuple) else (as_text(target),)


def _labels(value: Any, where: str) -> tuple[str, ...] | None:
    if isinstance(value, str):
        text = value.strip()
        if not text.startswith("["):
            value = [part for part in text.split("|")] if text else None
        else:
            value = checked_json(list[Any], text, f"{where}, labels")
    if value is None or isinstance(value, float):
        return None
    if not isinstance(value, Iterable) or isinstance(value, Mapping):
        raise _refuse(where, "labels", value, "a list of names")
    names = [_label(part, where, "labels") for part in value]
    return tuple(dict.fromkeys(name for name in names if name))


def _number(value: Any, where: str, column: str) -> float | None:
    text = as_text(value).strip()
    if not text:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise _refuse(where, column, value, "a finite number")
    return number


def _boxes(row: Mapping[str, Any], where: str) -> tuple[Box, ...]:
    value = row.get("boxes")
    if isinstance(value, str) and value.strip():
        boxes = checked_json(tuple[Box, ...], value, f"{where}, boxes")
    elif isinstance(value, list):
        boxes = checked_value(tuple[Box, ...], value, f"{where}, boxes")
    elif isinstance(row.get("objects"), dict | str):
        boxes = _objects(row["objects"], where)
    else:
        return ()
    fault = box_fault(boxes)
    if fault:
        raise _refuse(where, "boxes", fault, "boxes of finite edges, in order")
    return boxes


def _objects(value: Any, where: str) -> tuple[Box, ...]:
    """Hugging Face's column: {"bbox": [[x, y, width, height]], "categories": [...]}."""
    if isinstance(value, str):
        value = checked_json(dict[str, Any], value or "{}", f"{where}, objects")
    names = value.get("categories", value.get("category", []))
    corners = checked_value(
        list[tuple[float, float, float, float]], value.get("bbox"), f"{where}, bbox"
    )
    if not isinstance(names, list) or len(names) != len(corners):
        raise _refuse(where, "objects", names, f"a category for each of {len(corners)}")
    return tuple(
        Box(as_text(name), x, y, x + width, y + height)
        for name, (x, y, width, height) in zip(names, corners, strict=True)
    )


def _metadata(row: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    further = ((name, as_text(value)) for name, value in row.items())
    return tuple((n, text) for n, text in further if n not in KNOWN and text)


def _refuse(where: str, column: str, value: Any, expected: str) -> DataError:
    return DataError(
        received=f"{where} has the {column} {value!r}."[:300],
        expected=f"{expected}.",
        remedy="Correct the cell, or leave the column out.",
    )
