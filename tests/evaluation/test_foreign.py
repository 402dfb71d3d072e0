"""Strangeness: against SciPy and scikit-learn, and the choice of the best method."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.special import logsumexp
from sklearn.metrics import roc_auc_score

from visus.bundles.foreign import ForeignRule, strangeness, unit_directions
from visus.bundles.runtime import Outputs
from visus.evaluation.foreign import fit_foreign, fit_method
from visus.evaluation.held import Surroundings
from visus.tasks.ranking import area_under_roc

WIDTH, CLASSES = 12, 3
MIDDLES = np.random.default_rng(9).normal(0, 4, (CLASSES, WIDTH))
SPREADS = np.linspace(0.2, 2, WIDTH)


def seen(count: int, seed: int, away: float = 0.0) -> tuple[Outputs, np.ndarray]:
    """Features about the middle of a class, moved `away` along the narrowest axis."""
    generator = np.random.default_rng(seed)
    targets = generator.integers(0, CLASSES, count).astype(np.int32)
    noise = generator.normal(0, 1, (count, WIDTH)) * SPREADS
    features = (MIDDLES[targets] + noise).astype(np.float32)
    features[:, 0] += away
    logits = features @ MIDDLES.T.astype(np.float32) / 4
    return Outputs(logits, features, logits), targets


def around(**kwargs) -> Surroundings:
    train, targets = seen(600, 0)
    foreign = {"moved": seen(200, 2, away=3.0)[0]}
    values = {"held": seen(300, 1)[0], "foreign": foreign, "features_learned": True}
    return Surroundings(train=train, targets=targets, **{**values, **kwargs})


def test_energy_is_that_of_scipy():
    outputs, _ = seen(50, 3)
    expected = -logsumexp(outputs.logits.astype(np.float64), axis=1)
    np.testing.assert_allclose(strangeness("energy", {}, outputs), expected, rtol=1e-5)


def test_mahalanobis_is_that_of_scipy_where_all_axes_are_kept():
    train, targets = seen(4_000, 4)
    arrays = fit_method("mahalanobis", train, targets)
    outputs, _ = seen(60, 5, away=1.0)
    means = np.stack([train.features[targets == c].mean(axis=0) for c in range(3)])
    away = train.features - means[targets]
    covariance = away.T @ away / (4_000 - CLASSES)
    expected = cdist(
        outputs.features, means, "mahalanobis", VI=np.linalg.inv(covariance)
    )
    found = strangeness("mahalanobis", arrays, outputs)
    np.testing.assert_allclose(found, expected.min(axis=1) ** 2, rtol=2e-2)


def test_nearest_is_the_distance_to_the_kth_direction():
    train, targets = seen(300, 6)
    arrays = fit_method("nearest", train, targets)
    outputs, _ = seen(40, 7)
    away = cdist(unit_directions(outputs.features), unit_directions(train.features))
    expected = np.sort(away, axis=1)[:, 2] ** 2
    assert int(arrays["place"]) == 3
    found = strangeness("nearest", arrays, outputs)
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_the_area_is_that_of_scikit_learn():
    generator = np.random.default_rng(0)
    low, high = generator.integers(0, 9, 70), generator.integers(3, 12, 40)
    truth = np.repeat([0, 1], [70, 40])
    expected = roc_auc_score(truth, np.concatenate([low, high]))
    assert area_under_roc(low, high) == pytest.approx(expected)


def test_the_method_that_tells_stand_ins_best_is_chosen_and_rejects_as_allowed():
    rule = fit_foreign(around(), 0.05)
    assert isinstance(rule, ForeignRule)
    assert rule.method == "mahalanobis"
    assert rule.compared["mahalanobis"] > rule.compared["energy"]
    own, _ = seen(4_000, 8)
    rejected = rule.typicality(rule.strangeness(own)) <= rule.rejected
    assert rejected.mean() == pytest.approx(0.05, abs=0.025)
    moved, _ = seen(500, 9, away=3.0)
    assert (rule.typicality(rule.strangeness(moved)) <= 0.05).mean() > 0.9


def test_features_that_never_learned_let_training_pictures_witness_too():
    rule = fit_foreign(around(features_learned=False), 0.05)
    assert len(rule.held) == 900
    own, _ = seen(4_000, 8)
    rejected = rule.typicality(rule.strangeness(own)) <= rule.rejected
    assert rejected.mean() == pytest.approx(0.05, abs=0.02)


def test_without_validation_pictures_folds_of_the_training_compare():
    nobody = seen(0, 1)[0]
    rule = fit_foreign(around(held=nobody, features_learned=False), 0.05)
    assert len(rule.held) == 600
    assert rule.method == "mahalanobis" and np.isfinite([*rule.compared.values()]).all()
    own, _ = seen(4_000, 8)
    rejected = rule.typicality(rule.strangeness(own)) <= rule.rejected
    assert rejected.mean() == pytest.approx(0.05, abs=0.025)


def test_where_nothing_was_held_out_that_is_the_reason():
    nobody = seen(0, 1)[0]
    reason = "no pictures were held out to tell its own kind by"
    # What features have learned, they know: its strangeness would be too small.
    assert fit_foreign(around(held=nobody), 0.05) == reason
    four, targets = seen(4, 0)
    few = around(held=nobody, features_learned=False)
    assert fit_foreign(replace(few, train=four, targets=targets), 0.05) == reason


def test_what_lacks_is_said():
    few = seen(40, 1)[0]
    assert "takes 99 held-out pictures" in fit_foreign(around(held=few), 0.01)
    bare = Outputs(few.scores)
    nothing = around(held=bare, foreign={"moved": bare})
    nothing = Surroundings(bare, np.zeros(40, np.int32), bare, {"moved": bare}, True)
    assert "no features" in fit_foreign(nothing, 0.05)


def test_energy_serves_where_features_say_nothing():
    outputs, targets = seen(300, 1)
    flat = Outputs(outputs.scores, np.zeros((300, 4), np.float32), outputs.logits)
    rule = fit_foreign(Surroundings(flat, targets, flat, {"same": flat}, True), 0.05)
    assert rule.method == "energy"


@pytest.mark.parametrize("method", ["mahalanobis", "nearest"])
def test_a_rule_tells_what_its_method_tells_and_keeps_its_arrays_small(method):
    train, targets = seen(300, 6)
    arrays = fit_method(method, train, targets)
    rule = ForeignRule(method, 0.05, np.arange(9.0), arrays)
    outputs, _ = seen(40, 7)
    expected = strangeness(method, arrays, outputs)
    np.testing.assert_array_equal(rule.strangeness(outputs), expected)
    kept = rule.to_arrays()
    for name, array in arrays.items():
        assert kept[f"foreign_{name}"].dtype == array.dtype


def test_a_rule_reads_back_the_same():
    rule = fit_foreign(around(), 0.05)
    again = ForeignRule.of(rule.to_json(), rule.to_arrays())
    outputs, _ = seen(30, 3)
    np.testing.assert_array_equal(
        rule.typicality(rule.strangeness(outputs)),
        again.typicality(again.strangeness(outputs)),
    )
    with pytest.raises(KeyError):
        ForeignRule.of({**rule.to_json(), "method": "guess"}, rule.to_arrays())
    with pytest.raises(KeyError):
        ForeignRule.of(rule.to_json(), {"foreign_held": rule.held})


def test_a_class_with_one_picture_and_few_pictures_are_no_obstacle():
    outputs, targets = seen(6, 0)
    targets[:] = [0, 0, 0, 0, 0, 2]
    arrays = fit_method("mahalanobis", outputs, targets)
    found = strangeness("mahalanobis", arrays, outputs)
    assert np.isfinite(found).all() and len(arrays["means"]) == 2
