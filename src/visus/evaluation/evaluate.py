"""How good: from predictions and truth to a Report."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from visus.bundles.bundle import Bundle
from visus.bundles.predictions import Predictions
from visus.core.errors import DataError
from visus.core.report import Chart, Finding, Report, Series
from visus.data.batches import Batch
from visus.evaluation.answering import measure_answers
from visus.evaluation.calibrated import measure_calibration
from visus.evaluation.multi_label import measure_multi_label
from visus.evaluation.numeric import measure_numeric
from visus.evaluation.parts import Parts, Tested
from visus.evaluation.single_label import measure_single_label
from visus.tasks.base import Task

MEASURES: dict[str, Callable[[Tested], Parts]] = {
    "single-label": measure_single_label,
    "multi-label": measure_multi_label,
    "numeric": measure_numeric,
}

# By key of the log, title and unit; a training logs the accuracy or the error.
CURVES = {
    "loss": ("Loss by epoch", "loss (nats a picture)"),
    "accuracy": ("Accuracy by epoch", "accuracy (share)"),
    "error": ("Error by epoch", "mean absolute error"),
}
HUBER = "loss (Huber's, in spreads)"


def evaluate(
    predictions: Predictions,
    test: Batch,
    *,
    title: str,
    train: Batch | None = None,
    plain: Batch | None = None,
    epochs: Sequence[Mapping[str, Any]] = (),
    findings: Sequence[Finding] = (),
    by: Bundle | None = None,
    measures: Sequence[Callable[[Tested], Parts]] = (),
) -> Report:
    """Measure answers against the truth, as their task has it.

    Args:
        predictions: matched to `test` by id.
        test: pictures; those without a target, or with weight 0, are not counted.
        title: of the report.
        train: the training pictures, for the baselines.
        plain: the test pictures as `train` has them, where that is another size;
            `None`: `test`.
        epochs: log lines of the training, for the learning curves.
        findings: what else a person should read, put first.
        by: what answered, for what it says of its own sureness; `None`: unknown.
        measures: what else is measured, in reading order.

    Raises:
        DataError: no picture has a target, or one has no answer.
    """
    task = predictions.meaning
    tested = held_against(predictions, test, train=train, plain=plain, by=by)
    parts = MEASURES[task.kind](tested)
    if by is not None and task.kind != "numeric":
        parts = parts.and_also(measure_calibration(tested))
    if by is not None and task.kind == "single-label":
        parts = parts.and_also(measure_answers(tested))
    for measure in measures:
        parts = parts.and_also(measure(tested))
    return Report(
        title=title,
        facts=tuple(parts.facts),
        findings=(*findings, *parts.findings),
        tables=tuple(parts.tables),
        figures=(*learning_curves(epochs), *parts.figures),
    )


def held_against(
    predictions: Predictions,
    test: Batch,
    *,
    train: Batch | None = None,
    plain: Batch | None = None,
    by: Bundle | None = None,
) -> Tested:
    """Answers beside the truth, as measures take them; arguments as of `evaluate`.

    Raises:
        DataError: no picture has a target, or one has no answer.
    """
    task = predictions.meaning
    test = _labelled(test, task)
    return Tested(
        predictions=_answers_to(test, predictions),
        test=test,
        train=_labelled(train, task) if train else None,
        plain=_labelled(plain, task) if plain else None,
        calibration=by.calibration if by else None,
        uncalibrated=by.uncalibrated if by else "",
    )


def _labelled(pictures: Batch, task: Task) -> Batch:
    known = task.known(pictures.targets) & (pictures.weights > 0)
    if not known.any():
        raise DataError(
            received=f"None of the {len(pictures)} pictures has a label.",
            expected="pictures whose class is known, to hold the answers against.",
            remedy="Put the pictures into folders by class, or name them in a CSV.",
        )
    return pictures if known.all() else pictures.take(np.flatnonzero(known))


def _answers_to(test: Batch, predictions: Predictions) -> Predictions:
    missing = [image_id for image_id in test.ids if image_id not in predictions.rows]
    if missing:
        raise DataError(
            received=f"{len(missing)} of {len(test)} pictures have no answer, such as "
            f"{missing[0]!r}.",
            expected="one answer for every picture of the test, by its id.",
            remedy="Predict the same pictures that are to be evaluated.",
        )
    return predictions.select(test.ids)


def learning_curves(epochs: Sequence[Mapping[str, Any]]) -> list[Chart]:
    """Loss and accuracy by epoch, in training and validation."""
    if not epochs:
        return []
    return [
        Chart(
            title=title,
            x_label="epoch",
            y_label=HUBER if key == "loss" and "error" in epochs[0] else label,
            series=tuple(
                Series(label=label, points=_points(epochs, prefix + key))
                for label, prefix in (("training", ""), ("validation", "validation_"))
                if _points(epochs, prefix + key)
            ),
        )
        for key, (title, label) in CURVES.items()
        if _points(epochs, key)
    ]


def _points(
    epochs: Sequence[Mapping[str, Any]], key: str
) -> tuple[tuple[float, float], ...]:
    return tuple(
        (float(entry["epoch"]), float(entry[key]))
        for entry in epochs
        if entry.get(key) is not None
    )
