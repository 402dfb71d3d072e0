"""Two or more runs side by side, tested on the same pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visus.core.errors import DataError
from visus.core.report import Fact, Finding, Interval, Report, Table
from visus.evaluation.compared import Compared, compare_by_figure
from visus.tasks.intervals import difference_interval, mcnemar, wilson_interval

# Of every twenty tests of equals, one falls below this by chance.
SIGNIFICANT = 0.05


def compare(runs: Sequence[Compared]) -> Report:
    """The main figure with intervals, and each run against the first.

    Pictures are matched by id; those that not all runs answered, or whose truth differs
    between runs, are left out and counted. All pictures count alike, whatever their
    weights.

    Raises:
        DataError: the runs have no test picture in common, or learned different tasks.
    """
    _require_one_task(runs)
    common = _common_ids(runs)
    facts = (
        Fact(
            name="pictures_in_common",
            value=len(common),
            text=f"{len(common):,} test pictures that all runs answered",
        ),
    )
    compared = (
        _by_right_answers
        if runs[0].predictions.meaning.kind == "single-label"
        else compare_by_figure
    )
    findings, tables = compared(runs, common)
    return Report(
        title="Comparison of " + " and ".join(run.name for run in runs),
        facts=facts,
        findings=(*_left_out(runs, common), *findings),
        tables=tables,
    )


def _by_right_answers(
    runs: Sequence[Compared], common: Sequence[str]
) -> tuple[list[Finding], tuple[Table, Table]]:
    """One class a picture: who is right where the other is not."""
    right = [run.right(common) for run in runs]
    pairs = [
        _pair(runs[0].name, run.name, right[0], row)
        for run, row in zip(runs[1:], right[1:], strict=True)
    ]
    tables = _side_by_side(runs, right), _tests(runs[0].name, pairs)
    return [_verdict(pair) for pair in pairs], tables


def _require_one_task(runs: Sequence[Compared]) -> None:
    learned = {run.predictions.meaning.kind for run in runs}
    names = {run.predictions.class_names for run in runs}
    if len(learned) > 1 or (learned == {"multi-label"} and len(names) > 1):
        raise DataError(
            received=f"Runs of different tasks: {', '.join(sorted(learned))}"
            + (", with different labels." if len(names) > 1 else "."),
            expected="runs that learned the same.",
            remedy="Compare runs on the same data and the same target.",
        )


@dataclass(frozen=True)
class _Pair:
    """The second run against the first on the same pictures, as shares."""

    first: str
    second: str
    only_first: int
    only_second: int
    total: int

    @property
    def p_value(self) -> float:
        return mcnemar(self.only_first, self.only_second)

    @property
    def difference(self) -> Interval:
        return difference_interval(self.only_first, self.only_second, self.total)

    def turned(self) -> "_Pair":
        """The same, seen from the other run."""
        return _Pair(
            self.second, self.first, self.only_second, self.only_first, self.total
        )


def _pair(
    first: str, second: str, right: NDArray[np.bool_], other: NDArray[np.bool_]
) -> _Pair:
    only_first, only_second = int(np.sum(right & ~other)), int(np.sum(other & ~right))
    return _Pair(first, second, only_first, only_second, len(right))


def _common_ids(runs: Sequence[Compared]) -> list[str]:
    shared = set(runs[0].truth.items())
    for run in runs[1:]:
        shared &= run.truth.items()
    if not shared:
        raise DataError(
            received="The runs have no test picture in common.",
            expected="runs that were tested on the same pictures.",
            remedy="Train them on the same data with the same --seed.",
        )
    return [
        image_id
        for image_id, name in runs[0].truth.items()
        if (image_id, name) in shared
    ]


def _left_out(runs: Sequence[Compared], common: Sequence[str]) -> list[Finding]:
    if all(len(run.truth) == len(common) for run in runs):
        return []
    tested = ", ".join(f"{len(run.truth):,} by {run.name}" for run in runs)
    message = (
        f"The runs were not tested on the same pictures ({tested}): only the "
        f"{len(common):,} that are in all of them, with the same class, are compared."
    )
    return [Finding(severity="warning", message=message)]


def _verdict(pair: _Pair) -> Finding:
    if pair.only_first > pair.only_second:
        pair = pair.turned()
    chance = "p < 0.001" if pair.p_value < 0.001 else f"p = {pair.p_value:.3f}"
    proof = f"on the same {pair.total:,} pictures; {chance}."
    points = _points(pair.difference, "")
    if pair.p_value < SIGNIFICANT:
        message = f"{pair.second} is better than {pair.first} by {points} {proof}"
    else:
        message = (
            f"It is not proved that {pair.second} is better than {pair.first}: the "
            f"difference is {points} {proof}"
        )
    return Finding(severity="info", message=message)


def _points(share: Interval, sign: str) -> str:
    value, low, high = (
        f"{100 * x:{sign}.2f}" for x in (share.value, share.low, share.high)
    )
    return f"{value} points ({low} to {high})"


def _side_by_side(
    runs: Sequence[Compared], right: Sequence[NDArray[np.bool_]]
) -> Table:
    intervals = [wilson_interval(int(row.sum()), len(row)) for row in right]
    return Table(
        title="Side by side",
        columns=(
            "run",
            "network",
            "recipe",
            "accuracy",
            "95 % interval",
            "weights",
            "seconds",
        ),
        rows=tuple(
            (
                run.name,
                run.network,
                run.recipe,
                f"{interval.value:.2%}",
                f"{interval.low:.2%} to {interval.high:.2%}",
                f"{run.parameters:,}",
                f"{run.training_seconds:.1f}",
            )
            for run, interval in zip(runs, intervals, strict=True)
        ),
        note="accuracy on the pictures in common; seconds of training",
    )


def _tests(first: str, pairs: Sequence[_Pair]) -> Table:
    return Table(
        title=f"Against {first}, picture by picture",
        columns=("run", "difference", "only it right", f"only {first} right", "p"),
        rows=tuple(
            (
                pair.second,
                _points(pair.difference, "+"),
                pair.only_second,
                pair.only_first,
                float(f"{pair.p_value:.3g}"),
            )
            for pair in pairs
        ),
        note="p: how likely so large a difference is between equals (McNemar, exact)",
    )
