"""Two or more runs side by side, tested on the same pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from visus.bundles.predictions import Predictions
from visus.core.errors import DataError
from visus.core.report import Fact, Finding, Interval, Report, Table
from visus.data.records import Target
from visus.tasks.intervals import difference_interval, mcnemar, wilson_interval

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
        recipe: its name.
    """

    name: str
    predictions: Predictions
    network: str
    parameters: int
    training_seconds: float
    recipe: str = ""

    @cached_property
    def truth(self) -> dict[str, Target]:
        """The true answer by image id."""
        return self.predictions.truth()

    def right(self, ids: Sequence[str]) -> NDArray[np.bool_]:
        """Which of these pictures it answers right, `(num_images,)`."""
        answers = self.predictions.select(ids).answers
        truth = [self.truth[image_id] for image_id in ids]
        return np.array([a == t for a, t in zip(answers, truth, strict=True)])


def compare(runs: Sequence[Compared]) -> Report:
    """Accuracy with intervals, and each run against the first on the same pictures.

    Pictures are matched by id; those that not all runs answered, or whose true class
    differs between runs, are left out and counted.

    Raises:
        DataError: the runs have no test picture in common.
    """
    common = _common_ids(runs)
    right = [run.right(common) for run in runs]
    pairs = [
        _pair(runs[0].name, run.name, right[0], row)
        for run, row in zip(runs[1:], right[1:], strict=True)
    ]
    return Report(
        title="Comparison of " + " and ".join(run.name for run in runs),
        facts=(
            Fact(
                name="pictures_in_common",
                value=len(common),
                text=f"{len(common):,} test pictures that all runs answered",
            ),
        ),
        findings=(*_left_out(runs, common), *map(_verdict, pairs)),
        tables=(_side_by_side(runs, right), _tests(runs[0].name, pairs)),
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
