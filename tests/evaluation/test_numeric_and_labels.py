"""Reports of numbers and of several labels: facts, findings, tables, figures."""

import numpy as np
import pytest
from sklearn import metrics as oracle

from visus.bundles.predictions import Predictions
from visus.core.report import Chart, Gallery, Report
from visus.data.batches import Batch
from visus.evaluation.evaluate import evaluate
from visus.tasks.multi_label import MultiLabel
from visus.tasks.numeric import Numeric

NAMES = ("disc", "ring", "square")


def batch(targets, weights=None):
    targets = np.asarray(targets, dtype=np.float32)
    ids = tuple(f"picture-{row}" for row in range(len(targets)))
    pixels = np.full((len(targets), 8, 8, 1), 90, np.uint8)
    counts = np.ones(len(ids)) if weights is None else weights
    return Batch(pixels, targets, np.asarray(counts, np.float32), ids)


@pytest.fixture
def truth():
    return np.random.default_rng(0).normal(500, 100, (80, 1))


def answered(test, scores, task, groups=None):
    scores = np.asarray(scores, np.float32)
    return Predictions(test.ids, scores, task.names, test.targets, task, groups)


def numeric(truth, noise, **options):
    test = batch(truth)
    scores = truth + np.random.default_rng(1).normal(0, noise, truth.shape)
    predictions = answered(test, scores, Numeric(("price",)), options.get("groups"))
    return evaluate(predictions, test, title="houses", train=batch(truth[:40] + 5))


def test_numbers_have_errors_in_their_unit_beside_constants(truth):
    report = numeric(truth, 30)
    first = report.facts[0]
    assert first.name == "mean_absolute_error"
    assert first.interval.low < first.value < first.interval.high
    assert " price (95 % interval " in first.text
    constant = np.full(80, float(np.float32(truth[:40] + 5).mean()))
    expected = oracle.mean_absolute_error(np.float32(truth), constant)
    assert report.fact("baseline_mean").value == pytest.approx(expected, rel=1e-4)
    assert report.fact("baseline_median").value > first.value
    assert not report.findings
    assert sum(row[1] for row in report.tables[0].rows) == 80
    charts = [figure for figure in report.figures if isinstance(figure, Chart)]
    assert [chart.series[0].drawn for chart in charts] == ["points", "points"]
    (gallery,) = [f for f in report.figures if isinstance(f, Gallery)]
    assert len(gallery.tiles) == 24


def test_what_a_constant_does_better_is_an_error(truth):
    (finding,) = numeric(truth, 400).findings
    assert finding.severity == "error"
    assert finding.message.startswith("Worse than a baseline")
    (finding,) = numeric(truth, 97).findings
    assert (finding.severity, finding.message[:3]) == ("warning", "Not")


def test_groups_widen_the_interval_and_get_a_mean_answer(truth):
    # Four photographs of each house, all wrong in the same way.
    four = np.repeat(truth[:20], 4, axis=0)
    shift = np.repeat(np.random.default_rng(3).normal(0, 50, (20, 1)), 4, axis=0)
    test = batch(four)
    task = Numeric(("price",))
    groups = tuple(f"house {row // 4}" for row in range(80))
    alone = evaluate(answered(test, four + shift, task), test, title="")
    whole = evaluate(answered(test, four + shift, task, groups), test, title="")
    wide, narrow = (r.facts[0].interval for r in (whole, alone))
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)
    fact = whole.fact("group_mean_absolute_error")
    assert fact.value == pytest.approx(np.abs(shift).mean(), rel=1e-3)
    with pytest.raises(KeyError):
        alone.fact("group_mean_absolute_error")


def test_one_number_has_no_r_squared(truth, tmp_path):
    test = batch(np.full((5, 1), 3.0))
    report = evaluate(
        answered(test, [[1], [2], [3], [4], [5]], Numeric(("price",))), test, title=""
    )
    assert "r_squared" not in {fact.name for fact in report.facts}
    report.save(tmp_path / "report.json")
    assert Report.load(tmp_path / "report.json") == report


@pytest.fixture
def labels():
    generator = np.random.default_rng(2)
    truth = (generator.random((60, 3)) < [0.5, 0.3, 0.0]).astype(np.float32)
    scores = np.clip(0.45 * truth + 0.55 * generator.random((60, 3)), 0, 1)
    return batch(truth), scores


def test_labels_have_precision_f1_and_a_row_each(labels):
    test, scores = labels
    task = MultiLabel(NAMES, (0.5, 0.5, 0.99))
    report = evaluate(answered(test, scores, task), test, title="", train=test)
    truth, scores = test.targets[:, :2], np.float32(scores)
    expected = oracle.average_precision_score(truth, scores[:, :2], average="macro")
    first = report.facts[0]
    assert (first.name, first.value) == (
        "mean_average_precision",
        pytest.approx(expected),
    )
    assert first.interval.low < first.value < first.interval.high
    (table,) = report.tables
    figures = oracle.precision_recall_fscore_support(
        test.targets, scores >= np.float32(task.thresholds), zero_division=0
    )
    rows = np.array([row[2:5] + row[6:] for row in table.rows[:2]], float)
    np.testing.assert_allclose(rows, np.transpose(figures)[:2], atol=5e-5)
    # Neither there nor given: shares of nothing are not 0.
    assert table.rows[2][1:5] == (None,) * 4
    assert report.findings[0].message.startswith("The test has no picture of 'square'")
    prevalence = truth.mean(axis=0).mean()
    assert report.fact("baseline_frequency").value == pytest.approx(prevalence)
    assert "none" in str(report.figures[-1])


def test_labels_that_are_never_found_are_named(labels):
    test, scores = labels
    task = MultiLabel(NAMES, (0.5, 1.0, 0.5))
    scores[:, 1] *= 0.9
    report = evaluate(answered(test, scores, task), test, title="")
    assert any("'ring' was that label found" in f.message for f in report.findings)


def test_weights_weigh(labels):
    test, scores = labels
    weights = np.arange(60) % 3
    weighed = batch(test.targets, weights)
    task = MultiLabel(NAMES, (0.5,) * 3)
    report = evaluate(answered(test, scores, task), weighed, title="")
    expected = oracle.f1_score(
        test.targets,
        np.float32(scores) >= 0.5,
        average="micro",
        sample_weight=weights,
    )
    assert report.fact("micro_f1").value == pytest.approx(expected)
    assert report.fact("pictures").value == 40
