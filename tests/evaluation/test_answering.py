"""What reports say of a calibrated model: shares by hand, nothing unmeasured."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from visus.bundles.calibration import Calibration
from visus.bundles.foreign import ForeignRule
from visus.bundles.judged import Judged, join_judged
from visus.bundles.predictions import Predictions
from visus.bundles.sets import DialPoint, SetRule
from visus.evaluation.evaluate import evaluate

NAMES = ("cat", "dog")
RULE = SetRule(
    0.9,
    (DialPoint(0.8, 0.75, 0.9, 0.95), DialPoint(0.9, 0.85, 0.8, 1.0)),
    0.0,
    0,
    150,
)
FOREIGN = ForeignRule("energy", 0.02, np.zeros(60), {}, {"energy": 0.8})


def calibrated(**changes) -> Calibration:
    whole = Calibration((2.0,), "softmax", 150, "validation pictures", RULE, FOREIGN)
    return replace(whole, **changes)


@pytest.fixture
def report(batch):
    """40 pictures: 30 sure, of which 3 are wrong; 8 unsure; 2 unknown."""

    def make(calibration, *, judged=True, reason=""):
        test = batch([0] * 40)
        sure = np.where(np.arange(40) < 30, 0.95, 0.6).astype(np.float32)
        sure[:3] = 0.05
        scores = np.stack([sure, 1 - sure], axis=1)
        sets = scores >= 0.3
        unknown = np.arange(40) >= 38
        said = Judged(sets, np.full(40, 0.5, np.float32), unknown) if judged else None
        predictions = Predictions(test.ids, scores, NAMES, test.targets, judged=said)
        by = SimpleNamespace(calibration=calibration, uncalibrated=reason)
        return evaluate(predictions, test, title="", by=by)

    return make


def test_shares_are_those_that_were_counted(report):
    found = report(calibrated())
    assert found.fact("answered").value == 30 / 40
    assert "right in 90.00%" in found.fact("answered").text
    assert "20.00% unsure, 5.00% unknown" in found.fact("answered").text
    assert found.fact("set_coverage").value == 37 / 40
    rejected = found.fact("false_rejections")
    assert rejected.value == 2 / 40 and rejected.interval.low < 0.05
    assert "by energy" in rejected.text


def test_before_and_after_stand_side_by_side(report):
    (table,) = [t for t in report(calibrated()).tables if t.title == "Calibration"]
    assert table.columns == ("figure", "before", "after")
    after = float(table.rows[0][2])
    # Right in 27 of 30 at 0.95; wrong in 3 at 0.95; right in 10 at 0.6.
    expected = 30 / 40 * abs(27 / 30 - 0.95) + 10 / 40 * (1 - 0.6)
    assert after == pytest.approx(expected, abs=1e-4)
    assert "Temperature 2, fitted on validation pictures (150 in all)" in table.note


def test_the_dial_is_measured_on_the_test(report):
    (table,) = [t for t in report(calibrated()).tables if t.title == "Coverage dial"]
    # At 0.75 and at 0.85 a second class is in from a score of 0.25 or 0.15 on.
    assert [row[:3] for row in table.rows] == [
        ("80.0%", "92.50%", "75.00%"),
        ("90.0%", "92.50%", "75.00%"),
    ]
    assert [row[5] for row in table.rows] == ["", "chosen"]


def test_what_is_missing_is_said_and_nothing_else(report):
    missing = {"sets": "too few pictures", "foreign": "no features"}
    bare = calibrated(sets=None, foreign=None, missing=missing)
    found = report(bare, judged=False)
    messages = " ".join(finding.message for finding in found.findings)
    assert "unsure: too few pictures." in messages
    assert "unknown: no features." in messages
    assert {"answered", "set_coverage"}.isdisjoint(fact.name for fact in found.facts)


def test_an_old_bundle_says_why_it_is_not_calibrated(report):
    found = report(None, judged=False, reason="the model was made by an older Visus")
    (finding,) = [f for f in found.findings if "not calibrated" in f.message]
    assert "made by an older Visus" in finding.message
    (table,) = [t for t in found.tables if t.title == "Calibration"]
    assert table.columns == ("figure", "value")


def test_a_test_unlike_the_training_is_a_warning(report):
    strict = replace(RULE, coverage=0.99, dial=(DialPoint(0.99, 0.5, 1.0, 1.0),))
    found = report(calibrated(sets=strict))
    assert any("less often than asked" in f.message for f in found.findings) is (
        found.fact("set_coverage").interval.high < 0.99
    )
    severe = replace(FOREIGN, rejected=0.001)
    found = report(calibrated(foreign=severe))
    (finding,) = [f for f in found.findings if "look strange" in f.message]
    assert finding.image_ids == ("picture-38", "picture-39")


def test_judged_pictures_are_taken_and_joined():
    judged = Judged(
        np.array([[True, False], [True, True], [True, True]]),
        np.array([0.5, 0.5, 0.001], np.float32),
        np.array([False, False, True]),
    )
    assert judged.kinds == ("label", "unsure", "unknown")
    assert judged.take([2, 0]).kinds == ("unknown", "label")
    assert join_judged([judged, judged.take([1])]).kinds[-1] == "unsure"
    assert join_judged([judged, None]) is None and join_judged([]) is None


def test_answers_tell_kind_set_and_best(tmp_path):
    scores = np.array([[0.9, 0.1], [0.4, 0.6], [0.9, 0.1]], np.float32)
    judged = Judged(
        np.array([[True, False], [True, True], [True, False]]),
        np.array([0.5, np.nan, 0.001], np.float32),
        np.array([False, False, True]),
    )
    predictions = Predictions(("a", "b", "c"), scores, NAMES, judged=judged)
    first, second, third = predictions.to_json()
    assert (first["answer"], first["kind"], first["set"]) == ("cat", "label", ["cat"])
    assert (second["answer"], second["best"]) == ("unsure", "dog")
    assert second["set"] == ["dog", "cat"] and second["typicality"] is None
    assert (third["answer"], third["best"]) == ("unknown", "cat")
    assert predictions.answers == ("cat", "dog", "cat")
    predictions.save(tmp_path / "p.npz")
    again = Predictions.load(tmp_path / "p.npz")
    assert again.to_json() == predictions.to_json()
    assert again.select(["c"]).kinds == ("unknown",)
    with pytest.raises(ValueError, match="sets of shape"):
        Predictions(("a",), scores[:1], NAMES, judged=judged)
