"""Prediction sets: by hand, and their coverage over many draws."""

import math

import numpy as np
import pytest
from scipy.special import softmax

from visus.bundles.sets import SetRule, nonconformity
from visus.core.errors import ConfigError
from visus.evaluation.conformal import conformal_threshold, fit_sets
from visus.evaluation.held import Held


def drawn(count: int, seed: int, classes: int = 5, times: float = 1.5):
    """Scores that are too sure, and targets."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 2, (count, classes))
    honest = softmax(logits / times, axis=1)
    targets = (honest.cumsum(axis=1) > generator.random((count, 1))).argmax(axis=1)
    scores = softmax(logits, axis=1).astype(np.float32)
    return Held(scores, targets.astype(np.int32), np.ones(count, np.float32))


def test_nonconformity_is_what_comes_before_and_a_part_of_its_own():
    scores = np.array([[0.2, 0.5, 0.3], [0.9, 0.04, 0.06]])
    found = nonconformity(scores, np.array([1.0, 0.5]), 0.0, 0)
    np.testing.assert_allclose(found, [[1.0, 0.5, 0.8], [0.45, 0.98, 0.93]])
    penalised = nonconformity(scores[:1], np.zeros(1), 0.1, 1)
    np.testing.assert_allclose(penalised, [[0.8 + 0.2, 0.0, 0.5 + 0.1]])


@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
def test_the_threshold_is_the_order_statistic_of_the_theorem(coverage):
    values = np.random.default_rng(0).permutation(99) / 100
    place = math.ceil(100 * coverage)
    assert conformal_threshold(values, coverage) == np.sort(values)[place - 1]
    assert conformal_threshold(values, 0.995) == math.inf


def test_randomised_sets_cover_as_asked_and_those_with_the_best_no_less():
    asked, exact, kept, truth = 0.9, [], [], []
    for seed in range(20):
        both = drawn(3_000, seed)
        held, test = both.take(np.arange(1_000)), both.take(np.arange(1_000, 3_000))
        rule = fit_sets(held, (1.5,), asked)
        assert isinstance(rule, SetRule)
        from visus.bundles.calibration import tempered

        scores = tempered(test.scores, (1.5,), "softmax")
        draws = np.random.default_rng(seed).random(len(test))
        rows = np.arange(len(test))
        exact.append(rule.randomised(scores, draws)[rows, test.targets].mean())
        sets = rule.sets(scores)
        kept.append(sets[rows, test.targets].mean())
        truth.append(sets[rows, scores.argmax(axis=1)].all())
    assert np.mean(exact) == pytest.approx(asked, abs=0.01)
    assert np.mean(kept) >= asked and all(truth)


def test_the_set_of_a_picture_is_always_the_same_and_holds_the_randomised_ones():
    rule = fit_sets(drawn(500, 1), (1.5,), 0.9)
    scores = drawn(200, 2).scores
    sets = rule.sets(scores)
    np.testing.assert_array_equal(sets, rule.sets(scores))
    for share in (0.0, 0.3, 1.0):
        part = rule.randomised(scores, np.full(len(scores), share))
        assert not (part & ~sets).any()


def test_the_dial_turns_and_refuses_what_it_does_not_have():
    rule = fit_sets(drawn(150, 3), (1.5,), 0.93)
    levels = [point.coverage for point in rule.dial]
    assert levels == [0.8, 0.9, 0.93, 0.95, 0.98, 0.99]
    thresholds = [point.threshold for point in rule.dial]
    assert thresholds == sorted(thresholds)
    answered = [point.answered for point in rule.dial]
    assert answered == sorted(answered, reverse=True)
    scores = drawn(300, 4).scores
    sizes = [rule.asking(level).sets(scores).sum() for level in levels]
    assert sizes == sorted(sizes)
    with pytest.raises(ConfigError, match="one of 0.8, 0.9"):
        rule.asking(0.999)
    assert SetRule.of(rule.to_json()) == rule
    with pytest.raises(ValueError, match="no coverage"):
        SetRule.of({**rule.to_json(), "coverage": 0.5})


def test_too_few_pictures_say_what_they_lack():
    assert "takes 99 held-out pictures" in fit_sets(drawn(60, 5), (1.5,), 0.99)


def test_many_classes_have_a_penalty_for_large_sets():
    held = drawn(400, 6, classes=30)
    rule = fit_sets(held, (1.5,), 0.9)
    assert (rule.penalty, rule.free) == (0.01, 5)
    assert rule.sets(held.scores)[np.arange(400), held.scores.argmax(axis=1)].all()
