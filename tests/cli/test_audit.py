"""visus audit, as a person and as a script see it; and what stops visus train."""

import csv
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shapes import drawn_shapes

TRAIN = ["--network", "dense", "--out", "r", "--set", "training.epochs=1"]


def write_shapes(folder: Path, count: int = 60, splits: bool = False) -> Path:
    """PNG files in class folders, perhaps below train and test."""
    for row, (picture, label) in enumerate(zip(*drawn_shapes(count), strict=True)):
        side = ("test" if row < count // 3 else "train") if splits else ""
        path = folder / side / label / f"{row:03d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(path)
    return folder


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rows_of(path: str) -> list[dict[str, str]]:
    with Path(path).open(newline="") as file:
        return list(csv.DictReader(file))


def found(told: dict, check: str) -> dict:
    (finding,) = [entry for entry in told["findings"] if entry["check"] == check]
    return finding


@pytest.fixture
def leaking(tmp_path) -> Path:
    """Train and test folders with a copy on both sides, and one file that is cut."""
    folder = write_shapes(tmp_path / "shapes", splits=True)
    shutil.copy(folder / "test/disc/000.png", folder / "train/disc/copy.png")
    whole = (folder / "train/disc/020.png").read_bytes()
    (folder / "train/disc/020.png").write_bytes(whole[:-60])
    return folder


def test_one_json_object_with_ids_and_scores_and_three_files(cli, tmp_path):
    folder = write_shapes(tmp_path / "shapes")
    night = np.asarray(Image.open(folder / "disc/000.png")) // 10
    Image.fromarray(night).save(folder / "disc/000.png")
    told = cli.json("audit", folder, "--out", "a")
    assert (told["found"], told["used"], told["quarantined"]) == (60, 60, 0)
    assert told["blocking"] == []
    dark = found(told, "dark")
    assert (dark["severity"], dark["blocking"]) == ("warning", False)
    (image,) = dark["images"]
    assert image["id"] == "disc/000.png"
    assert 0 < image["score"] < 0.5
    report = json.loads(Path("a/audit.json").read_text())
    assert dark["message"] in [entry["message"] for entry in report["findings"]]
    assert "disc/000.png" in Path("a/audit.html").read_text()
    scores = rows_of("a/scores.csv")
    assert len(scores) == 60
    (row,) = [row for row in scores if row["image_id"] == "disc/000.png"]
    assert float(row["dark"]) == pytest.approx(image["score"])
    cli("audit", folder, "--out", "a", code=2)
    cli("audit", folder, "--out", "a", "--force", "--check", "dark")


def test_the_text_fits_eighty_columns_and_the_default_place_is_free(cli, tmp_path):
    folder = write_shapes(tmp_path / "shapes", count=20)
    for number in (1, 2):
        text = cli("audit", folder, "--check", "dark", "--check", "blurry").stdout
        assert max(map(len, text.splitlines())) <= 80
        assert "fine: dark, blurry" in text
        assert f"audits/shapes-00{number}/audit.html" in text
    assert max(map(len, cli("audit", "--help").stdout.splitlines())) <= 80


def test_a_leak_ends_with_three_unless_allowed(cli, leaking):
    told = cli.json("audit", leaking, "--out", "a", code=3)
    assert told["blocking"] == ["twins-across-splits"]
    leak = found(told, "twins-across-splits")
    assert leak["blocking"] and leak["severity"] == "error"
    assert {image["id"] for image in leak["images"]} == {
        "test/disc/000.png",
        "train/disc/copy.png",
    }
    lost = found(told, "unreadable")
    assert [image["id"] for image in lost["images"]] == ["train/disc/020.png"]
    allow = ["--allow", "twins-across-splits"]
    assert cli.json("audit", leaking, "--out", "b", *allow)["blocking"] == []


def test_fixing_mends_what_blocks_and_touches_no_picture(cli, leaking):
    before = contents(leaking)
    words = ["audit", leaking, "--out", "a", "--fix", "--manifest", "lists/fixed.csv"]
    told = cli.json(*words)
    assert told["fixed"]["counts"] == {"drop": 1, "keep": 59, "quarantine": 1}
    assert contents(leaking) == before
    removed = {
        Path(row["file_name"]).name: row for row in rows_of("lists/fixed.removed.csv")
    }
    assert removed["copy.png"]["action"] == "drop"
    assert "byte for byte" in removed["copy.png"]["reason"]
    assert removed["020.png"]["check"] == "unreadable"
    kept = rows_of("lists/fixed.csv")
    assert {row["split"] for row in kept} == {"train", "test"}
    assert all((Path("lists") / row["file_name"]).is_file() for row in kept)
    again = cli.json("audit", "lists/fixed.csv", "--out", "b")
    assert again["blocking"] == []
    assert again["used"] == 59
    cli(*words, "--force", code=0)
    cli(
        "audit", leaking, "--out", "c", "--fix", "--manifest", "lists/fixed.csv", code=2
    )


def test_undoing_brings_every_picture_and_label_back(cli, leaking):
    cli("audit", leaking, "--out", "a", "--fix", "--manifest", "lists/fixed.csv")
    told = cli.json("audit", "--undo", "lists/fixed.csv", "--manifest", "back.csv")
    assert told["pictures"] == 61
    back = {row["file_name"]: row["label"] for row in rows_of("back.csv")}
    assert len(back) == 61
    for name, label in back.items():
        assert Path(name).is_file()
        assert Path(name).parent.name == label
    Path("mine.csv").write_text("file_name,label\nx.png,a\n")
    cli("audit", "--undo", "mine.csv", "--manifest", "other.csv", code=2)
    assert not Path("other.csv").exists()


def test_names_that_no_manifest_can_hold_are_set_aside(cli, tmp_path):
    folder = write_shapes(tmp_path / "shapes", count=20)
    picture = (folder / "disc/000.png").read_bytes()
    odd = bytes(folder / "disc") + b"/\xff.png"
    with open(odd, "wb") as file:
        file.write(picture)
    (folder / "square" / "end.png ").write_bytes(
        (folder / "square/001.png").read_bytes()
    )
    words = ["audit", folder, "--check", "dark", "--out", "a", "--fix"]
    told = cli.json(*words, "--manifest", "fixed.csv")
    assert told["fixed"]["counts"]["quarantine"] == 2
    assert cli.json("audit", "fixed.csv", "--check", "dark", "--out", "b")["used"] == 20


def test_half_of_what_an_option_needs_is_refused(cli, stripes_folder):
    for words in (
        [],
        [stripes_folder, "--fix"],
        [stripes_folder, "--manifest", "f.csv"],
        [stripes_folder, "--relabel"],
        [stripes_folder, "--fix", "--manifest", "fixed.txt"],
        [stripes_folder, "--check", "darkk"],
        [stripes_folder, "--allow", "darkk"],
        [stripes_folder, "--set", "dark.brightst=0.1"],
        ["--undo", "fixed.csv"],
        ["--undo", "nothing.csv", "--manifest", "back.csv"],
    ):
        told = cli.json("audit", *words, code=2)
        assert told["remedy"]
    assert not list(Path().glob("*.csv"))


@pytest.mark.parametrize("ending", ["zip", "gztar"])
def test_members_of_an_archive_are_named_by_the_path_through_it(
    cli, leaking, tmp_path, ending
):
    archive = Path(shutil.make_archive("packed", ending, tmp_path, "shapes"))
    shutil.rmtree(leaking)
    words = [
        "audit",
        archive.name,
        "--out",
        "a",
        "--fix",
        "--check",
        "exact-duplicates",
    ]
    told = cli.json(*words, "--manifest", "lists/fixed.csv")
    assert told["fixed"]["counts"] == {"drop": 1, "keep": 59, "quarantine": 1}
    names = {row["file_name"] for row in rows_of("lists/fixed.csv")}
    assert f"../{archive.name}/shapes/test/disc/000.png" in names
    again = cli.json("audit", "lists/fixed.csv", "--check", "dark", "--out", "b")
    assert (again["used"], again["blocking"]) == (59, [])
    cli("audit", "--undo", "lists/fixed.csv", "--manifest", "back.csv")
    told = cli.json("convert", "back.csv", "--to", "csv", "--out", "unpacked")
    assert told["pictures"] == 61


def test_pictures_without_files_cannot_be_fixed(cli):
    words = ["--check", "class-names", "--out", "a", "--fix", "--manifest", "f.csv"]
    told = cli.json("audit", "digits", *words, code=3)
    assert "not in a file of its own" in told["received"]


def contradict(folder: Path, count: int) -> Path:
    """So many discs under squares too."""
    for row in range(0, 2 * count, 2):
        name = f"{row:03d}.png"
        shutil.copy(folder / "disc" / name, folder / "square" / f"copy-{name}")
    return folder


def test_training_stops_at_what_blocks_unless_allowed_by_name(cli, tmp_path):
    folder = contradict(write_shapes(tmp_path / "shapes"), 3)
    told = cli.json("train", folder, *TRAIN, code=3)
    assert "6 of 63 pictures" in told["received"]
    assert "data.allow" in told["remedy"]
    allow = 'data.allow=["twins-with-two-labels"]'
    told = cli.json("train", folder, *TRAIN, "--force", "--set", allow)
    assert told["epochs"] == 1


def test_training_allows_a_leak_by_the_name_of_its_check(cli, leaking):
    cli("train", leaking, *TRAIN, code=3)
    allow = 'data.allow=["twins-across-splits"]'
    cli("train", leaking, *TRAIN, "--force", "--set", allow)


def test_a_misspelt_check_is_refused_before_any_work(cli, stripes_folder):
    allow = 'data.allow=["unreadabel"]'
    told = cli.json("train", stripes_folder, *TRAIN, "--set", allow, code=2)
    assert "'unreadable'" in told["remedy"]
    assert not Path("r").exists()


def test_the_same_story_in_python(cli, tmp_path):
    import visus

    folder = write_shapes(tmp_path / "shapes", count=20)
    told = cli.json("audit", folder, "--out", "a")
    audited = visus.audit(folder, out="b", settings={"dark.brightest": 0.25})
    mine = json.loads(json.dumps(audited.to_json()))
    assert mine["findings"] == told["findings"]
    assert audited.view.report == visus.Report.load(Path("a/audit.json"))
    assert "Audit of shapes" in audited.view._repr_html_()
