"""Whether the strongest place of a map lies on the thing, where the thing is known.

Zhang et al., "Top-down Neural Attention by Excitation Backprop" (ECCV 2016), section
4.2: a hit is a strongest place on the mask or within a few pixels of it.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from visus.explanation.base import Floats

# Of the picture's longer side; 15 pixels of about 500 in the paper.
TOLERANCE = 0.03


def hits(values: Floats, mask: NDArray[np.bool_]) -> bool:
    """Whether the strongest place of the map lies on the mask, or near it.

    Args:
        values: `(height, width)`.
        mask: of the same shape.
    """
    row, column = np.unravel_index(int(values.argmax()), values.shape)
    near = TOLERANCE * max(values.shape)
    rows, columns = np.nonzero(mask)
    distances = np.hypot(rows - row, columns - column)
    return bool(distances.size) and float(distances.min()) <= near


def pointing_game(pairs: Iterable[tuple[Floats, NDArray[np.bool_]]]) -> tuple[int, int]:
    """Hits, and tries: pairs of maps and masks; empty masks are no try."""
    tried = [hits(values, mask) for values, mask in pairs if mask.any()]
    return sum(tried), len(tried)
