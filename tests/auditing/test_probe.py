"""The probe: folds that keep twins whole, and probabilities that know no label."""

import numpy as np
from numpy.testing import assert_allclose

from visus.auditing.neighbours import find_neighbours
from visus.auditing.probe import FOLDS, assign_folds, probe_labels


def test_folds_keep_units_whole_and_spread_classes():
    generator = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], [300, 100, 25])
    units = np.arange(425)
    units[generator.choice(300, 40, replace=False)] = 7
    folds = assign_folds(labels, units, seed=0)
    assert len(set(folds[units == 7])) == 1
    alone = units != 7
    for label in range(3):
        counts = np.bincount(folds[alone & (labels == label)], minlength=FOLDS)
        assert counts.max() - counts.min() <= 2


def test_a_picture_is_judged_by_others_only():
    generator = np.random.default_rng(0)
    labels = np.arange(200, dtype=np.int32) % 2
    features = generator.normal(0, 1, (200, 8)).astype(np.float32)
    features[:, 0] += 4 * labels
    units = np.arange(200)
    told = probe_labels(lambda: features, labels, units, seed=0)
    lied = labels.copy()
    lied[17] = 1 - lied[17]
    again = probe_labels(lambda: features, lied, units, seed=0)
    # Its own label moves it between folds at most; the probe still sees what it is.
    assert told.probabilities[17, labels[17]] > 0.65
    assert again.probabilities[17, labels[17]] > 0.65
    assert told.right >= 190
    assert_allclose(told.probabilities.sum(axis=1), 1, atol=1e-5)


def test_tiny_classes_and_unknown_labels_are_left_out():
    labels = np.array([0] * 40 + [1] * 40 + [2] * 3 + [-1] * 5, dtype=np.int32)
    features = np.random.default_rng(0).normal(0, 1, (88, 4)).astype(np.float32)
    told = probe_labels(lambda: features, labels, np.arange(88), seed=0)
    assert told.rows.tolist() == list(range(80))
    assert told.classes.tolist() == [0, 1]
    copies = np.minimum(np.arange(88), 44)
    assert probe_labels(lambda: features, labels, copies, seed=0) is None


def test_neighbours_are_those_of_a_slow_search():
    points = np.random.default_rng(0).normal(0, 1, (60, 20)).astype(np.float32)
    found = find_neighbours(points)
    distances = np.linalg.norm(points[:, None] - points, axis=2)
    np.fill_diagonal(distances, np.inf)
    order = np.argsort(distances, axis=1)[:, :5]
    np.testing.assert_array_equal(found.rows, order)
    assert_allclose(
        found.distances, np.take_along_axis(distances, order, axis=1), rtol=1e-3
    )
    assert find_neighbours(points[:5]) is None
