"""visus train --curve: what fewer pictures would have taught, and what more would."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from visus.core.errors import ConfigError
from visus.core.progress import Progress
from visus.core.report import Chart, Finding, Series, Table
from visus.data.splits import unit_numbers
from visus.evaluation.learning_curve import Growth, Measured, fit_growth
from visus.pipeline.frozen import TaughtHead
from visus.pipeline.plan import Plan
from visus.pipeline.prepare import PreparedData
from visus.pipeline.told import Told
from visus.tasks.base import Task
from visus.tasks.intervals import mean_interval
from visus.training.head.draws import (
    CENTROID,
    LOGISTIC,
    Described,
    Drawn,
    few_shots,
    growing_sets,
)

# Points of the drawn law.
LAW_POINTS = 40


def require_classes_to_curve(task: Task) -> None:
    """Refuse a curve of what has no accuracy, before anything long begins.

    Raises:
        ConfigError: the task is not one class a picture.
    """
    if task.kind != "single-label":
        raise ConfigError(
            received=f"--curve (frozen.curve), and the targets are {task.kind}.",
            expected="one class a picture: the curve is of accuracy.",
            remedy="Leave it out.",
        )


def with_growth(
    told: Told, plan: Plan, data: PreparedData, taught: TaughtHead, progress: Progress
) -> Told:
    """What is told of a run, with its learning curve where one was asked for.

    The test pictures are answered by heads of smaller training sets. Nothing is chosen
    by it.
    """
    if not plan.config.frozen.curve:
        return told
    classes, seed = len(data.task.names), plan.config.seed
    pupils, tests = (described_split(data, split) for split in ("train", "test"))
    strength = taught.fitted.strength
    with progress.stage("Drawing smaller training sets"):
        shots = few_shots(pupils, tests, classes, seed=seed)
        sets = growing_sets(pupils, tests, classes, strength=strength, seed=seed)
    growth = fit_growth(
        [Measured(one.pictures, one.right) for one in sets], tests.units, seed=seed
    )
    return replace(
        told,
        tables=(*told.tables, *few_shots_table(shots)),
        charts=(*told.charts, _chart(growth)),
        findings=(
            *told.findings,
            Finding(severity="info", message=growth.sentence),
        ),
        figures={**told.figures, "growth": _figures(growth, shots)},
    )


def few_shots_table(shots: Sequence[Drawn]) -> tuple[Table, ...]:
    """Accuracy by pictures a class and head; nothing where no class has enough."""
    if not shots:
        return ()
    cells = {(one.pictures, one.head): _told(one) for one in shots}
    draws = len(shots[0].right)
    return (
        Table(
            title="A few pictures a class",
            columns=("pictures a class", CENTROID, LOGISTIC),
            rows=tuple(
                (count, cells[count, CENTROID], cells[count, LOGISTIC])
                for count in dict.fromkeys(one.pictures for one in shots)
            ),
            note=f"Mean accuracy on the test of {draws} training sets drawn by chance, "
            "with the 95 % interval of the mean; the penalty is the usual one.",
        ),
    )


def _told(one: Drawn) -> str:
    mean = mean_interval(one.accuracies)
    return f"{mean.value:.1%} ({mean.low:.1%} to {mean.high:.1%})"


def described_split(data: PreparedData, split: str) -> Described:
    """The pictures of one split that have a class and a weight, as features."""
    rows = np.flatnonzero(
        [record.split == split for record in data.dataset.records]
    ).astype(np.intp)
    known = data.task.known(data.pictures.targets[rows])
    rows = rows[known & (data.pictures.weights[rows] > 0)]
    if data.described is None:
        raise ValueError("the pictures were not described")
    return Described(
        data.described.features[rows],
        data.pictures.targets[rows],
        unit_numbers(data.dataset, data.twins.clusters)[rows],
    )


def _chart(growth: Growth) -> Chart:
    points = tuple((float(one.pictures), one.accuracy) for one in growth.measured)
    series = [Series(label="measured", drawn="points", points=points)]
    if growth.law is not None:
        law, ends = growth.law, (points[0][0], 2 * points[-1][0])
        places = np.geomspace(*ends, LAW_POINTS).tolist()
        line = tuple((place, law.accuracy(place)) for place in places)
        series.append(Series(label="power law, to twice as many", points=line))
    return Chart(
        title="Accuracy by training pictures",
        x_label="training pictures",
        y_label="accuracy (share)",
        series=tuple(series),
    )


def _figures(growth: Growth, shots: Sequence[Drawn]) -> dict[str, object]:
    gain = growth.gain
    return {
        "sentence": growth.sentence,
        "gain_of_twice": None if gain is None else gain.model_dump(mode="json"),
        "accuracy_by_pictures": {
            str(one.pictures): round(one.accuracy, 6) for one in growth.measured
        },
        "few_shots": [
            {
                "pictures_a_class": one.pictures,
                "head": one.head,
                **mean_interval(one.accuracies).model_dump(mode="json"),
            }
            for one in shots
        ],
    }
