"""How good with one class a picture: accuracy, confusions, the surest mistakes."""

import numpy as np
from numpy.typing import NDArray

from visus.bundles.predictions import Predictions
from visus.core.report import Fact, Figure, Matrix, Table
from visus.data.batches import Batch
from visus.evaluation.baselines import majority_accuracy, nearest_centroid_accuracy
from visus.evaluation.findings import accuracy_findings, class_findings
from visus.evaluation.gallery import mistakes_gallery
from visus.evaluation.parts import Parts, Tested, share_cell
from visus.tasks.intervals import effective_number, wilson_interval
from visus.tasks.metrics import class_figures, confusion_matrix

MOST_CLASSES_DRAWN = 100
MOST_CONFUSIONS = 20


def measure_single_label(tested: Tested) -> Parts:
    """Facts, findings, tables and figures; the matrix counts pictures, not weights."""
    predictions, test = tested.predictions, tested.test
    names, answers = predictions.class_names, predictions.answer_numbers
    facts = _facts(predictions, test)
    plain = tested.plain or test
    baselines = baseline_facts(tested.train, plain, len(names)) if tested.train else []
    confusion = confusion_matrix(test.targets, answers, len(names))
    weighted = confusion_matrix(test.targets, answers, len(names), test.weights)
    return Parts(
        facts=(*facts, *baselines),
        findings=(
            *accuracy_findings(facts[0], baselines, len(test)),
            *class_findings(confusion, names, test),
        ),
        tables=_tables(confusion, weighted, names),
        figures=_figures(confusion, predictions, test),
    )


def _facts(predictions: Predictions, test: Batch) -> list[Fact]:
    figures = predictions.meaning.metrics(
        predictions.scores, test.targets, test.weights
    )
    number = effective_number(test.weights)
    # Rounded, or 7 of 9 right would be 7.000000000000001.
    interval = wilson_interval(round(figures["accuracy"] * number, 6), number)
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


def baseline_facts(train: Batch, test: Batch, num_classes: int) -> list[Fact]:
    """What one gets without learning, from the training pictures alone."""
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


def _tables(
    confusion: NDArray[np.int64],
    weighted: NDArray[np.float64],
    names: tuple[str, ...],
) -> tuple[Table, ...]:
    figures = class_figures(weighted)
    answered, support = weighted.sum(axis=0), confusion.sum(axis=1)
    rows = tuple(
        (
            name,
            share_cell(figures.precision[number], answered[number]),
            share_cell(figures.recall[number], support[number]),
            share_cell(figures.f1[number], support[number]),
            int(support[number]),
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
    confusion: NDArray[np.int64], predictions: Predictions, test: Batch
) -> list[Figure]:
    figures: list[Figure] = []
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
