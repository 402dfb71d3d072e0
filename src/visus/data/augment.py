"""Augmentation: what is drawn for each training picture, and one way to apply it.

The draw happens here, on the host, from (seed, epoch, step) alone; engines apply it in
compiled code. The NumPy version at the end says what they must compute; tests compare.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visus.core.seeds import random_generator
from visus.data.config import AugmentConfig

Floats = NDArray[np.float32]

# Rows of a 2 by 3 matrix and the two perspective terms, which stay 0.
IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class AugmentDraw:
    """The changes drawn for some steps; a part that is off is `None`.

    Args:
        transforms: `(steps, batch, 8)`: output point (x, y) shows input point
            (a0 x + a1 y + a2, b0 x + b1 y + b2), in pixels; the last two are 0.
        color: `(steps, batch, 3)`: factors of brightness, contrast and saturation.
        cutout: `(steps, batch, 4)`: top, bottom, left, right of a gray square, pixels.
        mixup: `(steps, batch)`: share of the picture itself; the rest is the next
            picture of its tower.
    """

    transforms: Floats | None = None
    color: Floats | None = None
    cutout: Floats | None = None
    mixup: Floats | None = None

    def arrays(self) -> dict[str, Floats]:
        """The parts that are on, by name."""
        return {name: part for name, part in vars(self).items() if part is not None}


def draw_changes(
    config: AugmentConfig,
    shape: tuple[int, ...],
    *,
    batch_size: int,
    seed: int,
    epoch: int,
    first_step: int,
    steps: int,
) -> AugmentDraw | None:
    """Draw the changes of some consecutive steps; `None` when augmentation is off.

    Args:
        config: how strong each change may be.
        shape: `(height, width, channels)` of the pictures.
        batch_size: pictures a step.
        seed: of the run.
        epoch: number of the epoch.
        first_step: the first step's number in the epoch.
        steps: how many steps.
    """
    draws = [
        _draw_step(config, shape, batch_size, random_generator(seed, "augment", *place))
        for place in ((epoch, first_step + step) for step in range(steps))
    ]
    names = draws[0].keys()
    if not names:
        return None
    return AugmentDraw(**{name: np.stack([d[name] for d in draws]) for name in names})


def _draw_step(
    config: AugmentConfig,
    shape: tuple[int, ...],
    batch_size: int,
    generator: np.random.Generator,
) -> dict[str, Floats]:
    drawn: dict[str, Floats] = {}
    if config.flip or any((config.shift, config.rotate, config.zoom, config.stretch)):
        drawn["transforms"] = _draw_transforms(config, shape, batch_size, generator)
    if any((config.brightness, config.contrast, config.saturation)):
        strengths = [config.brightness, config.contrast, config.saturation]
        spread = generator.uniform(-1, 1, (batch_size, 3)) * strengths
        drawn["color"] = (1 + spread).astype(np.float32)
    if config.cutout:
        drawn["cutout"] = _draw_cutouts(config.cutout, shape, batch_size, generator)
    if config.mixup:
        share = generator.beta(config.mixup, config.mixup, batch_size)
        drawn["mixup"] = np.maximum(share, 1 - share).astype(np.float32)
    return drawn


def _draw_transforms(
    config: AugmentConfig,
    shape: tuple[int, ...],
    batch_size: int,
    generator: np.random.Generator,
) -> Floats:
    height, width = shape[:2]
    spread = generator.uniform(-1, 1, (5, batch_size))
    angle = spread[0] * math.radians(config.rotate)
    zoom = np.exp(spread[1] * math.log1p(config.zoom))
    stretch = np.exp(spread[2] * math.log1p(config.stretch) / 2)
    mirror = np.where(generator.random(batch_size) < 0.5 * config.flip, -1.0, 1.0)
    # Whole pixels when nothing else moves: no blur where none is needed.
    down, right = spread[3] * config.shift * height, spread[4] * config.shift * width
    if not any((config.rotate, config.zoom, config.stretch)):
        down, right = np.round(down), np.round(right)
    a0, a1 = mirror * np.cos(angle) * zoom * stretch, -np.sin(angle) * zoom / stretch
    b0, b1 = mirror * np.sin(angle) * zoom * stretch, np.cos(angle) * zoom / stretch
    # The centre of the output shows the centre of the input, moved by the shift.
    middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
    rows = np.tile(np.asarray(IDENTITY, dtype=np.float32), (batch_size, 1))
    rows[:, 0], rows[:, 1], rows[:, 3], rows[:, 4] = a0, a1, b0, b1
    rows[:, 2] = middle_x - a0 * middle_x - a1 * middle_y + right
    rows[:, 5] = middle_y - b0 * middle_x - b1 * middle_y + down
    return rows


def _draw_cutouts(
    share: float,
    shape: tuple[int, ...],
    batch_size: int,
    generator: np.random.Generator,
) -> Floats:
    # The square's middle lies anywhere, so that it may hang over an edge (DeVries and
    # Taylor, "Improved Regularization of CNNs with Cutout", 2017).
    half = share * min(shape[:2]) / 2
    middle = generator.random((batch_size, 2)) * shape[:2]
    top, left = middle[:, 0] - half, middle[:, 1] - half
    return np.stack([top, top + 2 * half, left, left + 2 * half], axis=1).astype(
        np.float32
    )


def apply_draw(pixels: NDArray[np.uint8], draw: AugmentDraw) -> Floats:
    """Apply the changes to the pictures of some steps with NumPy, slowly.

    Points outside the picture show its mirrored continuation; colors are clipped.

    Args:
        pixels: uint8 `(steps, batch, height, width, channels)`.
        draw: what was drawn for them; `mixup` is left out (it mixes the loss too).

    Returns:
        images of 0..255, float32, of the same shape.
    """
    images = pixels.astype(np.float32)
    for step, row in np.ndindex(*pixels.shape[:2]):
        image = images[step, row]
        if draw.transforms is not None:
            image = _warp(image, draw.transforms[step, row])
        if draw.color is not None:
            image = _change_color(image, *draw.color[step, row])
        if draw.cutout is not None:
            image = _cut_out(image, *draw.cutout[step, row])
        images[step, row] = image
    return images


def _warp(image: Floats, transform: Floats) -> Floats:
    height, width = image.shape[:2]
    y, x = np.mgrid[:height, :width]
    from_x = transform[0] * x + transform[1] * y + transform[2]
    from_y = transform[3] * x + transform[4] * y + transform[5]
    left, top = np.floor(from_x).astype(int), np.floor(from_y).astype(int)
    warped = np.zeros_like(image)
    for down in (0, 1):
        for right in (0, 1):
            weight_y = 1 - np.abs(from_y - (top + down))
            weight_x = 1 - np.abs(from_x - (left + right))
            corner = image[
                _mirrored(top + down, height), _mirrored(left + right, width)
            ]
            warped += corner * (weight_y * weight_x)[..., None]
    return warped


def _mirrored(position: NDArray[np.intp], size: int) -> NDArray[np.intp]:
    # d c b a | a b c d | d c b a
    wrapped = np.mod(position, 2 * size)
    return np.asarray(np.minimum(wrapped, 2 * size - 1 - wrapped))


def _change_color(
    image: Floats, brightness: float, contrast: float, saturation: float
) -> Floats:
    image = image * brightness
    image = (image - image.mean()) * contrast + image.mean()
    gray = image.mean(axis=-1, keepdims=True)
    changed: Floats = np.clip(gray + (image - gray) * saturation, 0, 255)
    return changed


def _cut_out(
    image: Floats, top: float, bottom: float, left: float, right: float
) -> Floats:
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    inside = (y >= top) & (y < bottom) & (x >= left) & (x < right)
    return np.where(inside[..., None], np.float32(127.5), image)
