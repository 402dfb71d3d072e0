"""Fairness: rates by group as scikit-learn counts them, gaps with intervals."""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from visus.bundles.predictions import Predictions
from visus.core.errors import DataError
from visus.evaluation import parts
from visus.evaluation.fairness import measure_fairness

NAMES = ("cat", "dog")


def answered_by_age(batch, count: int = 400, worse: float = 0.3):
    """Pictures of the young and the old; the old are answered worse."""
    generator = np.random.default_rng(0)
    targets = generator.integers(0, 2, count)
    groups = generator.choice(["old", "young"], count)
    wrong = generator.random(count) < np.where(groups == "old", worse, 0.05)
    answers = np.where(wrong, 1 - targets, targets)
    scores = np.full((count, 2), 0.1, np.float32)
    scores[np.arange(count), answers] = 0.9
    test = batch(targets)
    return (
        parts.Tested(Predictions(test.ids, scores, NAMES), test, None),
        groups,
        answers,
    )


def test_rates_are_those_of_the_confusion_matrix_worst_group_first(batch):
    found, groups, answers = answered_by_age(batch)
    told = measure_fairness(found, "age", groups)
    by_group, rates, gaps = told.tables
    assert [row[0] for row in by_group.rows] == ["old", "young"]
    for row in rates.rows:
        inside = groups == row[1]
        matrix = confusion_matrix(found.test.targets[inside], answers[inside])
        own = NAMES.index(row[0])
        true = matrix[own, own] / matrix[own].sum()
        false = matrix[1 - own, own] / matrix[1 - own].sum()
        assert row[2].startswith(f"{true:.1%} (")
        assert row[3].startswith(f"{false:.1%} (")
    assert {row[1] for row in gaps.rows} == {"true positives", "false positives"}
    (fact,) = told.facts
    assert fact.interval.low > 0 and "between old and young of age" in fact.text
    right = answers == found.test.targets
    expected = right[groups == "young"].mean() - right[groups == "old"].mean()
    assert fact.value == pytest.approx(expected)
    assert "old is answered worse" in told.findings[0].message
    assert "(" in by_group.rows[0][4]


def test_equal_groups_are_not_accused(batch):
    found, groups, _ = answered_by_age(batch, worse=0.05)
    told = measure_fairness(found, "age", groups)
    assert told.facts[0].interval.low <= 0 and not told.findings


def test_one_group_is_refused_and_unknown_is_none(batch):
    found, groups, _ = answered_by_age(batch)
    for values in (["old"] * 400, [""] * 400, ["old"] * 399 + [""]):
        with pytest.raises(DataError, match="in the column age"):
            measure_fairness(found, "age", values)


def test_small_groups_are_shown_and_tell_no_gap(batch):
    found, groups, _ = answered_by_age(batch)
    groups = np.where(np.arange(400) < 5, "few", "many")
    told = measure_fairness(found, "age", groups)
    assert not told.facts and "No gap" in told.findings[0].message
    assert {row[0] for row in told.tables[0].rows} == {"few", "many"}
    assert [row[4] for row in told.tables[0].rows if row[0] == "few"] == [""]
