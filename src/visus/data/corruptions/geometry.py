"""Changes of place, size and resolution; direction is drawn."""

import numpy as np
from numpy.typing import NDArray

from visus.data.corruptions.sampling import enlarged, turned
from visus.data.decode import as_picture

Image = NDArray[np.float64]

DEGREES = (5, 10, 20, 30, 45)
CLOSER = (1.1, 1.2, 1.4, 1.7, 2.0)
FARTHER = (0.9, 0.8, 0.7, 0.6, 0.5)
SLANT = (5, 10, 15, 22, 30)
FEWER = (0.7, 0.5, 0.35, 0.25, 0.15)


def rotation(image: Image, level: int, generator: np.random.Generator) -> Image:
    """Turned left or right; corners repeat the edge."""
    angle = np.deg2rad(DEGREES[level]) * generator.choice([-1, 1])
    cos, sin = np.cos(angle), np.sin(angle)
    return turned(image, np.array([[cos, -sin], [sin, cos]]), "nearest")


def closer(image: Image, level: int, generator: np.random.Generator) -> Image:
    """Only the middle is seen."""
    return enlarged(image, CLOSER[level])


def farther(image: Image, level: int, generator: np.random.Generator) -> Image:
    """Smaller, and around it the edge repeated."""
    return turned(image, np.eye(2) / FARTHER[level], "nearest")


def shear(image: Image, level: int, generator: np.random.Generator) -> Image:
    """Slanted to one side; what comes in repeats the edge."""
    slope = np.tan(np.deg2rad(SLANT[level])) * generator.choice([-1, 1])
    return turned(image, np.array([[1, 0], [slope, 1]]), "nearest")


def resolution(image: Image, level: int, generator: np.random.Generator) -> Image:
    """Of fewer pixels, brought to its size again."""
    pixels = np.round(np.clip(image, 0, 1) * 255).astype(np.uint8)
    height, width = image.shape[:2]
    share = FEWER[level]
    size = (max(1, round(share * height)), max(1, round(share * width)))
    small = as_picture(pixels).resized(size, "area")
    return as_picture(small).resized((height, width), "bilinear") / 255
