"""What happens to pictures in machines: contrast, stretching, enlarging, JPEG."""

import numpy as np
from numpy.typing import NDArray

from visus.data.corruptions.sampling import scaled, seen_at, smoothed, turned
from visus.data.decode import as_picture
from visus.data.encode import through_jpeg

Image = NDArray[np.float64]

LESS_CONTRAST = (0.4, 0.3, 0.2, 0.1, 0.05)
# How far places move before that is smoothed, how widely it is, and how far corners do,
# as shares of the side.
ELASTIC = (
    (2.0, 0.7, 0.1),
    (2.0, 0.08, 0.2),
    (0.05, 0.01, 0.02),
    (0.07, 0.01, 0.02),
    (0.12, 0.01, 0.02),
)
SMALLER = (0.6, 0.5, 0.4, 0.3, 0.25)
QUALITY = (25, 18, 15, 10, 7)


def contrast(image: Image, level: int, generator: np.random.Generator) -> Image:
    """Nearer to the mean of each channel."""
    mean = image.mean(axis=(0, 1), keepdims=True)
    return np.asarray((image - mean) * LESS_CONTRAST[level] + mean)


def elastic(image: Image, level: int, generator: np.random.Generator) -> Image:
    """Slanted a little, and moved here and there (Simard, Steinkraus, Platt, 2003)."""
    far, even, corner = (share * min(image.shape[:2]) for share in ELASTIC[level])
    third = min(image.shape[:2]) / 3
    matrix = np.eye(2) + generator.uniform(-corner, corner, (2, 2)) / (2 * third)
    slanted = turned(image, matrix)
    grid = np.mgrid[: image.shape[0], : image.shape[1]].astype(np.float64)
    # Smoothing over fewer pixels leaves more of a move, which is to be the same share.
    far = scaled(far, image)
    moves = [
        smoothed(generator.uniform(-1, 1, image.shape[:2]), even) * far
        for _ in range(2)
    ]
    return seen_at(slanted, grid[0] + moves[0], grid[1] + moves[1])


def pixelate(image: Image, level: int, generator: np.random.Generator) -> Image:
    """Made smaller, and larger again in squares."""
    pixels = _pixels(image)
    size = tuple(max(1, round(SMALLER[level] * side)) for side in image.shape[:2])
    small = as_picture(pixels).resized((size[0], size[1]), "area")
    height, width = image.shape[:2]
    return as_picture(small).resized((height, width), "nearest") / 255


def jpeg(image: Image, level: int, generator: np.random.Generator) -> Image:
    """Written as JPEG, and read again."""
    return through_jpeg(_pixels(image), QUALITY[level]) / 255


def _pixels(image: Image) -> NDArray[np.uint8]:
    return np.round(np.clip(image, 0, 1) * 255).astype(np.uint8)
