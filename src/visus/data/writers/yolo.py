"""YOLO: data.yaml, images/ and labels/ for boxes; class folders without them."""

from collections.abc import Iterable, Sequence

from visus.core.errors import DataError
from visus.data.extras import need
from visus.data.records import Box, ImageDataset, ImageRecord, Split, Target
from visus.data.sources.gathered import target_of_boxes
from visus.data.writers.base import Output, Writer, mask_kind
from visus.data.writers.pictures import Names, Picture

FOLDERS: dict[Split | None, str] = {
    "train": "train",
    "validation": "val",
    "test": "test",
    # YOLO has no word for a picture that nobody has placed yet.
    None: "train",
}


class YoloWriter(Writer):
    """Boxes or classes, and splits; nothing else has a place in this format."""

    holds = frozenset({"boxes", "splits"})
    masks = frozenset({"outlines"})

    def write(self, dataset: ImageDataset, output: Output) -> None:
        """Write detection data where any picture has boxes, else classification."""
        # Readers know splits by this folder, so it is there even when it is empty.
        if any(record.boxes for record in dataset.records):
            _write_boxes(dataset, output)
        else:
            _check_classes(dataset.records)
            (output.folder / "train").mkdir()
            _write_classes(dataset, output)

    def lost(self, dataset: ImageDataset) -> list[str]:
        """Also what a picture's label says beyond its boxes, and missing splits."""
        lost = super().lost(dataset)
        unplaced = sum(record.split is None for record in dataset.records)
        if unplaced:
            lost.append(f"{unplaced:,} pictures without a split are written as train.")
        if any(record.boxes for record in dataset.records):
            own = sum(r.target != target_of_boxes(r.boxes) for r in dataset.records)
            whole = _without_outline(dataset)
            if _has_outlines(dataset) and whole:
                lost.append(f"{whole:,} boxes are written as outlines of four corners.")
            if own:
                lost.append(f"The own labels of {own:,} pictures are not written.")
        return lost


def _write_boxes(dataset: ImageDataset, output: Output) -> None:
    labels = sorted({box.label for record in dataset.records for box in record.boxes})
    numbers = {label: number for number, label in enumerate(labels)}
    names = Names()
    outlines = _has_outlines(dataset)
    for record, picture in output.pictures(dataset.records):
        name = f"{FOLDERS[record.split]}/{names.name(record, picture, flat=True)}"
        output.save(f"images/{name}", picture.content)
        if record.boxes:
            lines = "".join(_lines(record, picture, numbers, outlines))
            output.save(f"labels/{name.rpartition('.')[0]}.txt", lines.encode())
    words = [word for word in ("train", "val", "test") if _is_used(word, dataset)]
    for word in words:
        (output.folder / "images" / word).mkdir(parents=True, exist_ok=True)
    places = {word: f"images/{word}" for word in words}
    content = {"path": ".", **places, "names": dict(enumerate(labels))}
    yaml = need("yaml", extra="boxes", because="YOLO's data.yaml is YAML.")
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    output.save("data.yaml", text.encode())


def _is_used(word: str, dataset: ImageDataset) -> bool:
    # Tools ask for train and val, even where one is empty.
    return word != "test" or any(record.split == "test" for record in dataset.records)


def _lines(
    record: ImageRecord, picture: Picture, numbers: dict[str, int], outlines: bool
) -> Iterable[str]:
    sides = (picture.width, picture.height)
    for box in record.boxes:
        if outlines:
            shares = [place / sides[n % 2] for n, place in enumerate(_outline(box))]
        else:
            shares = [
                (box.left + box.right) / 2 / picture.width,
                (box.top + box.bottom) / 2 / picture.height,
                (box.right - box.left) / picture.width,
                (box.bottom - box.top) / picture.height,
            ]
        yield f"{numbers[box.label]} {' '.join(f'{s:.9f}' for s in shares)}\n"


def _has_outlines(dataset: ImageDataset) -> bool:
    return any(_is_outline(box) for record in dataset.records for box in record.boxes)


def _without_outline(dataset: ImageDataset) -> int:
    return sum(not _is_outline(box) for r in dataset.records for box in r.boxes)


def _is_outline(box: Box) -> bool:
    return mask_kind(box) == "outlines"


def _outline(box: Box) -> Sequence[float]:
    """Its corners, x, y, x, y; tools take all lines of a data set for one kind."""
    if box.mask is not None and _is_outline(box):
        return box.mask.polygons[0]
    left, top, right, bottom = box.left, box.top, box.right, box.bottom
    return (left, top, right, top, right, bottom, left, bottom)


def _write_classes(dataset: ImageDataset, output: Output) -> None:
    names = Names()
    for record, picture in output.pictures(dataset.records):
        folder = f"{FOLDERS[record.split]}/{record.labels[0]}"
        name = names.name(record, picture, flat=True)
        output.save(f"{folder}/{name}", picture.content)


def _check_classes(records: Iterable[ImageRecord]) -> None:
    for record in records:
        if not _is_folder_name(record.target):
            raise DataError(
                received=f"{record.id} has no boxes, and the target {record.target!r}.",
                expected="boxes, or one label a picture that can be a folder's name.",
                remedy="Choose another format: csv, coco and webdataset hold more.",
            )


def _is_folder_name(target: Target) -> bool:
    if not isinstance(target, str) or not target.strip():
        return False
    return not target.startswith(".") and not {*target} & {*"/\\\0"}
