"""Nearest centroid: a head that needs no fitting, for one picture a class upwards.

Snell, Swersky and Zemel, "Prototypical networks for few-shot learning" (NIPS 2017),
with centred features of length 1 as in Wang et al., "SimpleShot: revisiting
nearest-neighbor classification for few-shot learning" (2019).
"""

import numpy as np
from numpy.typing import NDArray

from visus.models.joined import HeadWeights
from visus.tasks.base import Head

Floats = NDArray[np.float32]

# Directions differ by less than classes do: without it scores would be all alike.
SHARPNESS = 10.0


def centroid_head(
    features: Floats, targets: NDArray[np.integer], num_classes: int
) -> HeadWeights:
    """The head that answers the class whose mean direction is most alike.

    Args:
        features: of the training pictures `(num_images, num_features)`.
        targets: their class numbers `(num_images,)`; every class has pictures.
        num_classes: how many there are.
    """
    means = _means(features, targets, num_classes)
    # Of classes, not of pictures: a frequent class is no more in the middle.
    middle = means.mean(axis=0)
    directions = _of_length_one(features - middle)
    centroids = _of_length_one(_means(directions, targets, num_classes))
    kernel = SHARPNESS * centroids.T / _usual_length(features - middle)
    return HeadWeights(
        kernel=kernel.astype(np.float32),
        bias=(-middle @ kernel).astype(np.float32),
        head=Head(num_classes),
    )


def _means(
    features: Floats, targets: NDArray[np.integer], num_classes: int
) -> NDArray[np.float64]:
    inside = np.eye(num_classes)[targets]
    return np.asarray(inside.T @ features / inside.sum(axis=0)[:, None])


def _of_length_one(rows: NDArray[np.floating]) -> NDArray[np.floating]:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-12))


def _usual_length(rows: NDArray[np.floating]) -> float:
    return max(float(np.median(np.linalg.norm(rows, axis=1))), 1e-12)
