"""Stand-ins for pictures of another kind, made of one's own: none need be collected.

Of those by which Hendrycks, Mazeika and Dietterich choose ("Deep anomaly detection
with outlier exposure", 2019, validation distributions) and of their like, the three
that keep the colors of the picture and lose what it shows.
"""

import zlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from visus.core.seeds import random_generator

Pixels = NDArray[np.uint8]

# Parts a side; of small pictures fewer, so that parts show something.
PARTS = 4
LEAST_PART = 6
# How far pixels that were thrown about are smoothed, as a share of the side.
SMOOTHED = 1 / 14


def jigsaw(pixels: Pixels) -> Pixels:
    """Each picture cut into sixteen (of small ones fewer) parts, laid anew.

    Args:
        pixels: uint8 `(num_images, height, width, channels)`.
    """
    height, width = pixels.shape[1:3]
    parts = max(2, min(PARTS, min(height, width) // LEAST_PART))
    tall, wide = height // parts, width // parts
    laid = pixels.copy()
    for row, picture in enumerate(pixels):
        order = _generator(picture, "jigsaw").permutation(parts * parts)
        for place, source in enumerate(order):
            top, left = (place // parts) * tall, (place % parts) * wide
            up, side = (source // parts) * tall, (source % parts) * wide
            part = picture[up : up + tall, side : side + wide]
            laid[row, top : top + tall, left : left + wide] = part
    return laid


def random_phases(pixels: Pixels) -> Pixels:
    """Each picture with its strength at every frequency and phases by chance.

    Textures stay, shapes go (as in Chen et al., "Amplitude-phase recombination", 2021).

    Args:
        pixels: uint8 `(num_images, height, width, channels)`.
    """
    changed = np.empty_like(pixels)
    for row, picture in enumerate(pixels):
        noise = _generator(picture, "phases").standard_normal(picture.shape[:2])
        turns = np.exp(1j * np.angle(np.fft.rfft2(noise)))
        # The mean of the picture is no shape.
        turns[0, 0] = 1
        spectrum = np.fft.rfft2(picture.astype(np.float64), axes=(0, 1))
        turned = spectrum * turns[..., None]
        values = np.fft.irfft2(turned, s=picture.shape[:2], axes=(0, 1))
        changed[row] = np.clip(np.round(values), 0, 255)
    return changed


def smooth_noise(pixels: Pixels) -> Pixels:
    """Each picture's pixels thrown about, smoothed, at the picture's contrast again.

    Hein, Andriushchenko and Bitterwolf, "Why ReLU networks yield high-confidence
    predictions far away from the training data" (2019).

    Args:
        pixels: uint8 `(num_images, height, width, channels)`.
    """
    changed = np.empty_like(pixels)
    for row, picture in enumerate(pixels):
        flat = picture.reshape(-1, picture.shape[2]).astype(np.float64)
        order = _generator(picture, "noise").permutation(len(flat))
        smooth = _smoothed(flat[order].reshape(picture.shape))
        low, high = smooth.min(), smooth.max()
        least, most = float(picture.min()), float(picture.max())
        stretched = (smooth - low) / max(high - low, 1e-9) * (most - least) + least
        changed[row] = np.clip(np.round(stretched), 0, 255)
    return changed


STAND_INS: dict[str, Callable[[Pixels], Pixels]] = {
    "jigsaw": jigsaw,
    "random phases": random_phases,
    "smooth noise": smooth_noise,
}


def _generator(picture: Pixels, purpose: str) -> np.random.Generator:
    # A picture has the same stand-in wherever it stands.
    return random_generator(zlib.crc32(picture.tobytes()), purpose)


def _smoothed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """By a Gaussian, wrapped around the edges."""
    for axis in (0, 1):
        side = values.shape[axis]
        away = np.minimum(np.arange(side), side - np.arange(side))
        weights = np.exp(-0.5 * (away / max(1.0, SMOOTHED * side)) ** 2)
        spectrum = np.fft.rfft(weights / weights.sum())
        shape = [1, 1, 1]
        shape[axis] = len(spectrum)
        product = np.fft.rfft(values, axis=axis) * spectrum.reshape(shape)
        values = np.fft.irfft(product, n=side, axis=axis)
    return values
