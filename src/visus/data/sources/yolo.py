"""YOLO: data.yaml, images/ and labels/; a line a box, in shares of the picture's sides.

Source: docs.ultralytics.com, "Object detection datasets": a line is `class x y width
height` with the centre of the box, or `class x y x y x y ...` with the corners of a
shape; a picture without a text file shows nothing.
"""

from typing import Any

from visus.core.errors import DataError
from visus.data.decode import DecodeFailure, Header
from visus.data.extras import need
from visus.data.ledger import Ledger
from visus.data.locations import read_header_at
from visus.data.records import Box, ImageDataset, ImageRecord, Split
from visus.data.sources.base import Layout
from visus.data.sources.gathered import Gathered, box_around, target_of_boxes
from visus.data.sources.places import PICTURES, SPLIT_FOLDERS, Place

# A list of class names; more is no description of a data set.
MOST_YAML_BYTES = 2**20


class Yolo(Layout):
    """Pictures in folders that data.yaml names, each with a text file of boxes."""

    def recognises(self, place: Place) -> bool:
        """A YAML file at the top, which names classes and the training folder."""
        return _description(place) is not None

    def read(self, place: Place) -> tuple[ImageDataset, Ledger]:
        """The records split by split, in the order of their names."""
        name = _description(place) or ""
        described = _yaml(name, place.read(name))
        classes = _class_names(name, described)
        gathered = Gathered(place)
        for split, folders in _folders(described).items():
            for picture in _pictures(place, folders):
                _add_picture(
                    gathered, picture, split, classes, "kpt_shape" in described
                )
        gathered.account_for_rest(f"It lies in no folder that {name} names.")
        return gathered.finish()


def _description(place: Place) -> str | None:
    for name in place.names:
        if "/" not in name and name.lower().endswith((".yaml", ".yml")):
            content = place.read(name)
            if b"names" in content and (b"train" in content or b"val" in content):
                return name
    return None


def _yaml(name: str, content: bytes) -> dict[str, Any]:
    yaml = need("yaml", extra="boxes", because=f"{name} is YAML.")
    try:
        if len(content) > MOST_YAML_BYTES:
            raise ValueError(f"it has {len(content):,} bytes")
        found = yaml.safe_load(content.decode("utf-8-sig"))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _refuse(f"{name} cannot be read as YAML: {error}.") from error
    if not isinstance(found, dict):
        raise _refuse(f"{name} holds no mapping.")
    return found


def _class_names(name: str, described: dict[str, Any]) -> dict[int, str]:
    names = described.get("names")
    if isinstance(names, list):
        names = dict(enumerate(names))
    if not isinstance(names, dict) or not all(isinstance(key, int) for key in names):
        raise _refuse(f"{name} has the names {names!r}."[:200])
    return {number: str(word) for number, word in names.items()}


def _folders(described: dict[str, Any]) -> dict[Split, list[str]]:
    folders: dict[Split, list[str]] = {}
    for word in ("train", "val", "test"):
        value = described.get(word)
        values = value if isinstance(value, list) else [value]
        # Exports count from places of their own (../train/images): only the end counts.
        paths = [v.replace("\\", "/") for v in values if isinstance(v, str)]
        folders[SPLIT_FOLDERS[word]] = [_inside(path) for path in paths]
    return folders


def _inside(path: str) -> str:
    return "/".join(part for part in path.split("/") if part not in ("", ".", ".."))


def _pictures(place: Place, folders: list[str]) -> list[str]:
    found = []
    for folder in folders:
        if folder.endswith(".txt"):
            lines = place.read(folder).decode("utf-8", "replace").splitlines()
            named = (place.resolve(_inside(line)) for line in lines)
            found += [name for name in named if name]
        else:
            found += [name for name in place.files if name.startswith(f"{folder}/")]
    return [name for name in found if name.lower().endswith(PICTURES)]


def _add_picture(
    gathered: Gathered,
    name: str,
    split: Split,
    classes: dict[int, str],
    has_points: bool,
) -> None:
    location = gathered.place.find(name)
    labels = _label_file(name)
    if location is None:
        return
    boxes: tuple[Box, ...] = ()
    try:
        if gathered.place.find(labels) is not None:
            lines = gathered.place.read(labels).decode().splitlines()
            header = read_header_at(location)
            words = [line.split() for line in lines if line.strip()]
            # Points of a body follow its box, and look like the corners of a shape.
            words = [row[:5] for row in words] if has_points else words
            boxes = tuple(_box(row, header, classes) for row in words)
    except DecodeFailure as failure:
        gathered.refuse(name, failure.verdict, failure.reason)
    except ValueError as error:
        gathered.refuse(name, "corrupt", f"{labels}: {error}.")
    else:
        target = target_of_boxes(boxes)
        gathered.add(ImageRecord(name, target, location, split=split, boxes=boxes))


def _label_file(name: str) -> str:
    stem = name.rpartition(".")[0]
    before, images, after = f"/{stem}".rpartition("/images/")
    labels = f"{before}/labels/{after}" if images else f"/{stem}"
    return f"{labels.lstrip('/')}.txt"


def _box(words: list[str], header: Header, classes: dict[int, str]) -> Box:
    number, *rest = words
    try:
        shares = [float(word) for word in rest]
        label = classes.get(int(number), number)
        if len(shares) >= 6:
            sides = (header.width, header.height)
            corners = [share * sides[n % 2] for n, share in enumerate(shares)]
            return box_around(label, corners)
        # A fifth number is how sure a detector was.
        x, y, width, height = shares[:4]
    except ValueError as error:
        line = " ".join(words)
        raise ValueError(f"the line {line[:60]!r} is no box and no shape") from error
    return Box(
        label=label,
        left=(x - width / 2) * header.width,
        top=(y - height / 2) * header.height,
        right=(x + width / 2) * header.width,
        bottom=(y + height / 2) * header.height,
    )


def _refuse(received: str) -> DataError:
    return DataError(
        received=received,
        expected="YAML with train, val and names, as YOLO's tools write it.",
        remedy="Correct the file.",
    )
