"""What every task offers to training and evaluation, so that neither knows labels."""

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from visus.data.records import ImageDataset

Floats = NDArray[np.float32]
Numbers = NDArray[np.int32]


class Task(ABC):
    """One kind of question about a picture."""

    @abstractmethod
    def targets(self, dataset: ImageDataset) -> Numbers:
        """What is to be learned, `(num_images,)`; -1 where it is unknown."""

    @abstractmethod
    def num_outputs(self, dataset: ImageDataset) -> int:
        """How many scores the network must give."""

    @abstractmethod
    def answers(self, scores: Floats, class_names: tuple[str, ...]) -> tuple[str, ...]:
        """What the scores `(num_images, num_outputs)` say, as a person reads it."""

    @abstractmethod
    def metrics(self, scores: Floats, targets: Numbers) -> dict[str, float]:
        """Figures by name over pictures with known targets."""
