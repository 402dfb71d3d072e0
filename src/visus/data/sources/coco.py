"""COCO: one JSON of images, annotations and categories; boxes in pixels.

Source: cocodataset.org, "Data format": `bbox` is [x, y, width, height], from the top
left; `segmentation` holds polygons, or a run-length code that is kept as it is. An
annotation without either is a label of the whole picture, as Datumaro has it.
What COCO has no word for (split, group, weight, label) may stand in the image.
"""

import json
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import BaseModel, ConfigDict

from visus.data.ledger import Ledger
from visus.data.records import Box, ImageDataset, ImageRecord, Mask
from visus.data.sources.base import Layout
from visus.data.sources.checked import checked_json, checked_value
from visus.data.sources.gathered import Gathered, box_around
from visus.data.sources.places import Place, split_of_words
from visus.data.sources.rows import as_text, described

# COCO's own words for an image; the others are ours, or metadata.
IMAGE_WORDS = (
    *("id", "file_name", "width", "height", "license", "date_captured"),
    *("coco_url", "flickr_url"),
)


class CocoImage(BaseModel):
    """One picture; further keys are kept."""

    model_config = ConfigDict(extra="allow")
    id: int | str
    file_name: str


class CocoCategory(BaseModel):
    """One class."""

    id: int
    name: str


class CocoAnnotation(BaseModel):
    """One object, or one label of a whole picture."""

    image_id: int | str
    category_id: int
    bbox: tuple[float, float, float, float] | None = None
    segmentation: Any = None


class CocoFile(BaseModel):
    """The whole file, as far as it is used."""

    images: list[CocoImage]
    annotations: list[CocoAnnotation]
    categories: list[CocoCategory]


@dataclass
class _Described:
    boxes: list[Box] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    fault: str = ""


class Coco(Layout):
    """Pictures with boxes and categories; a file whose name says a split gives it."""

    def recognises(self, place: Place) -> bool:
        """A JSON object with images, annotations or categories."""
        return bool(_files(place))

    def read(self, place: Place) -> tuple[ImageDataset, Ledger]:
        """The records file by file, in the order of the images."""
        gathered = Gathered(place)
        for name in _files(place):
            content = checked_json(CocoFile, place.read(name), name)
            _read_file(gathered, name, content)
        gathered.account_for_rest("No annotation file names it.")
        return gathered.finish()


def _files(place: Place) -> list[str]:
    starts = place.starts(".json", depth=1)
    return [name for name, start in starts.items() if _is_coco(start)]


def _is_coco(start: bytes) -> bool:
    words = (b'"images"', b'"annotations"', b'"categories"')
    return start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and any(
        word in start for word in words
    )


def _read_file(gathered: Gathered, name: str, content: CocoFile) -> None:
    names = {category.id: category.name for category in content.categories}
    known: defaultdict[int | str, _Described] = defaultdict(_Described)
    for annotation in content.annotations:
        label = names.get(annotation.category_id, str(annotation.category_id))
        said = known[annotation.image_id]
        try:
            box = _box(label, annotation)
        except ValueError as error:
            said.fault = f"The mask of an annotation {error}."
            continue
        if box is None:
            said.labels.append(label)
        else:
            said.boxes.append(box)
    folder, _, last = name.rpartition("/")
    split = split_of_words(last) or split_of_words(folder)
    for image in content.images:
        said = known.get(image.id, _Described())
        _add_image(gathered, folder, image, said, split)


def _add_image(
    gathered: Gathered, folder: str, image: CocoImage, said: _Described, split: Any
) -> None:
    found = gathered.place.resolve(image.file_name, folder, split or "")
    if found is None:
        reason = "The annotations' file does not exist, or several have its name."
        gathered.refuse(image.file_name, "unreadable", reason)
        return
    if said.fault:
        gathered.refuse(found, "corrupt", said.fault)
        return
    row = {k: v for k, v in (image.model_extra or {}).items() if k not in IMAGE_WORDS}
    labels = tuple(dict.fromkeys(said.labels))
    record = ImageRecord(
        id=found,
        target=labels[0] if len(labels) == 1 else labels or None,
        location=gathered.place.find(found),
        split=split,
        boxes=tuple(said.boxes),
    )
    record = described(record, row, f"The image {image.file_name!r}")
    gathered.add(record, as_text(row.get("mask")), folder)


def _box(label: str, annotation: CocoAnnotation) -> Box | None:
    """The annotation's box with its mask; `None` for a label of the whole picture."""
    mask, whole = _mask(annotation.segmentation)
    if annotation.bbox is not None:
        x, y, width, height = annotation.bbox
        return Box(label, x, y, x + width, y + height, mask)
    if mask is None:
        return None
    corners = [place for polygon in mask.polygons for place in polygon] or whole
    return replace(box_around(label, corners), mask=mask)


def _mask(said: Any) -> tuple[Mask | None, list[float]]:
    """A mask, and the corners of the picture that a code is about.

    Raises:
        ValueError: these are neither polygons nor a run-length code.
    """
    if not said:
        return None, []
    if isinstance(said, dict) and {"size", "counts"} <= said.keys():
        height, width = checked_value(tuple[int, int], said["size"], "A mask's size")
        code = {"size": [height, width], "counts": said["counts"]}
        return Mask(encoded=json.dumps(code), encoding="coco"), [0, 0, width, height]
    polygons = [said] if isinstance(said, list) and _is_polygon(said) else said
    if not isinstance(polygons, list) or not all(map(_is_polygon, polygons)):
        raise ValueError("is neither polygons nor a run-length code")
    return Mask(tuple(tuple(map(float, polygon)) for polygon in polygons)), []


def _is_polygon(said: Any) -> bool:
    return (
        isinstance(said, list)
        and bool(said)
        and all(isinstance(place, int | float) for place in said)
    )
