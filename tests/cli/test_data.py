"""visus data: what a source holds, and what was done to read it."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ON_WHITE = "transparent pixels shown on white"
FIRST = "first of several frames"


@pytest.fixture
def odd_folder(stripes_folder) -> Path:
    """Stripes, one with clear pixels, one animated, and one of 16 bits."""
    picture = Image.open(stripes_folder / "across" / "01.png")
    clear = picture.convert("RGBA")
    clear.putpixel((0, 0), (0, 0, 0, 0))
    clear.save(stripes_folder / "across" / "clear.png")
    frames = [picture.rotate(90 * turn) for turn in (1, 2)]
    moving = stripes_folder / "across" / "moving.gif"
    picture.rotate(180).save(moving, save_all=True, append_images=frames)
    deep = np.arange(256, dtype=np.uint16).reshape(16, 16) * 100
    Image.fromarray(deep).save(stripes_folder / "across" / "deep.png")
    return stripes_folder


def test_what_was_changed_to_read_pictures_is_told_with_their_ids(cli, odd_folder):
    told = cli.json("data", odd_folder)
    ids = {note["message"]: note["image_ids"] for note in told["notes"]}
    assert ids == {
        f"1 of 63 pictures, to be read: {FIRST}.": ["across/moving.gif"],
        f"1 of 63 pictures, to be read: {ON_WHITE}.": ["across/clear.png"],
        "1 of 63 pictures, to be read: scaled to 8 bits from the smallest value to the "
        "largest.": ["across/deep.png"],
    }
    # Once more, from what is kept.
    assert cli.json("data", odd_folder)["notes"] == told["notes"]
    text = cli("data", odd_folder).stdout
    assert f"note: 1 of 63 pictures, to be read: {FIRST}." in text
    assert max(map(len, text.splitlines())) <= 80


def test_the_audit_tells_the_same(cli, odd_folder):
    told = cli.json("audit", odd_folder, "--check", "dark", "--out", "a")
    assert {note["note"]: note["images"] for note in told["notes"]} == {
        FIRST: ["across/moving.gif"],
        ON_WHITE: ["across/clear.png"],
        "scaled to 8 bits from the smallest value to the largest": ["across/deep.png"],
    }
    assert all(note["count"] == 1 for note in told["notes"])
    report = json.loads(Path("a/audit.json").read_text())
    (table,) = [t for t in report["tables"] if t["title"] == "Changed to be read"]
    assert [FIRST, 1, "across/moving.gif"] in table["rows"]
    assert "Changed to be read" in Path("a/audit.html").read_text()
    text = cli("audit", odd_folder, "--check", "dark", "--out", "b").stdout
    assert f"to be read: 1 pictures: {FIRST}" in text


def test_nothing_is_told_where_nothing_was_changed(cli, stripes_folder):
    assert cli.json("data", stripes_folder)["notes"] == []
    told = cli.json("audit", stripes_folder, "--check", "dark", "--out", "a")
    assert told["notes"] == []
    assert "Changed to be read" not in Path("a/audit.html").read_text()


def test_what_a_naive_split_would_pretend_is_told(cli, tmp_path):
    """Six shots of each of ten things, whose class cannot be seen."""
    noise = np.random.default_rng(0)
    things = noise.integers(0, 256, (10, 16, 16))
    rows = ["file_name,label,group"]
    for thing, picture in enumerate(things):
        for shot in range(6):
            seen = np.clip(picture + noise.normal(0, 40, picture.shape), 0, 255)
            name = f"{thing}-{shot}.png"
            Image.fromarray(seen.astype(np.uint8)).save(tmp_path / name)
            rows.append(f"{name},{'ab'[thing % 2]},{thing}")
    (tmp_path / "things.csv").write_text("\n".join(rows))
    told = cli.json("data", "things.csv")["flattery"]
    assert told["value"] > 0.3
    assert told["interval"]["low"] > 0
    assert "naive random split" in " ".join(cli("data", "things.csv").stdout.split())
    cli("audit", "things.csv", "--check", "dark", "--out", "a")
    report = json.loads(Path("a/audit.json").read_text())
    (fact,) = [fact for fact in report["facts"] if fact["name"] == "flattery"]
    assert fact["value"] > 0.3
    assert "Flattery" in Path("a/audit.html").read_text()


def test_without_twins_or_groups_no_flattery_is_told(cli, stripes_folder):
    assert cli.json("data", stripes_folder)["flattery"] is None
