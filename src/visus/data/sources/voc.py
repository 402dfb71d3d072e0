"""Pascal VOC: Annotations/*.xml, JPEGImages/, and ImageSets/Main/<split>.txt.

Source: the VOC 2012 development kit, section 4: pixels are counted from 1 and the last
one belongs to the box, so a box from 1 to 1 is one pixel wide.
"""

from typing import Any

from visus.core.errors import DataError
from visus.data.extras import need
from visus.data.ledger import Ledger
from visus.data.records import SPLITS, Box, ImageDataset, ImageRecord, Split
from visus.data.sources.base import Layout
from visus.data.sources.gathered import Gathered, target_of_boxes
from visus.data.sources.places import PICTURES, SPLIT_FOLDERS, Place

# One picture's objects; a hundred boxes take 30 kB.
MOST_XML_BYTES = 16 * 2**20


class PascalVoc(Layout):
    """One XML file a picture."""

    def recognises(self, place: Place) -> bool:
        """There is a folder called Annotations with XML files in it."""
        return any(_is_annotation(name) for name in place.names)

    def read(self, place: Place) -> tuple[ImageDataset, Ledger]:
        """The records in the order of the annotations' names."""
        gathered = Gathered(place)
        splits = _splits(place)
        for name in place.names:
            if _is_annotation(name):
                _read_annotation(gathered, name, splits)
        gathered.account_for_rest("No annotation names it.")
        return gathered.finish()


def _is_annotation(name: str) -> bool:
    folder, _, last = name.rpartition("/")
    return folder.endswith("Annotations") and last.lower().endswith(".xml")


def _splits(place: Place) -> dict[str, Split]:
    """Splits by the pictures' names without ending; `trainval` says nothing."""
    found: dict[str, Split] = {}
    for name in place.names:
        folder, _, last = name.rpartition("/")
        split = SPLIT_FOLDERS.get(last.lower().removesuffix(".txt"))
        if folder.endswith("ImageSets/Main") and split in SPLITS:
            text = place.read(name).decode("utf-8", "replace")
            found |= {line.split()[0]: split for line in text.splitlines() if line}
    return found


def _read_annotation(gathered: Gathered, name: str, splits: dict[str, Split]) -> None:
    stem = name.rpartition("/")[2][: -len(".xml")]
    root = _parse(name, gathered.place.read(name))
    found = _picture(gathered.place, name, root.findtext("filename") or "", stem)
    if found is None:
        reason = "The picture of this annotation does not exist."
        gathered.refuse(name, "unreadable", reason)
        return
    try:
        boxes = tuple(_box(node) for node in root.iter("object"))
    except ValueError as error:
        gathered.refuse(found, "corrupt", f"A box of its annotation: {error}.")
        return
    gathered.add(
        ImageRecord(
            id=found,
            target=target_of_boxes(boxes),
            location=gathered.place.find(found),
            split=splits.get(stem),
            boxes=boxes,
        ),
        _mask(gathered.place, name, stem),
    )


def _picture(place: Place, name: str, file_name: str, stem: str) -> str | None:
    folder = name.rpartition("/")[0].removesuffix("Annotations") + "JPEGImages"
    # Old exports name whole paths of another machine: only the last part counts.
    last = file_name.replace("\\", "/").rpartition("/")[2]
    candidates = [last, *(f"{stem}{ending}" for ending in PICTURES)]
    found = (place.resolve(candidate, folder) for candidate in candidates if candidate)
    return next((name for name in found if name), None)


def _mask(place: Place, name: str, stem: str) -> str:
    """The picture of its pixels' classes, where there is one."""
    top = name.rpartition("/")[0].removesuffix("Annotations")
    mask = f"{top}SegmentationClass/{stem}.png"
    return mask if place.find(mask) is not None else ""


def _box(node: Any) -> Box:
    name = (node.findtext("name") or "").strip()
    if not name:
        raise ValueError("it has no name")
    left, top, right, bottom = (
        float(node.findtext(f"bndbox/{edge}") or "nan")
        for edge in ("xmin", "ymin", "xmax", "ymax")
    )
    # Some tools count from 0 after all: their first pixel stays inside the picture.
    return Box(name, max(0.0, left - 1), max(0.0, top - 1), right, bottom)


def _parse(name: str, content: bytes) -> Any:
    # XML from outside needs a parser that refuses bombs.
    because = f"{name} is XML."
    defused = need("defusedxml", extra="boxes", because=because)
    tree = need("defusedxml.ElementTree", extra="boxes", because=because)
    refusals = (tree.ParseError, defused.DefusedXmlException, ValueError, LookupError)
    try:
        if len(content) > MOST_XML_BYTES:
            raise ValueError(f"it has {len(content):,} bytes")
        # Nothing is built for entities, and nothing outside the file is opened.
        return tree.fromstring(content, forbid_dtd=True)
    except refusals as error:
        raise DataError(
            received=f"{name} cannot be read as XML: {error}.",
            expected="a Pascal VOC annotation.",
            remedy="Export it again, or remove the file.",
        ) from error
