"""numeric: which number goes with a picture, in the unit of its column?"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from visus.core.errors import DataError
from visus.data.records import ImageDataset, Target
from visus.tasks.base import Floats, Head, Targets, Task
from visus.tasks.regression import (
    mean_absolute_error,
    r_squared,
    root_mean_squared_error,
    spearman_of,
)

# Splits are divided alike by tenths of the numbers, if there are pictures for it.
MOST_BINS = 10
FEWEST_IN_A_BIN = 10


@dataclass(frozen=True)
class Numeric(Task):
    """One number a picture.

    The network thinks in numbers around 0 with a spread of 1; its last layer, which
    knows mean and spread of the training targets, answers in their unit.

    Args:
        names: what the number is called.
        mean: of the training targets.
        spread: their standard deviation.
    """

    names: tuple[str, ...] = ()
    mean: float = 0.0
    spread: float = 1.0
    kind: ClassVar[str] = "numeric"
    unused: ClassVar[dict[str, Any]] = {
        "label_smoothing": 0.0,
        "class_weights": "none",
        "groups": {},
    }

    @classmethod
    def of(cls, dataset: ImageDataset, column: str) -> "Numeric":
        """The number is called as its column is."""
        return cls((column,))

    def require(self, dataset: ImageDataset) -> None:
        """Two pictures or more, with two numbers or more."""
        numbers = [record.target for record in dataset.records]
        if len(set(numbers) - {None}) < 2:
            raise DataError(
                received=f"{dataset.name} has one {self.names[0]} only: "
                f"{next(iter(numbers), None)!r}.",
                expected="numbers that differ; a model must have something to tell.",
                remedy="Choose another column with --target.",
            )

    def targets(self, dataset: ImageDataset) -> Floats:
        """Numbers `(num_images, 1)` in their own unit; NaN where there is none."""
        found = [
            record.target if isinstance(record.target, float) else np.nan
            for record in dataset.records
        ]
        return np.asarray(found, dtype=np.float32).reshape(-1, 1)

    def known(self, targets: Targets) -> NDArray[np.bool_]:
        """Those with a number."""
        return np.isfinite(targets[:, 0])

    def target(self, row: Any) -> Target:
        """The number."""
        return float(row[0]) if np.isfinite(row[0]) else None

    def strata(self, dataset: ImageDataset) -> tuple[tuple[str, ...], ...]:
        """Each record counts as the tenth of the numbers that it lies in."""
        numbers = self.targets(dataset)[:, 0].astype(np.float64)
        count = max(1, min(MOST_BINS, len(numbers) // FEWEST_IN_A_BIN))
        edges = np.nanquantile(numbers, np.arange(1, count) / count)
        return tuple((str(place),) for place in np.searchsorted(edges, numbers))

    @property
    def head(self) -> Head:
        """One number, which is scaled to the unit of the targets."""
        return Head(1, "linear", scale=self.spread, offset=self.mean)

    def learned_from(self, targets: Targets, weights: Floats) -> "Numeric":
        """With mean and spread of these numbers."""
        numbers = targets[:, 0].astype(np.float64)
        mean = float(np.average(numbers, weights=weights))
        variance = float(np.average((numbers - mean) ** 2, weights=weights))
        # Equal numbers have no spread; a spread of 1 lets the mean be the answer.
        return replace(self, mean=mean, spread=variance**0.5 or 1.0)

    def answers(self, scores: Floats) -> tuple[Target, ...]:
        """The numbers themselves."""
        # The shortest digits that a float32 has: 0.3, not 0.30000001192092896.
        return tuple(float(str(number)) for number in scores[:, 0])

    def metrics(
        self, scores: Floats, targets: Targets, weights: Floats | None = None
    ) -> dict[str, float]:
        """Errors in the unit of the targets, R squared, and Spearman's correlation."""
        counts = np.ones(len(targets)) if weights is None else weights
        return self.measure(scores, targets)(counts)

    def measure(
        self, scores: Floats, targets: Targets
    ) -> Callable[[NDArray[Any]], dict[str, float]]:
        """From weights to metrics, with the sorting done beforehand."""
        answers, truth = scores[:, 0].astype(float), targets[:, 0].astype(float)
        correlation = spearman_of(answers, truth)

        def figures(weights: NDArray[Any]) -> dict[str, float]:
            counts = weights.astype(np.float64)
            root = root_mean_squared_error(answers, truth, counts)
            return {
                "mean_absolute_error": mean_absolute_error(answers, truth, counts),
                "root_mean_squared_error": root,
                "r_squared": r_squared(answers, truth, counts),
                "spearman": correlation(counts),
            }

        return figures

    def to_json(self) -> dict[str, Any]:
        """Mean and spread beside the kind; the graph has them too."""
        return {"name": self.kind, "mean": self.mean, "spread": self.spread}

    @classmethod
    def from_json(cls, names: tuple[str, ...], values: dict[str, Any]) -> "Numeric":
        """Read what `to_json` gave."""
        return cls(names, float(values["mean"]), float(values["spread"]))
