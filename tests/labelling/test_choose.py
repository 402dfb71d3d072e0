"""What to label next: unsure ones, of every kind, each once, and always the same."""

import numpy as np
import pytest

from visus.labelling.choose import SHORTLIST, Candidates, choose_next
from visus.labelling.groups import directions
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


def test_the_unsure_come_first_and_the_sure_never():
    features, _ = kinds(4, 50)
    unsure = np.linspace(0, 1, 200, dtype=np.float32)
    chosen = choose_next(Candidates(features, unsure), 4)
    assert (chosen >= 200 - SHORTLIST * 4).all()
    assert (np.diff(unsure[chosen]) <= 0).all()


def test_every_kind_is_asked_about():
    features, kind = kinds(6, 40)
    everyone = np.full(len(kind), 0.9, dtype=np.float32)
    chosen = choose_next(Candidates(features, everyone), 6)
    # The shortlist of sixty would be of two kinds, were it not for ties: so all.
    all_of_them = choose_next(Candidates(features, None), 6)
    assert len({*chosen.tolist()}) == 6
    assert {*kind[all_of_them].tolist()} == {*range(6)}


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


def test_length_and_mean_of_features_are_no_kind():
    features, _ = kinds(3, 10)
    np.testing.assert_allclose(np.linalg.norm(directions(features), axis=1), 1, 1e-5)
    np.testing.assert_allclose(
        directions(features), directions(features * 7 + 3), atol=1e-5
    )


def test_one_class_is_undecided_by_its_margin():
    scores = np.array([[0.5, 0.5, 0.0], [1, 0, 0], [0.6, 0.1, 0.3]], dtype=np.float32)
    found = uncertainties(scores, SingleLabel(("a", "b", "c")))
    np.testing.assert_allclose(found, [1.0, 0.0, 0.7], rtol=1e-6)


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
