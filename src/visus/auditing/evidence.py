"""Evidence: what a check may look at; what is dear is made when it is first wanted."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from visus.auditing.features import describe_pictures
from visus.auditing.neighbours import Neighbours, find_neighbours
from visus.auditing.probe import Probed, probe_labels
from visus.core.progress import Progress, SilentProgress
from visus.data.ledger import Ledger
from visus.data.looks import Looks
from visus.data.records import ImageDataset
from visus.data.twins import Twins
from visus.tasks.choose import task_of


@dataclass(frozen=True)
class Account:
    """What is known of the data without looking at a pixel; all that can block.

    Args:
        dataset: the usable records, with content hashes, and the splits that their
            source gives.
        ledger: what became of every file.
        twins: rows that show one picture.
        published: whether the split is that of a registered data set.
    """

    dataset: ImageDataset
    ledger: Ledger
    twins: Twins
    published: bool

    def __len__(self) -> int:
        return len(self.dataset)

    @cached_property
    def targets(self) -> NDArray[np.int32]:
        """Class numbers `(num_images,)`; -1 where there is no label."""
        return self.dataset.class_indices()

    @cached_property
    def task(self) -> str:
        """What the targets are; no target at all passes for a class to come."""
        return task_of(self.dataset).kind

    @cached_property
    def told_apart(self) -> NDArray[np.int32]:
        """Equal numbers for equal labels or sets of labels; -1 where there is none."""
        if self.task == "single-label":
            return self.targets
        labels = [tuple(sorted(record.labels)) for record in self.dataset.records]
        number = {names: place for place, names in enumerate(sorted(set(labels)))}
        unknown = (record.target is None for record in self.dataset.records)
        found = (-1 if u else number[n] for u, n in zip(unknown, labels, strict=True))
        return np.fromiter(found, dtype=np.int32, count=len(labels))

    @cached_property
    def class_counts(self) -> NDArray[np.int64]:
        """Pictures of each class `(num_classes,)`."""
        known = self.targets[self.targets >= 0]
        return np.bincount(known, minlength=len(self.dataset.class_names))

    @cached_property
    def units(self) -> NDArray[np.int64]:
        """Twins bear the number of the first, others their own `(num_images,)`."""
        numbers = np.arange(len(self), dtype=np.int64)
        for cluster in self.twins.clusters:
            numbers[list(cluster)] = cluster[0]
        return numbers

    def id(self, row: int) -> str:
        """The record's id."""
        return self.dataset.records[row].id

    def label(self, row: int) -> str:
        """The record's label; "" when it has none."""
        return self.dataset.records[row].label


@dataclass(frozen=True)
class Evidence(Account):
    """One data set, as checks see it; rows are in the order of the records.

    Args:
        looks: one row a record.
        pixels: uint8 `(num_images, side, side, 3)`, small, for probes.
        seed: of all that is drawn.
        progress: who is told of long work.
        seen: gives what a pretrained network sees of the pictures `(num_images,
            num_features)`; `None`: there is none.
    """

    looks: Looks
    pixels: NDArray[np.uint8]
    seed: int = 0
    progress: Progress = field(default_factory=SilentProgress)
    seen: Callable[[], NDArray[np.float32]] | None = None

    @cached_property
    def features(self) -> NDArray[np.float32]:
        """What a probe sees `(num_images, num_features)`."""
        return describe_pictures(self.pixels, seed=self.seed, progress=self.progress)

    @cached_property
    def neighbours(self) -> Neighbours | None:
        """The pictures most alike; `None` when there are too few."""
        return find_neighbours(self.features, seed=self.seed)

    @cached_property
    def probed(self) -> Probed | None:
        """Out-of-fold probabilities of the classes; `None` when there are too few.

        Raises:
            MachineError: scikit-learn is not installed.
        """
        return probe_labels(
            self.seen or (lambda: self.features),
            self.targets,
            self.units,
            seed=self.seed,
            progress=self.progress,
        )
