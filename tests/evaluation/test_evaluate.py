"""evaluate: the report's figures are those of the answers, whatever their order."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn import metrics as oracle

from visus.core.errors import DataError
from visus.core.report import Chart, Finding, Gallery, Matrix, Report
from visus.data.batches import Batch
from visus.evaluation.evaluate import evaluate, learning_curves

NAMES = ("cat", "dog", "owl")
TARGETS = [0, 1, 2, 2, 1, 0, 0, 1]
ANSWERS = [0, 1, 2, 1, 1, 0, 2, 0]


@pytest.fixture
def report(batch, answered):
    test = batch(TARGETS)
    predictions = answered(test.ids, ANSWERS, NAMES)
    return evaluate(predictions, test, title="pets", train=batch([0, 0, 1, 2]))


def test_accuracy_comes_with_its_interval(report):
    fact = report.fact("accuracy")
    assert fact.value == 5 / 8
    assert fact.interval.low < 5 / 8 < fact.interval.high
    assert fact.text == "62.50% (95 % interval 30.57% to 86.32%)"
    assert report.fact("pictures").value == 8


def test_loss_is_told_in_nats(report):
    expected = -(5 * np.log(0.9) + 3 * np.log(0.05)) / 8
    assert report.fact("loss").value == pytest.approx(expected, rel=1e-5)


def test_baselines_need_the_training_pictures(report, batch, answered):
    assert report.fact("baseline_majority").value == 3 / 8
    assert 0 <= report.fact("baseline_nearest_centroid").value <= 1
    test = batch(TARGETS)
    bare = evaluate(answered(test.ids, ANSWERS, NAMES), test, title="")
    with pytest.raises(KeyError):
        bare.fact("baseline_majority")


def test_top_5_is_told_beyond_ten_classes_only(report, batch, answered):
    with pytest.raises(KeyError):
        report.fact("top_5_accuracy")
    test, names = batch(range(11)), [f"{number:02}" for number in range(11)]
    many = evaluate(answered(test.ids, range(11), names), test, title="")
    assert many.fact("top_5_accuracy").value == 1
    assert "five best" in many.fact("top_5_accuracy").text


def test_the_tables_are_those_of_scikit_learn(report):
    by_class, confusions = report.tables
    figures = oracle.precision_recall_fscore_support(TARGETS, ANSWERS)
    assert [row[0] for row in by_class.rows] == list(NAMES)
    np.testing.assert_allclose(
        np.array([row[1:] for row in by_class.rows], float),
        np.transpose(figures),
        atol=5e-5,
    )
    assert sorted(confusions.rows) == [
        ("cat", "owl", 1),
        ("dog", "cat", 1),
        ("owl", "dog", 1),
    ]


def test_the_figures_are_matrix_and_mistakes(report):
    matrix, gallery = report.figures
    assert isinstance(matrix, Matrix) and isinstance(gallery, Gallery)
    np.testing.assert_array_equal(
        matrix.counts, oracle.confusion_matrix(TARGETS, ANSWERS)
    )
    assert {tile.image_id for tile in gallery.tiles} == {
        "picture-3",
        "picture-6",
        "picture-7",
    }


def test_a_matrix_of_more_than_100_classes_is_not_drawn(batch, answered):
    names = [f"{number:03}" for number in range(101)]
    test = batch(range(101))
    found = evaluate(answered(test.ids, range(101), names), test, title="")
    assert found.figures == ()
    (table,) = found.tables
    assert len(table.rows) == 101


@given(order=st.permutations(range(len(TARGETS))))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_order_of_the_predictions_does_not_matter(report, batch, answered, order):
    test = batch(TARGETS)
    shuffled = answered(
        [test.ids[row] for row in order], [ANSWERS[row] for row in order], NAMES
    )
    train = batch([0, 0, 1, 2])
    again = evaluate(shuffled, test, title="pets", train=train)
    assert again == report


def test_pictures_without_label_and_padding_are_not_counted(batch, answered):
    full = batch([0, 1, -1, 2, 2])
    weights = np.array([1, 1, 1, 1, 0], dtype=np.float32)
    test = Batch(full.pixels, full.targets, weights, full.ids)
    predictions = answered(test.ids, [0, 0, 0, 2, 0], NAMES)
    found = evaluate(predictions, test, title="")
    assert found.fact("pictures").value == 3
    assert found.fact("accuracy").value == 2 / 3


def test_a_test_without_labels_is_refused(batch, answered):
    test = batch([-1, -1])
    with pytest.raises(DataError, match="None of the 2 pictures has a label"):
        evaluate(answered(test.ids, [0, 0], NAMES), test, title="")


def test_a_picture_without_an_answer_is_named(batch, answered):
    test = batch([0, 1, 2])
    with pytest.raises(DataError, match="1 of 3 pictures have no answer.*picture-2"):
        evaluate(answered(test.ids[:2], [0, 1], NAMES), test, title="")


def test_what_the_caller_found_is_read_first(batch, answered):
    test = batch([0, 1, 2])
    note = Finding(severity="warning", message="one file was cut")
    found = evaluate(
        answered(test.ids, [0, 1, 2], NAMES),
        test,
        title="",
        findings=[note],
    )
    assert found.findings[0] == note


def test_a_share_of_nothing_is_absent_and_not_zero(batch, answered):
    test = batch([0, 0, 0, 1])
    predictions = answered(test.ids, [0, 0, 1, 1], NAMES)
    by_class, *_ = evaluate(predictions, test, title="").tables
    rows = {row[0]: row[1:] for row in by_class.rows}
    # No picture shows the third class, and no answer names it.
    assert rows[NAMES[2]] == (None, None, None, 0)
    assert rows[NAMES[0]][:2] == (1, 0.6667)
    predictions = answered(test.ids, [0, 0, 0, 0], NAMES)
    by_class, *_ = evaluate(predictions, test, title="").tables
    # None was found: that is measured. What share of no answers is right is not.
    assert by_class.rows[1][1:] == (None, 0, 0, 1)


def test_the_report_survives_its_file(report, tmp_path):
    report.save(tmp_path / "report.json")
    assert Report.load(tmp_path / "report.json") == report


def test_learning_curves_show_what_the_log_holds():
    epochs = [
        {"epoch": 1, "loss": 0.5, "accuracy": 0.8, "validation_loss": None},
        {"epoch": 2, "loss": 0.3, "accuracy": 0.9, "validation_loss": 0.4},
    ]
    loss, accuracy = learning_curves(epochs)
    assert isinstance(loss, Chart)
    training, validation = loss.series
    assert training.points == ((1, 0.5), (2, 0.3))
    assert validation.points == ((2, 0.4),)
    assert [series.label for series in accuracy.series] == ["training"]
    assert learning_curves([]) == []


def test_a_picture_of_weight_two_counts_as_two(batch, answered):
    weights = np.array([2, 1, 0, 3, 1, 1, 2, 1], dtype=np.float32)
    plain = batch(TARGETS)
    test = Batch(plain.pixels, plain.targets, weights, plain.ids)
    predictions = answered(test.ids, ANSWERS, NAMES)
    report = evaluate(predictions, test, title="", train=plain)
    named = {"sample_weight": weights}
    expected = oracle.accuracy_score(TARGETS, ANSWERS, **named)
    assert report.fact("accuracy").value == pytest.approx(expected)
    losses = oracle.log_loss(TARGETS, predictions.scores, **named)
    assert report.fact("loss").value == pytest.approx(losses, rel=1e-5)
    figures = oracle.precision_recall_fscore_support(TARGETS, ANSWERS, **named)
    rows = np.array([row[1:4] for row in report.tables[0].rows], float)
    np.testing.assert_allclose(rows, np.transpose(figures[:3]), atol=5e-5)
    # Unequal weights tell less: the interval is that of fewer pictures.
    even = evaluate(predictions, plain, title="").fact("accuracy").interval
    uneven = report.fact("accuracy").interval
    assert uneven.high - uneven.low > even.high - even.low
