"""Maps, kernels and images as pixels that can be looked at."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]


def gray_of(values: NDArray[np.floating]) -> Pixels:
    """A map `(height, width)` as gray pixels: its least is black, its most white."""
    low, high = float(values.min()), float(values.max())
    shares = (values - low) / (high - low) if high > low else np.zeros_like(values)
    return np.asarray(np.round(255 * shares), dtype=np.uint8)[..., np.newaxis]


def signed_of(values: NDArray[np.floating]) -> Pixels:
    """Numbers `(height, width)` as gray pixels: 0 is middle gray, the most is white."""
    most = float(np.abs(values).max(initial=0)) or 1.0
    return np.asarray(np.round(127.5 + 127.5 * values / most), dtype=np.uint8)[
        ..., None
    ]


def stretched(image: NDArray[np.floating]) -> Pixels:
    """An image `(height, width, channels)` as pixels, from its own least to most."""
    low, high = float(image.min()), float(image.max())
    shares = (image - low) / (high - low or 1)
    return np.asarray(np.round(255 * shares), dtype=np.uint8)


def repeated(pixels: Pixels, side: int) -> Pixels:
    """Small pictures at a whole multiple of their size, about `side` long."""
    times = max(1, side // max(pixels.shape[:2]))
    return np.repeat(np.repeat(pixels, times, axis=0), times, axis=1)


def loudest(maps: Floats, count: int) -> list[int]:
    """Channels of maps `(height, width, channels)` with the largest mean size."""
    order = np.argsort(-np.abs(maps).mean(axis=(0, 1)), kind="stable")
    return [int(channel) for channel in order[:count]]
