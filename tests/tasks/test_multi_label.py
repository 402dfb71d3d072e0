"""Several labels: targets, thresholds, and figures against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as oracle

from visus.core.errors import DataError
from visus.data.records import ImageDataset, ImageRecord
from visus.tasks.choose import read_task, task_of
from visus.tasks.multi_label import MultiLabel
from visus.tasks.ranking import Ranking, best_threshold

NAMES = ("disc", "ring", "square")


def dataset(*targets):
    records = (ImageRecord(str(n), target) for n, target in enumerate(targets))
    return ImageDataset("shapes", tuple(records), NAMES)


@pytest.fixture
def answered():
    """Scores that know something, with ties, of 80 pictures and 3 labels."""
    generator = np.random.default_rng(7)
    truth = generator.random((80, 3)) < [0.5, 0.3, 0.1]
    scores = np.clip(0.4 * truth + generator.random((80, 3)) * 0.6, 0, 1)
    return scores.round(1).astype(np.float32), truth.astype(np.float32)


@pytest.fixture
def task():
    return MultiLabel(NAMES, (0.5, 0.4, 0.6))


def test_lists_make_a_multi_label_task_and_single_labels_among_them_are_lists():
    data = dataset(("disc", "ring"), "square", (), None)
    task = task_of(data)
    assert task == MultiLabel(NAMES, (0.5, 0.5, 0.5))
    targets = task.targets(data)
    assert targets[:3].tolist() == [[1, 1, 0], [0, 0, 1], [0, 0, 0]]
    assert task.known(targets).tolist() == [True, True, True, False]
    told = [("disc", "ring"), ("square",), (), None]
    assert list(map(task.target, targets)) == told
    assert task.strata(data)[:3] == (("disc", "ring"), ("square",), ("",))
    assert (task.head.outputs, task.head.activation) == (3, "sigmoid")


def test_a_label_that_all_have_teaches_nothing():
    data = dataset(("disc",), ("disc",))
    with pytest.raises(DataError, match="some pictures have and others lack"):
        task_of(data).require(data)


def test_answers_are_the_labels_from_their_thresholds_up(task):
    scores = np.array([[0.5, 0.39, 0.7], [0.4, 0.4, 0.0], [0, 0, 0]], np.float32)
    assert task.answers(scores) == (("disc", "square"), ("ring",), ())
    assert read_task(NAMES, task.to_json()) == task


def test_figures_are_those_of_scikit_learn(task, answered):
    scores, truth = answered
    weights = np.random.default_rng(1).integers(0, 4, len(truth)).astype(np.float32)
    chosen = scores >= np.array(task.thresholds, np.float32)
    for counts in (None, weights):
        named = {"sample_weight": counts}
        expected = {
            "mean_average_precision": oracle.average_precision_score(
                truth, scores, average="macro", **named
            ),
            "micro_f1": oracle.f1_score(truth, chosen, average="micro", **named),
            "macro_f1": oracle.f1_score(truth, chosen, average="macro", **named),
            "subset_accuracy": oracle.accuracy_score(truth, chosen, **named),
        }
        assert task.metrics(scores, truth, counts) == pytest.approx(expected, rel=1e-5)


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=40))
def test_average_precision_is_scikit_learns_whatever_the_ties(pairs):
    scores = np.array([[score / 5] for score, _ in pairs])
    truth = np.array([[true] for _, true in pairs])
    (found,) = Ranking(scores, truth).average_precisions(np.ones(len(pairs)))
    if not truth.any():
        assert np.isnan(found)
        return
    expected = oracle.average_precision_score(truth[:, 0], scores[:, 0])
    assert found == pytest.approx(expected)


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=30))
def test_no_threshold_has_a_larger_f1(pairs):
    scores = np.array([score / 9 for score, _ in pairs])
    truth = np.array([true for _, true in pairs])
    threshold = best_threshold(scores, truth, np.ones(len(pairs)))
    if not truth.any():
        assert threshold == 0.5
        return
    best = max(oracle.f1_score(truth, scores >= other) for other in scores)
    assert oracle.f1_score(truth, scores >= threshold) == pytest.approx(best)
    assert 0 <= threshold <= 1


def test_thresholds_come_from_validation_and_rare_labels_share_one(answered):
    scores, truth = answered
    truth[:, 2] = 0
    truth[:4, 2] = 1
    weights = np.ones(len(truth), np.float32)
    task = MultiLabel(NAMES, (0.5,) * 3).decided_by(lambda: (scores, truth, weights))
    own = best_threshold(scores[:, 0], truth[:, 0] > 0, weights)
    common = best_threshold(scores.ravel(), truth.ravel() > 0, np.repeat(weights, 3))
    assert task.thresholds[0] == own
    assert task.thresholds[2] == common
