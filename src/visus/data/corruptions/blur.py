"""Blurs: out of focus, through glass, in motion."""

import numpy as np
from numpy.typing import NDArray

from visus.data.corruptions.sampling import (
    convolved,
    enlarged,
    motion_kernel,
    scaled,
    seen_at,
    smoothed,
)

Image = NDArray[np.float64]

# Radius of the disc, and by how much its edge is smoothed.
DISC = ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5))
# Spread of the blur, how far pixels come from, and how often.
GLASS = ((0.7, 1, 2), (0.9, 2, 1), (1.0, 2, 3), (1.1, 3, 2), (1.5, 4, 2))
# Length of the trail, and its spread.
TRAIL = ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15))
# How far the camera comes nearer, and in what steps.
ZOOM = ((1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03))
MOST_ASKEW = 45
# A picture of few pixels is still blurred.
LEAST_RADIUS = 0.6


def defocus_blur(image: Image, level: int, generator: np.random.Generator) -> Image:
    """Each point becomes a disc."""
    wide, soft = DISC[level]
    radius = max(scaled(wide, image), LEAST_RADIUS * (1 + level / 4))
    reach = int(np.ceil(radius)) + 1
    # Four places a pixel: a small disc is no square.
    fine = (np.arange(-4 * reach, 4 * reach + 4) + 0.5) / 4 - 0.5
    inside = (fine[:, None] ** 2 + fine[None] ** 2 <= radius**2).astype(np.float64)
    disc = inside.reshape(2 * reach + 1, 4, 2 * reach + 1, 4).mean(axis=(1, 3))
    disc = smoothed(disc, scaled(soft, image))
    return convolved(image, disc / disc.sum())


def glass_blur(image: Image, level: int, generator: np.random.Generator) -> Image:
    """Blurred, pixels taken from near places, blurred again."""
    spread, reach, rounds = GLASS[level]
    spread, far = scaled(spread, image), max(scaled(reach, image), 0.5)
    found = smoothed(image, spread)
    grid = np.mgrid[: image.shape[0], : image.shape[1]].astype(np.float64)
    for _ in range(rounds):
        rows, columns = grid + generator.uniform(-far, far, grid.shape)
        found = seen_at(found, rows, columns)
    return smoothed(found, spread)


def motion_blur(image: Image, level: int, generator: np.random.Generator) -> Image:
    """Each point leaves a trail."""
    length, spread = (max(scaled(x, image), 1.0) for x in TRAIL[level])
    degrees = generator.uniform(-MOST_ASKEW, MOST_ASKEW)
    return convolved(image, motion_kernel(length, spread, degrees))


def zoom_blur(image: Image, level: int, generator: np.random.Generator) -> Image:
    """The mean of the picture and ever nearer ones."""
    nearest, step = ZOOM[level]
    times = np.arange(1 + step, nearest, step)
    nearer = [enlarged(image, time) for time in times]
    return np.asarray(np.mean([image, *nearer], axis=0))
