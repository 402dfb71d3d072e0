"""What each step sees: order, batches, padding and draws, from (seed, epoch) alone.

Nothing here remembers anything, so a resumed run sees what it would have seen.
"""

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visus.core.seeds import random_generator
from visus.data.augment.draw import AugmentDraw, draw_changes
from visus.data.augment.numbers import Keys
from visus.data.batches import Batch
from visus.training.config import TrainingConfig
from visus.training.schedules import learning_rates
from visus.training.steps import Work

# Work is laid out for this many bytes of pictures at most, so that memory stays flat;
# the next is laid out while the last is still there.
MOST_BYTES = 32 * 2**20


@dataclass(frozen=True)
class EpochPlan:
    """One epoch of a run: which pictures come when, and at what learning rate.

    Args:
        pictures: the training split.
        config: the training settings.
        seed: of the run.
        epoch: number of this epoch, from 0.
        batch_size: pictures a step; may be less than the config's after a halving.
        class_weights: float32 weight of each class `(num_classes,)`; `None` where
            there are no classes.
        repeats: how often each picture is seen in an epoch, on average
            `(num_images,)`, with mean 1; `None`: once.
    """

    pictures: Batch
    config: TrainingConfig
    seed: int
    epoch: int
    batch_size: int
    class_weights: NDArray[np.float32] | None
    repeats: NDArray[np.float32] | None = None

    @property
    def steps(self) -> int:
        """Steps in the epoch, the last one padded."""
        return -(-len(self.pictures) // self.batch_size)

    @property
    def most_steps_at_once(self) -> int:
        """How many steps fit into one piece of work."""
        picture_bytes = int(np.prod(self.pictures.pixels.shape[1:]))
        return max(1, MOST_BYTES // (picture_bytes * self.batch_size))

    def order(self) -> NDArray[np.int64]:
        """Picture positions `(steps, batch)`, filled up from the start again.

        The filling has weight 0 in `weights`, but real pixels: batch normalisation
        must not see blank pictures.
        """
        generator = random_generator(self.seed, "order", self.epoch)
        order = generator.permutation(len(self.pictures))
        if self.repeats is not None:
            drawn = _repeated(order, self.repeats[order], generator.random())
            order = generator.permutation(drawn)
        return np.resize(order, (self.steps, self.batch_size))

    def rates(self, positions: NDArray[np.int64]) -> NDArray[np.float32]:
        """The learning rates of these steps of the epoch."""
        # The middle of a step, so that neither the first nor the last rate is zero.
        progress = (self.epoch + (positions + 0.5) / self.steps) / self.config.epochs
        return learning_rates(self.config, progress)

    def last_rate(self) -> float:
        """The learning rate at the end of the epoch."""
        return float(self.rates(np.array([self.steps - 1]))[0])

    def work(self, order: NDArray[np.int64], first: int, steps: int) -> Work:
        """Lay out the inputs of some consecutive steps of this epoch."""
        rows = order[first : first + steps]
        targets = self.pictures.targets[rows]
        positions = np.arange(first, first + steps)
        seen = positions[:, None] * self.batch_size + np.arange(self.batch_size)
        weights = self.pictures.weights[rows] * self._counted(seen)
        if self.class_weights is not None:
            weights = weights * self.class_weights[targets]
        return Work(
            pixels=self.pictures.pixels[rows],
            targets=targets,
            weights=weights.astype(np.float32),
            rates=self.rates(positions),
            draw=self._draw(rows, seen),
        )

    def _counted(self, seen: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which places of the epoch are no filling."""
        return np.asarray(seen < len(self.pictures))

    def _draw(
        self, rows: NDArray[np.int64], seen: NDArray[np.int64]
    ) -> AugmentDraw | None:
        augment, shape = self.config.augment, self.pictures.pixels.shape[1:]
        # A training that changes nothing need not hash 60,000 ids.
        if not augment.changes_anything:
            return None
        keys = self._keys(rows, seen)
        return draw_changes(augment, shape, keys, seed=self.seed, epoch=self.epoch)

    def _keys(self, rows: NDArray[np.int64], seen: NDArray[np.int64]) -> Keys:
        """What the draws of these pictures, at these places of the epoch, hang on."""
        keys = self.pictures.keys[rows]
        if self.repeats is None:
            return keys
        # Another change each time a picture comes.
        return np.asarray(keys + seen.astype(np.uint64))

    def pieces(self, first: int, at_once: Iterator[int]) -> Iterator[Work]:
        """The rest of the epoch from step `first`, in pieces of the sizes wanted."""
        order = self.order()
        while first < self.steps:
            wanted = min(next(at_once), self.most_steps_at_once, self.steps - first)
            yield self.work(order, first, wanted)
            first += wanted


def _repeated(
    order: NDArray[np.int64], repeats: NDArray[np.float32], start: float
) -> NDArray[np.int64]:
    """As many places, each picture `repeats` times, rounded up or down by chance.

    Systematic sampling (Madow and Madow, "On the theory of systematic sampling", 1944):
    drawn one by one, rare groups would have too few pictures in one epoch and too many
    in another. Pictures that come as often stand together, so that this holds for
    groups too.
    """
    together = np.argsort(repeats, kind="stable")
    order, ends = order[together], np.cumsum(repeats[together], dtype=np.float64)
    marks = (start + np.arange(len(order))) * ends[-1] / len(order)
    places = np.searchsorted(ends, marks, side="right")
    return np.asarray(order[np.minimum(places, len(order) - 1)])


def balanced_weights(cells: Sequence[Hashable]) -> NDArray[np.float32]:
    """Weights that let every cell count alike, with mean 1 over the pictures.

    Args:
        cells: which each picture lies in, such as (class, group), `(num_images,)`.

    Returns:
        n / (cells * pictures in the cell), `(num_images,)`.
    """
    counts = Counter(cells)
    share = len(cells) / max(1, len(counts))
    return np.array([share / counts[cell] for cell in cells], dtype=np.float32)


def balanced_class_weights(
    targets: NDArray[np.int32], num_classes: int
) -> NDArray[np.float32]:
    """Weights that let each class count alike, with mean 1 over the pictures.

    n / (classes * count), as scikit-learn's `class_weight="balanced"` (King and Zeng,
    2001); a class without pictures gets 0.
    """
    counts = np.bincount(targets, minlength=num_classes)
    present = max(1, int(np.count_nonzero(counts)))
    weights = np.divide(
        len(targets), present * counts, out=np.zeros(num_classes), where=counts > 0
    )
    return weights.astype(np.float32)
