"""Weather: snow, frost, fog, glare."""

import numpy as np
from numpy.typing import NDArray

from visus.data.corruptions.sampling import (
    convolved,
    enlarged,
    motion_kernel,
    scaled,
    smoothed,
)

Image = NDArray[np.float64]

# Mean and spread of the flakes' layer, their size, what falls away, the trail's length
# and spread, and how much of the picture is left.
SNOW = (
    (0.1, 0.3, 3, 0.5, 10, 4, 0.8),
    (0.2, 0.3, 2, 0.5, 12, 4, 0.7),
    (0.55, 0.3, 4, 0.9, 12, 8, 0.7),
    (0.55, 0.3, 4.5, 0.85, 12, 8, 0.65),
    (0.55, 0.3, 2.5, 0.85, 12, 12, 0.55),
)
# How much of the picture is left, and how much ice there is.
FROST = ((1, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75))
# How thick the fog is, and how quickly its structure gets weaker when it gets finer.
FOG = ((1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4))
BRIGHTER = (0.1, 0.2, 0.3, 0.4, 0.5)
LUMA = np.array([0.299, 0.587, 0.114])


def snow(image: Image, level: int, generator: np.random.Generator) -> Image:
    """Flakes with trails, before a picture that is paler."""
    mean, spread, size, least, length, wide, left = SNOW[level]
    flakes = generator.normal(mean, spread, (*image.shape[:2], 1))
    flakes = np.clip(enlarged(flakes, size), 0, 1)
    flakes = np.where(flakes < least, 0, flakes)
    trail, width = (max(scaled(x, image), 1.0) for x in (length, wide))
    flakes = convolved(
        flakes, motion_kernel(trail, width, generator.uniform(-135, -45))
    )
    gray = image @ LUMA if image.shape[2] == 3 else image[..., 0]
    pale = np.maximum(image, gray[..., None] * 1.5 + 0.5)
    whole = left * image + (1 - left) * pale
    return np.asarray(whole + flakes + flakes[::-1, ::-1])


def frost(image: Image, level: int, generator: np.random.Generator) -> Image:
    """Ice that grows from the edges, drawn: ridges of noise of several sizes."""
    left, thick = FROST[level]
    height, width = image.shape[:2]
    ridges = np.zeros((height, width))
    for size in (16, 8, 4):
        noise = smoothed(
            generator.standard_normal((height, width)), max(scaled(size, image), 0.5)
        )
        # Where smooth noise crosses zero runs a crack.
        ridges += np.exp(-np.abs(noise) / (0.25 * noise.std() + 1e-9)) / 3
    down, right = (np.abs(np.linspace(-1, 1, side)) for side in (height, width))
    edge = np.maximum(down[:, None], right[None])
    ice = np.clip(0.25 + 0.55 * ridges + 0.35 * edge**2, 0, 1)[..., None]
    return np.asarray(left * image + thick * ice)


def fog(image: Image, level: int, generator: np.random.Generator) -> Image:
    """Clouds by the diamond-square algorithm, added to the picture."""
    thick, decay = FOG[level]
    most = max(float(image.max()), 1e-6)
    cloud = _cloud(max(image.shape[:2]), decay, generator)
    cloud = cloud[: image.shape[0], : image.shape[1], None]
    return np.asarray((image + thick * cloud) * most / (most + thick))


def brightness(image: Image, level: int, generator: np.random.Generator) -> Image:
    """The value (of hue, saturation and value) raised; colors stay."""
    value = image.max(axis=2, keepdims=True)
    wanted = np.clip(value + BRIGHTER[level], 0, 1)
    # Black has no color to keep.
    colored = image * wanted / np.maximum(value, 1e-9)
    return np.asarray(np.where(value > 0, colored, wanted))


def _cloud(side: int, decay: float, generator: np.random.Generator) -> Image:
    """A fractal landscape `(size, size)`, 0 to 1, at least `side` long, that wraps.

    Fournier, Fussell and Carpenter, "Computer rendering of stochastic models" (1982).
    """
    size = 1 << max(1, int(np.ceil(np.log2(max(side, 2)))))
    field = np.zeros((size, size))
    step, strength = size, 1.0
    while step >= 2:
        half = step // 2
        corners = field[::step, ::step]
        squares = corners + np.roll(corners, -1, 0)
        squares = (squares + np.roll(squares, -1, 1)) / 4
        field[half::step, half::step] = squares + _shaken(
            squares.shape, strength, generator
        )
        centres = field[half::step, half::step]
        for axis, rows, columns in ((0, half, 0), (1, 0, half)):
            along = corners + np.roll(corners, -1, axis)
            across = centres + np.roll(centres, 1, 1 - axis)
            field[rows::step, columns::step] = (along + across) / 4 + _shaken(
                along.shape, strength, generator
            )
        step, strength = half, strength / decay
    field -= field.min()
    return np.asarray(field / max(float(field.max()), 1e-9))


def _shaken(
    shape: tuple[int, ...], strength: float, generator: np.random.Generator
) -> Image:
    return generator.uniform(-strength, strength, shape)
