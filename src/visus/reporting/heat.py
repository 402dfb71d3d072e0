"""Numbers of pixels as colors, told apart in gray too: dark is little, light is much.

What speaks against is blue and hatched, so that a printer without colors says it as
well. The lightness of both scales grows with the size of the number.
"""

import numpy as np
from numpy.typing import NDArray

from visus.data.decode import resize_pixels

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]

# Dark to light, after the "inferno" scale of Smith and van der Walt (2015).
FOR = ((8, 6, 22), (87, 16, 110), (188, 55, 84), (249, 142, 9), (252, 255, 164))
AGAINST = ((8, 6, 22), (22, 50, 110), (30, 105, 170), (80, 170, 215), (205, 240, 255))
# A few pixels of a noisy map would leave all others dark.
BRIGHTEST = 99.5
# Of the strongest, where a line is drawn; and how smooth the map is made for it.
OUTLINED = 0.5
SMOOTH = 0.02
HATCH = 7
# From so many times their size on, pictures are shown pixel by pixel.
SEEN_PIXELS = 3


def shares(values: Floats) -> tuple[Floats, float]:
    """Numbers as shares -1..1 of the strongest, and how strong that is."""
    strongest = float(np.percentile(np.abs(values), BRIGHTEST))
    strongest = strongest or float(np.abs(values).max(initial=0))
    return np.clip(values / (strongest or 1), -1, 1).astype(np.float32), strongest


def shown_large(pixels: Pixels, side: int) -> Pixels:
    """A picture about `side` pixels long, in three channels; small ones in squares."""
    pixels = np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels
    height, width = pixels.shape[:2]
    times = side / max(height, width)
    size = max(1, round(height * times)), max(1, round(width * times))
    return resize_pixels(pixels, size, "nearest" if times >= SEEN_PIXELS else "area")


def heat_picture(values: Floats, size: tuple[int, int]) -> Pixels:
    """Shares -1..1 `(height, width)` in colors, at another size."""
    return _colored(_stretched(values, size))


def heat_over(pixels: Pixels, values: Floats) -> Pixels:
    """Shares over a picture that is gray below them, the strongest half outlined.

    Args:
        pixels: uint8 `(tall, wide, 3)`.
        values: `(height, width)`, -1..1.
    """
    large = _stretched(values, pixels.shape[:2])
    gray = pixels.astype(np.float32).mean(axis=2, keepdims=True)
    # Paler than it is, so that no white of the picture is taken for heat.
    under = 30 + 0.55 * gray
    seen = np.minimum(1, 1.15 * np.abs(large))[..., np.newaxis] ** 0.8
    mixed = (1 - seen) * under + seen * _colored(large)
    return _outlined(np.asarray(mixed, dtype=np.uint8), large)


def scale_bar(size: tuple[int, int], *, signed: bool) -> Pixels:
    """The colors from the strongest, above, to none or the strongest against."""
    lowest = -1 if signed else 0
    column = np.linspace(1, lowest, size[0], dtype=np.float32)
    return _colored(np.repeat(column[:, np.newaxis], size[1], axis=1))


def _stretched(values: Floats, size: tuple[int, int]) -> Floats:
    rows, columns = (
        np.minimum(np.arange(new) * old // new, old - 1)
        for new, old in zip(size, values.shape, strict=True)
    )
    return np.asarray(values[np.ix_(rows, columns)])


def _colored(large: Floats) -> Pixels:
    places = np.linspace(0, 1, len(FOR))
    for_it, against = (
        np.stack([np.interp(np.abs(large), places, c) for c in zip(*s, strict=True)], 2)
        for s in (FOR, AGAINST)
    )
    colors = np.where(large[..., np.newaxis] >= 0, for_it, against)
    down, across = np.indices(large.shape)
    hatched = (large < -0.1) & ((down + across) % HATCH < 2)
    colors[hatched] *= 0.35
    return np.asarray(colors, dtype=np.uint8)


def _outlined(picture: Pixels, large: Floats) -> Pixels:
    inside = _box_blurred(large, round(SMOOTH * max(large.shape))) >= OUTLINED
    drawn = picture.copy()
    drawn[_grown(inside, 3) & ~_grown(inside, 0)] = 0
    drawn[_grown(inside, 2) & ~_grown(inside, 0)] = 255
    return drawn


def _grown(inside: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    grown = inside
    for _ in range(reach):
        wide = np.pad(grown, 1)
        grown = wide[1:-1, 1:-1] | wide[2:, 1:-1] | wide[:-2, 1:-1]
        grown = grown | wide[1:-1, 2:] | wide[1:-1, :-2]
    return grown


def _box_blurred(large: Floats, reach: int) -> Floats:
    # Three boxes are nearly a Gaussian.
    for _ in range(3):
        for axis in (0, 1):
            ends = [(0, 0), (0, 0)]
            ends[axis] = (reach + 1, reach)
            sums = np.cumsum(np.pad(large, ends, mode="edge"), axis=axis)
            long = large.shape[axis]
            upper = np.take(sums, np.arange(long) + 2 * reach + 1, axis=axis)
            lower = np.take(sums, np.arange(long), axis=axis)
            large = np.asarray((upper - lower) / (2 * reach + 1), dtype=np.float32)
    return large
