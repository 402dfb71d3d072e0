"""Batch: pictures in memory with their targets, and how a split becomes batches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from visus.data.augment.numbers import Keys, picture_keys
from visus.data.records import ImageDataset, Split

# Rows of arrays up to this are copied, which is quicker to read later on.
MOST_COPIED_BYTES = 64 * 2**20


class Elsewhere(Protocol):
    """Pixels that are no array in memory, but are indexed like one by their rows."""

    def __len__(self) -> int: ...

    @property
    def shape(self) -> tuple[int, ...]:
        """`(num_images, height, width, channels)`."""

    def __getitem__(self, rows: Any) -> NDArray[np.uint8]: ...


class RowsOf:
    """Some rows of a large array of pixels, in any order, read when they are asked for.

    It is indexed along its first axis like an array; a split of pictures that are
    mapped from disk so stays on disk.

    Args:
        pixels: uint8 `(num_images, height, width, channels)`, or what stands for them.
        rows: positions `(batch,)`.

    Example:
        >>> RowsOf(np.arange(6, dtype=np.uint8).reshape(3, 2), np.array([2, 0]))[1]
        array([0, 1], dtype=uint8)
    """

    def __init__(
        self, pixels: NDArray[np.uint8] | Elsewhere, rows: NDArray[np.intp]
    ) -> None:
        self.pixels = pixels
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def shape(self) -> tuple[int, ...]:
        """`(batch, height, width, channels)`."""
        return (len(self.rows), *self.pixels.shape[1:])

    def __getitem__(self, key: Any) -> NDArray[np.uint8]:
        first, *others = key if isinstance(key, tuple) else (key,)
        if first is Ellipsis or first is None:
            return np.asarray(self[:][key])
        rows = np.asarray(self.pixels[self.rows[first]])
        ahead = (slice(None),) * self.rows[first].ndim
        return np.asarray(rows[(*ahead, *others)]) if others else rows

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self[:], dtype=dtype)


# A split in memory, or one that stays where it is.
Pixels = NDArray[np.uint8] | RowsOf


@dataclass(frozen=True)
class Batch:
    """Pictures ready for a network; a whole split is one large batch.

    Args:
        pixels: uint8 `(batch, height, width, channels)`; may be a memory map, or rows
            of one.
        targets: int32 class numbers `(batch,)`, -1 where unknown; for other tasks
            float32 `(batch, num_outputs)`, NaN where unknown.
        weights: float32 `(batch,)`; 0 marks padding that no metric counts.
        ids: the record ids, `(batch,)`.
    """

    pixels: Pixels
    targets: NDArray[Any]
    weights: NDArray[np.float32]
    ids: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def keys(self) -> Keys:
        """64 bits for each picture from its id `(batch,)`: what its draws hang on."""
        return picture_keys(self.ids)

    def take(self, rows: Sequence[int] | NDArray[np.intp]) -> "Batch":
        """The pictures at these positions, in this order."""
        chosen = np.asarray(rows, dtype=np.intp)
        return Batch(
            pixels=_rows(self.pixels, chosen),
            targets=self.targets[chosen],
            weights=self.weights[chosen],
            ids=tuple(self.ids[row] for row in chosen),
        )


def make_batch(pixels: Pixels, dataset: ImageDataset) -> Batch:
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


def _rows(pixels: Pixels | Elsewhere, rows: NDArray[np.intp]) -> Pixels:
    if isinstance(pixels, RowsOf):
        return _rows(pixels.pixels, pixels.rows[rows])
    if not isinstance(pixels, np.ndarray):
        return RowsOf(pixels, rows)
    # Neighbouring rows need no copy: MNIST's two parts lie one after the other.
    if len(rows) and np.array_equal(rows, np.arange(rows[0], rows[0] + len(rows))):
        return pixels[rows[0] : rows[0] + len(rows)]
    if isinstance(pixels, np.memmap) or pixels.nbytes > MOST_COPIED_BYTES:
        return RowsOf(pixels, rows)
    return pixels[rows]


def _fill(array: NDArray[Any], missing: int) -> NDArray[Any]:
    if missing == 0:
        return array
    blank = np.zeros((missing, *array.shape[1:]), dtype=array.dtype)
    return np.concatenate([array, blank])
