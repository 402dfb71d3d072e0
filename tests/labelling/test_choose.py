"""What to label next: unsure ones, of every kind, each once, and always the same."""

import numpy as np
import pytest

from visus.labelling.choose import Candidates, choose_next
from visus.labelling.groups import directions
from visus.labelling.settle import (
    LEAST_UNSURE,
    NOISE,
    Surveyed,
    choose_settling,
)
from visus.labelling.typical import choose_typical
from visus.labelling.worth import uncertainties
from visus.tasks.multi_label import MultiLabel
from visus.tasks.numeric import Numeric
from visus.tasks.single_label import SingleLabel


def kinds(num_kinds: int, each: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Features around as many directions, and which direction each picture has."""
    generator = np.random.default_rng(seed)
    middles = np.eye(num_kinds, 12) * 10
    kind = np.repeat(np.arange(num_kinds), each)
    points = middles[kind] + generator.normal(0, 0.5, (len(kind), 12))
    return points.astype(np.float32), kind


def test_the_unsure_are_asked_about_and_the_sure_are_not():
    features, _ = kinds(4, 50)
    unsure = np.where(np.arange(200) % 5 == 0, 0.9, 0.0).astype(np.float32)
    chosen = choose_next(Candidates(features, unsure), 8)
    assert (unsure[chosen] > 0).all()


def test_every_kind_is_asked_about():
    features, kind = kinds(12, 20)
    for unsure in (None, np.full(len(kind), 0.9, dtype=np.float32)):
        chosen = choose_next(Candidates(features, unsure), 12)
        assert {*kind[chosen].tolist()} == {*range(12)}


def test_kinds_that_are_known_are_not_asked_about_again():
    features, kind = kinds(6, 40)
    unsure = np.full(240, 0.9, dtype=np.float32)
    known = kind < 3
    known[0] = False
    labelled = Surveyed(features[known], unsure[known])
    rows = np.flatnonzero(~known)
    pool = Candidates(features[rows], unsure[rows], labelled)
    assert {*kind[rows[choose_next(pool, 3)]].tolist()} == {3, 4, 5}


def test_one_that_stands_for_many_comes_before_one_alone():
    features, _ = kinds(1, 60)
    odd = np.random.default_rng(3).normal(0, 9, (20, 12)).astype(np.float32)
    unsure = np.full(80, 0.5, dtype=np.float32)
    unsure[60:] = 0.6
    chosen = choose_next(Candidates(np.concatenate([features, odd]), unsure), 1)
    assert chosen[0] < 60


def test_what_settles_most_is_that_of_conditioned_gaussians():
    generator = np.random.default_rng(7)
    pool, known = (
        Surveyed(
            generator.normal(0, 1, (count, 5)).astype(np.float32),
            generator.random(count).astype(np.float32),
        )
        for count in (40, 6)
    )
    chosen = choose_settling(pool, known, 5, np.random.default_rng(0))
    # All points are landmarks, so the kernel is exact: the textbook's formulas.
    points = np.concatenate([pool.features, known.features]).astype(np.float64)
    points = (points - points.mean(axis=0)) / points.std(axis=0)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    kernel = np.exp(points @ points.T - 1)
    unsure = np.concatenate([pool.uncertainties, known.uncertainties])
    noise = NOISE / np.maximum(unsure, LEAST_UNSURE)

    def left(labelled: list[int]) -> float:
        inner = kernel[np.ix_(labelled, labelled)] + np.diag(noise[labelled])
        across = kernel[:, labelled]
        variances = np.diag(kernel - across @ np.linalg.solve(inner, across.T))
        return float(unsure[:40] @ variances[:40])

    told = list(range(40, 46))
    for row in chosen:
        best = min(set(range(40)) - set(told), key=lambda one: left([*told, one]))
        assert left([*told, row]) == pytest.approx(left([*told, best]), rel=1e-4)
        told.append(int(row))


def test_the_same_seed_chooses_the_same():
    features, kind = kinds(5, 30)
    unsure = np.random.default_rng(1).random(len(kind)).astype(np.float32)
    first, again = (choose_next(Candidates(features, unsure), 7, seed=3) for _ in "ab")
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("count", [1, 5, 30])
def test_each_picture_is_chosen_once_also_among_copies(count):
    features = np.repeat(np.eye(2, dtype=np.float32), 10, axis=0)
    chosen = choose_next(Candidates(features, None), count)
    assert len({*chosen.tolist()}) == len(chosen) == min(count, 20)


def test_length_mean_and_spread_of_features_are_no_kind():
    features, _ = kinds(3, 10)
    sizes = np.geomspace(0.1, 10, 12, dtype=np.float32)
    np.testing.assert_allclose(np.linalg.norm(directions(features), axis=1), 1, 1e-5)
    np.testing.assert_allclose(
        directions(features), directions(features * 7 * sizes + 3), atol=1e-5
    )
    still = np.concatenate([features, np.ones((30, 2), dtype=np.float32)], axis=1)
    np.testing.assert_allclose(directions(still)[:, -2:], 0)


def test_one_class_is_undecided_as_far_as_two_draws_would_differ():
    scores = np.array([[0.5, 0.5, 0.0], [1, 0, 0], [1 / 3] * 3], dtype=np.float32)
    found = uncertainties(scores, SingleLabel(("a", "b", "c")))
    np.testing.assert_allclose(found, [0.75, 0.0, 1.0], rtol=1e-6)


def test_several_labels_are_undecided_by_the_nearest_threshold():
    task = MultiLabel(("a", "b"), thresholds=(0.5, 0.2))
    scores = np.array([[0.5, 1.0], [0.0, 1.0], [0.9, 0.1]], dtype=np.float32)
    found = uncertainties(scores, task)
    np.testing.assert_allclose(found, [1.0, 0.0, 0.5], atol=1e-6)


def test_a_number_does_not_tell_how_sure_it_is():
    assert uncertainties(np.ones((3, 1), dtype=np.float32), Numeric(("price",))) is None


def test_the_first_to_label_are_typical_and_of_every_kind():
    features, kind = kinds(5, 30)
    # Ten that are like nothing else.
    odd = np.random.default_rng(5).normal(0, 9, (10, 12)).astype(np.float32)
    features = np.concatenate([features, odd])
    none = np.zeros(160, dtype=bool)
    chosen = choose_typical(features, none, 5, seed=0)
    assert sum(row < 150 for row in chosen) >= 4
    assert len({kind[row] for row in chosen if row < 150}) >= 4


def test_kinds_that_have_a_label_wait():
    features, kind = kinds(5, 30)
    labelled = np.zeros(150, dtype=bool)
    labelled[[0, 30, 60]] = True
    chosen = choose_typical(features, labelled, 2, seed=0)
    assert {*kind[chosen].tolist()} == {3, 4}


@pytest.mark.parametrize("count", [1, 20, 99])
def test_typical_pictures_are_chosen_once(count):
    features = np.repeat(np.eye(4, dtype=np.float32), 10, axis=0)
    labelled = np.arange(40) % 10 == 0
    chosen = choose_typical(features, labelled, count, seed=1)
    assert len({*chosen.tolist()}) == len(chosen) == min(count, 36)
    assert not labelled[chosen].any()
