"""Findings: what is said, how loudly, and about which pictures."""

import numpy as np
import pytest

from visus.core.report import Fact
from visus.evaluation.findings import accuracy_findings, class_findings
from visus.tasks.intervals import wilson_interval


def accuracy_fact(right, total):
    interval = wilson_interval(right, total)
    return Fact(name="accuracy", value=interval.value, text="", interval=interval)


def baseline(share):
    return Fact(name="baseline_majority", value=share, text=f"{share:.0%} by x")


@pytest.mark.parametrize(
    "share, severity, words",
    [
        (0.95, "error", "Worse than a baseline that learns nothing: 95% by x."),
        (0.9, "warning", "Not clearly better than a baseline"),
        (0.895, "warning", "Not clearly better than a baseline"),
    ],
)
def test_a_baseline_that_is_as_good_is_told(share, severity, words):
    fact = accuracy_fact(9000, 10_000)
    (finding,) = accuracy_findings(fact, [baseline(0.1), baseline(share)], 10_000)
    assert finding.severity == severity
    assert finding.message.startswith(words)


def test_clearly_better_than_all_baselines_needs_no_words():
    fact = accuracy_fact(9000, 10_000)
    assert accuracy_findings(fact, [baseline(0.89)], 10_000) == []
    assert accuracy_findings(fact, [], 10_000) == []


def test_few_pictures_are_told_with_the_width_of_the_interval():
    (finding,) = accuracy_findings(accuracy_fact(25, 50), [], 50)
    assert finding.severity == "info"
    assert "With 50 test pictures" in finding.message
    # Wilson, 25 of 50: 36.6 % to 63.4 %.
    assert "a range of 27 points" in finding.message


def test_a_class_never_recognised_is_told_with_its_pictures(batch):
    confusion = np.array([[2, 0, 0], [1, 0, 1], [0, 0, 1]])
    test = batch([0, 1, 0, 1, 2])
    (finding,) = class_findings(confusion, ("cat", "dog", "owl"), test)
    assert finding.severity == "warning"
    assert finding.message.startswith("Not one of the 2 test pictures of 'dog'")
    assert finding.image_ids == ("picture-1", "picture-3")


def test_classes_without_test_pictures_are_told_in_one_sentence(batch):
    names = tuple(f"class-{number:02}" for number in range(15))
    confusion = np.zeros((15, 15), dtype=np.int64)
    confusion[0, 0] = 4
    (finding,) = class_findings(confusion, names, batch([0] * 4))
    assert finding.message.startswith("The test has no picture of 'class-01', ")
    assert finding.message.endswith("'class-10' and 4 more classes.")
