"""Pictures of which nothing is known, beside or instead of class folders."""

import zipfile

import numpy as np
import pytest
from PIL import Image

from visus.core.errors import DataError
from visus.data.sources import read_pictures, read_source


def make(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.zeros((4, 4), dtype=np.uint8)).save(path, "PNG")
    return folder


def targets(dataset):
    return {record.id: record.target for record in dataset.records}


def test_a_folder_without_class_folders(tmp_path):
    make(tmp_path, "1.png", "2.png")
    dataset, ledger = read_pictures(tmp_path)
    assert targets(dataset) == {"1.png": None, "2.png": None}
    assert ledger.found == 2
    with pytest.raises(DataError):
        read_source(tmp_path)


def test_loose_pictures_beside_class_folders(tmp_path):
    make(tmp_path, "cat/1.png", "dog/2.png", "3.png")
    (tmp_path / "labels.json").write_text("{}")
    dataset, ledger = read_pictures(tmp_path)
    assert targets(dataset) == {"cat/1.png": "cat", "dog/2.png": "dog", "3.png": None}
    assert dataset.class_names == ("cat", "dog")
    assert [entry.id for entry in ledger.quarantined] == ["labels.json"]
    assert ledger.found == 4


def test_an_archive_is_read_alike(tmp_path):
    make(tmp_path / "in", "1.png", "2.png")
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        for path in sorted((tmp_path / "in").iterdir()):
            archive.write(path, path.name)
    dataset, _ = read_pictures(tmp_path / "in.zip")
    assert targets(dataset) == {"1.png": None, "2.png": None}


def test_what_describes_its_pictures_is_read_as_ever(tmp_path):
    make(tmp_path, "1.png", "2.png")
    (tmp_path / "all.csv").write_text("file_name,label\n1.png,cat\n2.png,dog\n")
    for source in (tmp_path / "all.csv", (np.zeros((2, 4, 4), np.uint8), ["a", "b"])):
        assert read_pictures(source)[0].records == read_source(source)[0].records


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match="holds no files"):
        read_pictures(tmp_path)
