"""Few labels: centroids, smaller sets, and labels that a head gives itself."""

import numpy as np
import pytest
from sklearn.neighbors import NearestCentroid

from visus.tasks.base import Head
from visus.training.head.centroids import centroid_head
from visus.training.head.config import FrozenConfig
from visus.training.head.draws import (
    CENTROID,
    LOGISTIC,
    Described,
    few_shots,
    fit_plainly,
    growing_sets,
    stratified_order,
)
from visus.training.head.fit import Pupils, fit_head
from visus.training.head.pseudo import Trust, fit_with_unlabelled, trusted_rows


def blobs(count: int, seed: int = 0, num_classes: int = 3, width: int = 20):
    """Features around a middle a class, which lie near to each other."""
    generator = np.random.default_rng(seed)
    middles = np.random.default_rng(99).normal(0, 1, (num_classes, width))
    targets = np.arange(count) % num_classes
    features = 5 + middles[targets] + generator.normal(0, 1.2, (count, width))
    return Described(
        features.astype(np.float32), targets.astype(np.int32), np.arange(count)
    )


def accuracy(weights, pictures: Described) -> float:
    answers = weights.scores(pictures.features).argmax(axis=1)
    return float((answers == pictures.targets).mean())


def test_nearest_centroids_are_those_of_scikit_learn():
    pupils, tests = blobs(60), blobs(200, seed=1)
    found = centroid_head(pupils.features, pupils.targets, 3)
    means = np.stack(
        [pupils.features[pupils.targets == number].mean(axis=0) for number in range(3)]
    )

    def directions(features):
        away = features - means.mean(axis=0)
        return away / np.linalg.norm(away, axis=1, keepdims=True)

    peer = NearestCentroid().fit(directions(pupils.features), pupils.targets)
    # On a sphere the nearest mean of length 1 is the one with the smallest angle.
    centroids = peer.centroids_ / np.linalg.norm(peer.centroids_, axis=1, keepdims=True)
    expected = (directions(tests.features) @ centroids.T).argmax(axis=1)
    answers = found.scores(tests.features).argmax(axis=1)
    np.testing.assert_array_equal(answers, expected)


def test_one_picture_a_class_is_enough_for_both_heads():
    drawn = few_shots(blobs(90), blobs(300, seed=1), 3, shots=(1, 5), draws=4)
    assert [(one.pictures, one.head) for one in drawn] == [
        (1, CENTROID),
        (1, LOGISTIC),
        (5, CENTROID),
        (5, LOGISTIC),
    ]
    assert all(one.right.shape == (4, 300) for one in drawn)
    means = [np.mean(one.accuracies) for one in drawn]
    assert means[0] > 1 / 3
    assert means[2] > means[0]
    assert means[3] > means[1]


def test_shots_that_a_class_has_not_are_left_out_and_twins_count_once():
    pupils = blobs(30)
    twins = Described(pupils.features, pupils.targets, np.arange(30) % 12)
    # Four units a class.
    drawn = few_shots(twins, blobs(30, seed=1), 3, shots=(1, 4, 5), draws=2)
    assert {one.pictures for one in drawn} == {1, 4}


def test_every_beginning_of_an_order_has_the_classes_in_their_shares():
    targets = np.repeat([0, 1, 2], [100, 50, 10]).astype(np.int32)
    pictures = Described(np.zeros((160, 1), np.float32), targets, np.arange(160))
    order = stratified_order(pictures, np.random.default_rng(0))
    assert sorted(order.tolist()) == list(range(160))
    for size in (16, 48, 80):
        counts = np.bincount(targets[order[:size]], minlength=3)
        np.testing.assert_allclose(counts, size / 16 * np.array([10, 5, 1]), atol=1.01)


def test_units_follow_each_other_and_are_never_torn():
    pupils = blobs(96)
    grouped = Described(pupils.features, pupils.targets, np.arange(96) // 6)
    order = stratified_order(grouped, np.random.default_rng(1))
    changes = np.flatnonzero(np.diff(grouped.units[order]))
    assert len(changes) == 15
    drawn = growing_sets(grouped, blobs(30, seed=1), 3, draws=2)
    assert [one.pictures for one in drawn] == [12, 24, 48, 96]


def test_more_pictures_teach_more_and_all_teach_what_all_teach():
    pupils, tests = blobs(960), blobs(400, seed=1)
    drawn = growing_sets(pupils, tests, 3, strength=0.3, draws=3)
    assert [one.pictures for one in drawn] == [30, 60, 120, 240, 480, 960]
    means = [np.mean(one.accuracies) for one in drawn]
    assert means[0] < means[2] < means[-1] + 0.01
    whole = fit_plainly(pupils, 3, 0.3)
    assert drawn[-1].accuracies == (accuracy(whole, tests),)


def pupils_of(pictures: Described) -> Pupils:
    count = len(pictures)
    return Pupils(
        features=pictures.features,
        targets=pictures.targets,
        weights=np.ones(count, dtype=np.float32),
        folds=np.zeros(count, dtype=np.intp),
        views={},
    )


def test_pictures_without_a_label_help():
    gains = []
    for seed in range(5):
        few, more = blobs(12, seed=seed), blobs(900, seed=50 + seed)
        tests = blobs(500, seed=100)
        pupils = pupils_of(few)
        first = fit_head(pupils, Head(3), FrozenConfig(strength=0.1), 0).weights
        found = fit_with_unlabelled(pupils, first, 0.1, more.features)
        assert found.unlabelled == 900
        assert found.taken.sum() <= 900
        gains.append(accuracy(found.weights, tests) - accuracy(first, tests))
    assert min(gains) > 0.02


def test_only_sure_answers_pass_the_surest_first():
    scores = np.array(
        [[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.05, 0.95], [0.99, 0.01]],
        dtype=np.float32,
    )
    labelled = np.array([5, 5])
    rows = trusted_rows(scores, labelled, Trust(floor=0.8, balance=9), 1.0)
    assert rows.tolist() == [4, 0, 3, 2]


def test_no_class_gets_more_than_its_balance_allows():
    sure = np.linspace(0.85, 0.99, 100)
    scores = np.stack([sure, 1 - sure], axis=1).astype(np.float32)
    scores[:10] = scores[:10, ::-1]
    # Ten of one class are found, so fifteen of the other may be taken.
    rows = trusted_rows(scores, np.array([4, 4]), Trust(0.8, 1.5), 1.0)
    taken = np.bincount(scores[rows].argmax(axis=1))
    assert taken.tolist() == [15, 10]


def test_rounds_take_more_each_time():
    sure = np.full(100, 0.9)
    scores = np.stack([sure, 1 - sure], axis=1).astype(np.float32)
    scores[::2] = scores[::2, ::-1]
    sizes = [
        len(trusted_rows(scores, np.array([2, 2]), Trust(), share))
        for share in (0.2, 0.6, 1.0)
    ]
    assert sizes == [20, 60, 100]


def test_a_head_that_is_sure_of_nothing_stays_as_it_was():
    few = blobs(6)
    pupils = pupils_of(few)
    first = fit_head(pupils, Head(3), FrozenConfig(strength=0.1), 0).weights
    found = fit_with_unlabelled(
        pupils, first, 0.1, blobs(30).features, trust=Trust(floor=1.1)
    )
    assert found.weights is first
    assert (found.rounds, found.taken.sum()) == (0, 0)


@pytest.mark.parametrize("num_classes", [2, 3])
def test_a_head_fitted_plainly_is_that_of_the_same_strength(num_classes):
    pictures = blobs(60, num_classes=num_classes)
    plain = fit_plainly(pictures, num_classes, 0.2)
    fitted = fit_head(
        pupils_of(pictures), Head(num_classes), FrozenConfig(strength=0.2), 0
    )
    np.testing.assert_array_equal(plain.kernel, fitted.weights.kernel)
