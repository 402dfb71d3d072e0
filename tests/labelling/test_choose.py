"""What to label next: unsure ones, of every kind, each once, and always the same."""

import numpy as np
import pytest

from visus.labelling.choose import SHORTLIST, Candidates, choose_next, directions
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
