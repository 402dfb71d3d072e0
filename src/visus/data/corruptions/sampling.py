"""What several corruptions share: places between pixels, blurs, zooms."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Image = NDArray[np.float64]

# Lengths of ImageNet-C are meant for pictures of this side.
REFERENCE_SIDE = 224


def scaled(length: float, image: Image) -> float:
    """A length of ImageNet-C in pixels of this picture."""
    side: int = min(image.shape[:2])
    return length * side / REFERENCE_SIDE


def smoothed(image: Image, spread: float) -> Image:
    """Blurred by a Gaussian; what lies beyond an edge mirrors what is inside.

    Args:
        image: `(height, width)` or `(height, width, channels)`.
        spread: its standard deviation, in pixels.
    """
    spreads = (spread, spread, 0)[: image.ndim]
    return np.asarray(ndimage.gaussian_filter(image, spreads, mode="mirror"))


def convolved(image: Image, kernel: NDArray[np.float64]) -> Image:
    """Each channel with a kernel that adds up to 1; edges mirror.

    Args:
        image: `(height, width, channels)`.
        kernel: `(height, width)`.
    """
    return np.asarray(ndimage.convolve(image, kernel[..., None], mode="mirror"))


def seen_at(image: Image, rows: Image, columns: Image, mode: str = "mirror") -> Image:
    """The picture at places between pixels, linearly interpolated.

    Args:
        image: `(height, width, channels)`.
        rows: `(height, width)`, of each pixel of the result.
        columns: the like.
        mode: what lies beyond the edges, as SciPy names it.
    """
    channels = [
        ndimage.map_coordinates(image[..., c], [rows, columns], order=1, mode=mode)
        for c in range(image.shape[2])
    ]
    return np.stack(channels, axis=-1)


def turned(image: Image, matrix: NDArray[np.float64], mode: str = "mirror") -> Image:
    """The picture under a linear map about its middle.

    Args:
        image: `(height, width, channels)`.
        matrix: `(2, 2)`, from places of the result to places of the picture.
        mode: what lies beyond the edges, as SciPy names it.
    """
    height, width = image.shape[:2]
    middle = np.array([(height - 1) / 2, (width - 1) / 2])
    rows, columns = np.mgrid[:height, :width] - middle[:, None, None]
    down = matrix[0, 0] * rows + matrix[0, 1] * columns + middle[0]
    right = matrix[1, 0] * rows + matrix[1, 1] * columns + middle[1]
    return seen_at(image, down, right, mode)


def enlarged(image: Image, times: float) -> Image:
    """The middle of the picture, so many times as large."""
    return turned(image, np.eye(2) / times)


def motion_kernel(radius: float, spread: float, degrees: float) -> NDArray[np.float64]:
    """Half of a Gaussian along a line: what moves leaves a trail behind.

    Args:
        radius: length of the trail, in pixels.
        spread: of the Gaussian, in pixels.
        degrees: of the direction.
    """
    side = max(1, round(radius))
    kernel = np.zeros((2 * side + 1, 2 * side + 1))
    angle = np.deg2rad(degrees)
    for step in np.arange(0, radius + 0.25, 0.25):
        row = side + step * np.sin(angle)
        column = side + step * np.cos(angle)
        # Halves go up: Python's own rounding gives some pixels twice what others get.
        place = np.clip(np.floor([row + 0.5, column + 0.5]).astype(int), 0, 2 * side)
        kernel[tuple(place)] += np.exp(-((step / max(spread, 1e-6)) ** 2) / 2)
    return np.asarray(kernel / kernel.sum())
