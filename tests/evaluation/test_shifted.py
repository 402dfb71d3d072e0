"""Two sides told apart: against scikit-learn, and where the answer is known."""

from statistics import NormalDist

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from visus.bundles.judged import Judged
from visus.core.report import Gallery
from visus.evaluation.robustness.adapted import measure_adaptation
from visus.evaluation.robustness.shifted import (
    PARTS,
    Side,
    measure_shift,
    told_apart,
)
from visus.tasks.ranking import area_under_roc


def clouds(apart, count=400, width=8):
    """Two clouds of features, their middles so many spreads apart."""
    generator = np.random.default_rng(5)
    own, other = generator.normal(size=(2, count, width)).astype(np.float32)
    other[:, 0] += apart
    return own, other


def area(own, other):
    rows, told = told_apart(own, other)
    return area_under_roc(told[: len(rows)], told[len(rows) :])


@pytest.mark.parametrize("width", [8, 500])
def test_the_classifier_is_that_of_scikit_learn(width):
    own, other = clouds(1.0, count=60, width=width)
    rows, told = told_apart(own, other)
    # All are drawn; the own ones in an order that the scores keep.
    assert sorted(rows) == list(range(60))
    part = np.arange(60) % PARTS
    from visus.core.seeds import random_generator

    order = random_generator(0, "two samples", 0).permutation(60)
    features = np.concatenate([own[order], other[rows]]).astype(np.float64)
    sides, held = np.repeat([-1.0, 1.0], 60), np.tile(part, 2) == 2
    middle, spread = features[~held].mean(axis=0), features[~held].std(axis=0)
    scaled = (features - middle) / spread
    model = Ridge(alpha=width).fit(scaled[~held], sides[~held])
    np.testing.assert_allclose(model.predict(scaled[held]), told[held], atol=1e-8)


@pytest.mark.parametrize("apart", [0.0, 1.0, 3.0])
def test_clouds_are_told_apart_as_well_as_they_can_be(apart):
    best = NormalDist().cdf(apart / np.sqrt(2))
    assert area(*clouds(apart)) == pytest.approx(best, abs=0.05)


def test_of_the_larger_side_as_many_are_drawn():
    own, other = clouds(1.0)
    rows, told = told_apart(own, other[:50])
    assert len(rows) == 50 and len(told) == 100


@pytest.fixture
def side(batch):
    def make(features, targets, *, sure=0.9, judged=True):
        targets = np.asarray(targets)
        scores = np.full((len(targets), 2), 1 - sure, np.float32)
        scores[np.arange(len(targets)), np.maximum(targets, 0)] = sure
        unknown = features[:, 0] > 2
        said = Judged(
            scores == scores.max(axis=1, keepdims=True),
            np.ones(len(targets), np.float32),
            unknown,
        )
        return Side(batch(targets), scores, features, said if judged else None)

    return make


def test_the_report_tells_how_far_and_which(side):
    own, other = clouds(4.0, count=100)
    told = measure_shift(side(own, [0, 1] * 50), side(other, [-1] * 100))
    (fact,) = told.facts
    assert fact.name == "domain_auroc" and fact.value > 0.97
    assert fact.interval.low < fact.value <= fact.interval.high
    assert "another kind" in told.findings[0].message
    (table,) = told.tables
    rows = {row[0]: row[1:] for row in table.rows}
    assert list(rows) == ["pictures", "mean confidence", "called unknown", "unsure"]
    assert rows["pictures"] == ("100", "100")
    assert float(rows["called unknown"][1].split("%")[0]) > 90
    assert "no labels" in table.note
    (gallery,) = told.figures
    assert isinstance(gallery, Gallery) and len(gallery.tiles) == 8


def test_labels_are_used_where_there_are_any(side):
    own, other = clouds(0.0, count=100)
    known = side(other, [0, 1] * 30 + [-1] * 40, judged=False)
    told = measure_shift(side(own, [0, 1] * 50, judged=False), known)
    (table,) = told.tables
    rows = {row[0]: row[1:] for row in table.rows}
    assert list(rows) == ["pictures", "mean confidence", "accuracy"]
    assert rows["accuracy"][1] == "100.0% (94.0% to 100.0%)"
    assert "the 60 labels" in table.note
    # Nothing tells them apart, and nothing is warned of.
    assert told.facts[0].interval.low < 0.5 < told.facts[0].interval.high
    assert not told.findings


def test_what_cannot_be_measured_is_absent_with_its_reason(side):
    own, other = clouds(1.0, count=100)
    few = measure_shift(side(own, [0] * 100), side(other[:5], [0] * 5))
    assert not few.facts and "takes 20 pictures" in few.findings[0].message
    blind = Side(
        *(getattr(side(own, [0] * 100), n) for n in ("pictures", "scores")), None, None
    )
    told = measure_shift(blind, blind)
    assert not told.facts and "no features" in told.findings[0].message
    assert told.tables


def test_gain_elsewhere_and_price_at_home_are_paired(side):
    own, other = clouds(1.0, count=100)
    home, away = side(own, [0, 1] * 50), side(other, [0, 1] * 50)
    worse, better = home.scores.copy(), away.scores.copy()
    worse[:4] = worse[:4, ::-1]
    away.scores[:30] = away.scores[:30, ::-1]
    told = measure_adaptation(
        home, away, own_after=worse, other_after=better, how="By magic"
    )
    gain, cost = told.facts
    assert (gain.name, cost.name) == ("adapted_gain", "adapted_cost")
    assert gain.value == pytest.approx(0.3) and cost.value == pytest.approx(-0.04)
    assert gain.interval.low > 0 and "p = " in gain.text
    assert told.tables[0].note.startswith("By magic; no label")
    rows = told.tables[0].rows
    assert rows[0][2:] == ("100.00%", "96.00%", "-4.00")
    assert rows[1][1:] == ("30.0%", "70.00%", "100.00%", "+30.00")
    blind = side(other, [-1] * 100)
    told = measure_adaptation(
        home, blind, own_after=worse, other_after=better, how="By magic"
    )
    assert [fact.name for fact in told.facts] == ["adapted_cost"]
    assert "was not measured" in told.findings[0].message
