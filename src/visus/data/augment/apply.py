"""What engines must compute from an `AugmentDraw`, with NumPy and slowly."""

import numpy as np
from numpy.typing import NDArray

from visus.data.augment.draw import AugmentDraw, Floats

GRAY = 127.5

# The hash behind noise: shifts and factors in turn, numbers far apart before it.
HASH = ((16, 0x7FEB352D), (15, 0x846CA68B))
LAST_SHIFT = 16
STRIDE, APART = 0x9E3779B9, 0x85EBCA6B
# Of the sum of its four bytes: nearly normal, and much quicker than what is so wholly.
MEAN = 4 * 127.5
DEVIATION = (4 * (256**2 - 1) / 12) ** 0.5


def apply_draw(pixels: NDArray[np.uint8], draw: AugmentDraw) -> Floats:
    """Apply the changes to the pictures of some steps.

    Points outside the picture show its mirrored continuation; colors are clipped. The
    partner of a picture is the next one of its step, and the first for the last.

    Args:
        pixels: uint8 `(steps, batch, height, width, channels)`.
        draw: what was drawn for them.

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
        if draw.noise is not None:
            noise = noise_of(image.shape, draw.noise[step, row])
            image = np.clip(image + noise, 0, 255)
        if draw.cutout is not None:
            inside = _inside(image, draw.cutout[step, row])
            image = np.where(inside, np.float32(GRAY), image)
        images[step, row] = image
    return _mix(images, draw)


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


def noise_of(shape: tuple[int, ...], drawn: Floats) -> Floats:
    """The noise of one picture: as widely spread at each pixel, alike within a grain.

    At the corners of a lattice lie hashes of their numbers (Wellons, "Prospecting for
    Hash Functions", 2018), as sums of four bytes, which are nearly normal; what lies
    between is interpolated (value noise, after Perlin, "An Image Synthesizer", 1985),
    and brought to the same spread.

    Args:
        shape: `(height, width, channels)`.
        drawn: one row of `AugmentDraw.noise`.

    Returns:
        levels to be added, float32, of that shape.
    """
    spread, grain, pattern, differ = drawn
    y, x, channel = np.ogrid[: shape[0], : shape[1], : shape[2]]
    down, right = (axis.astype(np.float32) / grain for axis in (y, x))
    top, left = np.floor(down), np.floor(right)
    found, power = np.zeros(shape, np.float32), np.zeros((*shape[:2], 1), np.float32)
    for below in (0, 1):
        for beside in (0, 1):
            weight = (1 - np.abs(down - top - below)) * (
                1 - np.abs(right - left - beside)
            )
            corner = (top + below) * (shape[1] + 1) + left + beside
            number = corner * shape[2] + channel * differ
            found += weight * _scattered(number.astype(np.uint32), pattern)
            power += weight**2
    return np.asarray(spread * found / np.sqrt(power), dtype=np.float32)


def _scattered(number: NDArray[np.uint32], pattern: np.float32) -> Floats:
    """Numbers of mean 0 and deviation 1 in the place of these."""
    bits = number * np.uint32(STRIDE) + np.uint32(int(pattern) * APART % 2**32)
    for shift, factor in HASH:
        bits = (bits ^ (bits >> np.uint32(shift))) * np.uint32(factor)
    bits = bits ^ (bits >> np.uint32(LAST_SHIFT))
    total = sum((bits >> np.uint32(8 * n)) & np.uint32(0xFF) for n in range(4))
    return np.asarray((total - MEAN) / DEVIATION, dtype=np.float32)


def _inside(image: Floats, edges: Floats) -> NDArray[np.bool_]:
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    top, bottom, left, right = edges
    inside = (y >= top) & (y < bottom) & (x >= left) & (x < right)
    return np.asarray(inside[..., None])


def _mix(images: Floats, draw: AugmentDraw) -> Floats:
    others = np.roll(images, -1, axis=1)
    mixed = images.copy()
    for step, row in np.ndindex(*images.shape[:2]):
        if draw.mixup is not None:
            share = draw.mixup[step, row]
            mixed[step, row] = (
                share * images[step, row] + (1 - share) * others[step, row]
            )
        if draw.cutmix is not None:
            pasted = _inside(images[step, row], draw.cutmix[step, row])
            mixed[step, row] = np.where(pasted, others[step, row], mixed[step, row])
    return mixed
