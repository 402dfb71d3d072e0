"""Label Studio: tasks.json beside images/, for its local file storage."""

import json
from typing import Any
from urllib.parse import quote

from visus.data.records import Box, ImageDataset, ImageRecord
from visus.data.sources.gathered import target_of_boxes
from visus.data.sources.rows import row_of
from visus.data.writers.base import EVERYTHING, Output, Writer, mask_kind
from visus.data.writers.pictures import Names, Picture


class LabelStudioWriter(Writer):
    """Choices, rectangles and masks as results; the rest as data of the task."""

    holds = EVERYTHING
    masks = frozenset({"outlines", "brush masks", "mask pictures"})

    def write(self, dataset: ImageDataset, output: Output) -> None:
        """Copy the pictures to images/ and write tasks.json."""
        names = Names()
        tasks: list[dict[str, Any]] = []
        for record, picture in output.pictures(dataset.records):
            name = names.name(record, picture)
            mask = output.save_both(name, picture)
            row = row_of(record)
            row.pop("boxes", None)
            # Served so when LOCAL_FILES_DOCUMENT_ROOT is the folder written here.
            address = f"/data/local-files/?d={quote(f'images/{name}')}"
            annotation = {"result": _results(record, picture)}
            data = {**row, **mask, "image": address}
            task = {"data": data, "annotations": [annotation]}
            tasks.append({"id": len(tasks) + 1, **task})
        output.save("tasks.json", json.dumps(tasks).encode())


def _results(record: ImageRecord, picture: Picture) -> list[dict[str, Any]]:
    results = [_shape(box, picture) for box in record.boxes]
    if record.labels and record.target != target_of_boxes(record.boxes):
        value = {"choices": list(record.labels)}
        results.append({"type": "choices", "from_name": "label", "value": value})
    return [{**result, "to_name": "image"} for result in results]


def _shape(box: Box, picture: Picture) -> dict[str, Any]:
    kind = mask_kind(box)
    if box.mask is not None and kind == "outlines":
        (corners,) = box.mask.polygons
        across, down = 100 / picture.width, 100 / picture.height
        points = [
            [x * across, y * down]
            for x, y in zip(corners[::2], corners[1::2], strict=True)
        ]
        return _result("polygon", {"points": points}, box, picture)
    if box.mask is not None and kind == "brush masks":
        value = {"format": "rle", "rle": json.loads(box.mask.encoded)}
        return _result("brush", value, box, picture)
    return _rectangle(box, picture)


def _result(
    kind: str, value: dict[str, Any], box: Box, picture: Picture
) -> dict[str, Any]:
    return {
        "type": f"{kind}labels",
        "from_name": "boxes" if kind == "rectangle" else f"{kind}s",
        "original_width": picture.width,
        "original_height": picture.height,
        "value": {**value, f"{kind}labels": [box.label]},
    }


def _rectangle(box: Box, picture: Picture) -> dict[str, Any]:
    across, down = 100 / picture.width, 100 / picture.height
    value = {
        "x": box.left * across,
        "y": box.top * down,
        "width": (box.right - box.left) * across,
        "height": (box.bottom - box.top) * down,
        "rotation": 0,
    }
    return _result("rectangle", value, box, picture)
