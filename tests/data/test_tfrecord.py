import gzip
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest

from pictures import striped
from visus.core.errors import DataError, MachineError
from visus.data.encode import encode_png
from visus.data.locations import read_location
from visus.data.records import Box
from visus.data.sources import read_source
from visus.data.sources.examples import example_parser

PICTURES = [encode_png(striped(True, seed)[..., None]) for seed in range(3)]


def example(picture: bytes | None, label: str | int | None, boxed: bool = False):
    """An Example as TensorFlow itself writes it: the oracle for our description."""
    from tensorflow.train import (
        BytesList,
        Example,
        Feature,
        Features,
        FloatList,
        Int64List,
    )

    features = {"image/filename": Feature(bytes_list=BytesList(value=[b"a.png"]))}
    if picture is not None:
        features["image/encoded"] = Feature(bytes_list=BytesList(value=[picture]))
    if isinstance(label, str):
        named = BytesList(value=[label.encode()])
        features["image/class/text"] = Feature(bytes_list=named)
    elif label is not None:
        features["image/class/label"] = Feature(int64_list=Int64List(value=[label]))
    if boxed:
        for edge, value in zip(
            ("xmin", "ymin", "xmax", "ymax"), (0, 0.25, 0.5, 1), strict=True
        ):
            shares = FloatList(value=[value])
            features[f"image/object/bbox/{edge}"] = Feature(float_list=shares)
        for name, side in (("height", 16), ("width", 16)):
            number = Int64List(value=[side])
            features[f"image/{name}"] = Feature(int64_list=number)
        eye = BytesList(value=[b"eye"])
        features["image/object/class/text"] = Feature(bytes_list=eye)
    return Example(features=Features(feature=features)).SerializeToString()


def write(path: Path, *examples: bytes) -> Path:
    import tensorflow

    path.parent.mkdir(parents=True, exist_ok=True)
    with tensorflow.io.TFRecordWriter(str(path)) as writer:
        for piece in examples:
            writer.write(piece)
    return path


def test_our_description_of_an_example_reads_what_tensorflow_writes():
    parse = example_parser()
    features = parse(example(PICTURES[0], "cat", boxed=True))
    assert features.first("image/encoded") == PICTURES[0]
    assert features.text("image/class/text") == "cat"
    assert features.values("image/object/bbox/ymin") == [0.25]
    assert features.first("image/width") == 16
    assert parse(b"\xff\xff\xff") is None


@pytest.mark.parametrize("packed", [False, True])
def test_records_are_read_where_they_lie(tmp_path, packed):
    pytest.importorskip("google_crc32c")
    path = write(
        tmp_path / "data" / "val.tfrecord-00000-of-00001",
        example(PICTURES[0], "cat"),
        example(PICTURES[1], 7),
        example(None, "cat"),
        example(PICTURES[2], None, boxed=True),
    )
    if packed:
        path.write_bytes(gzip.compress(path.read_bytes()))
    dataset, ledger = read_source(tmp_path / "data")
    assert [(r.target, r.split) for r in dataset.records] == [
        ("cat", "validation"),
        ("7", "validation"),
        ("eye", "validation"),
    ]
    assert [read_location(r.location) for r in dataset.records] == PICTURES
    assert dataset.records[2].boxes == (Box("eye", 0, 4, 8, 16),)
    assert [entry.verdict for entry in ledger.quarantined] == ["no_class"]
    assert read_source(path)[0].fingerprint == dataset.fingerprint


def test_damaged_records_are_accounted_for(tmp_path):
    pytest.importorskip("google_crc32c")
    examples = [example(picture, "cat") for picture in PICTURES]
    path = write(tmp_path / "a.tfrecord", *examples, b"no example: \xff\xff")
    whole = bytearray(path.read_bytes())
    whole[30] ^= 1
    path.write_bytes(whole)
    dataset, ledger = read_source(path)
    assert [r.id for r in dataset.records] == [
        "a.tfrecord#000001",
        "a.tfrecord#000002",
    ]
    assert [entry.verdict for entry in ledger.quarantined] == ["corrupt", "corrupt"]
    first = 16 + len(examples[0])
    path.write_bytes(whole[: first + 40])
    with pytest.raises(DataError, match="not one usable"):
        read_source(path)
    path.write_bytes(whole[:first] + struct.pack("<QI", 2**60, 0) + whole[first:])
    with pytest.raises(DataError, match="not one usable"):
        read_source(path)


def test_without_the_checksum_library_the_extra_is_named(tmp_path, monkeypatch):
    path = write(tmp_path / "a.tfrecord", example(PICTURES[0], "cat"))
    monkeypatch.setitem(__import__("sys").modules, "google_crc32c", None)
    with pytest.raises(MachineError, match=r"visus\[tfrecord\]"):
        read_source(path)


@pytest.mark.parametrize("form", ["stored zip", "deflated zip", "tar", "tar.gz"])
@pytest.mark.parametrize("packed", [False, True])
def test_records_inside_archives(tmp_path, form, packed):
    pytest.importorskip("google_crc32c")
    names = ("test", "train")
    for number, name in enumerate(names):
        examples = [example(picture, f"class {number}") for picture in PICTURES]
        path = write(tmp_path / "data" / f"{name}.tfrecord", *examples)
        if packed:
            path.write_bytes(gzip.compress(path.read_bytes()))
    archive = tmp_path / f"all.{form.split()[-1]}"
    paths = [tmp_path / "data" / f"{name}.tfrecord" for name in names]
    if form.endswith("zip"):
        kind = zipfile.ZIP_STORED if "stored" in form else zipfile.ZIP_DEFLATED
        with zipfile.ZipFile(archive, "w", kind) as file:
            for path in paths:
                file.write(path, path.name)
    else:
        with tarfile.open(archive, "w:gz" if packed or form == "tar.gz" else "w") as t:
            for path in paths:
                t.add(path, path.name)
    dataset, ledger = read_source(archive)
    assert not ledger.quarantined
    assert [(r.target, r.split) for r in dataset.records] == [
        *[("class 0", "test")] * 3,
        *[("class 1", "train")] * 3,
    ]
    assert [read_location(r.location) for r in dataset.records] == PICTURES * 2
