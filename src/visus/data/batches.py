"""Batch: pictures in memory with their targets, and how a split becomes batches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.data.records import ImageDataset, Split


@dataclass(frozen=True)
class Batch:
    """Pictures ready for a network; a whole split in memory is one large batch.

    Args:
        pixels: uint8 `(batch, height, width, channels)`; may be a memory map.
        targets: int32 class numbers `(batch,)`, -1 where unknown; for other tasks
            float32 `(batch, num_outputs)`, NaN where unknown.
        weights: float32 `(batch,)`; 0 marks padding that no metric counts.
        ids: the record ids, `(batch,)`.
    """

    pixels: NDArray[np.uint8]
    targets: NDArray[Any]
    weights: NDArray[np.float32]
    ids: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: Sequence[int] | NDArray[np.intp]) -> "Batch":
        """The pictures at these positions, in this order."""
        chosen = np.asarray(rows, dtype=np.intp)
        return Batch(
            pixels=_rows(self.pixels, chosen),
            targets=self.targets[chosen],
            weights=self.weights[chosen],
            ids=tuple(self.ids[row] for row in chosen),
        )


def make_batch(pixels: NDArray[np.uint8], dataset: ImageDataset) -> Batch:
    """Join pixels to the records they belong to, row by row; targets are classes."""
    return Batch(
        pixels=pixels,
        targets=dataset.class_indices(),
        weights=np.array([r.weight for r in dataset.records], dtype=np.float32),
        ids=tuple(record.id for record in dataset.records),
    )


def split_batch(pictures: Batch, dataset: ImageDataset, split: Split) -> Batch:
    """The pictures of one split; `pictures` has one row a record, in their order."""
    records = enumerate(dataset.records)
    return pictures.take([row for row, record in records if record.split == split])


def padded_batches(pictures: Batch, batch_size: int) -> Iterator[Batch]:
    """Batches of one size in order; the last is filled up with weight 0."""
    for first in range(0, len(pictures), batch_size):
        last = min(first + batch_size, len(pictures))
        missing = batch_size - (last - first)
        rows = slice(first, last)
        yield Batch(
            pixels=_fill(pictures.pixels[rows], missing),
            targets=_fill(pictures.targets[rows], missing),
            weights=_fill(pictures.weights[rows], missing),
            ids=pictures.ids[rows] + ("",) * missing,
        )


def _rows(pixels: NDArray[np.uint8], rows: NDArray[np.intp]) -> NDArray[np.uint8]:
    # Neighbouring rows need no copy: MNIST's two parts lie one after the other.
    if len(rows) and np.array_equal(rows, np.arange(rows[0], rows[0] + len(rows))):
        return pixels[rows[0] : rows[0] + len(rows)]
    return pixels[rows]


def _fill(array: NDArray[Any], missing: int) -> NDArray[Any]:
    if missing == 0:
        return array
    blank = np.zeros((missing, *array.shape[1:]), dtype=array.dtype)
    return np.concatenate([array, blank])
