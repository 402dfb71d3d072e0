"""Pictures that a network has learned from, with what it makes of each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visus.bundles.foreign import unit_directions
from visus.data.records import ImageRecord

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class KnownPictures:
    """Pictures and their features.

    Args:
        records: of each picture.
        features: float32 `(num_images, num_features)`: what its last layer takes.
        pixels: from a row to the picture as the network takes it.
        features_of: the like of any pixels `(num_images, height, width, channels)`.
    """

    records: Sequence[ImageRecord]
    features: Floats
    pixels: Callable[[int], Pixels]
    features_of: Callable[[Pixels], Floats]

    def distances(self, pixels: Pixels) -> Floats:
        """From one picture to each `(num_images,)`: 1 less the cosine of the angle."""
        asked = unit_directions(self.features_of(pixels[np.newaxis]))
        cosines = unit_directions(self.features) @ asked[0]
        return np.asarray(np.clip(1 - cosines, 0, 2), dtype=np.float32)
