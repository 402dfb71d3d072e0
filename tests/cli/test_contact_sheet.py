"""visus data --augment: a sheet of pictures as training changes them."""

import numpy as np
from PIL import Image

from visus.pipeline.contact_sheet import spread_over_classes

STRONG = ["--set", "training.augment.strength=5"]


def test_a_sheet_shows_what_training_would_do(cli, stripes_folder):
    words = ["data", stripes_folder, "--augment", "--plot", "sheet.png"]
    told = cli.json(*words, *STRONG)["sheet"]
    assert told["path"] == "sheet.png"
    assert told["augment"]["strength"] == 5
    assert {name.split("/")[0] for name in told["pictures"]} == {"across", "upright"}
    pixels = np.asarray(Image.open("sheet.png"))
    # Eight rows of eight pictures.
    assert min(pixels.shape[:2]) > 8 * 150
    cli(*words, *STRONG, code=2)
    cli(*words, *STRONG, "--force")
    again = np.asarray(Image.open("sheet.png"))
    assert np.array_equal(again, pixels)
    cli(*words, *STRONG, "--force", "--seed", 1)
    assert not np.array_equal(np.asarray(Image.open("sheet.png")), pixels)


def test_a_sheet_finds_a_place_and_says_when_nothing_changes(cli, stripes_folder):
    result = cli("data", stripes_folder, "--augment", "--recipe", "quick")
    assert "sheet: sheets/stripes-001.png (recipe quick)" in result.stdout
    assert "changes no picture" in result.stderr


def test_halves_of_the_wish_are_refused(cli, stripes_folder):
    cli("data", stripes_folder, "--plot", "sheet.png", code=2)
    cli("data", stripes_folder, "--augment", "--plot", "sheet.txt", code=2)


def test_pictures_are_spread_over_classes():
    targets = np.repeat(np.arange(20, dtype=np.int32), 10)
    rows = spread_over_classes(targets, 8)
    assert len({*targets[rows]}) == 8
    assert targets[rows].tolist() == sorted(targets[rows])
    targets = np.array([0, 1, 1, 1, 1, 1, 1, 1, 1, 1], dtype=np.int32)
    rows = spread_over_classes(targets, 8)
    assert rows[0] == 0
    assert len(rows) == len({*rows.tolist()}) == 5


def test_the_sheet_names_mixed_labels(cli, stripes_folder, monkeypatch):
    from visus.pipeline import contact_sheet

    seen = []
    drawn = contact_sheet.contact_sheet
    monkeypatch.setattr(
        contact_sheet, "contact_sheet", lambda *a: seen.append(a) or drawn(*a)
    )
    words = ["data", stripes_folder, "--augment", "--plot", "sheet.png"]
    cli(*words, "--set", "training.augment.mixup=1", "--set", "seed=3")
    (_, _, columns, rows) = seen[0]
    assert columns[:2] == ["as it is", "epoch 1"]
    headings = {cell.heading for row in rows for cell in row[1:]}
    assert any("% across + " in text for text in headings)
