"""Threshold curves as scikit-learn draws them; costs and views by hand."""

import numpy as np
import pytest
from sklearn import metrics as oracle

from visus.bundles.predictions import Predictions
from visus.core.errors import ConfigError
from visus.evaluation import parts
from visus.evaluation.costs import Costs, measure_costs
from visus.evaluation.curves import measure_curves, threshold_curve
from visus.evaluation.views import measure_views

NAMES = ("cat", "dog", "owl")


@pytest.fixture
def tested(batch):
    generator = np.random.default_rng(0)
    targets = generator.integers(0, 3, 200)
    raw = generator.random((200, 3)).round(1) + np.eye(3)[targets] * 0.4
    scores = (raw / raw.sum(axis=1, keepdims=True)).astype(np.float32)
    test = batch(targets)
    return parts.Tested(Predictions(test.ids, scores, NAMES), test, None)


def test_the_curves_are_those_of_scikit_learn():
    generator = np.random.default_rng(1)
    truth = generator.random(300) < 0.3
    scores = (generator.random(300) + 0.5 * truth).round(2)
    found = threshold_curve(scores, truth)
    false, true, _ = oracle.roc_curve(truth, scores, drop_intermediate=False)
    np.testing.assert_allclose(found.false_positives, false[1:])
    np.testing.assert_allclose(found.true_positives, true[1:])
    precision, recall, _ = oracle.precision_recall_curve(truth, scores)
    np.testing.assert_allclose(found.precision, precision[:-1][::-1])
    np.testing.assert_allclose(found.true_positives, recall[:-1][::-1])


def test_areas_are_those_of_scikit_learn_the_hardest_class_first(tested):
    told = measure_curves(tested)
    rows = told.tables[0].rows
    assert [row[1] for row in rows] == sorted(row[1] for row in rows)
    for name, area, precision, count in rows:
        number = NAMES.index(name)
        truth = tested.test.targets == number
        own = tested.predictions.scores[:, number]
        assert area == pytest.approx(oracle.roc_auc_score(truth, own), abs=1e-4)
        expected = oracle.average_precision_score(truth, own)
        assert precision == pytest.approx(expected, abs=1e-4)
        assert count == truth.sum()
    roc, recall = told.figures
    assert len(roc.series) == 3 and roc.series[0].points[0] == (0, 0)
    assert roc.series[0].points[-1] == (1, 1)
    assert len(recall.series[0].points) <= 80


def test_one_class_in_the_test_has_no_curve(batch):
    test = batch([0] * 30)
    scores = np.full((30, 3), 1 / 3, np.float32)
    told = measure_curves(
        parts.Tested(Predictions(test.ids, scores, NAMES), test, None)
    )
    assert not told.tables and not told.figures


def test_costs_are_counted_and_the_cheapest_answer_is_taken(tested):
    costs = Costs.of({"owl": {"cat": 10, "dog": 10}}, NAMES)
    np.testing.assert_array_equal(costs.matrix, [[0, 1, 1], [1, 0, 1], [10, 10, 0]])
    assert costs.cheapest(np.array([[0.5, 0.3, 0.2], [0.9, 0.1, 0.0]])).tolist() == [
        2,
        0,
    ]
    told = measure_costs(tested, costs)
    answers, targets = tested.predictions.answer_numbers, tested.test.targets
    expected = costs.matrix[targets, answers].mean()
    assert told.facts[0].value == pytest.approx(expected)
    rows = {row[0]: row[1] for row in told.tables[0].rows}
    assert rows["the answer of the least expected cost"] <= rows["the best class"]


def test_costs_of_strangers_and_no_numbers_are_refused():
    with pytest.raises(ConfigError, match="'pig'"):
        Costs.of({"cat": {"pig": 1}}, NAMES)
    with pytest.raises(ConfigError, match="nan"):
        Costs.of({"cat": {"dog": float("nan")}}, NAMES)


def test_views_are_held_against_the_picture_as_it_is(batch, answered):
    test = batch([0] * 40)
    plain = answered(test.ids, [1] * 10 + [0] * 30, NAMES)
    viewed = answered(test.ids, [0] * 9 + [1] + [0] * 28 + [1] * 2, NAMES)
    told = measure_views(plain, viewed, test)
    assert told.facts[0].value == pytest.approx(7 / 40)
    assert "9 pictures are right only by several views, 2 only" in told.tables[0].note
    assert told.tables[0].rows[0][1] == "75.00%"
    same = measure_views(plain, plain, test)
    assert same.facts[0].value == 0 and "not proved" in same.findings[0].message
