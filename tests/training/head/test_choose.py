"""The strength that cross-validation chooses, and what it may look at."""

import numpy as np
import pytest

from visus.tasks.base import Head
from visus.tasks.metrics import log_loss
from visus.training.head.choose import USUAL_STRENGTH
from visus.training.head.config import FrozenConfig
from visus.training.head.fit import Fitted, Pupils, fit_head

linear_model = pytest.importorskip("sklearn.linear_model")


def learned(features, classes, folds, others=None, **settings) -> Fitted:
    count, outputs = len(classes), int(classes.max()) + 1
    pupils = Pupils(
        features=features.astype(np.float32),
        targets=classes.astype(np.int32),
        weights=np.ones(count, np.float32),
        folds=np.asarray(folds),
        views=others or {},
    )
    return fit_head(pupils, Head(outputs), FrozenConfig(**settings), seed=0)


def noisy(rows: int, width: int = 60, seed: int = 0):
    draws = np.random.default_rng(seed)
    features = draws.normal(size=(rows, width))
    values = features[:, :3] @ draws.normal(0, 1.0, size=(3, 3))
    return features, (values + draws.gumbel(size=values.shape)).argmax(axis=1)


def test_held_out_losses_are_those_of_scikit_learn():
    features, classes = noisy(200)
    folds = np.arange(200) % 4
    told = learned(features, classes, folds)
    standard = (features - features.mean(axis=0)) / features.std(axis=0)
    for strength, loss in zip(told.curve.strengths, told.curve.losses, strict=True):
        scores = np.zeros((200, 3), dtype=np.float32)
        for fold in range(4):
            inside = folds != fold
            peer = linear_model.LogisticRegression(
                C=1 / (strength * inside.sum()), max_iter=5_000
            ).fit(standard[inside], classes[inside])
            scores[~inside] = peer.predict_proba(standard[~inside])
        assert loss == pytest.approx(log_loss(scores, classes), rel=0.01)
    assert told.strength == told.curve.best
    assert told.curve.loss == min(told.curve.losses)
    assert log_loss(told.held_out, classes) == pytest.approx(told.curve.loss, abs=1e-4)


def test_held_out_logits_are_what_held_out_scores_are_made_of():
    features, classes = noisy(90)
    for targets in (classes, np.minimum(classes, 1)):
        told = learned(features, targets, np.arange(90) % 4)
        logits = told.held_out_logits
        assert logits.shape == told.held_out.shape == (90, targets.max() + 1)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares = powers / powers.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(told.held_out, shares, atol=1e-6)
        # The head that learned them is surer of its own pictures.
        own = told.weights.logits(features.astype(np.float32))
        assert np.ptp(own, axis=1).mean() > np.ptp(logits, axis=1).mean()


def test_beyond_an_end_more_is_tried():
    draws = np.random.default_rng(0)
    # Nothing can be learned from noise, so no penalty is too strong.
    folds = np.arange(80) % 4
    told = learned(draws.normal(size=(80, 40)), draws.integers(0, 3, 80), folds)
    assert max(told.curve.strengths) > 1
    assert told.curve.strengths == tuple(sorted(told.curve.strengths))


def test_twins_in_one_fold_do_not_flatter():
    features, classes = noisy(60, seed=3)
    wrong = np.random.default_rng(1).permutation(classes)
    twice, labels = np.repeat(features, 2, axis=0), np.repeat(wrong, 2)
    units = np.repeat(np.arange(60), 2)
    honest = learned(twice, labels, units % 5)
    torn = learned(twice, labels, np.arange(120) % 5)
    # Each picture's twin tells the answer when the two are torn apart.
    assert torn.curve.loss < honest.curve.loss - 0.1
    assert honest.strength > torn.strength


def test_a_class_of_one_fold_is_not_asked_about():
    features, classes = noisy(40)
    classes = np.append(classes, 3)
    features = np.append(features, np.zeros((1, 60)), axis=0)
    told = learned(features, classes, np.arange(41) % 4)
    assert not told.curve.counted[-1]
    assert told.curve.counted[:-1].all()


def test_without_folds_the_usual_strength():
    features, classes = noisy(12)
    told = learned(features, classes, np.zeros(12, int))
    assert told.curve.folds == 0
    assert told.strength == pytest.approx(USUAL_STRENGTH)
    assert np.isnan(told.held_out).all()


def test_a_given_strength_is_measured_and_kept():
    features, classes = noisy(100)
    told = learned(features, classes, np.arange(100) % 4, strength=0.7)
    assert told.strength == pytest.approx(0.7)
    assert told.curve.strengths == pytest.approx((0.7,))


def test_views_are_kept_only_where_they_help():
    features, classes = noisy(90, seed=5)
    draws = np.random.default_rng(2)
    folds = np.arange(90) % 4
    # As if what does not matter had been drawn anew; and pure noise.
    good = [
        np.concatenate([features[:, :3], draws.normal(size=(90, 57))], axis=1)
        for _ in range(4)
    ]
    bad = [draws.normal(size=features.shape)]
    helps = learned(features, classes, folds, seen(*good), views="auto")
    harms = learned(features, classes, folds, seen(*bad), views="auto")
    assert helps.views == "flip"
    assert harms.views == "none"
    assert "flip" in harms.compared


def seen(*others: np.ndarray) -> dict:
    return {"none": (), "flip": tuple(other.astype(np.float32) for other in others)}
