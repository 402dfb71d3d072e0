"""What one gets without learning; a network that is not clearly better is no use."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from visus.data.batches import Batch
from visus.tasks.metrics import weighted_mean

# Centroids of finer pictures cost more and are hardly better.
FINEST_SIDE = 32
# Sums of one piece stay in the processor's cache.
PIECE_BYTES = 4 * 2**20


def majority_accuracy(train: Batch, test: Batch) -> float:
    """Accuracy of always answering the most frequent training class."""
    most_frequent = np.bincount(train.targets, train.weights).argmax()
    return weighted_mean(test.targets == most_frequent, test.weights)


def nearest_centroid_accuracy(train: Batch, test: Batch, num_classes: int) -> float:
    """Accuracy of answering the class whose mean training picture is nearest."""
    answers = nearest_centroid_answers(train, test, num_classes)
    return weighted_mean(answers == test.targets, test.weights)


def nearest_centroid_answers(
    train: Batch, test: Batch, num_classes: int
) -> NDArray[np.int32]:
    """Class numbers `(num_images,)` of the test by nearest mean training picture.

    Distances are Euclidean, between pictures averaged down to at most 32 by 32 pixels
    (the nearest centroid classifier; Tibshirani et al., PNAS 2002, without shrinkage).

    Args:
        train: pictures with known targets.
        test: pictures of the same size.
        num_classes: how many there are; one without training pictures is no answer.
    """
    centroids, counts = _centroids(train, num_classes)
    # |x - c|^2 without |x|^2, which is the same for every class.
    lengths = np.where(counts > 0, (centroids**2).sum(axis=1), np.inf)
    distances = [
        lengths - 2 * features(test.pixels[rows]) @ centroids.T
        for rows in _pieces(test)
    ]
    return np.asarray(np.concatenate(distances).argmin(axis=1), dtype=np.int32)


def features(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Pictures averaged over whole blocks of pixels, `(num_images, num_features)`.

    What is left of a block at the right and bottom edge is not used.

    Args:
        pixels: uint8 `(num_images, height, width, channels)`.
    """
    height, width = (-(-side // FINEST_SIDE) for side in pixels.shape[1:3])
    sums = _block_sums(_block_sums(pixels, 1, height), 2, width)
    means: NDArray[np.float32] = np.divide(sums, height * width, dtype=np.float32)
    return means.reshape(len(pixels), -1)


def _block_sums(
    pixels: NDArray[np.unsignedinteger], axis: int, block: int
) -> NDArray[np.unsignedinteger]:
    if block == 1:
        return pixels
    # Adding every block-th row is ten times as fast as a mean over two axes.
    ahead = (slice(None),) * axis
    whole = pixels.shape[axis] // block * block
    sums = pixels[(*ahead, slice(0, whole, block))].astype(np.uint32)
    for first in range(1, block):
        sums += pixels[(*ahead, slice(first, whole, block))]
    return sums


def _centroids(
    train: Batch, num_classes: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    counts = np.bincount(train.targets, minlength=num_classes)
    sums = np.zeros((num_classes, features(train.pixels[:1]).shape[1]))
    for rows in _pieces(train):
        targets, pictures = train.targets[rows], features(train.pixels[rows])
        # A product with one-hot targets does the same in fifty times the time.
        for number in np.unique(targets):
            sums[number] += pictures[targets == number].sum(axis=0)
    return sums / np.maximum(counts, 1)[:, None], counts


def _pieces(pictures: Batch) -> Iterator[slice]:
    picture_bytes = int(np.prod(pictures.pixels.shape[1:]))
    piece = max(1, PIECE_BYTES // picture_bytes)
    for first in range(0, len(pictures), piece):
        yield slice(first, first + piece)
