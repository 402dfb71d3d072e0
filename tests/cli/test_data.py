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
