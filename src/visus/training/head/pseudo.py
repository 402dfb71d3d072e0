"""Learning from pictures without a label, by labels that a head is sure of itself.

Pseudo-labels (Lee, "Pseudo-label: the simple and efficient semi-supervised learning
method", 2013) in rounds that take more each time, as in Cascante-Bonilla et al.,
"Curriculum labeling" (AAAI 2021): a head is fitted, the pictures that it is surest of
are taken with its answers, and another head is fitted from the start, so that an early
mistake is not kept. Features stay as they are, so a round costs a second.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visus.models.joined import HeadWeights
from visus.tasks.base import Head
from visus.training.head.config import FrozenConfig
from visus.training.head.fit import Pupils, fit_head

Floats = NDArray[np.float32]
Rows = NDArray[np.intp]

ROUNDS = 3
# A penalty that few labels ask for is too much for hundreds of pictures.
MOST_STRENGTH = 0.3


@dataclass(frozen=True)
class Trust:
    """Which answers of a head pass for labels.

    Args:
        floor: the least probability.
        balance: how many times its share of the labelled pictures a class may get, as
            seen from the class that is found least.
    """

    floor: float = 0.8
    balance: float = 1.5


@dataclass(frozen=True)
class PseudoLabelled:
    """A head that has learned from pictures without a label too.

    Args:
        weights: of the head.
        taken: unlabelled pictures with a pseudo-label in the last round, by class
            `(num_classes,)`.
        unlabelled: how many there were.
        rounds: that were fitted.
    """

    weights: HeadWeights
    taken: NDArray[np.int64]
    unlabelled: int
    rounds: int


def fit_with_unlabelled(
    pupils: Pupils,
    first: HeadWeights,
    strength: float,
    unlabelled: Floats,
    *,
    trust: Trust | None = None,
    rounds: int = ROUNDS,
) -> PseudoLabelled:
    """Fit heads on labelled pictures and on those whose answers can be trusted.

    Args:
        pupils: the labelled pictures; one class each.
        first: the head that was fitted to them alone.
        strength: of its penalty, which the others have too, as far as 0.3.
        unlabelled: features of the others `(num_unlabelled, num_features)`.
        trust: which answers pass for labels.
        rounds: how often; each takes a larger share of the unlabelled.
    """
    trust = trust or Trust()
    num_classes = first.head.outputs
    labelled = np.bincount(pupils.targets, minlength=num_classes)
    strength = min(strength, MOST_STRENGTH)
    weights, fitted = first, 0
    answers = np.zeros(0, dtype=np.int64)
    for number in range(1, rounds + 1):
        scores = weights.scores(unlabelled)
        rows = trusted_rows(scores, labelled, trust, number / rounds)
        answers = scores[rows].argmax(axis=1)
        if not len(rows):
            continue
        weights = _fitted(pupils, unlabelled[rows], answers, first.head, strength)
        fitted += 1
    taken = np.bincount(answers, minlength=num_classes)
    return PseudoLabelled(weights, taken, len(unlabelled), fitted)


def trusted_rows(
    scores: Floats, labelled: NDArray[np.int64], trust: Trust, share: float
) -> Rows:
    """Rows whose answers pass for labels, class by class, the surest first.

    Args:
        scores: of the unlabelled pictures `(num_unlabelled, num_classes)`.
        labelled: pictures with a label of each class `(num_classes,)`.
        trust: floor and balance.
        share: of the unlabelled pictures that may be taken at most.
    """
    answers, sure = scores.argmax(axis=1), scores.max(axis=1)
    counts = np.bincount(answers[sure >= trust.floor], minlength=len(labelled))
    present = labelled > 0
    # The class that is found least, in times of its labels; once is never too much.
    rarest = max(1.0, float((counts[present] / labelled[present]).min()))
    fair = share * len(scores) * labelled / labelled.sum()
    most = np.ceil(np.minimum(trust.balance * rarest * labelled, fair))
    order = np.argsort(-sure, kind="stable")
    order = order[sure[order] >= trust.floor]
    chosen = [
        order[answers[order] == number][: int(most[number])]
        for number in range(len(labelled))
    ]
    return np.asarray(np.concatenate(chosen), dtype=np.intp)


def _fitted(
    pupils: Pupils,
    features: Floats,
    answers: NDArray[np.int64],
    head: Head,
    strength: float,
) -> HeadWeights:
    count = len(pupils.targets) + len(answers)
    return fit_head(
        Pupils(
            features=np.concatenate([pupils.features, features]),
            targets=np.concatenate([pupils.targets, answers.astype(np.int32)]),
            weights=np.concatenate(
                [pupils.weights, np.ones(len(answers), dtype=np.float32)]
            ),
            # One fold: the strength is known, and none is held out.
            folds=np.zeros(count, dtype=np.intp),
            views={},
        ),
        head,
        FrozenConfig(strength=strength),
        seed=0,
    ).weights
