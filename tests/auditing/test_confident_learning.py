"""Confident learning against an example worked by hand from the paper's equations."""

import numpy as np
from numpy.testing import assert_allclose

from visus.auditing.confident_learning import (
    class_thresholds,
    confident_classes,
    confident_joint,
    label_margins,
)

# Three classes. Means of the label's own probability:
# class 0: (0.8 + 0.6 + 0.1) / 3 = 0.5; class 1: (0.7 + 0.25) / 2 = 0.475;
# class 2: (0.45 + 0.2 + 0.6) / 3 = 0.41667.
PROBABILITIES = np.array(
    [
        [0.8, 0.1, 0.1],
        [0.6, 0.2, 0.2],
        [0.1, 0.7, 0.2],
        [0.2, 0.7, 0.1],
        [0.25, 0.25, 0.5],
        [0.45, 0.1, 0.45],
        [0.55, 0.25, 0.2],
        [0.2, 0.2, 0.6],
    ]
)
LABELS = np.array([0, 0, 0, 1, 1, 2, 2, 2])


def test_thresholds_are_mean_probabilities_of_the_label():
    assert_allclose(class_thresholds(PROBABILITIES, LABELS), [0.5, 0.475, 1.25 / 3])


def test_a_picture_is_counted_under_the_best_class_that_reaches_its_threshold():
    # Rows 4 and 5 reach class 2 alone, row 6 class 0 alone.
    assert confident_classes(PROBABILITIES, LABELS).tolist() == [0, 0, 1, 1, 2, 2, 0, 2]


def test_the_joint_counts_labels_against_those_classes():
    assert confident_joint(PROBABILITIES, LABELS).tolist() == [
        [2, 1, 0],
        [0, 1, 1],
        [1, 0, 2],
    ]


def test_a_picture_that_reaches_no_threshold_is_not_counted():
    probabilities = np.array([[0.9, 0.1], [0.45, 0.55], [0.2, 0.8]])
    labels = np.array([0, 0, 1])
    # Thresholds 0.675 and 0.8: the second picture reaches neither.
    assert confident_classes(probabilities, labels).tolist() == [0, -1, 1]
    assert confident_joint(probabilities, labels).sum() == 2


def test_margins_are_the_label_minus_the_best_other():
    assert_allclose(
        label_margins(PROBABILITIES, LABELS),
        [0.7, 0.4, -0.6, 0.5, -0.25, 0.0, -0.35, 0.4],
    )


def test_the_joint_finds_exactly_the_flipped_labels_of_a_sure_probe():
    generator = np.random.default_rng(0)
    truth = generator.integers(0, 4, 400)
    probabilities = np.full((400, 4), 0.02)
    probabilities[np.arange(400), truth] = 0.94
    labels = truth.copy()
    flipped = generator.choice(400, 20, replace=False)
    labels[flipped] = (truth[flipped] + 1) % 4
    counted = confident_classes(probabilities, labels)
    assert set(np.flatnonzero(counted != labels)) == set(flipped)
