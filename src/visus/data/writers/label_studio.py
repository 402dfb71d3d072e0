"""Label Studio: tasks.json beside images/, for its local file storage."""

import json
from typing import Any
from urllib.parse import quote

from visus.data.records import Box, ImageDataset, ImageRecord
from visus.data.sources.gathered import target_of_boxes
from visus.data.sources.rows import row_of
from visus.data.writers.base import EVERYTHING, Output, Writer
from visus.data.writers.pictures import Names, Picture


class LabelStudioWriter(Writer):
    """Choices and rectangles as results; the rest as data of the task."""

    holds = EVERYTHING

    def write(self, dataset: ImageDataset, output: Output) -> None:
        """Copy the pictures to images/ and write tasks.json."""
        names = Names()
        tasks: list[dict[str, Any]] = []
        for record, picture in output.pictures(dataset.records):
            name = f"images/{names.name(record, picture)}"
            output.save(name, picture.content)
            row = row_of(record)
            row.pop("boxes", None)
            # Served so when LOCAL_FILES_DOCUMENT_ROOT is the folder written here.
            address = f"/data/local-files/?d={quote(name)}"
            annotation = {"result": _results(record, picture)}
            task = {"data": {**row, "image": address}, "annotations": [annotation]}
            tasks.append({"id": len(tasks) + 1, **task})
        output.save("tasks.json", json.dumps(tasks).encode())


def _results(record: ImageRecord, picture: Picture) -> list[dict[str, Any]]:
    results = [_rectangle(box, picture) for box in record.boxes]
    if record.labels and record.target != target_of_boxes(record.boxes):
        value = {"choices": list(record.labels)}
        results.append({"type": "choices", "from_name": "label", "value": value})
    return [{**result, "to_name": "image"} for result in results]


def _rectangle(box: Box, picture: Picture) -> dict[str, Any]:
    across, down = 100 / picture.width, 100 / picture.height
    return {
        "type": "rectanglelabels",
        "from_name": "boxes",
        "original_width": picture.width,
        "original_height": picture.height,
        "value": {
            "x": box.left * across,
            "y": box.top * down,
            "width": (box.right - box.left) * across,
            "height": (box.bottom - box.top) * down,
            "rotation": 0,
            "rectanglelabels": [box.label],
        },
    }
