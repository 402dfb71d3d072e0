"""Where a labelled thing lies in a picture, as one mask of its pixels."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from visus.data.preprocess import PreprocessSpec, prepare_pixels
from visus.data.records import Box


def mask_of(
    boxes: Sequence[Box], size: tuple[int, int], spec: PreprocessSpec
) -> NDArray[np.bool_]:
    """Pixels of the things, as the network sees the picture.

    Outlines are filled by the even-odd rule; a thing without one counts as its box.

    Args:
        boxes: the things, in pixels of the whole picture.
        size: `(height, width)` of the whole picture.
        spec: how pictures are prepared; the mask goes the same way.

    Returns:
        `(*spec.image_size)`.
    """
    whole = np.zeros(size, dtype=np.bool_)
    for box in boxes:
        outlines = box.mask.polygons if box.mask else ()
        for outline in outlines or (_corners(box),):
            whole |= _filled(outline, size)
    pixels = np.where(whole, 255, 0).astype(np.uint8)[..., np.newaxis]
    gray = spec.model_copy(update={"channels": 1})
    return np.asarray(prepare_pixels(pixels, gray)[..., 0] > 127)


def _corners(box: Box) -> tuple[float, ...]:
    left, top, right, bottom = box.left, box.top, box.right, box.bottom
    return (left, top, right, top, right, bottom, left, bottom)


def _filled(outline: Sequence[float], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Pixels whose middle lies inside: a ray to the right crosses an odd number."""
    xs, ys = np.asarray(outline[::2]), np.asarray(outline[1::2])
    down, across = (np.arange(side) + 0.5 for side in size)
    inside = np.zeros(size, dtype=np.bool_)
    for n in range(len(xs)):
        x0, y0, x1, y1 = xs[n - 1], ys[n - 1], xs[n], ys[n]
        rows = np.flatnonzero((y0 > down) != (y1 > down))
        if len(rows):
            crossing = x0 + (down[rows] - y0) * (x1 - x0) / (y1 - y0)
            inside[rows] ^= across[np.newaxis] < crossing[:, np.newaxis]
    return inside
