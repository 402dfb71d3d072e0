"""Temperatures by which scores become probabilities (Guo et al., 2017)."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from visus.bundles.calibration import tempered
from visus.tasks.base import Activation, Targets
from visus.tasks.metrics import log_loss

Floats = NDArray[np.float32]

# With fewer pictures, or fewer of a label, the temperature would be an accident.
FEWEST_PICTURES = 20
FEWEST_OF_A_LABEL = 10
# Temperatures from 1/20 to 20, to about a thousandth.
WIDEST = 3.0
STEPS = 18
# Where every answer is right, the best temperature would be 0: perfectly sure. A normal
# prior on the logarithm, in nats for all pictures together, keeps it where it is
# unless they say otherwise; with hundreds of pictures it is not felt.
PRIOR_SPREAD = 0.5
GOLDEN = (math.sqrt(5) - 1) / 2


def fit_temperatures(
    scores: Floats,
    targets: Targets,
    weights: Floats | None = None,
    *,
    activation: Activation = "softmax",
) -> tuple[float, ...]:
    """The temperature with the smallest loss on held-out pictures.

    Args:
        scores: `(num_images, num_outputs)` as the network gives them.
        targets: class numbers `(num_images,)`; of labels, 0 or 1 `(num_images,
            num_labels)`.
        weights: how much each picture counts `(num_images,)`; `None`: all alike.
        activation: "softmax": one temperature; "sigmoid": one a label, and those that
            fewer than 10 pictures have, or lack, share one.

    Example:
        >>> sure = np.array([[0.99, 0.01]] * 40, dtype=np.float32)
        >>> (warm,) = fit_temperatures(sure, np.array([0, 0, 0, 1] * 10))
        >>> warm > 2                              # it is right three times of four
        True
    """
    counts = np.ones(len(scores)) if weights is None else weights.astype(np.float64)
    if activation == "softmax":
        return (_class_temperature(scores, targets, counts),)
    common = _label_temperature(scores, targets > 0, counts)
    found = []
    for place in range(scores.shape[1]):
        true = targets[:, place] > 0
        fewest = min(int(true.sum()), int((~true).sum()))
        column = scores[:, [place]]
        own = fewest >= FEWEST_OF_A_LABEL
        found.append(
            _label_temperature(column, true[:, None], counts) if own else common
        )
    return tuple(found)


def binary_log_loss(
    scores: Floats, truth: NDArray[np.bool_], weights: NDArray[np.floating]
) -> float:
    """Mean of -ln(score of what is true) over pictures and labels, in nats."""
    given = np.where(truth, scores, 1 - scores).astype(np.float64)
    losses = -np.log(np.clip(given, 1e-7, 1.0)).mean(axis=1)
    return float(np.average(losses, weights=weights))


def _class_temperature(
    scores: Floats, targets: Targets, counts: NDArray[np.float64]
) -> float:
    return _best(
        lambda t: log_loss(tempered(scores, (t,), "softmax"), targets, counts),
        float(counts.sum()),
    )


def _label_temperature(
    scores: Floats, truth: NDArray[np.bool_], counts: NDArray[np.float64]
) -> float:
    return _best(
        lambda t: binary_log_loss(tempered(scores, (t,), "sigmoid"), truth, counts),
        float(counts.sum()) * scores.shape[1],
    )


def _best(loss: Callable[[float], float], total: float) -> float:
    """The temperature of the least penalised loss, by golden section of its logarithm.

    The loss has one valley: it is convex in 1 / temperature.
    """

    def cost(logarithm: float) -> float:
        prior = (logarithm / PRIOR_SPREAD) ** 2 / 2
        return loss(math.exp(logarithm)) + prior / max(total, 1.0)

    low, high = -WIDEST, WIDEST
    left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    at_left, at_right = cost(left), cost(right)
    for _ in range(STEPS):
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - GOLDEN * (high - low)
            at_left = cost(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + GOLDEN * (high - low)
            at_right = cost(right)
    return round(math.exp((low + high) / 2), 4)
