"""compare: by id, on the pictures in common, in sentences that say what is proved."""

import numpy as np
import pytest
from scipy import stats

from visus.core.errors import DataError
from visus.evaluation.compared import Compared
from visus.evaluation.comparison import compare

NAMES = ("cat", "dog")


@pytest.fixture
def run(answered):
    """Makes a run from which pictures it answers right; all pictures are cats."""

    def make(name, right, *, ids=None, targets=None):
        right = np.asarray(right, dtype=bool)
        ids = ids or [f"picture-{row}" for row in range(len(right))]
        targets = np.zeros(len(right), int) if targets is None else np.asarray(targets)
        answers = np.where(right, targets, 1 - targets)
        predictions = answered(ids, answers, NAMES, targets=targets)
        return Compared(name, predictions, "convnet", 104_202, 12.34, "course-adam")

    return make


def cells(both, only_first, only_second, neither=0):
    first = [1] * both + [1] * only_first + [0] * only_second + [0] * neither
    second = [1] * both + [0] * only_first + [1] * only_second + [0] * neither
    return first, second


def test_a_proved_difference_is_said_as_a_learner_reads_it(run):
    first, second = cells(both=9700, only_first=20, only_second=140, neither=140)
    report = compare([run("a", first), run("b", second)])
    (finding,) = report.findings
    # By hand: 1.96 standard errors are 1.96 * sqrt(160 - 120**2 / 10000) / 100 points.
    assert finding.message == (
        "b is better than a by 1.20 points (0.95 to 1.45) on the same 10,000 "
        "pictures; p < 0.001."
    )


def test_the_better_one_is_named_first_even_if_it_was_given_first(run):
    first, second = cells(both=900, only_first=40, only_second=10, neither=50)
    report = compare([run("a", first), run("b", second)])
    (finding,) = report.findings
    assert finding.message.startswith("a is better than b by 3.00 points (1.")
    side, tests = report.tables
    assert tests.rows[0][1].startswith("-3.00 points (-4.")
    assert tests.rows[0][2:4] == (10, 40)
    expected = stats.binomtest(10, 50).pvalue
    assert tests.rows[0][4] == pytest.approx(expected, rel=5e-3)


def test_what_chance_explains_is_not_called_better(run):
    first, second = cells(both=80, only_first=4, only_second=6, neither=10)
    (finding,) = compare([run("a", first), run("b", second)]).findings
    assert finding.message.startswith("It is not proved that b is better than a")
    assert "2.00 points (-" in finding.message
    assert finding.message.endswith("on the same 100 pictures; p = 0.754.")


def test_equal_answers_are_no_difference(run):
    (finding,) = compare([run("a", [1, 0]), run("b", [1, 0])]).findings
    assert "0.00 points" in finding.message and "p = 1.000" in finding.message


def test_runs_stand_side_by_side(run):
    first, second = cells(both=90, only_first=0, only_second=5, neither=5)
    side, tests = compare([run("a", first), run("b", second), run("c", first)]).tables
    assert [row[0] for row in side.rows] == ["a", "b", "c"]
    assert side.rows[0][1:5] == (
        "convnet",
        "course-adam",
        "90.00%",
        "82.56% to 94.48%",
    )
    assert side.rows[0][5:] == ("104,202", "12.3")
    assert [row[0] for row in tests.rows] == ["b", "c"]


def test_runs_of_the_same_name_are_not_mixed_up(run):
    side, _ = compare([run("a", [1, 1, 1, 1]), run("a", [1, 0, 0, 0])]).tables
    assert [row[3] for row in side.rows] == ["100.00%", "25.00%"]


def test_pictures_are_matched_by_id_and_not_by_position(run):
    ids = ["x", "y", "z"]
    first = run("a", [1, 0, 1], ids=ids)
    second = run("b", [1, 1, 0], ids=ids[::-1])  # right: z, y
    _, tests = compare([first, second]).tables
    assert tests.rows[0][2:4] == (1, 1)  # only b: y; only a: x


def test_other_test_pictures_are_left_out_and_counted(run):
    first = run("a", [1] * 6, ids=list("uvwxyz"))
    second = run("b", [1] * 3, ids=list("xyz"))
    report = compare([first, second])
    assert report.fact("pictures_in_common").value == 3
    warning = report.findings[0]
    assert warning.severity == "warning"
    assert "(6 by a, 3 by b)" in warning.message


def test_pictures_with_another_truth_or_none_are_left_out(run):
    first = run("a", [1, 1, 1], targets=[0, 0, 1])
    second = run("b", [1, 1, 1], targets=[0, 1, 1])
    report = compare([first, second])
    assert report.fact("pictures_in_common").value == 2
    assert report.findings[0].severity == "warning"


def test_nothing_in_common_is_refused(run):
    with pytest.raises(DataError, match="no test picture in common"):
        compare([run("a", [1], ids=["x"]), run("b", [1], ids=["y"])])
