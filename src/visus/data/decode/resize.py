"""Resizing, with the filter that each name stands for."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from visus.data.decode.picture import Picture

# Settings take longer to import than a picture takes to decode in a process apart.
if TYPE_CHECKING:
    from visus.data.config import Interpolation


def resize_pixels(
    pixels: NDArray[np.uint8],
    size: tuple[int, int],
    interpolation: "Interpolation",
    box: tuple[float, float, float, float] | None = None,
) -> NDArray[np.uint8]:
    """Resize one picture.

    Args:
        pixels: uint8 `(height, width, 1 or 3)`.
        size: `(height, width)` wanted.
        interpolation: "area" averages when neither side grows, and is bilinear
            otherwise.
        box: `(top, left, bottom, right)` of the part to take, in pixels; all of the
            picture by default.

    Returns:
        uint8 `(*size, 1 or 3)`.
    """
    return Picture(pixels).resized(size, interpolation, box)
