"""What one gets without learning; a network that is not clearly better is no use."""

import numpy as np
from numpy.typing import NDArray

from visus.data.batches import Batch

# Centroids of finer pictures cost more and are hardly better.
FINEST_SIDE = 32
PIECE = 4096


def majority_accuracy(train: Batch, test: Batch) -> float:
    """Accuracy of always answering the most frequent training class."""
    most_frequent = np.bincount(train.targets).argmax()
    return float(np.mean(test.targets == most_frequent))


def nearest_centroid_accuracy(train: Batch, test: Batch, num_classes: int) -> float:
    """Accuracy of answering the class whose mean training picture is nearest.

    Distances are Euclidean, between pictures shrunk to at most 32 by 32 pixels.
    """
    centroids = _centroids(train, num_classes)
    right = 0
    for first in range(0, len(test), PIECE):
        rows = slice(first, first + PIECE)
        features = _features(test.pixels[rows])
        # |x - c|^2 without |x|^2, which is the same for every class.
        distances = (centroids**2).sum(axis=1) - 2 * features @ centroids.T
        right += int(np.sum(distances.argmin(axis=1) == test.targets[rows]))
    return right / len(test)


def _centroids(train: Batch, num_classes: int) -> NDArray[np.float32]:
    width = _features(train.pixels[:1]).shape[1]
    sums = np.zeros((num_classes, width), dtype=np.float32)
    for first in range(0, len(train), PIECE):
        rows = slice(first, first + PIECE)
        members = np.eye(num_classes, dtype=np.float32)[train.targets[rows]]
        sums += members.T @ _features(train.pixels[rows])
    counts = np.bincount(train.targets, minlength=num_classes)
    centroids = sums / np.maximum(counts, 1)[:, None]
    # A class that was never seen is infinitely far from everything.
    centroids[counts == 0] = 1e6
    return centroids.astype(np.float32)


def _features(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    height, width = pixels.shape[1:3]
    step = -(-max(height, width) // FINEST_SIDE)
    # Whole blocks only; a remainder at the right and bottom edge is left out.
    tall, wide = max(1, height // step), max(1, width // step)
    blocks = pixels[:, : tall * step, : wide * step]
    if step > 1:
        shape = (len(pixels), tall, min(step, height), wide, min(step, width), -1)
        blocks = blocks.reshape(shape).mean(axis=(2, 4), dtype=np.float32)
    return np.asarray(blocks, dtype=np.float32).reshape(len(pixels), -1)
