"""COCO: one JSON of images, annotations and categories; boxes in pixels.

Source: cocodataset.org, "Data format": `bbox` is [x, y, width, height], from the top
left. An annotation without `bbox` is a label of the whole picture, as Datumaro has it.
What COCO has no word for (split, group, weight, label) may stand in the image.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from visus.data.ledger import Ledger
from visus.data.records import Box, ImageDataset, ImageRecord
from visus.data.sources.base import Layout
from visus.data.sources.checked import checked_json
from visus.data.sources.gathered import Gathered
from visus.data.sources.places import Place, split_of_words
from visus.data.sources.rows import described

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


class CocoFile(BaseModel):
    """The whole file, as far as it is used."""

    images: list[CocoImage]
    annotations: list[CocoAnnotation]
    categories: list[CocoCategory]


@dataclass
class _Described:
    boxes: list[Box]
    labels: list[str]


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
    known: defaultdict[int | str, _Described] = defaultdict(lambda: _Described([], []))
    for annotation in content.annotations:
        label = names.get(annotation.category_id, str(annotation.category_id))
        if annotation.bbox is None:
            known[annotation.image_id].labels.append(label)
        else:
            x, y, width, height = annotation.bbox
            box = Box(label, x, y, x + width, y + height)
            known[annotation.image_id].boxes.append(box)
    folder, _, last = name.rpartition("/")
    split = split_of_words(last) or split_of_words(folder)
    for image in content.images:
        said = known.get(image.id, _Described([], []))
        _add_image(gathered, folder, image, said, split)


def _add_image(
    gathered: Gathered, folder: str, image: CocoImage, said: _Described, split: Any
) -> None:
    found = gathered.place.resolve(image.file_name, folder, split or "")
    if found is None:
        reason = "The annotations' file does not exist, or several have its name."
        gathered.refuse(image.file_name, "unreadable", reason)
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
    gathered.add(described(record, row, f"The image {image.file_name!r}"))
