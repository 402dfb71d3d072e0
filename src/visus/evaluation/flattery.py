"""Flattery: how much better a split that tears twins and groups apart would look."""

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from visus.core.report import Interval
from visus.core.seeds import random_generator

# More pictures would cost seconds and narrow the interval little.
MOST_PICTURES = 3_000
FOLDS = 5


def flattery(
    features: NDArray[np.float32],
    targets: NDArray[np.int32],
    units: NDArray[np.intp],
    *,
    seed: int,
    confidence: float = 0.95,
) -> Interval | None:
    """By how much a naive random split would flatter the accuracy on this data.

    A nearest-neighbour probe answers every picture from four fifths of the others,
    twice: folds are drawn picture by picture, which tears units apart, and unit by
    unit, which does not. The probe shows what a network that learns by heart could
    gain. The interval takes units, not pictures, as independent (the linearised
    variance of a ratio over clusters; Cochran, Sampling Techniques, 1977, 6.4 and 9A).

    Args:
        features: of the pictures, `(num_images, num_features)`, such as small pixels.
        targets: class numbers `(num_images,)`; those below 0 are left out.
        units: `(num_images,)`; equal numbers are twins, or of one group.
        seed: of the folds, and of the sample where there are more than 3,000 pictures.
        confidence: of the interval, a share.

    Returns:
        Naive minus honest accuracy, a share; `None` where no unit has two pictures, or
        where there are fewer than five units.
    """
    rows = _sampled(units, np.flatnonzero(targets >= 0), seed)
    _, unit_of, sizes = np.unique(units[rows], return_inverse=True, return_counts=True)
    if len(sizes) < FOLDS or sizes.max() == 1:
        return None
    features, targets = _standard(features[rows]), targets[rows]
    right = []
    for number_of in (np.arange(len(rows)), unit_of):
        folds = _folds(number_of, seed)
        right.append(_answers(features, targets, folds) == targets)
    gains = right[0].astype(float) - right[1]
    return _interval(
        np.bincount(unit_of, weights=gains).astype(float), sizes, confidence
    )


def _sampled(
    units: NDArray[np.intp], rows: NDArray[np.intp], seed: int
) -> NDArray[np.intp]:
    """Rows of whole units drawn at random, at most about MOST_PICTURES."""
    if len(rows) <= MOST_PICTURES:
        return rows
    names, sizes = np.unique(units[rows], return_counts=True)
    order = random_generator(seed, "flattery sample").permutation(len(names))
    fits = np.cumsum(sizes[order]) <= MOST_PICTURES
    return rows[np.isin(units[rows], names[order[fits]])]


def _folds(numbers: NDArray[np.intp], seed: int) -> NDArray[np.intp]:
    """A fold `(num_images,)` for each number, folds alike in how many numbers."""
    count = int(numbers.max()) + 1
    order = random_generator(seed, "flattery folds").permutation(count)
    return (order % FOLDS)[numbers]


def _answers(
    features: NDArray[np.float32],
    targets: NDArray[np.int32],
    folds: NDArray[np.intp],
) -> NDArray[np.int32]:
    answers = np.empty_like(targets)
    # |a - b|^2 without |a|^2, which is the same for every b.
    lengths = np.einsum("nf,nf->n", features, features)
    for fold in range(FOLDS):
        tested, learned = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        distances = lengths[learned] - 2 * features[tested] @ features[learned].T
        answers[tested] = targets[learned[distances.argmin(axis=1)]]
    return answers


def _standard(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Every picture at mean 0 and length 1: brightness and contrast are no likeness."""
    flat = features - features.mean(axis=1, keepdims=True)
    standard: NDArray[np.float32] = flat / np.maximum(
        np.linalg.norm(flat, axis=1, keepdims=True), np.float32(1e-6)
    )
    return standard


def _interval(
    gains: NDArray[np.float64], sizes: NDArray[np.intp], confidence: float
) -> Interval:
    """Of the mean gain a picture, from the sum of each unit."""
    num_units, num_images = len(sizes), int(sizes.sum())
    mean = float(gains.sum()) / num_images
    squares = float(((gains - mean * sizes) ** 2).sum()) * num_units / (num_units - 1)
    spread = NormalDist().inv_cdf((1 + confidence) / 2) * math.sqrt(squares)
    low, high = mean - spread / num_images, mean + spread / num_images
    return Interval(
        value=mean, low=max(-1.0, low), high=min(1.0, high), confidence=confidence
    )
