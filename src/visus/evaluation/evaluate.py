"""How good: from predictions and truth to a Report."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.bundles.predictions import Predictions
from visus.core.errors import DataError
from visus.core.report import (
    Chart,
    Fact,
    Figure,
    Finding,
    Matrix,
    Report,
    Series,
    Table,
)
from visus.data.batches import Batch
from visus.evaluation.baselines import majority_accuracy, nearest_centroid_accuracy
from visus.evaluation.findings import accuracy_findings, class_findings
from visus.evaluation.gallery import mistakes_gallery
from visus.tasks.base import Task
from visus.tasks.intervals import wilson_interval
from visus.tasks.metrics import class_figures, confusion_matrix

MOST_CLASSES_DRAWN = 100
MOST_CONFUSIONS = 20


def evaluate(
    task: Task,
    predictions: Predictions,
    test: Batch,
    *,
    title: str,
    train: Batch | None = None,
    epochs: Sequence[Mapping[str, Any]] = (),
    findings: Sequence[Finding] = (),
) -> Report:
    """Measure answers against the truth.

    Args:
        task: gives the metrics.
        predictions: matched to `test` by id.
        test: pictures; those without a target are not counted.
        title: of the report.
        train: the training pictures, for the baselines.
        epochs: log lines of the training, for the learning curves.
        findings: what else a person should read, put first.

    Raises:
        DataError: no picture has a target, or one has no answer.
    """
    test = _labelled(test)
    predictions = _answers_to(test, predictions)
    names = predictions.class_names
    accuracy, *facts = _facts(task, predictions, test)
    baselines = _baselines(_labelled(train), test, len(names)) if train else []
    confusion = confusion_matrix(test.targets, predictions.answer_numbers, len(names))
    return Report(
        title=title,
        facts=(accuracy, *facts, *baselines),
        findings=(
            *findings,
            *accuracy_findings(accuracy, baselines, len(test)),
            *class_findings(confusion, names, test),
        ),
        tables=_tables(confusion, names),
        figures=tuple(_figures(confusion, predictions, test, epochs)),
    )


def _labelled(pictures: Batch) -> Batch:
    known = (pictures.targets >= 0) & (pictures.weights > 0)
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


def _facts(task: Task, predictions: Predictions, test: Batch) -> list[Fact]:
    figures = task.metrics(predictions.scores, test.targets)
    right = int(np.sum(predictions.answer_numbers == test.targets))
    interval = wilson_interval(right, len(test))
    low, high = interval.low, interval.high
    text = f"{interval.value:.2%} (95 % interval {low:.2%} to {high:.2%})"
    facts = [
        Fact(name="accuracy", value=interval.value, text=text, interval=interval),
        Fact(name="loss", value=figures["loss"], text=f"{figures['loss']:.4f} nats"),
    ]
    if "top_5_accuracy" in figures:
        top = figures["top_5_accuracy"]
        text = f"{top:.2%} have the true class among the five best answers"
        facts.append(Fact(name="top_5_accuracy", value=top, text=text))
    facts.append(Fact(name="pictures", value=len(test), text=f"{len(test):,}"))
    return facts


def _baselines(train: Batch, test: Batch, num_classes: int) -> list[Fact]:
    majority = majority_accuracy(train, test)
    centroid = nearest_centroid_accuracy(train, test, num_classes)
    return [
        Fact(
            name="baseline_majority",
            value=majority,
            text=f"{majority:.2%} by always answering the most frequent class",
        ),
        Fact(
            name="baseline_nearest_centroid",
            value=centroid,
            text=f"{centroid:.2%} by the nearest mean picture",
        ),
    ]


def _tables(confusion: NDArray[np.int64], names: tuple[str, ...]) -> tuple[Table, ...]:
    figures = class_figures(confusion)
    rows = tuple(
        (
            name,
            round(float(figures.precision[number]), 4),
            round(float(figures.recall[number]), 4),
            round(float(figures.f1[number]), 4),
            int(figures.support[number]),
        )
        for number, name in enumerate(names)
    )
    by_class = Table(
        title="By class",
        columns=("class", "precision", "recall", "F1", "pictures"),
        rows=rows,
        note="precision: of the answers that name the class, the right share; "
        "recall: of its pictures, the share found.",
    )
    confusions = _confusions(confusion, names)
    return (by_class, confusions) if confusions.rows else (by_class,)


def _confusions(confusion: NDArray[np.int64], names: tuple[str, ...]) -> Table:
    wrong = confusion.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:MOST_CONFUSIONS]
    pairs = [divmod(int(cell), len(names)) for cell in order if wrong.flat[cell]]
    return Table(
        title="Most frequent confusions",
        columns=("is", "answered", "times"),
        rows=tuple((names[i], names[j], int(wrong[i, j])) for i, j in pairs),
    )


def _figures(
    confusion: NDArray[np.int64],
    predictions: Predictions,
    test: Batch,
    epochs: Sequence[Mapping[str, Any]],
) -> list[Figure]:
    figures: list[Figure] = list(learning_curves(epochs))
    if len(confusion) <= MOST_CLASSES_DRAWN:
        figures.append(
            Matrix(
                title="Confusion matrix",
                row_label="is",
                column_label="answered",
                names=predictions.class_names,
                counts=tuple(tuple(map(int, row)) for row in confusion),
            )
        )
    gallery = mistakes_gallery(predictions, test)
    return [*figures, gallery] if gallery else figures


def learning_curves(epochs: Sequence[Mapping[str, Any]]) -> list[Chart]:
    """Loss and accuracy by epoch, in training and validation."""
    if not epochs:
        return []
    return [
        Chart(
            title=title,
            x_label="epoch",
            y_label=unit,
            series=tuple(
                Series(label=label, points=_points(epochs, prefix + key))
                for label, prefix in (("training", ""), ("validation", "validation_"))
                if _points(epochs, prefix + key)
            ),
        )
        for title, key, unit in (
            ("Loss by epoch", "loss", "loss (nats a picture)"),
            ("Accuracy by epoch", "accuracy", "accuracy (share)"),
        )
    ]


def _points(
    epochs: Sequence[Mapping[str, Any]], key: str
) -> tuple[tuple[float, float], ...]:
    return tuple(
        (float(entry["epoch"]), float(entry[key]))
        for entry in epochs
        if entry.get(key) is not None
    )
