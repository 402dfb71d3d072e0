"""Runs that are compared, and a test for tasks that know more than right and wrong."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from visus.bundles.predictions import Predictions
from visus.core.report import Finding, Interval, Table
from visus.data.records import Target
from visus.tasks.intervals import bootstrap
from visus.tasks.regression import number_text

Measure = Callable[[NDArray[np.float64]], dict[str, float]]


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


def compare_by_figure(
    runs: Sequence[Compared], common: Sequence[str]
) -> tuple[list[Finding], tuple[Table, Table]]:
    """Each run against the first by the main figure, on the same drawn pictures.

    The difference gets a bootstrap interval (Efron, 1979): both runs are measured on
    the same draws, of whole groups where there are groups.
    """
    answered = [run.predictions.select(common) for run in runs]
    figures = [_figure(predictions) for predictions in answered]
    name, lower_is_better = (
        ("mean absolute error", True)
        if answered[0].meaning.kind == "numeric"
        else ("mean average precision", False)
    )
    form = number_text if lower_is_better else "{:.2%}".format

    def measure(weights: NDArray[np.float64]) -> dict[str, float]:
        values = [figure(weights) for figure in figures]
        differences = [value - values[0] for value in values]
        return {
            f"{kind} {number}": value
            for kind, found in (("figure", values), ("difference", differences))
            for number, value in enumerate(found)
        }

    found = bootstrap(
        measure,
        np.ones(len(common)),
        answered[0].units,
        columns=len(answered[0].class_names),
    )
    differences = [found[f"difference {number}"] for number in range(1, len(runs))]
    own = [found[f"figure {number}"] for number in range(len(runs))]
    findings = [
        _verdict(runs[0].name, run.name, difference, lower_is_better, form, len(common))
        for run, difference in zip(runs[1:], differences, strict=True)
    ]
    tables = (
        _side_by_side(runs, own, name, form),
        _against(runs, differences, name, form),
    )
    return findings, tables


def _figure(predictions: Predictions) -> Callable[[NDArray[np.float64]], float]:
    """From weights to the figure that counts, with what is slow done beforehand."""
    scores, targets, task = predictions.scores, predictions.targets, predictions.meaning
    if targets is None:
        raise ValueError("only predictions with their truth are compared")
    measure = task.measure(scores, targets)
    return lambda weights: next(iter(measure(weights).values()))


def _verdict(
    first: str,
    second: str,
    difference: Interval,
    lower_is_better: bool,
    form: Callable[[float], str],
    pictures: int,
) -> Finding:
    gained = difference.value < 0 if lower_is_better else difference.value > 0
    better, other = (second, first) if gained else (first, second)
    low, high = sorted((abs(difference.low), abs(difference.high)))
    on = f"on the same {pictures:,} pictures."
    size = form(abs(difference.value))
    if difference.low > 0 or difference.high < 0:
        interval = f"{size} ({form(low)} to {form(high)})"
        message = f"{better} is better than {other} by {interval} {on}"
    else:
        interval = f"{size}, and its interval holds 0,"
        message = (
            f"It is not proved that {better} is better than {other}: the difference is "
            f"{interval} {on}"
        )
    return Finding(severity="info", message=message)


def _side_by_side(
    runs: Sequence[Compared],
    own: Sequence[Interval],
    name: str,
    form: Callable[[float], str],
) -> Table:
    return Table(
        title="Side by side",
        columns=(
            "run",
            "network",
            "recipe",
            name,
            "95 % interval",
            "weights",
            "seconds",
        ),
        rows=tuple(
            (
                run.name,
                run.network,
                run.recipe,
                form(interval.value),
                f"{form(interval.low)} to {form(interval.high)}",
                f"{run.parameters:,}",
                f"{run.training_seconds:.1f}",
            )
            for run, interval in zip(runs, own, strict=True)
        ),
        note=f"{name} on the pictures in common; seconds of training",
    )


def _against(
    runs: Sequence[Compared],
    differences: Sequence[Interval],
    name: str,
    form: Callable[[float], str],
) -> Table:
    return Table(
        title=f"Against {runs[0].name}, on the same draws",
        columns=("run", "difference", "95 % interval"),
        rows=tuple(
            (run.name, form(d.value), f"{form(d.low)} to {form(d.high)}")
            for run, d in zip(runs[1:], differences, strict=True)
        ),
        note=f"of the {name}; one that holds 0 proves no difference (bootstrap)",
    )
