"""Pictures that a network did not learn from, by which it gets to know itself."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visus.bundles.runtime import Outputs
from visus.tasks.base import Floats, Targets

VALIDATION = "validation pictures"
HELD_OUT = "training pictures while they were held out"


@dataclass(frozen=True)
class Held:
    """Such pictures, and what the network said of them.

    Args:
        scores: raw, `(num_images, num_outputs)`.
        targets: as the task has them; all are known.
        weights: how much each counts `(num_images,)`.
        source: which pictures they are, in words.
    """

    scores: Floats
    targets: Targets
    weights: Floats
    source: str = VALIDATION

    def __len__(self) -> int:
        return len(self.scores)

    def take(self, rows: NDArray[np.intp]) -> "Held":
        """The pictures at these positions."""
        return Held(
            self.scores[rows], self.targets[rows], self.weights[rows], self.source
        )

    def and_also(self, others: "Held | None") -> "Held":
        """Both, one after the other."""
        if others is None or not len(others):
            return self
        return Held(
            np.concatenate([self.scores, others.scores]),
            np.concatenate([self.targets, others.targets]),
            np.concatenate([self.weights, others.weights]),
            f"{len(self):,} {self.source} and {len(others):,} {others.source}",
        )


@dataclass(frozen=True)
class Surroundings:
    """What tells a network's own kind of picture from others.

    Args:
        train: what the network gives for training pictures.
        targets: their class numbers `(num_images,)`.
        held: the same for pictures that it did not learn from.
        foreign: the same for stand-ins of pictures of another kind, by their kind.
        features_learned: whether the features learned from the training pictures; where
            they did not, training pictures are as strange to them as others.
    """

    train: Outputs
    targets: NDArray[np.int32]
    held: Outputs
    foreign: Mapping[str, Outputs]
    features_learned: bool
