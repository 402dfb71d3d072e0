"""What every writer must keep to: a data set read and written comes back equal."""

import hashlib
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pictures import striped
from visus.core.errors import ConfigError, DataError
from visus.data.encode import encode_png
from visus.data.locations import read_location
from visus.data.records import SPLITS, Box, ImageDataset, ImageRecord
from visus.data.sources import read_source
from visus.data.sources.gathered import class_names, target_of_boxes
from visus.data.writers import WRITERS, write_dataset
from visus.data.writers.base import EVERYTHING, Writer
from visus.data.writers.folders import MARK

FORMATS = [part.name for part in WRITERS]
HEIGHT, WIDTH = 16, 24


def picture(number: int) -> bytes:
    return encode_png(striped(True, number, WIDTH)[:HEIGHT, :, None])


def content_of(record: ImageRecord) -> str:
    return hashlib.sha256(read_location(record.location)).hexdigest()


def said(record: ImageRecord) -> tuple:
    """What a record says beside its boxes, its id and its place."""
    further = tuple(sorted(record.metadata))
    return (record.target, record.split, record.group, record.weight, further)


def same_boxes(one: tuple[Box, ...], other: tuple[Box, ...]) -> bool:
    edges = ("left", "top", "right", "bottom")
    return len(one) == len(other) and all(
        a.label == b.label and abs(getattr(a, edge) - getattr(b, edge)) < 1
        for a, b in zip(one, other, strict=True)
        for edge in edges
    )


def check_round_trip(dataset: ImageDataset, to: str, out: Path) -> None:
    written = write_dataset(dataset, to, out)
    assert written.pictures == len(dataset)
    back, ledger = read_source(out)
    assert not ledger.quarantined
    found = {content_of(record): record for record in back.records}
    assert len(found) == len(back) == len(dataset)
    for record in dataset.records:
        other = found[content_of(record)]
        assert said(other) == said(record)
        assert same_boxes(other.boxes, record.boxes)
    assert back.class_names == dataset.class_names


def dataset_of(folder: Path, records: list[ImageRecord]) -> ImageDataset:
    placed = []
    for number, record in enumerate(records):
        path = folder / f"{number}.bin"
        path.write_bytes(picture(number))
        placed.append(replace(record, location=path))
    names = class_names(record.target for record in placed)
    return ImageDataset("made", tuple(placed), names)


def words() -> st.SearchStrategy[str]:
    # Tables drop spaces around a cell, and refuse what a spreadsheet would run.
    letters = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp"))
    plain = st.text(letters, min_size=1, max_size=12).map(str.strip)
    return plain.filter(lambda word: word and word[0] not in "=+-@.\ufeff")


def boxes() -> st.SearchStrategy[tuple[Box, ...]]:
    def edges(most: int) -> st.SearchStrategy[list[float]]:
        inside = st.floats(0, most)
        return st.lists(inside, min_size=2, max_size=2).map(sorted)

    box = st.builds(
        lambda label, across, down: Box(label, across[0], down[0], across[1], down[1]),
        words(),
        edges(WIDTH),
        edges(HEIGHT),
    )
    return st.lists(box, max_size=3).map(tuple)


def ids() -> st.SearchStrategy[list[str]]:
    hostile = st.sampled_from(["../../up.png", "/abs.png", "A/x.PNG", "a/X.png", ".h"])
    name = words() | hostile | st.text(min_size=1, max_size=300)
    return st.lists(name, min_size=1, max_size=5, unique=True)


@st.composite
def full_records(draw) -> list[ImageRecord]:
    """Everything that a record can hold, of any size and script."""
    records = []
    for name in draw(ids()):
        around = draw(boxes())
        own = words() | st.lists(words(), max_size=3, unique=True).map(tuple)
        number = st.floats(allow_nan=False, allow_infinity=False)
        known = [own, number, st.just(target_of_boxes(around))]
        columns = draw(st.dictionaries(st.sampled_from(["site", "Ärzte"]), words()))
        records.append(
            ImageRecord(
                id=name,
                target=draw(st.one_of(known)),
                split=draw(st.sampled_from([*SPLITS, None])),
                group=draw(st.none() | words()),
                weight=draw(st.floats(0, 1e6)),
                boxes=around,
                metadata=tuple(columns.items()),
            )
        )
    return records


ROUNDS = settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize("to", FORMATS)
def test_a_writer_is_a_writer(to):
    writer = WRITERS.load(to)()
    assert isinstance(writer, Writer)
    assert writer.holds <= EVERYTHING
    assert 10 < len(WRITERS.part(to).summary) < 90


@pytest.mark.parametrize(
    "to", [to for to in FORMATS if WRITERS.load(to).holds == EVERYTHING]
)
@ROUNDS
@given(records=full_records())
def test_what_holds_everything_gives_everything_back(to, records):
    with tempfile.TemporaryDirectory() as place:
        dataset = dataset_of(Path(place), records)
        assert not WRITERS.load(to)().lost(dataset)
        check_round_trip(dataset, to, Path(place) / "out")


@ROUNDS
@given(around=st.lists(boxes(), min_size=1, max_size=5), data=st.data())
def test_yolo_gives_boxes_and_splits_back(around, data):
    pytest.importorskip("yaml")
    records = [
        ImageRecord(
            f"p/{number}",
            target_of_boxes(some),
            split=data.draw(st.sampled_from(SPLITS)),
            boxes=some,
        )
        for number, some in enumerate(around)
        if some
    ] or [ImageRecord("one", "a", split="train", boxes=(Box("a", 0, 0, 1, 1),))]
    with tempfile.TemporaryDirectory() as place:
        check_round_trip(dataset_of(Path(place), records), "yolo", Path(place) / "out")


@ROUNDS
@given(labels=st.lists(words(), min_size=1, max_size=5), data=st.data())
def test_yolo_without_boxes_gives_classes_and_splits_back(labels, data):
    named = [label for label in labels if not {*label} & {*"/\\"}] or ["a"]
    records = [
        ImageRecord(str(n), label, split=data.draw(st.sampled_from(SPLITS)))
        for n, label in enumerate(named)
    ]
    with tempfile.TemporaryDirectory() as place:
        check_round_trip(dataset_of(Path(place), records), "yolo", Path(place) / "out")


@pytest.mark.parametrize("to", FORMATS)
def test_pictures_in_memory_are_written_too(to, tmp_path, stripes):
    dataset, _ = read_source((stripes[0][:6], stripes[1][:6]))
    write_dataset(dataset, to, tmp_path / "out")
    back, _ = read_source(tmp_path / "out")
    assert sorted(r.target for r in back.records) == ["across"] * 3 + ["upright"] * 3


@pytest.mark.parametrize("to", FORMATS)
def test_what_is_no_picture_is_not_carried_away(to, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("password")
    good = dataset_of(tmp_path, [ImageRecord("good", "a")]).records[0]
    stolen = ImageRecord("stolen.png", "a", secret)
    written = write_dataset(
        ImageDataset("made", (good, stolen), ("a",)), to, tmp_path / "out"
    )
    assert [entry.id for entry in written.quarantined] == ["stolen.png"]
    assert not any(
        b"password" in file.read_bytes()
        for file in (tmp_path / "out").rglob("*")
        if file.is_file()
    )
    with pytest.raises(DataError, match="Not one picture"):
        write_dataset(ImageDataset("made", (stolen,), ("a",)), to, tmp_path / "none")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("to", FORMATS)
def test_nothing_of_others_is_ever_replaced(to, tmp_path):
    dataset = dataset_of(tmp_path, [ImageRecord("1", "a")])
    out = tmp_path / "out"
    write_dataset(dataset, to, out)
    with pytest.raises(ConfigError, match="exists"):
        write_dataset(dataset, to, out)
    write_dataset(dataset, to, out, force=True)
    (out / MARK).unlink()
    with pytest.raises(ConfigError, match="nothing else"):
        write_dataset(dataset, to, out, force=True)


def test_a_failure_leaves_what_was_there(tmp_path, monkeypatch):
    dataset = dataset_of(tmp_path, [ImageRecord("1", "a")])
    write_dataset(dataset, "coco", tmp_path / "out")
    before = {f: f.read_bytes() for f in (tmp_path / "out").rglob("*") if f.is_file()}

    def fails(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("visus.data.writers.base.Output.save", fails)
    with pytest.raises(KeyboardInterrupt):
        write_dataset(dataset, "coco", tmp_path / "out", force=True)
    after = {f: f.read_bytes() for f in (tmp_path / "out").rglob("*") if f.is_file()}
    assert after == before
    assert not [*tmp_path.glob(".out*")]


def test_yolo_says_what_it_has_no_place_for(tmp_path):
    record = ImageRecord("1", "own", group="g", weight=2, boxes=(Box("a", 0, 0, 1, 1),))
    dataset = dataset_of(tmp_path, [replace(record, metadata=(("site", "x"),))])
    lost = " ".join(WRITERS.load("yolo")().lost(dataset))
    for word in ("groups", "weights", "columns", "own labels", "without a split"):
        assert word in lost
    for target in (("a", "b"), 2.5, None, "a/b", ".."):
        with pytest.raises(DataError, match="no boxes"):
            made = dataset_of(tmp_path, [ImageRecord("1", target)])
            write_dataset(made, "yolo", tmp_path / "out")


def test_a_table_alone_names_the_pictures_where_they_lie(tmp_path, stripes_folder):
    dataset, _ = read_source(stripes_folder)
    write_dataset(dataset, "csv", tmp_path / "t.csv")
    assert "stripes/across/01.png,across" in (tmp_path / "t.csv").read_text()
    write_dataset(dataset, "csv", tmp_path / "away" / "t.csv")
    for table in (tmp_path / "t.csv", tmp_path / "away" / "t.csv"):
        back, _ = read_source(table)
        assert [r.location for r in back.records] == [
            r.location for r in dataset.records
        ]
    in_memory, _ = read_source(([picture_of_zeros()], ["a"]))
    with pytest.raises(DataError, match="is no file"):
        write_dataset(in_memory, "csv", tmp_path / "m.csv")


def test_a_table_alone_names_members_of_an_archive(tmp_path, stripes_folder):
    packed = shutil.make_archive(str(tmp_path / "packed"), "zip", stripes_folder)
    dataset, _ = read_source(packed)
    write_dataset(dataset, "csv", tmp_path / "away" / "t.csv")
    back, _ = read_source(tmp_path / "away" / "t.csv")
    for one, other in zip(back.records, dataset.records, strict=True):
        assert read_location(one.location) == read_location(other.location)
        assert one.target == other.target


def picture_of_zeros():
    return striped(True, 0)[:4, :4]


@pytest.mark.parametrize("to", FORMATS)
def test_the_blood_cells_survive_every_format(to, shared_data, tmp_path):
    if to == "yolo":
        pytest.importorskip("yaml")
    dataset, _ = read_source(shared_data / "bccd_detection.zip")
    check_round_trip(dataset, to, tmp_path / "out")


def test_globox_reads_the_coco_and_yolo_that_are_written(shared_data, tmp_path):
    globox = pytest.importorskip("globox")
    dataset, _ = read_source(shared_data / "bccd_detection.zip")
    write_dataset(dataset, "coco", tmp_path / "coco")
    write_dataset(dataset, "yolo", tmp_path / "yolo")
    coco = globox.AnnotationSet.from_coco(tmp_path / "coco" / "annotations.json")
    yolo = globox.AnnotationSet.from_yolo_v5(
        tmp_path / "yolo" / "labels" / "val",
        image_folder=tmp_path / "yolo" / "images" / "val",
    )
    assert (len(coco), len(yolo)) == (292, 87)
    assert coco.nb_boxes() == 3_943
    labels = dict(enumerate(dataset.class_names))
    for record in dataset.split("validation").records:
        last = record.id.rpartition("/")[2]
        ours = [(b.label, b.left, b.top, b.right, b.bottom) for b in record.boxes]
        theirs = coco[f"images/JPEGImages/{last}"].boxes
        assert ours == [(b.label, b.xmin, b.ymin, b.xmax, b.ymax) for b in theirs]
        for one, box in zip(ours, yolo[f"JPEGImages_{last}"].boxes, strict=True):
            assert one[0] == labels[int(box.label)]
            edges = (box.xmin, box.ymin, box.xmax, box.ymax)
            assert one[1:] == pytest.approx(edges, abs=1e-3)
