"""COCO: annotations.json beside images/; our own words stand in the image's entry."""

import json
from typing import Any

from visus.data.records import Box, ImageDataset
from visus.data.sources.rows import row_of
from visus.data.writers.base import EVERYTHING, MASKS, Output, Writer
from visus.data.writers.pictures import Names


class CocoWriter(Writer):
    """Boxes and masks as annotations; label, split, group and more as image keys."""

    holds = EVERYTHING
    masks = MASKS - {"brush masks"}

    def write(self, dataset: ImageDataset, output: Output) -> None:
        """Copy the pictures to images/ and write annotations.json."""
        names = Names()
        labels = sorted({b.label for record in dataset.records for b in record.boxes})
        numbers = {label: number for number, label in enumerate(labels, 1)}
        images: list[dict[str, Any]] = []
        boxes: list[dict[str, Any]] = []
        for record, picture in output.pictures(dataset.records):
            name = names.name(record, picture)
            mask = output.save_both(name, picture)
            size = {"height": picture.height, "width": picture.width}
            row = row_of(record)
            row.pop("boxes", None)
            image = {"id": len(images) + 1, "file_name": f"images/{name}", **size}
            images.append({**row, **image, **mask})
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
    mask = _segmentation(box)
    return {
        "id": number,
        "category_id": category,
        "bbox": [box.left, box.top, width, height],
        "area": _area(box) or width * height,
        **({} if mask is None else {"segmentation": mask}),
        "iscrowd": 0,
    }


def _segmentation(box: Box) -> Any:
    if box.mask is None or box.mask.encoding == "label-studio":
        return None
    if box.mask.encoding:
        return json.loads(box.mask.encoded)
    return [list(polygon) for polygon in box.mask.polygons]


def _area(box: Box) -> float:
    """Of the polygons, by the shoelace formula; 0 without any."""
    area = 0.0
    for polygon in box.mask.polygons if box.mask else ():
        corners = list(zip(polygon[::2], polygon[1::2], strict=True))
        pairs = zip(corners, [*corners[1:], corners[0]], strict=True)
        area += abs(sum(x * b - a * y for (x, y), (a, b) in pairs)) / 2
    return area
