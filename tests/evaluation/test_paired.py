"""compare where answers are more than right and wrong: the same draws for both runs."""

import numpy as np
import pytest

from visus.bundles.predictions import Predictions
from visus.core.errors import DataError
from visus.evaluation.compared import Compared
from visus.evaluation.comparison import compare
from visus.tasks.multi_label import MultiLabel
from visus.tasks.numeric import Numeric

GENERATOR = np.random.default_rng(2)
TRUTH = GENERATOR.normal(100, 20, (200, 1)).astype(np.float32)


def run(name, scores, targets, task, groups=None):
    ids = tuple(f"picture-{row}" for row in range(len(scores)))
    predictions = Predictions(
        ids, np.asarray(scores, np.float32), task.names, targets, task, groups
    )
    return Compared(name, predictions, "resnet", 1_000, 12.3, "photographs")


def numbers(name, noise, groups=None, seed=1):
    scores = TRUTH + np.random.default_rng(seed).normal(0, noise, TRUTH.shape)
    return run(name, scores, TRUTH, Numeric(("price",)), groups)


def test_smaller_errors_are_better_and_the_better_is_named_first():
    report = compare([numbers("a", 5), numbers("b", 10)])
    (finding,) = report.findings
    assert finding.message.startswith("a is better than b by ")
    sides, against = report.tables
    errors = [np.abs(r.predictions.scores - TRUTH).mean() for r in (numbers("a", 5),)]
    assert float(sides.rows[0][3]) == pytest.approx(errors[0], rel=1e-3)
    assert against.rows[0][0] == "b"


def test_equals_are_not_told_apart():
    report = compare([numbers("a", 5), numbers("b", 5, seed=2)])
    assert report.findings[0].message.startswith("It is not proved that")


def test_copies_in_groups_prove_no_more():
    groups = tuple(f"house {row // 50}" for row in range(200))
    alone = compare([numbers("a", 5), numbers("b", 6)])
    grouped = compare([numbers("a", 5, groups), numbers("b", 6, groups)])
    assert "is better than" in alone.findings[0].message
    assert alone.tables[1].rows[0][2] != grouped.tables[1].rows[0][2]


def test_labels_are_compared_by_their_precision():
    truth = (GENERATOR.random((150, 3)) < 0.4).astype(np.float32)
    task = MultiLabel(("a", "b", "c"), (0.5,) * 3)
    good = 0.5 * truth + 0.5 * GENERATOR.random(truth.shape)
    report = compare(
        [
            run("guess", GENERATOR.random(truth.shape), truth, task),
            run("good", good, truth, task),
        ]
    )
    assert report.findings[0].message.startswith("good is better than guess by ")
    assert report.tables[0].columns[3] == "mean average precision"


def test_other_tasks_are_refused():
    truth = np.ones((200, 1), np.float32)
    other = run("b", truth, truth, MultiLabel(("x",), (0.5,)))
    with pytest.raises(DataError, match="different tasks"):
        compare([numbers("a", 5), other])
