"""Threshold curves: what each threshold of a score finds, and what it costs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visus.core.report import Chart, Series, Table
from visus.evaluation.parts import Parts, Tested
from visus.tasks.ranking import Ranking, area_under_roc

Values = NDArray[np.float64]
Truth = NDArray[np.bool_]

MOST_DRAWN = 4
MOST_POINTS = 80


@dataclass(frozen=True)
class ThresholdCurve:
    """Rates of one class or label at every threshold, from the highest down.

    Args:
        false_positives: share of other pictures at or above it `(num_thresholds,)`.
        true_positives: share of its pictures at or above it (recall).
        precision: share of those at or above it that have it.
    """

    false_positives: Values
    true_positives: Values
    precision: Values


def threshold_curve(scores: NDArray[np.floating], truth: Truth) -> ThresholdCurve:
    """The points of ROC and precision-recall curves.

    Args:
        scores: of one class `(num_images,)`.
        truth: whether it is true `(num_images,)`, of some pictures and not of others.
    """
    order = np.argsort(-scores, kind="stable")
    ranked, right = scores[order], truth[order]
    # Equal scores are on one side of any threshold.
    ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    found = np.cumsum(right)[ends].astype(np.float64)
    seen = ends + 1.0
    return ThresholdCurve(
        false_positives=(seen - found) / (~truth).sum(),
        true_positives=found / truth.sum(),
        precision=found / seen,
    )


def measure_curves(tested: Tested) -> Parts:
    """Areas by class, and the curves of the classes that are hardest to tell."""
    scores, targets = tested.predictions.scores, tested.test.targets
    names = tested.predictions.class_names
    truth = (
        targets > 0
        if targets.ndim > 1
        else targets[:, None] == np.arange(len(names))[None]
    )
    usable = np.flatnonzero(truth.any(axis=0) & ~truth.all(axis=0))
    if not len(usable):
        return Parts(())
    areas = {
        int(n): area_under_roc(scores[~truth[:, n], n], scores[truth[:, n], n])
        for n in usable
    }
    hardest = sorted(areas, key=lambda n: areas[n])
    # Of two classes, the curve of one is that of the other.
    drawn = [1] if len(names) == 2 and targets.ndim == 1 else hardest[:MOST_DRAWN]
    curves = {
        names[n]: threshold_curve(scores[:, n], truth[:, n])
        for n in drawn
        if n in areas
    }
    return Parts(
        (),
        tables=(_areas(tested, truth, {n: areas[n] for n in hardest}),),
        figures=(
            _chart(
                "ROC curves",
                ("false positives (share)", "true positives (share)"),
                {
                    name: (c.false_positives, c.true_positives)
                    for name, c in curves.items()
                },
                start=(0.0, 0.0),
            ),
            _chart(
                "Precision-recall curves",
                ("recall", "precision"),
                {name: (c.true_positives, c.precision) for name, c in curves.items()},
            ),
        ),
    )


def _areas(tested: Tested, truth: Truth, areas: dict[int, float]) -> Table:
    """By class, in the order given."""
    scores, names = tested.predictions.scores, tested.predictions.class_names
    precisions = Ranking(scores, truth).average_precisions(np.ones(len(scores)))
    return Table(
        title="Areas under threshold curves",
        columns=("class", "ROC", "precision-recall", "pictures"),
        rows=tuple(
            (
                names[n],
                round(area, 4),
                round(float(precisions[n]), 4),
                int(truth[:, n].sum()),
            )
            for n, area in areas.items()
        ),
        note="The hardest class first. ROC: how probably a picture of the class has a "
        "higher score than another (0.5 is chance); precision-recall: average "
        "precision.",
    )


def _chart(
    title: str,
    labels: tuple[str, str],
    curves: dict[str, tuple[Values, Values]],
    start: tuple[float, float] | None = None,
) -> Chart:
    return Chart(
        title=title,
        x_label=labels[0],
        y_label=labels[1],
        series=tuple(
            Series(
                label=name,
                points=(*([start] if start else []), *_thinned(across, up)),
            )
            for name, (across, up) in curves.items()
        ),
    )


def _thinned(across: Values, up: Values) -> list[tuple[float, float]]:
    """Some points, evenly along the curve and not along the thresholds."""
    length = np.cumsum(np.hypot(np.diff(across, prepend=0), np.diff(up, prepend=up[0])))
    wanted = np.linspace(0, length[-1], MOST_POINTS)
    places = np.unique(np.minimum(np.searchsorted(length, wanted), len(length) - 1))
    return [(float(across[place]), float(up[place])) for place in places]
