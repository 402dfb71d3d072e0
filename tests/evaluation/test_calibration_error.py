"""Calibration errors: by hand, against scikit-learn, and free of what chance adds."""

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from visus.evaluation.calibration_error import (
    brier,
    debiased_error,
    enough,
    reliability,
)


def drawn(gap: float, count: int, seed: int):
    """Confidences about 0.85, and answers that are right less often by `gap`."""
    generator = np.random.default_rng(seed)
    sure = np.maximum(generator.beta(6.8, 1.2, count), 0.5)
    return sure, generator.random(count) < np.clip(sure - gap, 0, 1)


def test_the_error_is_the_mean_distance_in_bins():
    sure = np.array([0.95, 0.93, 0.71, 0.75, 1.0])
    right = np.array([True, False, True, True, True])
    found = reliability(sure, right, bins=10)
    # (0.9, 1]: three of confidence 0.96 and 2/3 right; (0.7, 0.8]: 0.73 and all right.
    expected = 3 / 5 * abs(2 / 3 - 2.88 / 3) + 2 / 5 * (1 - 0.73)
    assert found.error == pytest.approx(expected)
    assert found.share.sum() == pytest.approx(1)


def test_adaptive_bins_hold_as_many_pictures():
    sure, right = drawn(0.1, 300, 0)
    found = reliability(sure, right, bins=15, adaptive=True)
    np.testing.assert_array_equal(found.number, 20)
    order = np.argsort(sure)
    first = order[:20]
    assert found.confidence[0] == pytest.approx(sure[first].mean())
    assert found.accuracy[0] == pytest.approx(right[first].mean())


def test_a_weight_of_two_is_a_picture_twice():
    sure, right = drawn(0.1, 90, 1)
    twice = np.append(np.arange(90), np.arange(30))
    weights = np.where(np.arange(90) < 30, 2.0, 1.0)
    assert reliability(sure, right, weights).error == pytest.approx(
        reliability(sure[twice], right[twice]).error
    )


@pytest.mark.parametrize("gap", [0.0, 0.05])
def test_chance_is_taken_out_and_the_interval_holds_the_truth(gap):
    plain, debiased, holds = [], [], []
    for seed in range(12):
        sure, right = drawn(gap, 1_000, seed)
        found = reliability(sure, right, adaptive=True)
        error = debiased_error(found)
        truth = float(np.abs(sure - np.clip(sure - gap, 0, 1)).mean())
        plain.append(found.error - truth)
        debiased.append(error.value - truth)
        holds.append(error.low <= truth <= error.high)
    assert abs(np.mean(debiased)) < abs(np.mean(plain))
    assert abs(np.mean(debiased)) < 0.012
    assert np.mean(holds) >= 0.75


def test_perfect_confidence_in_right_answers_is_no_error():
    error = debiased_error(reliability(np.ones(60), np.ones(60, bool), adaptive=True))
    assert (error.value, error.low, error.high) == (0, 0, 0)


def test_brier_is_that_of_scikit_learn():
    scores = np.array([[0.7, 0.3], [0.2, 0.8], [0.6, 0.4]], dtype=np.float32)
    targets = np.array([0, 1, 1], dtype=np.int32)
    weights = np.array([1.0, 2.0, 1.0])
    half = brier_score_loss(targets, scores[:, 1], sample_weight=weights)
    assert brier(scores, targets, weights) == pytest.approx(2 * half, rel=1e-6)
    labels = np.eye(2, dtype=np.float32)[targets]
    assert brier(scores, labels, weights) == pytest.approx(half, rel=1e-6)


def test_thirty_pictures_of_equal_weight_are_enough():
    assert enough(np.ones(30)) and not enough(np.ones(29))
    assert not enough(np.append(np.ones(29), 20))


def test_less_than_chance_alone_would_show_is_not_known_to_be_nothing():
    # 60 of 60 right, as sure as 0.991: chance would show more than 0.009.
    found = reliability(np.full(60, 0.991), np.ones(60, bool), adaptive=True)
    error = debiased_error(found)
    assert error.value == error.low == 0
    assert error.high >= found.error > 0
