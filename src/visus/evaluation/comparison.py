"""Two or more runs side by side, tested on the same pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from visus.bundles.predictions import Predictions
from visus.core.report import Fact, Finding, Report, Table
from visus.evaluation.intervals import difference_interval, mcnemar, wilson_interval

# Of every twenty tests of equals, one falls below this by chance.
SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Compared:
    """One run that takes part.

    Args:
        name: what the table calls it.
        predictions: its answers to its test pictures, with their targets.
        network: its name.
        parameters: number of weights.
        training_seconds: wall time.
    """

    name: str
    predictions: Predictions
    network: str
    parameters: int
    training_seconds: float

    @cached_property
    def truth(self) -> dict[str, str]:
        """The true class name by image id."""
        return self.predictions.truth()


def compare(runs: Sequence[Compared]) -> Report:
    """Accuracy with intervals, and each run against the first on the same pictures."""
    common = _common_ids(runs)
    right = {run.name: _right(run, common) for run in runs}
    pairs = [_pair(runs[0].name, run.name, right) for run in runs[1:]]
    return Report(
        title="Comparison of " + " and ".join(run.name for run in runs),
        facts=(
            Fact(
                name="pictures_in_common",
                value=len(common),
                text=f"{len(common):,} test pictures that all runs answered",
            ),
        ),
        findings=(*_differences(runs, common), *(pair.finding for pair in pairs)),
        tables=(_table(runs, right), _tests(runs[0].name, pairs)),
    )


@dataclass(frozen=True)
class _Pair:
    name: str
    only_first: int
    only_second: int
    p_value: float
    text: str
    finding: Finding


def _common_ids(runs: Sequence[Compared]) -> list[str]:
    shared = set(runs[0].truth)
    for run in runs[1:]:
        shared &= {
            image_id
            for image_id, name in run.truth.items()
            if runs[0].truth.get(image_id) == name
        }
    return [image_id for image_id in runs[0].predictions.ids if image_id in shared]


def _right(run: Compared, ids: Sequence[str]) -> NDArray[np.bool_]:
    answers = run.predictions.select(ids).answers
    truth = [run.truth[image_id] for image_id in ids]
    return np.array([a == t for a, t in zip(answers, truth, strict=True)], dtype=bool)


def _table(
    runs: Sequence[Compared],
    right: Mapping[str, NDArray[np.bool_]],
) -> Table:
    rows = []
    for run in runs:
        interval = wilson_interval(int(right[run.name].sum()), len(right[run.name]))
        rows.append(
            (
                run.name,
                run.network,
                f"{interval.value:.2%}",
                f"{interval.low:.2%} to {interval.high:.2%}",
                f"{run.parameters:,}",
                f"{run.training_seconds:.1f}",
            )
        )
    return Table(
        title="Side by side",
        columns=("run", "network", "accuracy", "95 % interval", "weights", "seconds"),
        rows=tuple(rows),
        note="accuracy on the pictures in common; seconds of training",
    )


def _pair(
    first: str,
    second: str,
    right: Mapping[str, NDArray[np.bool_]],
) -> _Pair:
    only_first = int(np.sum(right[first] & ~right[second]))
    only_second = int(np.sum(right[second] & ~right[first]))
    total = len(right[first])
    p_value = mcnemar(only_first, only_second)
    points = difference_interval(only_first, only_second, max(total, 1))
    text = (
        f"{100 * points.value:+.2f} points "
        f"({100 * points.low:+.2f} to {100 * points.high:+.2f})"
    )
    return _Pair(
        second,
        only_first,
        only_second,
        p_value,
        text,
        _verdict(first, second, p_value, points.value, text, total),
    )


def _verdict(
    first: str, second: str, p_value: float, difference: float, text: str, total: int
) -> Finding:
    chance = "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"
    if p_value >= SIGNIFICANT:
        message = (
            f"No difference between {first} and {second} is proved: {text} on the same "
            f"{total:,} pictures; {chance}."
        )
    else:
        better, worse = (second, first) if difference > 0 else (first, second)
        message = (
            f"{better} is better than {worse}: the difference is {text} on the same "
            f"{total:,} pictures; {chance}."
        )
    return Finding(severity="info", message=message)


def _tests(first: str, pairs: Sequence[_Pair]) -> Table:
    return Table(
        title=f"Against {first}, picture by picture",
        columns=("run", "difference", "only it right", f"only {first} right", "p"),
        rows=tuple(
            (
                pair.name,
                pair.text,
                pair.only_second,
                pair.only_first,
                float(f"{pair.p_value:.3g}"),
            )
            for pair in pairs
        ),
        note="p: how likely so large a difference is between equals (McNemar, exact)",
    )


def _differences(runs: Sequence[Compared], common: Sequence[str]) -> list[Finding]:
    most = max(len(run.truth) for run in runs)
    if len(common) == most:
        return []
    message = (
        f"The runs were not tested on the same pictures: {len(common):,} of up to "
        f"{most:,} are in common, and only they are compared."
    )
    return [Finding(severity="warning", message=message)]
