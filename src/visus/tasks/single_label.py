"""single-label: which one of the classes does a picture show?"""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from visus.data.checks import require_classes
from visus.data.records import ImageDataset, Target
from visus.tasks.base import Floats, Head, Numbers, Targets, Task
from visus.tasks.metrics import accuracy, log_loss, top_k_accuracy

# With ten classes or fewer, half of all answers would be "among the first five".
FEWEST_CLASSES_FOR_TOP_5 = 11


@dataclass(frozen=True)
class SingleLabel(Task):
    """One class a picture, by the largest score."""

    names: tuple[str, ...] = ()
    kind: ClassVar[str] = "single-label"

    @classmethod
    def of(cls, dataset: ImageDataset, column: str) -> "SingleLabel":
        """The classes are those of the data."""
        return cls(dataset.class_names)

    def require(self, dataset: ImageDataset) -> None:
        """Two classes or more, with two pictures or more each."""
        require_classes(dataset)

    def targets(self, dataset: ImageDataset) -> Numbers:
        """Class numbers `(num_images,)`; -1 where there is no label."""
        return replace(dataset, class_names=self.names).class_indices()

    def known(self, targets: Targets) -> NDArray[np.bool_]:
        """Those with a class number."""
        return np.asarray(targets >= 0)

    def target(self, row: Any) -> Target:
        """The class's name."""
        return self.names[row] if row >= 0 else None

    def strata(self, dataset: ImageDataset) -> tuple[tuple[str, ...], ...]:
        """Each record counts as its class."""
        return tuple((record.label,) for record in dataset.records)

    @property
    def head(self) -> Head:
        """One score a class; they add up to 1."""
        return Head(len(self.names), "softmax")

    def answers(self, scores: Floats) -> tuple[Target, ...]:
        """The class with the largest score."""
        return tuple(self.names[number] for number in scores.argmax(axis=1))

    def metrics(
        self, scores: Floats, targets: Targets, weights: Floats | None = None
    ) -> dict[str, float]:
        """Accuracy, loss in nats, and top-5 accuracy where it makes sense."""
        figures = {
            "accuracy": accuracy(scores, targets, weights),
            "loss": log_loss(scores, targets, weights),
        }
        if scores.shape[1] >= FEWEST_CLASSES_FOR_TOP_5:
            figures["top_5_accuracy"] = top_k_accuracy(scores, targets, 5, weights)
        return figures

    @classmethod
    def from_json(cls, names: tuple[str, ...], values: dict[str, Any]) -> "SingleLabel":
        """Names are all it has."""
        return cls(names)
