"""Every layout, read from a folder and from a zip of it."""

import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from pictures import striped
from visus.core.errors import DataError
from visus.data.columns import group_by, label_by, value_by
from visus.data.encode import encode_png
from visus.data.records import Box
from visus.data.sources import read_source
from visus.tasks.choose import task_of

# 16 rows, 32 columns: height and width must not be mixed up.
WIDE = encode_png(striped(True, 0, 32)[:16, :, None])
TALL = encode_png(striped(True, 0, 32)[:, :16, None])


def lay(folder: Path, files: dict[str, bytes | str]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def zipped(folder: Path) -> Path:
    path = folder.parent / f"{folder.name}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, f"top/{file.relative_to(folder)}")
    return path


def known(source) -> list[tuple]:
    dataset, _ = read_source(source)
    return [(r.id, r.target, r.split, r.boxes) for r in dataset.records]


def both(tmp_path: Path, files: dict[str, bytes | str]):
    """The data set of a folder, after seeing that a zip of it says the same."""
    folder = lay(tmp_path / "data", files)
    assert known(folder) == known(zipped(folder))
    return read_source(folder)


COCO = {
    "images": [
        {"id": 1, "file_name": "1.png", "width": 32, "height": 16, "patient": "p"},
        {"id": 2, "file_name": "2.png"},
        {"id": 3, "file_name": "gone.png"},
        {"id": 4, "file_name": "../../etc/passwd"},
    ],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 7, "bbox": [1, 2, 30, 4.5]},
        {"id": 2, "image_id": 1, "category_id": 9, "bbox": [0, 0, 1, 1]},
        {"id": 3, "image_id": 2, "category_id": 7},
    ],
    "categories": [{"id": 7, "name": "cat"}, {"id": 9, "name": "dog"}],
}


def test_coco(tmp_path):
    dataset, ledger = both(
        tmp_path,
        {
            "annotations/instances_train2017.json": json.dumps(COCO),
            "train2017/1.png": WIDE,
            "train2017/2.png": WIDE,
            "train2017/3.png": WIDE,
        },
    )
    one, two = dataset.records
    assert one.boxes == (Box("cat", 1, 2, 31, 6.5), Box("dog", 0, 0, 1, 1))
    assert (one.target, one.split) == (("cat", "dog"), "train")
    assert one.metadata == (("patient", "p"),)
    assert (two.target, two.boxes) == ("cat", ())
    assert {entry.id for entry in ledger.quarantined} == {
        "gone.png",
        "../../etc/passwd",
        "train2017/3.png",
    }
    assert ledger.found == 5


def test_the_json_of_coco_by_itself_stands_for_its_folder(tmp_path):
    folder = lay(
        tmp_path, {"annotations/a.json": json.dumps(COCO), "x/1.png": WIDE, "2.png": ""}
    )
    dataset, ledger = read_source(folder / "annotations" / "a.json")
    assert [record.id for record in dataset.records] == ["x/1.png", "2.png"]
    assert len(ledger.quarantined) == 2


def test_boxes_that_end_before_they_begin_set_their_picture_aside(tmp_path):
    images = [{"id": n, "file_name": f"{n}.png"} for n in (1, 2)]
    wrong = {"image_id": 1, "category_id": 1, "bbox": [5, 5, -3, 2]}
    file = {"images": images, "annotations": [wrong], "categories": []}
    lay(tmp_path, {"a.json": json.dumps(file), "1.png": WIDE, "2.png": WIDE})
    dataset, ledger = read_source(tmp_path)
    assert [record.id for record in dataset.records] == ["2.png"]
    assert ledger.quarantined[0].verdict == "corrupt"


YOLO = "path: ../d\ntrain: ../train/images\nval: images/val\nnames: [cat, dog]\n"


def test_yolo(tmp_path):
    dataset, ledger = both(
        tmp_path,
        {
            "data.yaml": YOLO,
            "train/images/1.png": WIDE,
            "train/labels/1.txt": "1 0.5 0.25 0.5 0.5\n",
            "images/val/2.png": TALL,
            "labels/val/2.txt": "0 0.5 0.5 1 1\n0 0.25 0.75 0.5 0.5\n",
            "images/val/3.png": TALL,
            "images/val/4.png": "no picture",
            "labels/val/4.txt": "0 0.5 0.5 1 1\n",
            "images/val/5.png": TALL,
            "labels/val/5.txt": "0 0.5 many 1 1\n",
        },
    )
    assert [(r.id, r.target, r.split, r.boxes) for r in dataset.records] == [
        ("train/images/1.png", "dog", "train", (Box("dog", 8, 0, 24, 8),)),
        (
            "images/val/2.png",
            "cat",
            "validation",
            (Box("cat", 0, 0, 16, 32), Box("cat", 0, 16, 8, 32)),
        ),
        ("images/val/3.png", None, "validation", ()),
    ]
    assert [entry.verdict for entry in ledger.quarantined] == ["not_image", "corrupt"]


def voc(name: str, *boxes: tuple) -> str:
    objects = "".join(
        f"<object><name>{label}</name><bndbox><xmin>{a}</xmin><ymin>{b}</ymin>"
        f"<xmax>{c}</xmax><ymax>{d}</ymax></bndbox></object>"
        for label, a, b, c, d in boxes
    )
    return f"<annotation><filename>{name}</filename>{objects}</annotation>"


def test_voc(tmp_path):
    dataset, ledger = both(
        tmp_path,
        {
            "Annotations/1.xml": voc("C:\\old\\1.png", ("cat", 1, 1, 32, 16)),
            "Annotations/2.xml": voc("wrong.jpg", ("cat", 4, 5, 4, 5)),
            "Annotations/3.xml": voc("3.png", ("cat", "x", 1, 2, 3)),
            "JPEGImages/1.png": WIDE,
            "JPEGImages/2.png": WIDE,
            "JPEGImages/3.png": WIDE,
            "JPEGImages/4.png": WIDE,
            "ImageSets/Main/train.txt": "1\n",
            "ImageSets/Main/val.txt": "2\n",
            "ImageSets/Main/trainval.txt": "1\n2\n",
        },
    )
    one, two = dataset.records
    assert (one.boxes, one.split) == ((Box("cat", 0, 0, 32, 16),), "train")
    # Counted from 1, the last pixel included: one pixel, not an empty box.
    assert (two.boxes, two.split) == ((Box("cat", 3, 4, 4, 5),), "validation")
    assert [(e.id, e.verdict) for e in ledger.quarantined] == [
        ("JPEGImages/3.png", "corrupt"),
        ("JPEGImages/4.png", "no_class"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "<annotation><object>",
        '<!DOCTYPE a [<!ENTITY b "x">]><a>&b;</a>',
        '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        "<a>" * 100_000,
        "\0",
        '<?xml version="1.0" encoding="nothing"?><a/>',
    ],
    ids=["cut", "entity", "outside", "deep", "nul", "encoding"],
)
def test_hostile_xml_is_one_clear_error(tmp_path, text):
    lay(tmp_path, {"Annotations/1.xml": text, "JPEGImages/1.png": WIDE})
    with pytest.raises(DataError, match="cannot be read as XML"):
        read_source(tmp_path)


def task(image: str, *results: dict, **data: object) -> dict:
    return {"data": {"image": image, **data}, "annotations": [{"result": [*results]}]}


def rectangle(label: str, x: float, y: float, width: float, height: float) -> dict:
    value = {"x": x, "y": y, "width": width, "height": height}
    return {
        "type": "rectanglelabels",
        "original_width": 32,
        "original_height": 16,
        "value": {**value, "rectanglelabels": [label]},
    }


def test_label_studio(tmp_path):
    choice = {"type": "choices", "value": {"choices": ["good"]}}
    two = {"type": "choices", "value": {"choices": ["good", "wet"]}}
    tasks = [
        task("/data/upload/3/0a1b2c3d-1.png", choice, rectangle("cat", 50, 25, 50, 50)),
        task("/data/local-files/?d=sub/2%20b.png", two, patient="p1"),
        task("3.png", rectangle("cat", 0, 0, 100, 100)),
        task("https://example.org/4.png", choice),
        {"data": {"image": "5.png"}, "annotations": [{"was_cancelled": True}]},
    ]
    dataset, ledger = both(
        tmp_path,
        {
            "export.json": json.dumps(tasks),
            **dict.fromkeys(("1.png", "sub/2 b.png", "3.png", "5.png"), WIDE),
        },
    )
    one, second, third, fifth = dataset.records
    assert (one.target, one.boxes) == ("good", (Box("cat", 16, 4, 32, 12),))
    assert (second.target, second.metadata) == (("good", "wet"), (("patient", "p1"),))
    assert third.target == "cat"
    assert fifth.target is None
    assert [entry.id for entry in ledger.quarantined] == ["https://example.org/4.png"]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_hugging_face_folder(tmp_path, ending):
    rows = [
        {"file_name": "1.png", "label": "a", "patient": "p", "weight": 0.5},
        {"file_name": "sub/2.png", "label": "b", "patient": "q", "weight": 2.0},
        {"file_name": "gone.png", "label": "b", "patient": "q", "weight": 1.0},
    ]
    dataset, ledger = both(
        tmp_path,
        {
            f"train/metadata.{ending}": table(rows, ending),
            "train/1.png": WIDE,
            "train/sub/2.png": WIDE,
            "train/3.png": WIDE,
        },
    )
    assert [
        (r.id, r.target, r.split, r.weight, dict(r.metadata)) for r in dataset.records
    ] == [
        ("train/1.png", "a", "train", 0.5, {"patient": "p"}),
        ("train/sub/2.png", "b", "train", 2.0, {"patient": "q"}),
    ]
    assert {entry.id for entry in ledger.quarantined} == {
        "train/3.png",
        "train/gone.png",
    }


def table(rows: list[dict], ending: str) -> bytes:
    if ending == "parquet":
        pyarrow = pytest.importorskip("pyarrow")
        from pyarrow import parquet

        stream = io.BytesIO()
        parquet.write_table(pyarrow.Table.from_pylist(rows), stream)
        return stream.getvalue()
    if ending == "jsonl":
        return "\n".join(map(json.dumps, rows)).encode()
    lines = [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]
    return "\n".join(lines).encode()


def test_hugging_face_metadata_without_labels_leaves_the_class_folders(tmp_path):
    text = "file_name,site\ncat/1.png,x\ndog/1.png,y\n"
    dataset, _ = both(
        tmp_path, {"metadata.csv": text, "cat/1.png": WIDE, "dog/1.png": WIDE}
    )
    assert [record.target for record in dataset.records] == ["cat", "dog"]
    objects = {"bbox": [[1, 2, 3, 4]], "categories": ["eye"]}
    line = json.dumps({"file_name": "1.png", "objects": objects})
    lay(tmp_path / "boxes", {"metadata.jsonl": line, "1.png": WIDE})
    (record,) = read_source(tmp_path / "boxes")[0].records
    assert (record.target, record.boxes) == ("eye", (Box("eye", 1, 2, 4, 6),))


def test_the_targets_that_a_table_can_have(tmp_path):
    rows = [
        {"file_name": "1.png", "labels": ["b", "a", "b"], "group": 7},
        {"file_name": "2.png", "labels": []},
        {"file_name": "3.png", "value": 2.5},
        {"file_name": "4.png", "label": 3},
    ]
    lay(tmp_path, {f"{number}.png": WIDE for number in range(1, 5)})
    lay(tmp_path, {"t.jsonl": table(rows, "jsonl")})
    dataset, _ = read_source(tmp_path / "t.jsonl")
    assert [r.target for r in dataset.records] == [("b", "a"), (), 2.5, "3"]
    assert dataset.class_names == ("3", "a", "b")
    assert dataset.records[0].group == "7"
    assert dataset.class_indices().tolist() == [-1, -1, -1, 0]
    assert dataset.counts()["unsplit"] == {"3": 1, "a": 1, "b": 1}
    with pytest.raises(DataError, match="numbers for some"):
        task_of(dataset)
    lay(tmp_path, {"t.csv": 'file_name,labels\n1.png,"[""x"", ""y""]"\n2.png,x|z\n'})
    dataset, _ = read_source(tmp_path / "t.csv")
    assert [r.target for r in dataset.records] == [("x", "y"), ("x", "z")]


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("t.csv", b"file_name,label\n\xff\xfe,x\n", "cannot be read"),
        ("t.csv", b"file_name,label\n1.png,a\0b\n", "NUL"),
        ("t.csv", b"file_name,label\n1.png,=HYPERLINK(1)\n", "formula"),
        ("t.csv", b"file_name,label\n1.png,+cmd|calc!A1\n", "formula"),
        ("t.csv", b"file_name,label\n1.png,a,b\n", "3 cells"),
        ("t.csv", b"file_name,label,label\n1.png,a,b\n", "two columns"),
        ("t.csv", b'file_name,label\n1.png,"' + b"x" * 200_000 + b'"\n', "field"),
        ("t.csv", b"file_name,value\n1.png,1e999\n", "finite"),
        ("t.csv", b"file_name,value\n1.png," + b"9" * 5000 + b"\n", "finite"),
        ("t.csv", b"file_name,value\n1.png,nan\n", "finite"),
        ("t.csv", b"file_name,label,weight\n1.png,a,-1\n", "weight"),
        ("t.csv", b"file_name,label,value\n1.png,a,1\n", "one of the three"),
        ("t.csv", b'file_name,labels\n1.png,"[1,"\n', "labels"),
        ("t.csv", b"file_name,label,boxes\n1.png,a,[{}]\n", "boxes"),
        ("t.jsonl", b'{"file_name": "1.png", "label": ' + b"[" * 100_000, "Line 1"),
        ("t.jsonl", b'{"file_name": "1.png", "labels": {"a": 1}}', "list of names"),
        ("t.jsonl", b'["file_name"]', "Line 1"),
        ("t.jsonl", b'{"file_name": "1.png", "value": 1e999}', "finite"),
        ("t.parquet", b"PAR1 and no more", "cannot be read"),
        ("t.json", b'{"images": 3, "annotations": [], "categories": []}', "images"),
        ("t.json", b'{"images": ' + b"[" * 100_000, "t.json"),
        ("t.json", b'{"images": [{"id": 1e999, "file_name": "x"}]}', "t.json"),
        ("t.json", b'[{"data": 3}]', "data"),
        ("t.json", b'"nothing"', "describes no pictures"),
        ("data.yaml", b"names: [a]\ntrain: " + b"[" * 5000, "YAML"),
        ("data.yaml", b"names: 3\ntrain: images\n", "names"),
        ("data.yaml", b"names: !!python/object/apply:os.abort []\ntrain: x", "YAML"),
    ],
)
def test_hostile_descriptions_are_one_clear_error(tmp_path, name, content, word):
    if name == "t.parquet":
        pytest.importorskip("pyarrow")
    lay(tmp_path, {"1.png": WIDE, name: content})
    with pytest.raises(DataError) as caught:
        read_source(tmp_path / name)
    assert word in str(caught.value)
    assert caught.value.expected and caught.value.remedy


def test_a_stray_file_beside_class_folders_is_no_hindrance(tmp_path):
    stray = {"notes.csv": b"\xff\xfe", "a.json": b"{", "b.json": b"[1]"}
    dataset, ledger = both(tmp_path, {**stray, "cat/1.png": WIDE, "dog/1.png": WIDE})
    assert [record.target for record in dataset.records] == ["cat", "dog"]
    assert {entry.id for entry in ledger.quarantined} == {*stray}


def test_a_table_about_things_with_several_pictures_each(tmp_path):
    dataset, ledger = both(
        tmp_path,
        {
            "houses.csv": "house,rooms,price\n1,3,100.5\n2,4,200\n",
            "images/1_kitchen.png": WIDE,
            "images/1_bath.png": WIDE,
            "images/2_kitchen.png": WIDE,
            "2/garden.png": WIDE,
            "images/9_kitchen.png": WIDE,
        },
    )
    assert [record.group for record in dataset.records] == ["2", "1", "1", "2"]
    assert [entry.id for entry in ledger.quarantined] == ["images/9_kitchen.png"]
    priced = value_by(dataset, "price")
    assert [record.target for record in priced.records] == [200, 100.5, 100.5, 200]
    assert label_by(dataset, "rooms").class_names == ("3", "4")
    assert group_by(dataset, "rooms").records[0].group == "4"
    with pytest.raises(DataError, match="'price'"):
        value_by(dataset, "prise")


def sample(folder: Path, name: str, members: dict[str, bytes]) -> None:
    folder.mkdir(exist_ok=True)
    with tarfile.open(folder / name, "w") as tar:
        for member, content in members.items():
            info = tarfile.TarInfo(member)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


def test_webdataset_shards(tmp_path):
    shards = tmp_path / "shards"
    sample(shards, "train-000.tar", {"a.png": WIDE, "a.cls": b"3\n"})
    named = json.dumps({"label": "cat", "group": "g"}).encode()
    sample(
        shards,
        "train-001.tar",
        {"b.png": WIDE, "b.json": named, "b.cls": b"0", "b.seg.png": WIDE},
    )
    sample(
        shards, "val-000.tar", {"c.txt": b"no picture", "d.jpg": WIDE, "d.cls": b"1"}
    )
    dataset, ledger = read_source(shards)
    assert [(r.id, r.target, r.split, r.group) for r in dataset.records] == [
        ("train-000/a.png", "3", "train", None),
        ("train-001/b.png", "cat", "train", "g"),
        ("val-000/d.jpg", "1", "validation", None),
    ]
    assert [entry.id for entry in ledger.quarantined] == ["val-000/c"]
    braced = read_source(f"{shards}/train-{{000..001}}.tar")[0]
    assert [r.target for r in braced.records] == ["3", "cat"]
    one = read_source(shards / "train-000.tar")[0]
    assert [r.target for r in one.records] == ["3"]
    for wrong in ("train-{5..2}.tar", "train-{0..999999999}.tar"):
        with pytest.raises(DataError, match="range of shards"):
            read_source(f"{shards}/{wrong}")


def test_several_sources_joined(tmp_path):
    lay(tmp_path / "one", {"cat/1.png": WIDE, "dog/1.png": WIDE})
    lay(tmp_path / "more" / "one", {"cat/1.png": WIDE, "owl/1.png": WIDE, "x": ""})
    joined = f"{tmp_path}/one/ + {tmp_path}/more/one"
    dataset, ledger = read_source(joined)
    assert [r.id for r in dataset.records] == [
        "one/cat/1.png",
        "one/dog/1.png",
        "one-2/cat/1.png",
        "one-2/owl/1.png",
    ]
    assert dataset.class_names == ("cat", "dog", "owl")
    assert [entry.id for entry in ledger.quarantined] == ["one-2/x"]
    assert dataset.name == "one+one"


def test_the_houses_are_grouped_and_priced(shared_data):
    dataset, ledger = read_source(shared_data / "houses_regression_160.zip")
    assert ledger.found == len(dataset) == 4 * 428
    assert len({record.group for record in dataset.records}) == 428
    prices = [record.target for record in value_by(dataset, "price_usd").records]
    assert min(prices) > 10_000


def test_the_blood_cells_have_the_boxes_that_globox_reads(shared_data, tmp_path):
    globox = pytest.importorskip("globox")
    archive = shared_data / "bccd_detection.zip"
    dataset, ledger = read_source(archive)
    with zipfile.ZipFile(archive) as whole:
        whole.extractall(tmp_path)
    folder = tmp_path / "bccd" / "Annotations"
    oracle = globox.AnnotationSet.from_pascal_voc(folder)
    assert len(dataset) == len(oracle) == 292
    assert {s: len(dataset.split(s)) for s in ("train", "validation")} == {
        "train": 205,
        "validation": 87,
    }
    assert [entry.id for entry in ledger.quarantined] == ["LICENSE"]
    for record in dataset.records:
        theirs = oracle[record.id.rpartition("/")[2]].boxes
        # Globox takes the numbers as edges; VOC counts pixels from 1.
        assert [(b.label, b.left + 1, b.top + 1, b.right, b.bottom) for b in
                record.boxes] == [
            (b.label, b.xmin, b.ymin, b.xmax, b.ymax) for b in theirs
        ]  # fmt: skip
