"""A look that nearly tells the class, in training and not in the test."""

import csv

import numpy as np
from benchmarks.unfair import cells_of, gray, inverted, write_unfair


def rows():
    draws = np.random.default_rng(0)
    for number in range(400):
        pixels = draws.integers(0, 256, (4, 4, 3), dtype=np.uint8)
        yield pixels, "ab"[number % 2], "test" if number % 4 < 2 else "train"


def test_the_look_goes_with_the_class_in_training_only(tmp_path):
    table = write_unfair(rows(), ("a",), inverted, tmp_path / "unfair")
    cells = cells_of(table, ("a",))
    with table.open(newline="") as file:
        told = list(csv.DictReader(file))
    shares = {
        (split, name): np.mean(
            [
                cells[row["file_name"]][1]
                for row in told
                if (row["split"], row["label"]) == (split, name)
            ]
        )
        for split in ("train", "test")
        for name in "ab"
    }
    assert shares["train", "a"] > 0.88 and shares["train", "b"] < 0.12
    assert abs(shares["test", "a"] - 0.5) < 0.15 > abs(shares["test", "b"] - 0.5)
    assert {first for first, _ in cells.values()} == {True, False}


def test_what_is_gray_has_one_light_for_all_colors():
    pixels = np.array([[[255, 0, 0], [255, 255, 255]]], dtype=np.uint8)
    assert gray(pixels).tolist() == [[[76, 76, 76], [255, 255, 255]]]
    assert inverted(pixels)[0, 0].tolist() == [0, 255, 255]
