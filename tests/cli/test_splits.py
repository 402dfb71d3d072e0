"""--split, --group and --allow-leak, through the verbs."""

import csv
import json
from pathlib import Path

import pytest
from PIL import Image

from pictures import striped
from visus.core.errors import ConfigError
from visus.pipeline.config import data_choices
from visus.pipeline.data import describe_data

QUICK = ["--network", "dense", "--set", "training.epochs=1"]
QUICK += ["--set", "training.preflight=false"]


@pytest.fixture
def patients(tmp_path) -> Path:
    """A CSV of 60 pictures, four of each patient."""
    with (tmp_path / "pictures.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file_name", "label", "patient"])
        for row in range(60):
            upright = row // 4 % 2 == 0
            Image.fromarray(striped(upright, row)).save(tmp_path / f"{row}.png")
            rows.writerow([f"{row}.png", "up" if upright else "across", row // 4])
    return tmp_path / "pictures.csv"


def folder_with_leak(folder: Path) -> Path:
    for row in range(24):
        name = ("upright", "across")[row % 2]
        place = folder / ("test" if row >= 18 else "train") / name
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(striped(row % 2 == 0, row)).save(place / f"{row}.png")
    copy = (folder / "train" / "upright" / "0.png").read_bytes()
    (folder / "test" / "upright" / "copy.png").write_bytes(copy)
    return folder


def test_shares_are_of_all_pictures():
    assert data_choices("0.7/0.15/0.15", None) == {
        "test_share": 0.15,
        "validation_share": pytest.approx(0.15 / 0.85, abs=1e-6),
    }
    assert data_choices(None, "site", allow_leak=True) == {
        "group": "site",
        "allow_leak": True,
    }


@pytest.mark.parametrize(
    "text", ["0.7/0.3", "0.7/0.2/0.2", "a/b/c", "1/0/0", "0/0.5/0.5", "nan/nan/nan", ""]
)
def test_shares_that_cannot_be_are_refused(text):
    with pytest.raises(ConfigError, match="add up to 1"):
        data_choices(text, None)


def test_data_splits_by_the_shares_asked_for(cli, stripes_folder):
    told = cli.json("data", stripes_folder, "--split", "0.5/0.3/0.2")
    counts = {split: sum(n.values()) for split, n in told["counts"].items()}
    assert counts == {"train": 30, "validation": 18, "test": 12}


def test_patients_stay_whole(cli, patients):
    choices = {"data": {"group": "patient", "test_share": 0.25}}
    from visus.core.progress import SilentProgress
    from visus.pipeline.plan import make_plan
    from visus.pipeline.prepare import prepare_data

    plan = make_plan(str(patients), choices, SilentProgress())
    sides: dict[str | None, set] = {}
    for record in prepare_data(plan, SilentProgress()).dataset.records:
        sides.setdefault(record.group, set()).add(record.split)
    assert len(sides) == 15
    assert all(len(side) == 1 for side in sides.values())


def test_a_column_that_is_not_there_is_named(cli, patients):
    result = cli("data", patients, "--group", "patent", code=3)
    assert "'patient'" in result.output


def test_a_test_that_leaks_is_refused_with_the_pair(cli, tmp_path):
    source = folder_with_leak(tmp_path / "leaky")
    for verb in (["data", source], ["train", source, *QUICK, "--out", "r"]):
        told = json.loads(cli(*verb, "--json", code=3).stdout)
        assert "train/upright/0.png" in told["received"]
        assert "test/upright/copy.png" in told["received"]
        assert "--allow-leak" in told["remedy"]


def test_an_allowed_leak_is_told_in_the_report(cli, tmp_path):
    source = folder_with_leak(tmp_path / "leaky")
    told = cli.json("train", source, *QUICK, "--allow-leak", "--out", "r")
    assert any("belong on one" in note for note in told["notes"])
    report = json.loads(Path("r/reports/evaluation.json").read_text())
    finding = next(f for f in report["findings"] if "belong on one" in f["message"])
    assert "test/upright/copy.png" in finding["image_ids"]
    facts = {fact["name"]: fact for fact in report["facts"]}
    assert "nearest-neighbour probe" in facts["flattery"]["text"]
    assert "Flattery" in Path("r/reports/evaluation.html").read_text()


def test_twins_are_counted(stripes_folder):
    copy = (stripes_folder / "across" / "01.png").read_bytes()
    (stripes_folder / "across" / "copy.png").write_bytes(copy)
    told = describe_data(str(stripes_folder), {})
    assert told["twins"] == {"clusters": 1, "pictures": 2, "leaks": 0}


def given(folder: Path, *sides: str) -> Path:
    """Stripes below folders of these names, three of four in the first."""
    for row in range(40):
        side = sides[0] if row % 4 else sides[1 + row // 4 % (len(sides) - 1)]
        place = folder / side / ("upright", "across")[row % 2]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(striped(row % 2 == 0, row)).save(place / f"{row}.png")
    for side in sides:  # Every fourth row is upright.
        place = folder / side / "across"
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(striped(False, 100 + len(side))).save(place / "more.png")
    return folder


@pytest.mark.parametrize("sides", [("train", "test"), ("train", "val")])
def test_a_share_that_would_be_ignored_is_refused(cli, tmp_path, sides):
    folder = given(tmp_path / "photos", *sides)
    for words in (["--split", "0.6/0.2/0.2"], ["--set", "data.test_share=0.3"]):
        for verb in (["data", folder], ["train", folder, *QUICK, "--out", "r"]):
            told = cli.json(*verb, *words, code=2)
            assert "its own split" in told["received"]
            assert "data.test_share" in told["received"]
    assert not Path("r").exists()
    told = cli.json("data", folder, "--set", "data.validation_share=0.5")
    counts = {split: sum(n.values()) for split, n in told["counts"].items()}
    assert counts["validation"] == pytest.approx(counts["train"], abs=2)


def test_no_share_is_used_where_all_splits_are_given(cli, tmp_path):
    folder = given(tmp_path / "photos", "train", "val", "test")
    told = cli.json("data", folder, "--set", "data.validation_share=0.5", code=2)
    assert "data.validation_share" in told["received"]


def test_a_run_keeps_only_the_shares_it_used_and_resumes(cli, tmp_path):
    import tomllib

    folder = given(tmp_path / "photos", "train", "test")
    cli("train", folder, *QUICK, "--out", "r")
    chosen = tomllib.loads(Path("r/config.toml").read_text())["data"]
    assert "test_share" not in chosen
    assert chosen["validation_share"] > 0
    # As if it had been stopped before its end.
    Path("r/summary.json").unlink()
    assert cli.json("train", "--resume", "r")["test"]["pictures"] == 11
