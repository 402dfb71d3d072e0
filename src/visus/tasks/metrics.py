"""Figures of classification, in NumPy; tests hold each against scikit-learn."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Numbers = NDArray[np.int32]

# A certain mistake would cost infinity; 1e-7 is what Keras clips at.
SMALLEST_SCORE = 1e-7


def accuracy(scores: Floats, targets: Numbers) -> float:
    """Share of pictures whose largest score is the target's.

    Args:
        scores: `(num_images, num_classes)`.
        targets: class numbers `(num_images,)`.

    Example:
        >>> accuracy(np.array([[0.9, 0.1], [0.8, 0.2]]), np.array([0, 1]))
        0.5
    """
    return float(np.mean(scores.argmax(axis=1) == targets))


def top_k_accuracy(scores: Floats, targets: Numbers, k: int) -> float:
    """Share of pictures whose target is among the `k` largest scores.

    Args:
        scores: `(num_images, num_classes)`.
        targets: class numbers `(num_images,)`.
        k: how many answers each picture is allowed.
    """
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return float(np.mean((best == targets[:, None]).any(axis=1)))


def log_loss(scores: Floats, targets: Numbers) -> float:
    """Mean of -ln(score of the target), in nats a picture (cross-entropy).

    Good (1952), "Rational decisions"; scores below 1e-7 count as 1e-7.

    Args:
        scores: class probabilities `(num_images, num_classes)`.
        targets: class numbers `(num_images,)`.
    """
    given = scores[np.arange(len(targets)), targets].astype(np.float64)
    return float(-np.log(np.clip(given, SMALLEST_SCORE, 1.0)).mean())


def confusion_matrix(
    targets: Numbers, answers: NDArray[np.integer], num_classes: int
) -> NDArray[np.int64]:
    """Counts by target (row) and answer (column), `(num_classes, num_classes)`.

    Args:
        targets: class numbers `(num_images,)`, all known.
        answers: class numbers `(num_images,)`.
        num_classes: how many there are, seen or not.
    """
    cells = targets.astype(np.int64) * num_classes + answers
    counts = np.bincount(cells, minlength=num_classes**2)
    return counts.reshape(num_classes, num_classes)


@dataclass(frozen=True)
class ClassFigures:
    """Figures by class, each `(num_classes,)`; 0 where a ratio has no denominator.

    Args:
        precision: of the answers that name the class, the right share.
        recall: of the pictures of the class, the share that was found.
        f1: harmonic mean of both (van Rijsbergen, 1979).
        support: pictures of the class.
    """

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]
    support: NDArray[np.int64]


def class_figures(confusion: NDArray[np.int64]) -> ClassFigures:
    """Precision, recall and F1 of each class.

    Args:
        confusion: counts by target and answer, `(num_classes, num_classes)`.
    """
    right = np.diag(confusion)
    answered, support = confusion.sum(axis=0), confusion.sum(axis=1)
    precision, recall = _share(right, answered), _share(right, support)
    f1 = _share(2 * right, answered + support)
    return ClassFigures(precision, recall, f1, support)


def _share(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
