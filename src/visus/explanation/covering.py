"""What a covered part of a picture shows: nothing that it did not show before."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]
Fill = Literal["mean", "black", "gray"]

# So many pictures at once: the runtime's own piece, and little memory.
PIECE = 64


def fill_color(pixels: Pixels, fill: Fill) -> Floats:
    """What covers a part of this picture: float32 `(channels,)`, 0 to 255."""
    if fill == "mean":
        colors = pixels.reshape(-1, pixels.shape[-1])
        return np.asarray(colors.mean(axis=0), dtype=np.float32)
    return np.full(pixels.shape[-1], 0 if fill == "black" else 128, dtype=np.float32)


def covered(pixels: Pixels, kept: Floats, color: Floats) -> Pixels:
    """The picture once a mask, seen through as far as the mask lets.

    Args:
        pixels: uint8 `(height, width, channels)`.
        kept: `(num_masks, height, width)`: 1 shows the picture, 0 the color.
        color: `(channels,)`.

    Returns:
        uint8 `(num_masks, height, width, channels)`.
    """
    shown = kept[..., np.newaxis]
    mixed = shown * pixels.astype(np.float32) + (1 - shown) * color
    return np.asarray(np.round(mixed), dtype=np.uint8)


def pieces(count: int, size: int = PIECE) -> Iterator[slice]:
    """0..count in slices."""
    for first in range(0, count, size):
        yield slice(first, min(first + size, count))
