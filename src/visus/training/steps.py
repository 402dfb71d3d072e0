"""The seam between the loop and an engine: what one file of compiled steps offers.

`fit` owns order, schedule, logs and checkpoints; an engine owns arithmetic. Today there
is one, `steps_tensorflow`; another backend is one more file that fills this class.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.data.augment.draw import AugmentDraw
from visus.data.batches import Batch
from visus.tasks.base import Head

State = dict[str, NDArray[np.generic]]


@dataclass(frozen=True)
class Views:
    """Pictures without a label, each to be seen twice.

    Args:
        pixels: uint8 `(steps, pictures, height, width, channels)`.
        weak: what was drawn for the view that is answered; `None`: as it is.
        strong: what was drawn for the view that is learned from; `None` likewise.
    """

    pixels: NDArray[np.uint8]
    weak: AugmentDraw | None
    strong: AugmentDraw | None

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All parts by name."""
        draws = {"weak": self.weak, "strong": self.strong}
        return {"unlabelled": self.pixels} | {
            f"{view} {name}": part
            for view, draw in draws.items()
            for name, part in (draw.arrays() if draw else {}).items()
        }


@dataclass(frozen=True)
class Work:
    """Some consecutive training steps, all their inputs laid out beforehand.

    Args:
        pixels: uint8 `(steps, batch, height, width, channels)`.
        targets: int32 class numbers `(steps, batch)`; for other tasks float32
            `(steps, batch, num_outputs)`.
        weights: float32 `(steps, batch)`; 0 marks padding.
        rates: float32 learning rates `(steps,)`.
        draw: what augmentation drew for these pictures, or `None` when it is off.
        views: pictures without a label, where such are learned from.
    """

    pixels: NDArray[np.uint8]
    targets: NDArray[Any]
    weights: NDArray[np.float32]
    rates: NDArray[np.float32]
    draw: AugmentDraw | None
    views: Views | None = None

    def changes(self) -> dict[str, NDArray[Any]]:
        """The parts of draw and views, by name."""
        drawn = self.draw.arrays() if self.draw else {}
        return {**drawn, **(self.views.arrays() if self.views else {})}


@dataclass(frozen=True)
class Totals:
    """Sums over pictures, so that any number of steps can be added up.

    Args:
        loss: of what is made small.
        figure: right answers; of labels, right shares; of numbers, absolute errors.
        weight: of the pictures.
        taken: unlabelled pictures whose answer was sure enough to be a label.
        offered: unlabelled pictures.
    """

    loss: float
    figure: float
    weight: float
    taken: float = 0.0
    offered: float = 0.0

    @property
    def mean_loss(self) -> float:
        """Loss a picture; NaN before any picture was seen."""
        return self.loss / self.weight if self.weight else float("nan")

    @property
    def taken_share(self) -> float | None:
        """Of the unlabelled pictures; `None` where there were none."""
        return self.taken / self.offered if self.offered else None

    @property
    def mean_figure(self) -> float:
        """Share of right answers; of numbers, the mean absolute error."""
        return self.figure / self.weight if self.weight else float("nan")


class Steps(ABC):
    """Compiled arithmetic over one network; all its state can be taken and put back.

    Attributes:
        head: how the network ends, and so what the loss is.
    """

    head: Head

    @abstractmethod
    def train(self, work: Work) -> None:
        """Take the steps; sums are kept until `training_totals` reads them."""

    @abstractmethod
    def steps_done(self) -> int:
        """Steps taken since the beginning; true even if `train` was interrupted."""

    @abstractmethod
    def training_totals(self) -> Totals:
        """Sums over the steps since `reset_totals`."""

    @abstractmethod
    def reset_totals(self) -> None:
        """Begin a new epoch's sums."""

    @abstractmethod
    def evaluate(self, pictures: Batch, batch_size: int) -> Totals:
        """Loss and figure with the weights that `weights` gives."""

    @abstractmethod
    def evaluate_network(self, pictures: Batch, batch_size: int) -> Totals:
        """Loss and figure with the weights that the network has, as after `finish`."""

    @abstractmethod
    def state(self) -> State:
        """Everything that `train` changes, as arrays by name."""

    @abstractmethod
    def restore(self, state: State) -> None:
        """Put back what `state` gave."""

    @abstractmethod
    def weights(self) -> State:
        """The weights to keep: the averaged ones when an average is kept."""

    @abstractmethod
    def finish(self, weights: State) -> None:
        """Leave the network with these weights."""


class OutOfMemory(Exception):
    """A step did not fit; the loop halves the batch. Never reaches a person."""
