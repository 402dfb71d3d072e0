"""What every task answers, so that nobody else needs to know what a target means."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from visus.data.records import ImageDataset, Target

Floats = NDArray[np.float32]
Numbers = NDArray[np.int32]
# int32 class numbers `(num_images,)`, or float32 `(num_images, num_outputs)`.
Targets = NDArray[Any]

Activation = Literal["softmax", "sigmoid", "linear"]


@dataclass(frozen=True)
class Head:
    """How a network ends, and with that the loss by which it learns.

    Args:
        outputs: how many scores it gives.
        activation: softmax, where one class is true (cross-entropy); sigmoid, where
            each label is true or not (binary cross-entropy); linear, for numbers
            (Huber's loss of the error in units of `scale`).
        scale: what the numbers of a linear end are multiplied with, so that the network
            may think in small ones and answer in the target's own unit.
        offset: what is then added.
    """

    outputs: int
    activation: Activation = "softmax"
    scale: float = 1.0
    offset: float = 0.0

    @property
    def ignorant_loss(self) -> float:
        """About the loss of a network that knows nothing, in nats or squared units.

        ln(classes); ln(2) a label; half a squared spread, which bounds Huber's loss.
        """
        if self.activation == "softmax":
            return float(np.log(self.outputs))
        return float(np.log(2)) if self.activation == "sigmoid" else 0.5


class Task(ABC):
    """One kind of question about a picture.

    Attributes:
        kind: its name in the registry.
        unused: settings of `training` that mean nothing to it, with the value that
            switches each off.
        names: of the scores, in their order.
    """

    kind: ClassVar[str]
    unused: ClassVar[dict[str, Any]] = {}
    names: tuple[str, ...]

    @classmethod
    @abstractmethod
    def of(cls, dataset: ImageDataset, column: str) -> "Task":
        """The task of this data; `column` is what its targets are called."""

    @abstractmethod
    def require(self, dataset: ImageDataset) -> None:
        """Refuse data from which nothing can be learned, with a `DataError`."""

    @abstractmethod
    def targets(self, dataset: ImageDataset) -> Targets:
        """What is to be learned, a row a record; `known` finds those that are."""

    @abstractmethod
    def known(self, targets: Targets) -> NDArray[np.bool_]:
        """Which rows of `targets` hold one `(num_images,)`."""

    @abstractmethod
    def target(self, row: Any) -> Target:
        """One row of `targets` as a record has it."""

    @abstractmethod
    def strata(self, dataset: ImageDataset) -> tuple[tuple[str, ...], ...]:
        """What each record counts as when splits are to be divided alike."""

    @property
    @abstractmethod
    def head(self) -> Head:
        """How its networks end."""

    @abstractmethod
    def answers(self, scores: Floats) -> tuple[Target, ...]:
        """What the scores `(num_images, num_outputs)` say, as a record would."""

    @abstractmethod
    def metrics(
        self, scores: Floats, targets: Targets, weights: Floats | None = None
    ) -> dict[str, float]:
        """Figures by name; targets are known, and weights `(num_images,)`."""

    def measure(
        self, scores: Floats, targets: Targets
    ) -> Callable[[NDArray[Any]], dict[str, float]]:
        """From weights `(num_images,)` to `metrics`, for those who ask many times."""
        return lambda weights: self.metrics(scores, targets, weights)

    def learned_from(self, targets: Targets, weights: Floats) -> "Task":
        """The task after a look at the training targets."""
        return self

    def decided_by(self, held: Callable[[], tuple[Floats, Targets, Floats]]) -> "Task":
        """The task after validation, of which `held` gives scores and the rest."""
        return self

    def to_json(self) -> dict[str, Any]:
        """What a bundle must hold beside `names`, as plain data."""
        return {"name": self.kind}

    @classmethod
    @abstractmethod
    def from_json(cls, names: tuple[str, ...], values: dict[str, Any]) -> "Task":
        """Read what `to_json` gave."""
