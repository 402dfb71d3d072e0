"""COCO: annotations.json beside images/; our own words stand in the image's entry."""

import json
from typing import Any

from visus.data.records import Box, ImageDataset
from visus.data.sources.rows import row_of
from visus.data.writers.base import EVERYTHING, Output, Writer
from visus.data.writers.pictures import Names


class CocoWriter(Writer):
    """Boxes as annotations; label, split, group, weight and columns as image keys."""

    holds = EVERYTHING

    def write(self, dataset: ImageDataset, output: Output) -> None:
        """Copy the pictures to images/ and write annotations.json."""
        names = Names()
        labels = sorted({b.label for record in dataset.records for b in record.boxes})
        numbers = {label: number for number, label in enumerate(labels, 1)}
        images: list[dict[str, Any]] = []
        boxes: list[dict[str, Any]] = []
        for record, picture in output.pictures(dataset.records):
            name = f"images/{names.name(record, picture)}"
            output.save(name, picture.content)
            size = {"height": picture.height, "width": picture.width}
            row = row_of(record)
            row.pop("boxes", None)
            image = {"id": len(images) + 1, "file_name": name, **size}
            images.append({**row, **image})
            for box in record.boxes:
                annotation = _annotation(box, len(boxes) + 1, numbers[box.label])
                boxes.append({**annotation, "image_id": len(images)})
        content = {
            "images": images,
            "annotations": boxes,
            "categories": [{"id": n, "name": label} for label, n in numbers.items()],
        }
        output.save("annotations.json", json.dumps(content).encode())


def _annotation(box: Box, number: int, category: int) -> dict[str, Any]:
    width, height = box.right - box.left, box.bottom - box.top
    return {
        "id": number,
        "category_id": category,
        "bbox": [box.left, box.top, width, height],
        "area": width * height,
        "iscrowd": 0,
    }
