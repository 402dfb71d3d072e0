import numpy as np
import pytest

from visus.data.batches import Batch
from visus.evaluation.flattery import flattery


def batch(pixels, targets):
    count = len(targets)
    return Batch(
        pixels=pixels,
        targets=np.asarray(targets, dtype=np.int32),
        weights=np.ones(count, dtype=np.float32),
        ids=tuple(map(str, range(count))),
    )


def noise(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 8, 8, 1), np.uint8)


def test_twins_with_labels_by_chance_flatter_by_what_was_planted():
    # Of 400 pictures without any pattern, 200 come twice; who knows the twin, knows.
    pixels = noise(300)
    pixels = np.concatenate([pixels, pixels[:100]])
    targets = np.random.default_rng(1).integers(0, 4, 300)
    targets = np.concatenate([targets, targets[:100]])
    units = np.concatenate([np.arange(300), np.arange(100)])
    gain = flattery(batch(pixels, targets), units, seed=0)
    # A twin lies in another fold four times in five; else chance is right once in four.
    expected = 0.5 * 0.8 * (1 - 0.25)
    assert gain.low < expected < gain.high
    assert 0 < gain.low < gain.value < gain.high < 0.5


def test_units_that_do_not_help_flatter_by_nothing():
    units = np.arange(400) // 2
    targets = np.random.default_rng(1).integers(0, 2, 400)
    gain = flattery(batch(noise(400), targets), units, seed=0)
    assert gain.low <= 0 <= gain.high


def test_nothing_is_measured_where_nothing_can_be_torn():
    pictures = batch(noise(50), np.arange(50) % 2)
    assert flattery(pictures, np.arange(50), seed=0) is None
    assert flattery(pictures, np.arange(50) % 4, seed=0) is None


def test_many_pictures_are_sampled_by_whole_units(monkeypatch):
    monkeypatch.setattr("visus.evaluation.flattery.MOST_PICTURES", 100)
    pixels, units = noise(300).repeat(2, axis=0), np.arange(300).repeat(2)
    gains = []
    for seed in range(20):
        targets = np.random.default_rng(seed).integers(0, 2, 300).repeat(2)
        gains.append(flattery(batch(pixels, targets), units, seed=seed))
    values = [gain.value for gain in gains]
    # Units torn by the sample would be alone, and flatter by less.
    assert np.mean(values) == pytest.approx(0.8 * 0.5, abs=0.06)
    # A hundred pictures, so fifty units, of which each is right or wrong twice.
    assert np.mean([gain.high - gain.low for gain in gains]) > 0.2


def test_answers_are_those_of_scikit_learn():
    from sklearn.neighbors import KNeighborsClassifier

    from visus.evaluation.flattery import FOLDS, _answers, _likeness

    draws = np.random.default_rng(0)
    points = draws.normal(size=(120, 5)).astype(np.float32)
    targets = draws.integers(0, 3, 120).astype(np.int32)
    folds = np.arange(120) % FOLDS
    answers = _answers(_likeness(points), targets, folds)
    for fold in range(FOLDS):
        learned = folds != fold
        oracle = KNeighborsClassifier(1).fit(points[learned], targets[learned])
        assert np.array_equal(answers[~learned], oracle.predict(points[~learned]))


def test_the_interval_covers_as_often_as_it_says():
    from visus.evaluation.flattery import _interval

    draws = np.random.default_rng(0)
    sizes = draws.integers(1, 5, 200)
    hits = 0
    for _ in range(400):
        gains = draws.binomial(1, 0.2, 200) * sizes
        found = _interval(gains.astype(float), sizes, 0.95)
        hits += found.low <= 0.2 <= found.high
    assert hits / 400 == pytest.approx(0.95, abs=0.03)
