"""Maps of numbers, made larger or blurred; decoding resizes pixels, this floats."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def enlarged(values: NDArray[np.floating], size: tuple[int, int]) -> Floats:
    """A map `(rows, columns)` or several `(..., rows, columns)` at another size.

    Bilinear, with the edges of both maps on each other, as `tf.image.resize` has it.

    Args:
        values: numbers.
        size: `(height, width)` wanted.

    Example:
        >>> enlarged(np.array([[0.0, 1.0]]), (1, 4)).tolist()
        [[0.0, 0.25, 0.75, 1.0]]
    """
    down = weights_between(values.shape[-2], size[0])
    across = weights_between(values.shape[-1], size[1])
    return np.asarray(down @ values.astype(np.float32) @ across.T, dtype=np.float32)


def weights_between(old: int, new: int) -> Floats:
    """How much of each old place is in each new one: `(new, old)`, rows sum to 1."""
    places = np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
    lower = np.minimum(places.astype(int), max(old - 2, 0))
    upper = np.minimum(lower + 1, old - 1)
    share = (places - lower).astype(np.float32)
    weights = np.zeros((new, old), dtype=np.float32)
    np.add.at(weights, (np.arange(new), lower), 1 - share)
    np.add.at(weights, (np.arange(new), upper), share)
    return weights


def blurred(pixels: NDArray[np.uint8], share: float) -> NDArray[np.uint8]:
    """A picture `(height, width, channels)` through a Gaussian; its edges are repeated.

    Args:
        pixels: the picture.
        share: the Gaussian's standard deviation, of the picture's sides.
    """
    down, across = (_gaussian(side, share * side) for side in pixels.shape[:2])
    images = np.moveaxis(pixels.astype(np.float32), -1, 0)
    smooth = np.moveaxis(down @ images @ across.T, 0, -1)
    return np.asarray(np.clip(np.round(smooth), 0, 255), dtype=np.uint8)


def shared_out(values: Floats, share: float) -> Floats:
    """A map `(height, width)`, each number shared out among those near it.

    The sum stays: what would leave the map is mirrored at its edge.

    Args:
        values: numbers.
        share: standard deviation of the Gaussian, of the map's sides; 0: none.

    Example:
        >>> shared_out(np.array([[0.0, 3.0, 0.0]], np.float32), 0.3).sum().round(5)
        np.float32(3.0)
    """
    if share == 0:
        return values
    down, across = (
        _gaussian(side, share * side, mirrored=True) for side in values.shape
    )
    return np.asarray(down @ values @ across, dtype=np.float32)


def _gaussian(side: int, deviation: float, *, mirrored: bool = False) -> Floats:
    reach = int(4 * deviation) + 1
    offsets = np.arange(-reach, reach + 1)
    bell = np.exp(-0.5 * (offsets / max(deviation, 1e-6)) ** 2)
    weights = np.zeros((side, side), dtype=np.float32)
    taken = np.arange(side)[:, None] + offsets
    if mirrored:
        taken = taken % (2 * side)
        taken = np.minimum(taken, 2 * side - 1 - taken)
    else:
        taken = np.clip(taken, 0, side - 1)
    rows = np.broadcast_to(np.arange(side)[:, None], taken.shape)
    np.add.at(weights, (rows, taken), (bell / bell.sum()).astype(np.float32))
    return weights
