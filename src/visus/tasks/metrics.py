"""Figures of single labels, in NumPy; tests hold each against scikit-learn."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float32]
Numbers = NDArray[np.int32]

# A certain mistake would cost infinity; 1e-7 is what Keras clips at.
SMALLEST_SCORE = 1e-7


def accuracy(
    scores: Floats, targets: Numbers, weights: ArrayLike | None = None
) -> float:
    """Share of pictures whose largest score is the target's.

    Args:
        scores: `(num_images, num_classes)`.
        targets: class numbers `(num_images,)`.
        weights: how much each picture counts `(num_images,)`; `None`: all alike.

    Example:
        >>> accuracy(np.array([[0.9, 0.1], [0.8, 0.2]]), np.array([0, 1]))
        0.5
    """
    return weighted_mean(scores.argmax(axis=1) == targets, weights)


def top_k_accuracy(
    scores: Floats, targets: Numbers, k: int, weights: ArrayLike | None = None
) -> float:
    """Share of pictures whose target is among the `k` largest scores.

    Args:
        scores: `(num_images, num_classes)`.
        targets: class numbers `(num_images,)`.
        k: how many answers each picture is allowed.
        weights: how much each picture counts `(num_images,)`; `None`: all alike.
    """
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return weighted_mean((best == targets[:, None]).any(axis=1), weights)


def log_loss(
    scores: Floats, targets: Numbers, weights: ArrayLike | None = None
) -> float:
    """Mean of -ln(score of the target), in nats a picture (cross-entropy).

    Good (1952), "Rational decisions"; scores below 1e-7 count as 1e-7.

    Args:
        scores: class probabilities `(num_images, num_classes)`.
        targets: class numbers `(num_images,)`.
        weights: how much each picture counts `(num_images,)`; `None`: all alike.
    """
    given = scores[np.arange(len(targets)), targets].astype(np.float64)
    return weighted_mean(-np.log(np.clip(given, SMALLEST_SCORE, 1.0)), weights)


def weighted_mean(values: ArrayLike, weights: ArrayLike | None = None) -> float:
    """The mean `(num_images,)`, in float64 whatever the weights are kept in."""
    counts = None if weights is None else np.asarray(weights, dtype=np.float64)
    return float(np.average(np.asarray(values), weights=counts))


def confusion_matrix(
    targets: Numbers,
    answers: NDArray[np.integer],
    num_classes: int,
    weights: ArrayLike | None = None,
) -> NDArray[Any]:
    """Counts by target (row) and answer (column), `(num_classes, num_classes)`.

    Args:
        targets: class numbers `(num_images,)`, all known.
        answers: class numbers `(num_images,)`.
        num_classes: how many there are, seen or not.
        weights: how much each picture counts `(num_images,)`; `None`: one.
    """
    cells = targets.astype(np.int64) * num_classes + answers
    counts = np.bincount(cells, weights, minlength=num_classes**2)
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
    support: NDArray[Any]


def class_figures(confusion: NDArray[Any]) -> ClassFigures:
    """Precision, recall and F1 of each class.

    Args:
        confusion: counts by target and answer, `(num_classes, num_classes)`.
    """
    right = np.diag(confusion)
    answered, support = confusion.sum(axis=0), confusion.sum(axis=1)
    precision, recall = _share(right, answered), _share(right, support)
    f1 = _share(2 * right, answered + support)
    return ClassFigures(precision, recall, f1, support)


def _share(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    share: NDArray[np.float64] = np.zeros(len(part))
    np.divide(part, whole, out=share, where=whole > 0)
    return share
