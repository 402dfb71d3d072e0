"""Fairness: the same figures for each group of pictures, the worst group first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from visus.core.errors import DataError
from visus.core.report import Fact, Finding, Interval, Table
from visus.evaluation.calibration_error import debiased_error, enough, reliability
from visus.evaluation.parts import Parts, Tested
from visus.tasks.intervals import newcombe_difference, wilson_interval

Rows = NDArray[np.intp]

# Groups with fewer pictures are shown, and no gap is told by them.
FEWEST_PICTURES = 20
# Of classes, by group; more would hide what matters.
MOST_CLASSES = 10


@dataclass(frozen=True)
class _Group:
    """One group and its pictures."""

    name: str
    rows: Rows


def measure_fairness(tested: Tested, column: str, groups: Sequence[str]) -> Parts:
    """Accuracy, true and false positive rates and calibration by group, and gaps.

    Equal true positive rates are equal opportunity, equal true and false positive rates
    equalised odds (Hardt, Price and Srebro, "Equality of opportunity in supervised
    learning", 2016). All pictures count alike.

    Args:
        tested: answers of one class each.
        column: what the groups are called.
        groups: of each picture `(num_images,)`; "" where nothing is known of it.

    Raises:
        DataError: there are not two groups.
    """
    found = _groups(column, groups)
    right = tested.predictions.answer_numbers == tested.test.targets
    found.sort(key=lambda group: float(right[group.rows].mean()))
    large = [group for group in found if len(group.rows) >= FEWEST_PICTURES]
    facts, findings = [], []
    if len(large) < 2:
        message = (
            f"No gap between groups of {column} is told: fewer than two have "
            f"{FEWEST_PICTURES} pictures."
        )
        findings.append(Finding(severity="info", message=message))
    else:
        gap, which = _gap(right, large)
        facts.append(_gap_fact(gap, which, column))
        if gap.low > 0:
            message = (
                f"By {column}, {which[0]} is answered worse than {which[1]}: the gap "
                f"is {_points(gap)}."
            )
            findings.append(Finding(severity="warning", message=message))
    rates, gaps = _rates(tested, found, large)
    tables = [_by_group(tested, found, right, column), rates]
    return Parts(facts, findings=findings, tables=[*tables, *gaps])


def _groups(column: str, groups: Sequence[str]) -> list[_Group]:
    told = np.asarray(groups, dtype=object)
    names = require_groups(column, groups)
    return [_Group(name, np.flatnonzero(told == name)) for name in names]


def require_groups(column: str, groups: Iterable[str]) -> list[str]:
    """The groups by name, sorted.

    Args:
        column: what they are called.
        groups: of each picture; "" where nothing is known of it.

    Raises:
        DataError: there are not two.
    """
    names = sorted(set(groups) - {""})
    if len(names) < 2:
        have = f"only {names[0]!r}" if names else "no value at all"
        raise DataError(
            received=f"The test pictures have {have} in the column {column}.",
            expected="two groups or more, to be held against each other.",
            remedy="Choose another column with --group, or test pictures of the other "
            "groups too.",
        )
    return names


def _confidence(groups: int) -> float:
    """Of each pair of groups, so that all intervals hold together (Bonferroni)."""
    return 1 - 0.05 / (groups * (groups - 1) / 2)


def _gap(
    hits: NDArray[np.bool_], groups: Sequence[_Group]
) -> tuple[Interval, tuple[str, str]]:
    """The largest difference of a rate between two groups, worse and better."""
    rates = {group.name: float(hits[group.rows].mean()) for group in groups}
    worse, better = max(
        combinations(sorted(groups, key=lambda g: rates[g.name]), 2),
        key=lambda pair: rates[pair[1].name] - rates[pair[0].name],
    )
    gap = newcombe_difference(
        (int(hits[worse.rows].sum()), len(worse.rows)),
        (int(hits[better.rows].sum()), len(better.rows)),
        _confidence(len(groups)),
    )
    return gap, (worse.name, better.name)


def _points(gap: Interval) -> str:
    value, low, high = (100 * x for x in (gap.value, gap.low, gap.high))
    return f"{value:.2f} points ({low:.2f} to {high:.2f})"


def _gap_fact(gap: Interval, which: tuple[str, str], column: str) -> Fact:
    text = f"{_points(gap)} between {which[0]} and {which[1]} of {column}"
    return Fact(name="accuracy_gap", value=gap.value, text=text, interval=gap)


def _by_group(
    tested: Tested, groups: Sequence[_Group], right: NDArray[np.bool_], column: str
) -> Table:
    rows = []
    for group in groups:
        interval = wilson_interval(int(right[group.rows].sum()), len(group.rows))
        rows.append(
            (
                group.name,
                len(group.rows),
                f"{interval.value:.2%}",
                f"{interval.low:.2%} to {interval.high:.2%}",
                _calibration(tested, group.rows, right),
            )
        )
    return Table(
        title=f"By {column}",
        columns=(column, "pictures", "right", "95 % interval", "calibration error"),
        rows=tuple(rows),
        note="The worst group first. Calibration error: in points, without what chance "
        "adds, with its interval; empty where there are too few pictures to say.",
    )


def _calibration(tested: Tested, rows: Rows, right: NDArray[np.bool_]) -> str:
    if not enough(np.ones(len(rows))):
        return ""
    sure = tested.predictions.confidences[rows]
    error = debiased_error(reliability(sure, right[rows], adaptive=True))
    value, low, high = (100 * x for x in (error.value, error.low, error.high))
    return f"{value:.1f} ({low:.1f} to {high:.1f})"


def _rates(
    tested: Tested, groups: Sequence[_Group], large: Sequence[_Group]
) -> tuple[Table, list[Table]]:
    """True and false positive rates by class and group, and their gaps."""
    answers, targets = tested.predictions.answer_numbers, tested.test.targets
    names = tested.predictions.class_names
    rows: list[tuple[str, str, str, str]] = []
    gaps: list[tuple[str, str, str, str]] = []
    for number, name in enumerate(names[:MOST_CLASSES]):
        is_it, said = targets == number, answers == number
        for group in groups:
            inside = np.isin(np.arange(len(targets)), group.rows)
            true, false = (_rate(said, inside & mask) for mask in (is_it, ~is_it))
            rows.append((name, group.name, true, false))
        for word, mask in (("true positives", is_it), ("false positives", ~is_it)):
            told = [_Group(g.name, g.rows[mask[g.rows]]) for g in large]
            told = [g for g in told if len(g.rows) >= FEWEST_PICTURES]
            if len(told) > 1:
                gap, which = _gap(said, told)
                pair = f"{which[0]} to {which[1]}"
                gaps.append((name, word, pair, _points(gap)))
    table = Table(
        title="Rates by class and group",
        columns=("class", "group", "true positives", "false positives"),
        rows=tuple(rows),
        note="true positives: of the pictures of the class, the share that is answered "
        "with it; false positives: of all others, the share that is.",
    )
    if not gaps:
        return table, []
    return table, [
        Table(
            title="Gaps between groups",
            columns=("class", "rate", "lowest to highest", "gap"),
            rows=tuple(gaps),
            note="Intervals hold for all pairs of groups together (Newcombe's, with "
            "Bonferroni's correction); one that reaches 0 proves no gap.",
        )
    ]


def _rate(said: NDArray[np.bool_], among: NDArray[np.bool_]) -> str:
    total = int(among.sum())
    if not total:
        return ""
    interval = wilson_interval(int((said & among).sum()), total)
    return f"{interval.value:.1%} ({interval.low:.1%} to {interval.high:.1%})"
