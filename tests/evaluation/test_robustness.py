"""Corruptions and shifts measured: by networks whose weaknesses are known."""

import numpy as np
import pytest

from visus.bundles.judged import Judged
from visus.bundles.predictions import Predictions
from visus.core.report import Gallery
from visus.evaluation import parts
from visus.evaluation.robustness.corruptions import measure_corruptions
from visus.evaluation.robustness.translation import (
    measure_translation,
    right_when_shifted,
    shifted,
)

NAMES = ("dark", "bright")


def by_brightness(pixels):
    """Bright or dark, whatever is seen; nothing is said of what is in between."""
    mean = np.asarray(pixels, dtype=np.float64).mean(axis=(1, 2, 3)) / 255
    scores = np.stack([1 - mean, mean], axis=1).astype(np.float32)
    sure = np.abs(mean - 0.5) > 0.1
    sets = np.where(sure[:, None], scores == scores.max(axis=1, keepdims=True), True)
    return scores, Judged(
        sets, np.ones(len(mean), np.float32), np.zeros(len(mean), bool)
    )


@pytest.fixture
def tested(batch):
    generator = np.random.default_rng(0)
    targets = generator.integers(0, 2, 40)
    base = np.where(targets == 0, 70, 170)[:, None, None, None]
    noise = generator.integers(-30, 30, (40, 16, 16, 1))
    test = batch(targets, (base + noise).astype(np.uint8))
    return parts.Tested(
        Predictions(test.ids, by_brightness(test.pixels)[0], NAMES), test, None
    )


def test_the_table_tells_what_each_corruption_costs(tested):
    told = measure_corruptions(
        tested, by_brightness, most=30, names=["contrast", "brightness", "rotation"]
    )
    by_kind, by_severity = told.tables
    rows = {row[0]: row[1:] for row in by_kind.rows}
    # The mean stays, so the answer stays; brighter pictures are called bright.
    assert rows["contrast"][:6] == ("100.0%",) * 6
    # Thirty right answers do not prove that there is no wrong one.
    assert rows["contrast"][6] == "88.6% to 100.0%"
    assert rows["brightness"][0] == "100.0%" and rows["brightness"][4] != "100.0%"
    assert by_severity.rows[0][:2] == ("none", "100.0%")
    assert by_severity.columns[2:] == ("gets a label", "right of these")
    (fact,) = told.facts
    assert "2 corruptions" in fact.text and "(30 pictures)" in fact.text
    brightness = [float(cell[:-1]) / 100 for cell in rows["brightness"][:5]]
    assert fact.value == pytest.approx((5 + sum(brightness)) / 10, abs=1e-3)
    assert isinstance(told.figures[1], Gallery) and len(told.figures[1].tiles) == 3


def test_a_harmful_corruption_is_named(tested):
    def blind(pixels):
        scores, judged = by_brightness(pixels)
        detailed = pixels.std(axis=(1, 2, 3)).mean() > 8
        return (scores if detailed else scores[:, ::-1]), None

    told = measure_corruptions(tested, blind, most=40, names=["contrast"])
    (finding,) = told.findings
    assert "contrast (0.0%)" in finding.message
    assert told.tables[1].columns == ("severity", "accuracy")


def test_pictures_move_by_whole_pixels():
    pixels = np.arange(16, dtype=np.uint8).reshape(1, 4, 4, 1)
    np.testing.assert_array_equal(shifted(pixels, 1, 0)[0, 1:], pixels[0, :-1])
    np.testing.assert_array_equal(shifted(pixels, 0, -2)[0, :, :2], pixels[0, :, 2:])
    np.testing.assert_array_equal(shifted(pixels, 0, 0), pixels)


def test_a_network_that_looks_at_one_place_minds_a_shift(batch):
    generator = np.random.default_rng(1)
    targets = generator.integers(0, 2, 60)
    pixels = np.zeros((60, 20, 20, 1), np.uint8)
    pixels[:, 9:11, 9:11] = 20
    pixels[targets == 1, 9:11, 9:11] = 250

    def at_one_place(pixels):
        there = pixels[:, 10, 10, 0] / 255
        return np.stack([1 - there, there], axis=1).astype(np.float32), None

    def anywhere(pixels):
        most = pixels.max(axis=(1, 2, 3)) / 255
        return np.stack([1 - most, most], axis=1).astype(np.float32), None

    test = batch(targets, pixels)
    tested = parts.Tested(
        Predictions(test.ids, at_one_place(pixels)[0], NAMES), test, None
    )
    told = measure_translation(tested, at_one_place, most=60)
    assert (
        told.facts[0].value > 0.2 and told.facts[0].interval.low < told.facts[0].value
    )
    points = dict(told.figures[0].series[0].points)
    assert points[0] == 1 and points[4] < 0.7
    calm = measure_translation(tested, anywhere, most=60)
    assert calm.facts[0].value == 0
    hits = right_when_shifted(anywhere, pixels, test.targets, 3)
    assert hits.shape == (4, 60) and hits.all()
    assert [row[0] for row in calm.tables[0].rows] == [0, 1, 2, 3, 4, 6, 8]
