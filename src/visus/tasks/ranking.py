"""Figures of several labels a picture, in NumPy; tests hold each against scikit-learn.

Scores, answers and truth are `(num_images, num_labels)`, weights `(num_images,)`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.floating]
Truth = NDArray[np.bool_]
Values = NDArray[np.float64]


class Ranking:
    """Pictures by falling score, label by label: sorted once, used often."""

    def __init__(self, scores: Scores, truth: Truth) -> None:
        self.order = np.argsort(-scores, axis=0, kind="stable")
        self.truth = np.take_along_axis(truth, self.order, axis=0)
        self.ends = _ends_of_ties(np.take_along_axis(scores, self.order, axis=0))

    def average_precisions(self, weights: Values) -> Values:
        """Average precision of each label `(num_labels,)`; NaN where none is true.

        The mean, over the pictures that have the label, of the precision among the
        pictures scored at least as high (Buckley and Voorhees, 2000).
        """
        counts = weights[self.order]
        right = np.cumsum(counts * self.truth, axis=0)
        seen = np.cumsum(counts, axis=0)
        precision = np.take_along_axis(
            np.divide(right, seen, out=np.zeros_like(right), where=seen > 0),
            self.ends,
            axis=0,
        )
        gained = (counts * self.truth * precision).sum(axis=0)
        return _ratio(gained, right[-1], missing=np.nan)


@dataclass(frozen=True)
class LabelFigures:
    """Figures by label, each `(num_labels,)`; 0 where a ratio has no denominator.

    Args:
        precision: of the answers that give the label, the right share.
        recall: of the pictures that have the label, the share that was given it.
        f1: harmonic mean of both (van Rijsbergen, 1979).
        micro_f1: the same over all labels thrown together.
    """

    precision: Values
    recall: Values
    f1: Values
    micro_f1: float


def label_figures(chosen: Truth, truth: Truth, weights: Values) -> LabelFigures:
    """Precision, recall and F1 of each label, and of all together."""
    right = weights @ (chosen & truth)
    answered, support = weights @ chosen, weights @ truth
    whole = float(answered.sum() + support.sum())
    return LabelFigures(
        precision=_ratio(right, answered),
        recall=_ratio(right, support),
        f1=_ratio(2 * right, answered + support),
        micro_f1=2 * float(right.sum()) / whole if whole else 0.0,
    )


def subset_accuracy(chosen: Truth, truth: Truth, weights: Values) -> float:
    """Share of pictures whose labels are all right, none missing, none too many."""
    return float(np.average((chosen == truth).all(axis=1), weights=weights))


def area_under_roc(lower: Scores, higher: Scores) -> float:
    """How probably one of the higher is above one of the lower; ties count a half.

    The Mann-Whitney statistic is the area under the ROC curve (Hanley and McNeil, "The
    meaning and use of the area under a receiver operating characteristic curve", 1982).

    Args:
        lower: scores of pictures that should be low `(num_lower,)`, at least one.
        higher: of those that should be high `(num_higher,)`, at least one.

    Example:
        >>> area_under_roc(np.array([1, 2]), np.array([2, 3]))
        0.875
    """
    ranked = np.sort(lower)
    below = np.searchsorted(ranked, higher, side="left")
    up_to = np.searchsorted(ranked, higher, side="right")
    return float((below + up_to).mean() / (2 * len(ranked)))


def best_threshold(scores: Scores, truth: Truth, weights: Values) -> float:
    """The threshold with the largest F1: halfway to the next lower score.

    Args:
        scores: `(num_images,)` from 0 to 1.
        truth: `(num_images,)`.
        weights: `(num_images,)`.

    Returns:
        0.5 where no picture has the label.
    """
    if not truth.any():
        return 0.5
    order = np.argsort(-scores, kind="stable")
    ranked, counts = scores[order].astype(np.float64), weights[order]
    right = np.cumsum(counts * truth[order])
    f1 = 2 * right / np.maximum(np.cumsum(counts) + right[-1], 1e-12)
    # Equal scores are on one side of any threshold.
    f1[: len(f1) - 1][ranked[:-1] == ranked[1:]] = -1
    best = int(f1.argmax())
    below = ranked[best + 1] if best + 1 < len(ranked) else 0.0
    return float((ranked[best] + below) / 2)


def _ends_of_ties(ranked: Scores) -> NDArray[np.intp]:
    """For each place, the last place with the same score, label by label."""
    places = np.broadcast_to(np.arange(len(ranked))[:, None], ranked.shape)
    last = np.ones(ranked.shape, dtype=bool)
    last[:-1] = ranked[:-1] != ranked[1:]
    ends = np.where(last, places, len(ranked))
    return np.minimum.accumulate(ends[::-1], axis=0)[::-1]


def _ratio(part: Values, whole: Values, missing: float = 0.0) -> Values:
    ratio: Values = np.full(len(part), missing)
    np.divide(part, whole, out=ratio, where=whole > 0)
    return ratio
