"""From held-out pictures to a bundle's calibration; the test is never looked at."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visus.bundles.calibration import Calibration
from visus.evaluation.temperature import FEWEST_PICTURES, fit_temperatures
from visus.tasks.base import Floats, Targets, Task

VALIDATION = "validation pictures"
HELD_OUT = "training pictures while they were held out"


@dataclass(frozen=True)
class Held:
    """Pictures that a network did not learn from, and what it said of them.

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


def calibrate(held: Held | None, task: Task) -> Calibration | str:
    """What a bundle is to know of its sureness, or why it cannot.

    Args:
        held: pictures that nothing was learned from; `None`: there are none.
        task: what the scores mean.

    Returns:
        the calibration; else a sentence that says what lacks.
    """
    if task.head.activation == "linear":
        return "a number comes without a probability that could be calibrated"
    if held is None:
        return "no pictures were held for validation"
    held = held.take(np.flatnonzero(task.known(held.targets) & (held.weights > 0)))
    if len(held) < FEWEST_PICTURES:
        return (
            f"only {len(held)} pictures were held for validation, and it takes "
            f"{FEWEST_PICTURES}"
        )
    temperatures = fit_temperatures(
        held.scores, held.targets, held.weights, activation=task.head.activation
    )
    return Calibration(
        temperatures=temperatures,
        activation=task.head.activation,
        pictures=len(held),
        learned_from=held.source,
    )
