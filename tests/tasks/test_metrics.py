"""Each figure against scikit-learn, on random scores and at the edges."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as oracle

from visus.tasks.metrics import (
    accuracy,
    class_figures,
    confusion_matrix,
    log_loss,
    top_k_accuracy,
)


@st.composite
def questions(draw):
    """Scores `(num_images, num_classes)` that add up to one, and targets."""
    num_images = draw(st.integers(1, 60))
    num_classes = draw(st.integers(3, 15))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    scores = generator.dirichlet(np.full(num_classes, 0.3), num_images)
    targets = generator.integers(0, num_classes, num_images)
    return scores.astype(np.float32), targets.astype(np.int32)


@given(questions())
def test_accuracy_is_that_of_scikit_learn(question):
    scores, targets = question
    assert accuracy(scores, targets) == pytest.approx(
        oracle.accuracy_score(targets, scores.argmax(axis=1))
    )


@given(questions(), st.integers(1, 5))
def test_top_k_is_accuracy_for_one_and_grows_with_k(question, k):
    scores, targets = question
    assert top_k_accuracy(scores, targets, 1) == accuracy(scores, targets)
    more = top_k_accuracy(scores, targets, k + 1)
    assert top_k_accuracy(scores, targets, k) <= more
    assert top_k_accuracy(scores, targets, scores.shape[1]) == 1


@pytest.mark.parametrize("k", [2, 3, 5])
def test_top_k_is_that_of_scikit_learn(k):
    generator = np.random.default_rng(k)
    scores = generator.dirichlet(np.ones(12), 500).astype(np.float32)
    targets = generator.integers(0, 12, 500).astype(np.int32)
    expected = oracle.top_k_accuracy_score(targets, scores, k=k, labels=range(12))
    assert top_k_accuracy(scores, targets, k) == pytest.approx(expected)


def test_log_loss_is_that_of_scikit_learn():
    generator = np.random.default_rng(0)
    scores = generator.dirichlet(np.ones(7), 400)
    targets = generator.integers(0, 7, 400).astype(np.int32)
    expected = oracle.log_loss(targets, scores, labels=range(7))
    assert log_loss(scores.astype(np.float32), targets) == pytest.approx(expected, 1e-5)


def test_a_certain_mistake_costs_much_but_not_infinity():
    scores = np.array([[1, 0]], dtype=np.float32)
    assert log_loss(scores, np.array([1], np.int32)) == pytest.approx(-np.log(1e-7))
    assert log_loss(scores, np.array([0], np.int32)) == 0


@given(questions())
def test_confusion_and_class_figures_are_those_of_scikit_learn(question):
    scores, targets = question
    answers, num_classes = scores.argmax(axis=1), scores.shape[1]
    labels = range(num_classes)
    confusion = confusion_matrix(targets, answers, num_classes)
    expected = oracle.confusion_matrix(targets, answers, labels=labels)
    np.testing.assert_array_equal(confusion, expected)
    assert confusion.dtype == np.int64
    figures = class_figures(confusion)
    found = (figures.precision, figures.recall, figures.f1, figures.support)
    wanted = oracle.precision_recall_fscore_support(
        targets, answers, labels=labels, zero_division=0
    )
    for ours, theirs in zip(found, wanted, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_a_class_that_is_neither_seen_nor_answered_has_zeros():
    figures = class_figures(np.array([[3, 0], [0, 0]]))
    assert figures.precision.tolist() == figures.f1.tolist() == [1, 0]
    assert figures.support.tolist() == [3, 0]
