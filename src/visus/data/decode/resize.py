"""Resizing, with the filter that each name stands for."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Settings take longer to import than a picture takes to decode in a process apart.
if TYPE_CHECKING:
    from visus.data.config import Interpolation

_FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}


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
    top, left, bottom, right = box or (0, 0, *pixels.shape[:2])
    shrinks = bottom - top >= size[0] and right - left >= size[1]
    area = Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    resized = image.resize(
        (size[1], size[0]),
        _FILTERS.get(interpolation, area),
        box=(left, top, right, bottom),
    )
    return np.array(resized, dtype=np.uint8).reshape(*size, pixels.shape[2])
