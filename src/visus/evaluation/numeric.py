"""How good with a number a picture: errors in its unit, beside constants."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from visus.core.report import Chart, Fact, Finding, Gallery, Interval, Series, Table
from visus.evaluation.gallery import MOST_TILES, tile
from visus.evaluation.parts import Parts, Tested
from visus.tasks.intervals import bootstrap
from visus.tasks.regression import (
    mean_absolute_error,
    number_text,
    r_squared,
    root_mean_squared_error,
)

Values = NDArray[np.float64]

# More points than these hide each other.
MOST_POINTS = 1_000
BINS = 5


def measure_numeric(tested: Tested) -> Parts:
    """Errors with intervals, constants to be better than, two charts, the worst."""
    answers, truth = _answers_and_truth(tested)
    name = tested.predictions.class_names[0]
    facts = _facts(tested, name)
    constants = _constants(tested, name)
    return Parts(
        facts=(*facts, *(fact for fact, _ in constants)),
        findings=_findings(tested, constants),
        tables=(_by_size(answers, truth, name),),
        figures=(*_charts(answers, truth, name), _worst(tested, answers, truth)),
    )


def _answers_and_truth(tested: Tested) -> tuple[Values, Values]:
    scores, targets = tested.predictions.scores, tested.test.targets
    return scores[:, 0].astype(np.float64), targets[:, 0].astype(np.float64)


def _facts(tested: Tested, name: str) -> list[Fact]:
    predictions, test = tested.predictions, tested.test
    intervals = bootstrap(
        predictions.meaning.measure(predictions.scores, test.targets),
        test.weights,
        tested.units,
    )
    facts = [
        _fact(figure, interval, name if figure.endswith("error") else "")
        for figure, interval in intervals.items()
        if math.isfinite(interval.value)
    ]
    if tested.grouped:
        facts += _of_groups(tested, name)
    return [
        *facts,
        Fact(name="pictures", value=len(test), text=f"{len(test):,}"),
    ]


def _of_groups(tested: Tested, name: str) -> list[Fact]:
    """Of the mean answer to the pictures of each group, which may know more."""
    answers, truth = _answers_and_truth(tested)
    sizes = np.bincount(tested.units)
    joined, true = (np.bincount(tested.units, v) / sizes for v in (answers, truth))
    error, share = mean_absolute_error(joined, true), r_squared(joined, true)
    text = (
        f"{number_text(error)} {name}, R squared {share:.3f}, by the mean answer of "
        f"each of {len(sizes):,} groups"
    )
    return [Fact(name="group_mean_absolute_error", value=error, text=text)]


def _fact(figure: str, interval: Interval, unit: str) -> Fact:
    form = number_text if unit else "{:.3f}".format
    value, low, high = map(form, (interval.value, interval.low, interval.high))
    text = f"{value}{' ' + unit if unit else ''} (95 % interval {low} to {high})"
    return Fact(name=figure, value=interval.value, text=text, interval=interval)


Constants = Sequence[tuple[Fact, float]]


def _constants(tested: Tested, name: str) -> Constants:
    """What one gets by one answer to all, each with that answer."""
    if tested.train is None:
        return []
    numbers = tested.train.targets[:, 0].astype(np.float64)
    truth, weights = _answers_and_truth(tested)[1], tested.test.weights
    found = []
    for word, constant in (
        ("mean", float(np.average(numbers, weights=tested.train.weights))),
        ("median", float(np.median(numbers))),
    ):
        same = np.full_like(truth, constant)
        error = mean_absolute_error(same, truth, weights)
        root = root_mean_squared_error(same, truth, weights)
        text = (
            f"{number_text(error)} {name} (root mean squared {number_text(root)}) by "
            f"always answering the training {word}, {number_text(constant)}"
        )
        fact = Fact(name=f"baseline_{word}", value=error, text=text)
        found.append((fact, constant))
    return found


def _findings(tested: Tested, constants: Constants) -> list[Finding]:
    if not constants:
        return []
    answers, truth = _answers_and_truth(tested)
    fact, constant = min(constants, key=lambda pair: float(pair[0].value or 0))
    gains = np.abs(constant - truth) - np.abs(answers - truth)
    gain = bootstrap(
        lambda weights: {"gain": float(np.average(gains, weights=weights))},
        tested.test.weights,
        tested.units,
    )["gain"]
    if gain.value < 0:
        message = f"Worse than a baseline that learns nothing: {fact.text}."
        return [Finding(severity="error", message=message)]
    if gain.low <= 0:
        message = f"Not clearly better than a baseline that learns nothing: {fact.text}"
        return [Finding(severity="warning", message=f"{message}.")]
    return []


def _by_size(answers: Values, truth: Values, name: str) -> Table:
    edges = np.quantile(truth, np.arange(1, BINS) / BINS)
    places = np.searchsorted(np.unique(edges), truth)
    rows = []
    for place in np.unique(places):
        inside = places == place
        low, high = truth[inside].min(), truth[inside].max()
        errors = answers[inside] - truth[inside]
        rows.append(
            (
                f"{number_text(low)} to {number_text(high)}",
                int(inside.sum()),
                float(f"{np.abs(errors).mean():.4g}"),
                float(f"{errors.mean():.4g}"),
            )
        )
    return Table(
        title="By size",
        columns=(name, "pictures", "mean absolute error", "mean error"),
        rows=tuple(rows),
        note="mean error: answer minus truth; large numbers answered too low and small "
        "ones too high mean that the network keeps near the middle.",
    )


def _charts(answers: Values, truth: Values, name: str) -> list[Chart]:
    shown = np.unique(np.linspace(0, len(truth) - 1, MOST_POINTS).astype(int))
    order = np.argsort(truth, kind="stable")[shown]
    low, high = float(truth.min()), float(truth.max())
    return [
        Chart(
            title=title,
            x_label=f"true {name}",
            y_label=label,
            series=(
                Series(
                    label="pictures",
                    drawn="points",
                    points=tuple(zip(truth[order], values[order], strict=True)),
                ),
                Series(label="right", points=right),
            ),
        )
        for title, label, values, right in (
            ("Answer against truth", "answer", answers, ((low, low), (high, high))),
            (
                "Error against truth",
                "answer - truth",
                answers - truth,
                ((low, 0.0), (high, 0.0)),
            ),
        )
    ]


def _worst(tested: Tested, answers: Values, truth: Values) -> Gallery:
    rows = np.argsort(-np.abs(answers - truth), kind="stable")[:MOST_TILES]
    return Gallery(
        title="Largest errors",
        tiles=tuple(
            tile(
                tested.test,
                row,
                f"answered {number_text(answers[row])}, is {number_text(truth[row])}",
            )
            for row in rows
        ),
        note="Look for wrong numbers, unusual pictures, and what they share.",
    )
