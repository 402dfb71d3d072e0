"""The runner: ranking, wording, what blocks, what is refused, what is missing."""

import numpy as np
import pytest

from visus.auditing import CHECKS
from visus.auditing.report import audit_report
from visus.auditing.run import blocking_checks, run_checks
from visus.core.errors import ConfigError


def test_the_worst_come_first_and_are_told_in_one_sentence(shapes, evidence):
    pictures, labels = shapes
    for row, divisor in ((7, 6), (3, 20)):
        pictures[row] = pictures[row] // divisor
    (dark,) = run_checks(evidence(pictures, labels), names=["dark"])
    assert dark.rows.tolist() == [3, 7]
    (finding,) = dark.findings
    assert finding.image_ids == ("picture-3", "picture-7")
    assert finding.message.startswith("Dark: 2 of 60 pictures, which are dark all over")
    assert (finding.severity, dark.verdict, dark.blocks) == ("warning", "look", False)


def test_twins_hang_side_by_side(shapes, evidence):
    pairs = [(0, 50, "near"), (2, 40, "near")]
    (near,) = run_checks(evidence(*shapes, pairs=pairs), names=["near-duplicates"])
    assert near.rows.tolist() == [0, 50, 2, 40]


def test_what_is_allowed_by_name_is_told_and_does_not_block(shapes, evidence):
    splits = ["train", "test"] * 30
    seen = evidence(*shapes, splits=splits, pairs=[(0, 1, "near")])
    asked = ["twins-across-splits"]
    (stopped,) = run_checks(seen, names=asked)
    (allowed,) = run_checks(seen, names=asked, allow=asked)
    assert (stopped.blocks, stopped.findings[0].severity) == (True, "error")
    assert (allowed.blocks, allowed.findings[0].severity) == (False, "warning")
    assert [check.name for check in blocking_checks(seen)] == asked
    assert blocking_checks(seen, allow=asked) == ()


@pytest.mark.parametrize(
    ("words", "mentions"),
    [
        ({"names": ["darkk"]}, "'dark'"),
        ({"allow": ["unreadabel"]}, "'unreadable'"),
        ({"settings": {"blury": {}}}, "'blurry'"),
        ({"settings": {"dark": {"brightst": 0.1}}}, "dark.brightest"),
        ({"settings": {"dark": {"brightest": 7}}}, "dark.brightest"),
        ({"settings": {"dark": 7}}, "no setting"),
    ],
)
def test_names_and_settings_that_do_not_exist_are_refused(clean, words, mentions):
    with pytest.raises(ConfigError, match=mentions):
        run_checks(clean, **words)


def test_without_scikit_learn_the_other_checks_are_asked(shapes, evidence, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sklearn.linear_model", None)
    asked = ["label-errors", "dark"]
    labels, dark = run_checks(evidence(*shapes), names=asked)
    assert (labels.verdict, dark.verdict) == ("not run", "fine")
    assert "pip install 'visus[audit]'" in labels.findings[0].message


def test_the_report_shows_what_blocks_first(shapes, evidence):
    pictures, labels = shapes
    pictures[3] = pictures[3] // 20
    splits = ["train", "test"] * 30
    seen = evidence(pictures, labels, splits=splits, pairs=[(0, 1, "near")])
    report = audit_report(seen, run_checks(seen))
    assert report.findings[0].message.startswith("Twins across splits: 2 of 60")
    titles = [figure.title for figure in report.figures]
    assert titles[0] == "Twins across splits"
    assert "Dark" in titles
    assert report.fact("blocking").text == "twins-across-splits"
    assert len(report.tables[0].rows) == len(list(CHECKS))


def test_the_same_seed_gives_the_same_scores(clean):
    asked = ["label-errors", "outliers"]
    once = run_checks(clean, names=asked)
    # A second evidence, so that nothing is remembered.
    from dataclasses import replace

    again = run_checks(replace(clean), names=asked)
    for first, second in zip(once, again, strict=True):
        np.testing.assert_array_equal(first.opinion.scores, second.opinion.scores)
