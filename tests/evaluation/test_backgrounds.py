"""Backgrounds: by models that look at the thing alone, or at the ground alone."""

import numpy as np
import pytest

from visus.bundles.predictions import Predictions
from visus.evaluation import parts
from visus.evaluation.robustness.backgrounds import (
    ALONE,
    AS_IS,
    GROUND,
    SWAPPED,
    measure_backgrounds,
    versions,
)

NAMES = ("dark", "bright")
COUNT, SIDE = 60, 12


@pytest.fixture
def pictures():
    """Things of one class are dark and stand on 60, of the other bright on 190."""
    generator = np.random.default_rng(0)
    targets = np.arange(COUNT) % 2
    pixels = np.where(targets == 0, 60, 190)[:, None, None, None]
    pixels = np.repeat(np.repeat(pixels, SIDE, 1), SIDE, 2)
    things = np.zeros((COUNT, SIDE, SIDE), bool)
    for row in range(COUNT):
        top, left = generator.integers(0, SIDE - 4, 2)
        things[row, top : top + 4, left : left + 4] = True
    values = np.where(targets == 0, 10, 240)[:, None, None, None]
    return np.where(things[..., None], values, pixels).astype(np.uint8), things, targets


def scores_of(value):
    bright = np.clip(np.asarray(value, np.float64), 0, 1)
    return np.stack([1 - bright, bright], axis=1).astype(np.float32), None


def at_the_ground(pixels):
    return scores_of(np.median(pixels, axis=(1, 2, 3)) / 255 - 0.003)


def at_the_thing(pixels):
    lowest, highest = pixels.min(axis=(1, 2, 3)), pixels.max(axis=(1, 2, 3))
    return scores_of((lowest > 15) * (highest > 230))


def told(batch, pictures, answer, most=50, marked=COUNT):
    pixels, things, targets = pictures
    test = batch(targets, pixels)
    masks = dict(zip(test.ids[:marked], things, strict=False))
    tested = parts.Tested(Predictions(test.ids, answer(pixels)[0], NAMES), test, None)
    return measure_backgrounds(tested, answer, masks.get, most=most)


def shares(found):
    return {row[0]: row[1] for row in found.tables[0].rows}


def test_things_move_to_other_grounds_and_grounds_stay_behind(pictures):
    pixels, things, targets = pictures
    shown = versions(pixels, things, targets)
    inside = things[..., None]
    np.testing.assert_array_equal(shown[AS_IS], pixels)
    for name in (SWAPPED, ALONE):
        np.testing.assert_array_equal(shown[name][inside], pixels[inside])
    # Grounds here are of one color, so without its thing nothing is seen on it.
    expected = np.where(targets == 0, 60, 190)
    for row in range(COUNT):
        assert np.unique(shown[GROUND][row]) == expected[row]
        assert np.unique(shown[SWAPPED][row][~things[row]]) == expected[row - 1]
        assert np.unique(shown[ALONE][row][~things[row]]) == 128


def test_who_looks_at_the_ground_is_found_out(batch, pictures):
    found = told(batch, pictures, at_the_ground)
    assert shares(found) == {
        AS_IS: "100.0%",
        SWAPPED: "0.0%",
        ALONE: shares(found)[ALONE],
        GROUND: "100.0%",
    }
    (fact,) = found.facts
    assert fact.name == "background_drop" and fact.value == 1
    assert fact.interval.low > 0.85 and "(50 pictures)" in fact.text
    assert "answered right in 100.0%" in found.findings[0].message
    assert len(found.figures[0].tiles) == 4


def test_who_looks_at_the_thing_is_not(batch, pictures):
    found = told(batch, pictures, at_the_thing)
    assert shares(found)[AS_IS] == shares(found)[SWAPPED] == "100.0%"
    assert found.facts[0].value == 0 and not found.findings


def test_too_few_marks_are_said(batch, pictures):
    found = told(batch, pictures, at_the_thing, marked=10)
    assert not found.facts and not found.tables
    assert "there are 10 test pictures whose thing is marked" in (
        found.findings[0].message
    )
    pixels, things, targets = pictures
    of_one = (pixels[::2], things[::2], targets[::2])
    assert "all of one class" in told(batch, of_one, at_the_thing).findings[0].message
