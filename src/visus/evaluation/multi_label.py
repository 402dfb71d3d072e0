"""How good with several labels a picture: average precision, F1, wholly right."""

import math
from typing import cast

import numpy as np
from numpy.typing import NDArray

from visus.core.report import Fact, Finding, Gallery, Interval, Table
from visus.data.records import target_text
from visus.evaluation.findings import named
from visus.evaluation.gallery import MOST_TILES, tile
from visus.evaluation.parts import Parts, Tested, share_cell
from visus.tasks.intervals import bootstrap
from visus.tasks.multi_label import MultiLabel
from visus.tasks.ranking import Ranking, label_figures

Values = NDArray[np.float64]
Truth = NDArray[np.bool_]


def measure_multi_label(tested: Tested) -> Parts:
    """Mean average precision first, with intervals; by label; the worst answers."""
    task = cast(MultiLabel, tested.predictions.meaning)
    scores, truth = tested.predictions.scores, tested.test.targets > 0
    chosen = task.chosen(scores)
    intervals = bootstrap(
        task.measure(scores, tested.test.targets),
        tested.test.weights,
        tested.units,
        columns=len(task.names),
    )
    facts = [_fact(name, i) for name, i in intervals.items() if math.isfinite(i.value)]
    count = len(tested.test)
    baseline = _baseline(tested, task, truth)
    return Parts(
        facts=(
            *facts,
            Fact(name="pictures", value=count, text=f"{count:,}"),
            *baseline,
        ),
        findings=[
            *_against(intervals["mean_average_precision"], baseline),
            *_of_labels(tested, task, chosen, truth),
        ],
        tables=(_by_label(tested, task, chosen, truth),),
        figures=_worst(tested, task, chosen, truth),
    )


def _fact(name: str, interval: Interval) -> Fact:
    value, low, high = (
        f"{x:.2%}" for x in (interval.value, interval.low, interval.high)
    )
    text = f"{value} (95 % interval {low} to {high})"
    return Fact(name=name, value=interval.value, text=text, interval=interval)


def _baseline(tested: Tested, task: MultiLabel, truth: Truth) -> list[Fact]:
    """Every picture gets each label's frequency among the training pictures."""
    if tested.train is None:
        return []
    targets, weights = tested.train.targets, tested.train.weights
    shares = np.average(targets, axis=0, weights=weights).astype(np.float32)
    scores = np.repeat(shares[None], len(truth), axis=0)
    constant = MultiLabel(task.names, (0.5,) * len(task.names))
    figures = constant.metrics(scores, truth, tested.test.weights)
    value = figures["mean_average_precision"]
    text = (
        f"{value:.2%} by scoring each label with its frequency; micro F1 "
        f"{figures['micro_f1']:.2%} by giving those that most pictures have"
    )
    return [Fact(name="baseline_frequency", value=value, text=text)]


def _against(reached: Interval, baseline: list[Fact]) -> list[Finding]:
    if not baseline or reached.low > float(baseline[0].value or 0):
        return []
    worse = reached.value < float(baseline[0].value or 0)
    words = "Worse" if worse else "Not clearly better"
    message = f"{words} than a baseline that learns nothing: {baseline[0].text}."
    return [Finding(severity="error" if worse else "warning", message=message)]


def _of_labels(
    tested: Tested, task: MultiLabel, chosen: Truth, truth: Truth
) -> list[Finding]:
    found = []
    absent = np.flatnonzero(~truth.any(axis=0))
    if len(absent):
        message = (
            f"The test has no picture of {named(task.names, absent)}: no precision "
            "can be said of that, and means leave it out."
        )
        found.append(Finding(severity="warning", message=message))
    missed = np.flatnonzero(truth.any(axis=0) & ~(chosen & truth).any(axis=0))
    if len(missed):
        rows = np.flatnonzero(truth[:, missed].any(axis=1))
        message = (
            f"On none of the {len(rows):,} test pictures of "
            f"{named(task.names, missed)} was that label found."
        )
        ids = tuple(tested.test.ids[row] for row in rows)
        found.append(Finding(severity="warning", message=message, image_ids=ids))
    return found


def _by_label(tested: Tested, task: MultiLabel, chosen: Truth, truth: Truth) -> Table:
    weights = tested.test.weights.astype(np.float64)
    figures = label_figures(chosen, truth, weights)
    ranked = Ranking(tested.predictions.scores, truth)
    precisions = ranked.average_precisions(weights)
    rows = tuple(
        (
            name,
            None if math.isnan(precisions[n]) else round(float(precisions[n]), 4),
            share_cell(figures.precision[n], chosen[:, n].sum()),
            share_cell(figures.recall[n], truth[:, n].sum()),
            share_cell(figures.f1[n], truth[:, n].sum()),
            round(task.thresholds[n], 4),
            int(truth[:, n].sum()),
        )
        for n, name in enumerate(task.names)
    )
    return Table(
        title="By label",
        columns=("label", "AP", "precision", "recall", "F1", "threshold", "pictures"),
        rows=rows,
        note="AP: average precision over all thresholds; a label is given from its "
        "threshold up, which was chosen on validation pictures.",
    )


def _worst(
    tested: Tested, task: MultiLabel, chosen: Truth, truth: Truth
) -> tuple[Gallery, ...]:
    """The pictures whose true and false labels the scores deny the most."""
    scores = tested.predictions.scores.astype(np.float64)
    denied = np.where(truth, 1 - scores, scores) * (chosen != truth)
    wrong = int((chosen != truth).any(axis=1).sum())
    if not wrong:
        return ()
    rows = np.argsort(-denied.max(axis=1), kind="stable")[: min(MOST_TILES, wrong)]
    tiles = tuple(
        tile(
            tested.test,
            row,
            f"answered {target_text(task.target(chosen[row])) or 'none'}, is "
            f"{target_text(task.target(truth[row])) or 'none'}",
        )
        for row in rows
    )
    return (
        Gallery(
            title="Most confident mistakes",
            tiles=tiles,
            note=f"{wrong:,} of {len(truth):,} answers have a label too many or too "
            "few; these are the surest. Look for labels that were forgotten.",
        ),
    )
