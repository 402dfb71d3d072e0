"""Checks of single pictures: a planted fault is found, and nothing else."""

import numpy as np
import pytest

from shapes import drawn_shapes
from visus.auditing.base import graded
from visus.data.decode import resize_pixels


def flagged(opinion) -> list[int]:
    return np.flatnonzero(opinion.scores < 0.5).tolist()


def with_planted(shapes, *pictures):
    """The 60 shapes, and behind them these pictures, all labelled disc."""
    drawn, labels = shapes
    return [*drawn, *pictures], [*labels, *["disc"] * len(pictures)]


def blurred(picture: np.ndarray, parts: int) -> np.ndarray:
    """The picture without detail finer than `parts` across its side."""
    small = resize_pixels(picture, (parts, parts), "area")
    return resize_pixels(small, picture.shape[:2], "bicubic")


def test_grading_is_half_at_the_limit_and_keeps_the_order():
    scores = graded(np.array([0.0, 1.0, 2.0, 18.0]), limit=2.0)
    np.testing.assert_allclose(scores, [0, 1 / 3, 0.5, 0.9], rtol=1e-6)


def test_dark_pictures_and_not_digits_on_black(shapes, evidence, judge):
    night = shapes[0][0] // 5
    digit = np.zeros((48, 48, 3), np.uint8)
    digit[20:28, 10:38] = 255
    seen = evidence(*with_planted(shapes, night, digit))
    opinion = judge("dark", seen)
    assert flagged(opinion) == [60]
    assert opinion.caption(60) == "brightest 1 %: 0.13 of white"
    assert flagged(judge("dark", seen, brightest=0.01)) == []


def test_bright_pictures_and_not_things_on_white(shapes, evidence, judge):
    washed = 215 + shapes[0][0] // 8
    thing = np.full((48, 48, 3), 255, np.uint8)
    thing[10:38, 10:38] = 60
    seen = evidence(*with_planted(shapes, washed, thing))
    assert flagged(judge("bright", seen)) == [60]


def test_blurred_pictures_and_not_foggy_ones(evidence, judge):
    pictures, labels = drawn_shapes(10, seed=2, side=128)
    fog = (150 + (pictures[0].astype(int) - 128) // 6).astype(np.uint8)
    soft = blurred(pictures[0], 8)
    seen = evidence([*pictures, soft, fog], [*labels, "disc", "disc"])
    assert flagged(judge("blurry", seen)) == [10]


@pytest.mark.parametrize("times", [3, 4, 8])
def test_enlarged_pictures(evidence, judge, times):
    generator = np.random.default_rng(0)
    honest = generator.integers(0, 256, (12, 96, 96, 3), dtype=np.uint8)
    small = generator.integers(0, 256, (96 // times, 96 // times, 3), dtype=np.uint8)
    enlarged = resize_pixels(small, (96, 96), "bicubic")
    opinion = judge("enlarged", evidence([*honest, enlarged], ["a"] * 13))
    assert flagged(opinion) == [12]
    assert opinion.caption(12).startswith("96 x 96 pixels, detail of ")


def test_blank_pictures_and_not_line_drawings(shapes, evidence, judge):
    blank = np.full((48, 48, 3), 130, np.uint8)
    assert flagged(
        judge("low-information", evidence(*with_planted(shapes, blank)))
    ) == [60]
    drawings = [np.zeros((48, 48, 1), np.uint8) for _ in range(20)]
    for row, drawing in enumerate(drawings):
        drawing[10 + row] = 255
    assert flagged(judge("low-information", evidence(drawings, ["a"] * 20))) == []


def test_gray_pictures_only_where_they_are_the_exception(shapes, evidence, judge):
    gray = shapes[0][0].mean(axis=2, keepdims=True).astype(np.uint8)
    seen = evidence(*with_planted(shapes, gray))
    assert flagged(judge("gray-in-color", seen)) == [60]
    seen = evidence([gray] * 8 + [shapes[0][0]] * 2, ["a"] * 10)
    assert flagged(judge("gray-in-color", seen)) == []


def test_sizes_and_aspects_are_told_against_the_usual(shapes, evidence, judge):
    tiny = shapes[0][0][:10, :10]
    huge = np.tile(shapes[0][0], (6, 6, 1))
    long = np.tile(shapes[0][0], (1, 4, 1))
    seen = evidence(*with_planted(shapes, tiny, huge, long))
    assert flagged(judge("extreme-size", seen)) == [60, 61]
    assert flagged(judge("extreme-aspect", seen)) == [62]
    assert judge("extreme-aspect", seen).caption(62) == "48 x 192 pixels"
    panoramas = evidence([long] * 5, ["a"] * 5)
    assert flagged(judge("extreme-aspect", panoramas)) == []


def test_pictures_that_look_like_no_other(clean, evidence, judge):
    pictures = [record.pixels for record in clean.dataset.records[:200]]
    odd = np.zeros((48, 48, 3), np.uint8)
    odd[::2] = 255
    labels = [record.target for record in clean.dataset.records[:200]]
    opinion = judge("outliers", evidence([*pictures, odd], [*labels, "disc"]))
    assert np.argmin(opinion.scores) == 200
    assert 200 in flagged(opinion)
    assert len(flagged(opinion)) <= 2


def test_changed_labels_are_found_first_and_named(clean, evidence, judge):
    pictures = [record.pixels for record in clean.dataset.records]
    labels = [record.target for record in clean.dataset.records]
    wrong = range(5, 600, 40)
    for row in wrong:
        labels[row] = "square" if labels[row] == "disc" else "disc"
    opinion = judge("label-errors", evidence(pictures, labels))
    first = np.argsort(opinion.scores, kind="stable")[: len(labels) // 10]
    assert len(set(wrong) & set(first.tolist())) >= 0.8 * len(wrong)
    doubted = flagged(opinion)
    assert doubted and len(set(doubted) & set(wrong)) >= 0.8 * len(doubted)
    for row in set(doubted) & set(wrong):
        names = clean.dataset.class_names
        assert names[opinion.suggested[row]] == clean.dataset.records[row].target
        assert opinion.caption(row).startswith(f"labelled {labels[row]}, looks like")
