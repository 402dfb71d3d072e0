"""Masks are read into the record, by reference, and go through what can hold them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pictures import striped
from visus.core.errors import DataError
from visus.data.encode import encode_png
from visus.data.locations import read_location
from visus.data.records import Box, ImageDataset, ImageRecord, Mask
from visus.data.sources import read_source
from visus.data.writers import WRITERS, write_dataset
from visus.data.writers.base import MASKS

# 16 rows, 32 columns.
WIDE = encode_png(striped(True, 0, 32)[:16, :, None])
OTHER = encode_png(striped(True, 1, 32)[:16, :, None])
MASK = encode_png(striped(False, 2, 32)[:16, :, None])
OUTLINE = (4.0, 2.0, 20.0, 2.0, 12.0, 10.0)
CODE = {"size": [16, 32], "counts": [100, 12, 400]}


def lay(folder: Path, files: dict[str, bytes | str]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def coco(*annotations: dict) -> str:
    whole = [{"image_id": 1, "category_id": 7, **given} for given in annotations]
    return json.dumps(
        {
            "images": [{"id": 1, "file_name": "1.png"}],
            "annotations": whole,
            "categories": [{"id": 7, "name": "cat"}],
        }
    )


def boxes_of(source: Path) -> tuple[Box, ...]:
    dataset, _ = read_source(source)
    return dataset.records[0].boxes


def test_coco_polygons_and_codes(tmp_path):
    parts = [list(OUTLINE), [1, 1, 3, 1, 3, 3]]
    text = coco(
        {"bbox": [4, 2, 16, 8], "segmentation": parts},
        {"bbox": [0, 0, 3, 3], "segmentation": CODE, "iscrowd": 1},
        {"segmentation": [list(OUTLINE)]},
        {"segmentation": CODE},
        {"segmentation": []},
    )
    folder = lay(tmp_path, {"a.json": text, "1.png": WIDE})
    first, second, third, fourth = boxes_of(folder)
    assert first == Box(
        "cat", 4, 2, 20, 10, Mask((OUTLINE, (1.0, 1.0, 3.0, 1.0, 3.0, 3.0)))
    )
    assert second.mask == Mask(encoded=json.dumps(CODE), encoding="coco")
    assert third == Box("cat", 4, 2, 20, 10, Mask((OUTLINE,)))
    # Nobody decodes it: its box is that of the picture.
    assert (fourth.right, fourth.bottom) == (32, 16)


@pytest.mark.parametrize(
    "mask", ["x", [["a"]], [[1, 2, 3]], [[1, 2, 3, 4]], [[1e400] * 6], {"size": [1]}]
)
def test_a_mask_that_makes_no_sense_sets_its_picture_aside(tmp_path, mask):
    text = coco({"bbox": [0, 0, 1, 1], "segmentation": mask})
    lay(tmp_path, {"a.json": text.replace("Infinity", "1e400"), "1.png": WIDE})
    with pytest.raises(DataError, match="mask"):
        read_source(tmp_path)


def test_yolo_shapes(tmp_path):
    yaml = "path: .\ntrain: images\nval: others\nnames: [cat, dog]\n"
    shares = [place / (32, 16)[n % 2] for n, place in enumerate(OUTLINE)]
    lines = f"1 {' '.join(map(str, shares))}\n0 0.5 0.5 1 1\n0 0.5 0.5 1 1 0.9\n"
    files = {"data.yaml": yaml, "images/1.png": WIDE, "labels/1.txt": lines}
    first, second, third = boxes_of(lay(tmp_path / "a", files))
    assert first == Box("dog", 4, 2, 20, 10, Mask((OUTLINE,)))
    assert second == third == Box("cat", 0, 0, 32, 16)
    points = {"data.yaml": f"{yaml}kpt_shape: [2, 3]\n"}
    points["labels/1.txt"] = "0 0.5 0.5 1 1 .1 .2 2 .3 .4 2\n"
    assert boxes_of(lay(tmp_path / "b", files | points)) == (second,)


def test_label_studio_polygons_and_brushes(tmp_path):
    def result(kind: str, value: dict) -> dict:
        size = {"original_width": 32, "original_height": 16}
        return {"type": kind, **size, "value": {**value, kind: ["cat"]}}

    points = [[12.5, 12.5], [62.5, 12.5], [37.5, 62.5]]
    results = [
        result("polygonlabels", {"points": points}),
        result("brushlabels", {"format": "rle", "rle": [0, 1, 255]}),
    ]
    task = {"data": {"image": "1.png"}, "annotations": [{"result": results}]}
    folder = lay(tmp_path, {"t.json": json.dumps([task]), "1.png": WIDE})
    assert boxes_of(folder) == (
        Box("cat", 4, 2, 20, 10, Mask((OUTLINE,))),
        Box("cat", 0, 0, 32, 16, Mask(encoded="[0, 1, 255]", encoding="label-studio")),
    )


@pytest.mark.parametrize(
    ("picture", "mask", "label"),
    [
        ("cat/1.png", "masks/cat/1.png", "cat"),
        ("cat/1.png", "cat/masks/1.png", "cat"),
        ("train/images/1.jpg", "train/masks/1.png", None),
        ("images/1.png", "masks/1.png", None),
    ],
)
def test_a_folder_called_masks(tmp_path, picture, mask, label):
    # A further picture keeps a class where there is one.
    folder = lay(tmp_path / "photos", {picture: WIDE, mask: MASK})
    dataset, ledger = read_source(folder)
    (record,) = dataset.records
    assert (record.id, record.target) == (picture, label)
    assert read_location(record.mask) == MASK
    assert ledger.found == 1


def test_a_class_that_is_called_masks_stays_one(tmp_path):
    files = {"masks/1.png": WIDE, "masks/2.png": WIDE, "none/1.png": WIDE}
    dataset, _ = read_source(lay(tmp_path / "photos", files))
    assert [record.target for record in dataset.records] == ["masks", "masks", "none"]
    assert not any(record.mask for record in dataset.records)


@pytest.mark.parametrize("name", ["t.csv", "metadata.csv"])
def test_a_column_of_masks(tmp_path, name):
    table = "file_name,label,mask\na/1.png,cat,m/1.png\na/2.png,dog,\n"
    files = {name: table, "a/1.png": WIDE, "a/2.png": OTHER, "m/1.png": MASK}
    dataset, ledger = read_source(lay(tmp_path / "d", files))
    first, second = dataset.records
    assert read_location(first.mask) == MASK
    assert (second.mask, second.metadata) == (None, ())
    assert ledger.found == 2


def test_a_mask_that_is_not_there_is_told(tmp_path):
    lay(tmp_path, {"t.csv": "file_name,label,mask\n1.png,cat,m.png\n", "1.png": WIDE})
    with pytest.raises(DataError, match=r"m\.png"):
        read_source(tmp_path / "t.csv")


def test_voc_masks(tmp_path):
    pytest.importorskip("defusedxml")
    xml = "<annotation><filename>1.png</filename></annotation>"
    folder = {"Annotations/1.xml": xml, "JPEGImages/1.png": WIDE}
    dataset, ledger = read_source(
        lay(tmp_path, {**folder, "SegmentationClass/1.png": MASK})
    )
    assert read_location(dataset.records[0].mask) == MASK
    assert not ledger.quarantined


KINDS = {
    "outlines": Box("a", 4, 2, 20, 10, Mask((OUTLINE,))),
    "outlines in parts": Box("a", 4, 2, 20, 10, Mask((OUTLINE, OUTLINE))),
    "COCO masks": Box("a", 1, 2, 3, 4, Mask(encoded=json.dumps(CODE), encoding="coco")),
    "brush masks": Box(
        "a", 0, 0, 32, 16, Mask(encoded="[3, 4]", encoding="label-studio")
    ),
}


def test_every_kind_of_mask_is_tried():
    assert {*KINDS, "mask pictures"} == MASKS


@pytest.mark.parametrize("kind", sorted(MASKS))
@pytest.mark.parametrize("to", [part.name for part in WRITERS])
def test_a_format_gives_masks_back_or_says_that_it_cannot(to, kind, tmp_path):
    lay(tmp_path, {"1.png": WIDE, "m.png": MASK})
    record = ImageRecord("1.png", "a", tmp_path / "1.png", split="train")
    if kind == "mask pictures":
        # YOLO's labels of pictures are folders; its masks are in its text files.
        record = replace(record, mask=tmp_path / "m.png")
    else:
        record = replace(record, boxes=(KINDS[kind],))
    dataset = ImageDataset("made", (record,), ("a",))
    writing = write_dataset(dataset, to, tmp_path / "out")
    told = any(sentence.startswith(f"The {kind} of") for sentence in writing.lost)
    back, ledger = read_source(tmp_path / "out")
    assert not ledger.quarantined
    (other,) = back.records
    if kind not in WRITERS.load(to).masks:
        assert told
        assert [b.label for b in other.boxes] == [b.label for b in record.boxes]
        return
    assert not writing.lost
    if kind == "mask pictures":
        assert read_location(other.mask) == MASK
        return
    (box,) = other.boxes
    (mine,) = record.boxes
    assert box.mask.encoded == mine.mask.encoded
    for one, two in zip(box.mask.polygons, mine.mask.polygons, strict=True):
        assert one == pytest.approx(two, abs=1e-6)
    assert box.left == pytest.approx(mine.left, abs=1e-6)


def test_boxes_among_outlines_become_outlines_in_yolo(tmp_path):
    lay(tmp_path, {"1.png": WIDE})
    boxes = (KINDS["outlines"], Box("b", 1, 2, 9, 12))
    record = ImageRecord("1.png", ("a", "b"), tmp_path / "1.png", "", boxes=boxes)
    record = replace(record, pixels=None, split="train")
    dataset = ImageDataset("made", (record,), ("a", "b"))
    writing = write_dataset(dataset, "yolo", tmp_path / "out")
    assert "1 boxes are written as outlines of four corners." in writing.lost
    back = boxes_of(tmp_path / "out")[1]
    assert (back.left, back.top, back.right, back.bottom) == pytest.approx(
        (1, 2, 9, 12)
    )


def test_a_mask_that_is_no_picture_is_not_carried_away(tmp_path):
    lay(tmp_path, {"1.png": WIDE, "2.png": OTHER, "secret": "password"})
    records = [
        ImageRecord("1.png", "a", tmp_path / "1.png", mask=tmp_path / "secret"),
        ImageRecord("2.png", "a", tmp_path / "2.png"),
    ]
    dataset = ImageDataset("made", tuple(records), ("a",))
    written = write_dataset(dataset, "csv", tmp_path / "out")
    assert [entry.id for entry in written.quarantined] == ["1.png"]


def test_street_scenes_have_their_masks(shared_data):
    dataset, ledger = read_source(shared_data / "camvid_240x180.zip")
    assert len(dataset) == 468
    assert all(record.mask is not None for record in dataset.records)
    assert {record.split for record in dataset.records} == {"train", "validation"}
