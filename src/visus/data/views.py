"""Views: the same picture seen several times, whose answers are averaged."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from visus.core.errors import unknown_name

Pixels = NDArray[np.uint8]

# Of a side, by which shifted views are moved.
SHIFT = 1 / 16


def _as_it_is(pixels: Pixels) -> Iterator[Pixels]:
    yield pixels


def _flipped(pixels: Pixels) -> Iterator[Pixels]:
    yield pixels
    yield pixels[:, :, ::-1]


def _shifted(pixels: Pixels) -> Iterator[Pixels]:
    """As it is, and moved a little up, down, left and right."""
    yield pixels
    for axis in (1, 2):
        by = max(1, round(SHIFT * pixels.shape[axis]))
        places = np.arange(pixels.shape[axis])
        for moved in (places - by, places + by):
            # What comes in at an edge repeats it.
            yield pixels.take(np.clip(moved, 0, len(places) - 1), axis=axis)


VIEWS: dict[str, Callable[[Pixels], Iterator[Pixels]]] = {
    "none": _as_it_is,
    "flip": _flipped,
    "shifts": _shifted,
}


def views_of(pixels: Pixels, name: str) -> Iterator[Pixels]:
    """The views of that name, the pictures as they are first.

    Args:
        pixels: uint8 `(num_images, height, width, channels)`.
        name: "none", "flip" (mirrored too) or "shifts" (moved to four sides too).

    Raises:
        ConfigError: there are no such views.
    """
    if name not in VIEWS:
        raise unknown_name("choice of views", name, VIEWS)
    return VIEWS[name](pixels)
