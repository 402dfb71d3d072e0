"""Whether a map changes when the network is another one.

Adebayo et al., "Sanity Checks for Saliency Maps" (NeurIPS 2018): a map that looks alike
whether the weights were learned or not explains the picture, not the network. Here the
numbers of every kernel change places among themselves, which keeps their distribution.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visus.explanation.base import Floats, HeatMap, Subject

# Two maps whose numbers are ranked this alike, on average, are one map.
MOST_ALIKE = 0.5
SHUFFLES = 3


@dataclass(frozen=True)
class Sanity:
    """How alike a map stays when the weights do not.

    Args:
        correlations: Spearman's, one a shuffled network.
    """

    correlations: tuple[float, ...]

    @property
    def likeness(self) -> float:
        """Their mean."""
        return float(np.mean(self.correlations))

    @property
    def changes(self) -> bool:
        """Whether the map hangs on the weights."""
        return self.likeness <= MOST_ALIKE


def sanity_of(
    values: Floats,
    explain: Callable[[Subject], HeatMap],
    shuffled: Sequence[Subject],
) -> Sanity:
    """Explain again with each of the shuffled networks, and compare.

    Args:
        values: the map of the trained network.
        explain: the method.
        shuffled: the same picture and score with other networks.
    """
    found = (explain(subject).values for subject in shuffled)
    return Sanity(tuple(rank_correlation(values, other) for other in found))


def rank_correlation(one: Floats, other: Floats) -> float:
    """Spearman's rank correlation of the numbers; 0 where one map is flat.

    With their signs, where a method has some: what speaks for and what speaks against
    is part of what a map claims. A flat map says nothing, and so not the same as
    another.
    """
    first, second = (_ranks(values.reshape(-1)) for values in (one, other))
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


def _ranks(values: Floats) -> NDArray[np.float64]:
    """Mean ranks: equal numbers share theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2)[inverse.reshape(-1)], dtype=np.float64)
