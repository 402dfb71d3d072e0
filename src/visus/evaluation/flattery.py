"""Flattery: how much better a split that tears twins and groups apart would look."""

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from visus.core.report import Interval
from visus.core.seeds import random_generator
from visus.data.batches import Batch
from visus.evaluation.baselines import features

# More pictures would cost seconds and narrow the interval little.
MOST_PICTURES = 3_000
FOLDS = 5
# Pictures whose features are taken at once.
PIECE = 64


def flattery(
    pictures: Batch, units: NDArray[np.intp], *, seed: int, confidence: float = 0.95
) -> Interval | None:
    """By how much a naive random split would flatter the accuracy on this data.

    A nearest-neighbour probe answers every picture from four fifths of the others,
    twice: once units lie in one fold whole, once their pictures are dealt out one by
    one. It shows what a network that learns by heart could gain. The interval takes
    units, not pictures, as independent (the linearised variance of a ratio over
    clusters; Cochran, "Sampling Techniques", 1977, chapter 9A).

    Args:
        pictures: those without a target are left out.
        units: `(num_images,)`; equal numbers are twins, or of one group.
        seed: of the folds, and of the sample where there are more than 3,000 pictures.
        confidence: of the interval, a share.

    Returns:
        Naive minus honest accuracy, a share; `None` where no unit has two pictures, or
        where there are fewer than five units.
    """
    rows = _sampled(units, np.flatnonzero(pictures.targets >= 0), seed)
    _, unit_of, sizes = np.unique(units[rows], return_inverse=True, return_counts=True)
    if len(sizes) < FOLDS or sizes.max() == 1:
        return None
    # Piece by piece: the pictures may be more than memory holds.
    pieces = np.array_split(rows, -(-len(rows) // PIECE))
    found = [features(pictures.pixels[piece]) for piece in pieces]
    standard, targets = _standard(np.concatenate(found)), pictures.targets[rows]
    honest = _folds(len(sizes), seed, "units")[unit_of]
    # Pictures that are alone stay where they are, or they would only add noise.
    dealt = _folds(len(rows), seed, "pictures")
    naive = np.where(sizes[unit_of] > 1, dealt, honest)
    likeness = _likeness(standard)
    right, flattered = (
        _answers(likeness, targets, folds) == targets for folds in (honest, naive)
    )
    gains = flattered.astype(np.float64) - right
    totals = np.bincount(unit_of, weights=gains).astype(np.float64)
    return _interval(totals, sizes, confidence)


def _sampled(
    units: NDArray[np.intp], rows: NDArray[np.intp], seed: int
) -> NDArray[np.intp]:
    """Rows of whole units drawn at random, at most MOST_PICTURES."""
    if len(rows) <= MOST_PICTURES:
        return rows
    names, sizes = np.unique(units[rows], return_counts=True)
    order = random_generator(seed, "flattery sample").permutation(len(names))
    fits = np.cumsum(sizes[order]) <= MOST_PICTURES
    return rows[np.isin(units[rows], names[order[fits]])]


def _folds(count: int, seed: int, purpose: str) -> NDArray[np.intp]:
    """A fold for each of them, `(count,)`; folds differ by one at most."""
    return random_generator(seed, f"flattery {purpose}").permutation(count) % FOLDS


def _likeness(standard: NDArray[np.float32]) -> NDArray[np.float32]:
    """The larger, the nearer; of every picture to every other, `(num_images,) * 2`.

    Once for both ways of dealing, and of a matrix with itself: a third of the
    arithmetic that fold by fold takes.
    """
    # -|a - b|^2 / 2 without |a|^2, which is the same for every b.
    products = standard @ standard.T
    products -= np.diagonal(products).copy() / 2
    return np.asarray(products)


def _answers(
    likeness: NDArray[np.float32],
    targets: NDArray[np.int32],
    folds: NDArray[np.intp],
) -> NDArray[np.int32]:
    answers = np.empty_like(targets)
    for fold in range(FOLDS):
        tested, learned = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        nearest = likeness[np.ix_(tested, learned)].argmax(axis=1)
        answers[tested] = targets[learned[nearest]]
    return answers


def _standard(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Every picture at mean 0 and length 1: brightness and contrast are no likeness."""
    flat = features - features.mean(axis=1, keepdims=True)
    standard: NDArray[np.float32] = flat / np.maximum(
        np.linalg.norm(flat, axis=1, keepdims=True), np.float32(1e-6)
    )
    return standard


def _interval(
    gains: NDArray[np.float64], sizes: NDArray[np.signedinteger], confidence: float
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
