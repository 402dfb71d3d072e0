"""From 16-bit integers, wider integers and floats to 8 bits, by one rule.

Such pictures come from microscopes, scanners, telescopes and depth cameras. They often
use a small part of their range (the upper byte of a 12-bit camera's picture has 16
levels), have a few hot pixels far above the rest, and their range has no agreed white.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

# Of 256. A picture with fewer values than this keeps every one of them.
LEAST_LEVELS = 250
# Integers over a smaller range than this are counted; others are sorted.
_MOST_COUNTED = 2**20
# Values looked up at once.
_PIECE = 2**20


def scaled_to_bytes(
    values: NDArray[Any], hidden: NDArray[np.bool_] | None = None
) -> NDArray[np.uint8]:
    """Bring values of any range to 0..255: order is kept and nothing is clipped.

    The picture's smallest value becomes 0, its largest 255, and between them the scale
    is linear. Where that would leave fewer than 250 levels (or fewer than the picture
    has values), because a few values lie far from the others, the gaps between
    neighbouring values are shortened to a common greatest length, the longest that
    leaves as many. So one hot pixel takes one level and not two hundred.

    Args:
        values: integers or floats of any shape.
        hidden: where true, a value is no brightness (padding, or a transparent color);
            it plays no part and becomes 0.

    Returns:
        uint8 of the same shape. A picture of a single value is 0, as is what is no
        number; plus infinity is 255, minus infinity 0.
    """
    if values.dtype.kind == "f":
        # So that differences stay finite; eight bits need no more digits.
        with np.errstate(over="ignore"):
            values = values.astype(np.float32)
    seen = np.isfinite(values) if hidden is None else np.isfinite(values) & ~hidden
    levels = np.zeros(values.shape, dtype=np.uint8)
    levels[values == np.inf] = 255
    if seen.all():
        return _scaled(values.ravel()).reshape(values.shape)
    levels[seen] = _scaled(values[seen])
    return levels


def _scaled(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Finite values `(num_values,)` to uint8."""
    if not len(values) or values.min() == values.max():
        return np.zeros(len(values), dtype=np.uint8)
    if values.dtype == np.uint16:
        return _by_table(values)
    return _levels(values)


def _by_table(values: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """The same through one level for each value, which takes a tenth of the memory."""
    pieces = np.array_split(values, 1 + len(values) // _PIECE)
    found = np.zeros(2**16, dtype=np.bool_)
    for piece in pieces:
        found[piece] = True
    table = np.zeros(2**16, dtype=np.uint8)
    table[found] = _levels(np.flatnonzero(found))
    return np.concatenate([table[piece] for piece in pieces])


def _levels(values: NDArray[Any]) -> NDArray[np.uint8]:
    low, high = float(values.min()), float(values.max())
    linear = np.rint((values.astype(np.float64) - low) * (255 / (high - low)))
    levels = linear.astype(np.uint8)
    if np.count_nonzero(np.bincount(levels, minlength=256)) >= LEAST_LEVELS:
        return levels
    distinct, places = _distinct(values)
    spread: NDArray[np.uint8] = np.rint(_spread(distinct)).astype(np.uint8)
    return spread[places]


def _distinct(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """The values there are, ascending, and which of them each value is."""
    low = values.min()
    if values.dtype.kind == "f" or int(values.max()) - int(low) >= _MOST_COUNTED:
        return np.unique(values, return_inverse=True)
    # As `np.unique`, without sorting a million pixels.
    offsets = values.astype(np.intp) - int(low)
    found = np.bincount(offsets) > 0
    return np.flatnonzero(found) + int(low), (np.cumsum(found) - 1)[offsets]


def _spread(distinct: NDArray[Any]) -> NDArray[np.float64]:
    """Places from 0 to 255 of ascending values, gaps shortened as little as needed."""
    gaps = np.diff(distinct.astype(np.float64))
    wanted = min(len(distinct), LEAST_LEVELS)
    lengths = np.unique(gaps)
    # With all gaps as short as the shortest, values lie evenly: that always suffices.
    enough, too_long = 0, len(lengths)
    while too_long - enough > 1:
        middle = (enough + too_long) // 2
        if _count_levels(_places(gaps, lengths[middle])) >= wanted:
            enough = middle
        else:
            too_long = middle
    return _places(gaps, lengths[enough])


def _places(gaps: NDArray[np.float64], longest: float) -> NDArray[np.float64]:
    steps = np.minimum(gaps, longest)
    places = np.concatenate([[0.0], np.cumsum(steps)])
    places *= 255 / places[-1]
    return places


def _count_levels(places: NDArray[np.float64]) -> int:
    return 1 + int(np.count_nonzero(np.diff(np.rint(places))))
