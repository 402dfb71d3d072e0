"""Parquet that holds the pictures, as Hugging Face's data sets do."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from pictures import striped
from visus.core.errors import DataError
from visus.data.decode import DecodeFailure
from visus.data.encode import encode_png
from visus.data.home import visus_home
from visus.data.locations import read_location
from visus.data.sources import parquet_pictures, read_source

arrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")
PICTURES = [encode_png(striped(True, seed)[..., None]) for seed in range(150)]


def write(path: Path, pictures: list, labels: list, **more: list) -> Path:
    """As the package datasets writes them, with the names of the classes."""
    rows = [{"bytes": p, "path": f"{n}.png"} for n, p in enumerate(pictures)]
    table = arrow.table({"image": rows, "label": labels, **more})
    names = {"label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}
    said = {b"huggingface": json.dumps({"info": {"features": names}}).encode()}
    path.parent.mkdir(parents=True, exist_ok=True)
    schema = {**(table.schema.metadata or {}), **said}
    parquet.write_table(table.replace_schema_metadata(schema), path, row_group_size=50)
    return path


@pytest.fixture
def folder(tmp_path) -> Path:
    labels = [n % 2 for n in range(150)]
    sites = [f"s{n % 3}" for n in range(150)]
    write(
        tmp_path / "d" / "data" / "train-00000-of-00001.parquet",
        PICTURES,
        labels,
        site=sites,
    )
    write(
        tmp_path / "d" / "data" / "test-00000-of-00001.parquet",
        [*PICTURES[:2], None],
        [1, -1, 0],
    )
    return tmp_path / "d"


def check(source: Path) -> None:
    dataset, ledger = read_source(source)
    test, train = dataset.split("test").records, dataset.split("train").records
    assert [read_location(record.location) for record in train] == PICTURES
    assert [record.target for record in train[:3]] == ["cat", "dog", "cat"]
    assert train[4].metadata == (("site", "s1"),)
    assert [record.target for record in test] == ["dog", None]
    (entry,) = ledger.quarantined
    assert entry.id.endswith("test-00000-of-00001.parquet#000002")
    assert dataset.class_names == ("cat", "dog")


def test_a_folder_of_parquet(folder):
    check(folder)
    check(folder)


def test_a_zip_of_it(folder, tmp_path):
    for kind in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        archive = tmp_path / f"{kind}.zip"
        with zipfile.ZipFile(archive, "w", kind) as file:
            for path in sorted(folder.rglob("*.parquet")):
                file.write(path, path.relative_to(folder))
        check(archive)


def test_one_file(tmp_path):
    path = write(tmp_path / "pictures.parquet", PICTURES[:2], [0, 1])
    dataset, _ = read_source(path)
    assert [record.target for record in dataset.records] == ["cat", "dog"]


def test_pictures_are_never_all_in_memory(folder, monkeypatch):
    seen = []
    opened = parquet_pictures._batches

    def counted(plain, columns):
        for batch in opened(plain, columns):
            seen.append(batch.num_rows)
            yield batch

    monkeypatch.setattr(parquet_pictures, "_batches", counted)
    read_source(folder)
    assert max(seen) <= parquet_pictures.ROWS


def test_a_cleared_cache_is_told_and_filled_again(folder):
    dataset, _ = read_source(folder)
    shutil.rmtree(visus_home() / "archives")
    with pytest.raises(DecodeFailure, match="read it again"):
        read_location(dataset.records[0].location)
    check(folder)


def test_what_is_no_parquet_is_one_clear_error(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and nothing else")
    with pytest.raises(DataError, match="cannot be read"):
        read_source(tmp_path / "a.parquet")


def test_a_table_of_names_is_still_a_table(tmp_path):
    (tmp_path / "1.png").write_bytes(PICTURES[0])
    table = arrow.table({"file_name": ["1.png"], "label": ["cat"]})
    parquet.write_table(table, tmp_path / "t.parquet")
    dataset, _ = read_source(tmp_path / "t.parquet")
    assert dataset.records[0].target == "cat"
