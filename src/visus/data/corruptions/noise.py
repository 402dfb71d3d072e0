"""Noise: of the sensor, of few photons, of broken pixels."""

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float64]

GAUSSIAN = (0.08, 0.12, 0.18, 0.26, 0.38)
PHOTONS = (60, 25, 12, 5, 3)
BROKEN = (0.03, 0.06, 0.09, 0.17, 0.27)


def gaussian_noise(image: Image, level: int, generator: np.random.Generator) -> Image:
    """A normal value added to each pixel and channel.

    Args:
        image: `(height, width, channels)`, 0 to 1, as in all of this family.
        level: 0 to 4.
        generator: of what is drawn.
    """
    return image + generator.normal(0, GAUSSIAN[level], image.shape)


def shot_noise(image: Image, level: int, generator: np.random.Generator) -> Image:
    """As many photons as chance lets through."""
    return generator.poisson(image * PHOTONS[level]) / PHOTONS[level]


def impulse_noise(image: Image, level: int, generator: np.random.Generator) -> Image:
    """Salt and pepper: some values are 0 or 1."""
    drawn = generator.random(image.shape)
    salt = np.where(drawn < BROKEN[level] / 2, 1.0, image)
    return np.where(drawn > 1 - BROKEN[level] / 2, 0.0, salt)
