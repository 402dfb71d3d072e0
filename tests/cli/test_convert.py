import json
import subprocess
import sys
from pathlib import Path

from visus.data.sources import read_source


def test_a_folder_becomes_another_format(cli, stripes_folder):
    told = cli("convert", stripes_folder, "--to", "csv", "--out", "made").stdout
    assert told.splitlines() == ["60 pictures and 0 boxes: made"]
    dataset, ledger = read_source("made")
    assert (len(dataset), ledger.found) == (60, 60)
    assert dataset.class_names == ("across", "upright")


def test_what_is_lost_and_left_out_is_said(cli, stripes_folder):
    (stripes_folder / "across" / "words.txt").write_text("no picture")
    told = cli("convert", stripes_folder, "--to", "yolo", "--out", "made")
    assert "61 pictures without a split are written as train" in told.stderr
    assert "not written: across/words.txt" in told.stderr
    answer = cli.json(
        *("convert", stripes_folder, "--to", "yolo", "--out", "made", "--force")
    )
    assert answer["found"] == answer["used"] + answer["quarantined"] == 61
    assert answer["pictures"] == 60
    assert answer["quarantine"][0]["verdict"] == "not_image"
    assert len(answer["lost"]) == 1


def test_mistakes_are_said_before_anything_is_read(cli, stripes_folder):
    for words, code, mentions in (
        (["--to", "cocoo", "--out", "made"], 2, "'coco'"),
        (["--to", "coco", "--out", stripes_folder], 2, "exists"),
        (["--to", "coco", "--out", stripes_folder, "--force"], 2, "nothing else"),
    ):
        told = cli("convert", stripes_folder, *words, code=code)
        assert mentions in told.stderr
        assert json.loads(
            cli("convert", stripes_folder, *words, "--json", code=code).stdout
        )["remedy"]
    assert not Path("made").exists()
    assert len([*stripes_folder.rglob("*.png")]) == 60


def test_joined_sources_and_archives_train_as_folders_do(cli, stripes_folder):
    cli("convert", stripes_folder, "--to", "webdataset", "--out", "shards")
    for source in ("shards", "shards/unsplit-000000.tar", f"shards + {stripes_folder}"):
        told = cli.json("data", source)
        assert set(told["class_names"]) == {"across", "upright"}
        assert told["quarantined"] == 0


def test_reading_a_table_imports_no_optional_library(tmp_path):
    code = (
        "import sys; from visus.pipeline.convert import convert_source\n"
        "heavy = {'pyarrow', 'yaml', 'defusedxml', 'google_crc32c', 'keras', "
        "'tensorflow'} & {*sys.modules}; assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
