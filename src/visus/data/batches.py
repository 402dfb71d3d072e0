"""Batch: pictures in memory with their targets, and how a split becomes batches."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Batch:
    """Pictures ready for a network; a whole split in memory is one large batch.

    Args:
        pixels: uint8 `(batch, height, width, channels)`; may be a memory map.
        targets: int32 class numbers `(batch,)`, -1 where unknown.
        weights: float32 `(batch,)`; 0 marks padding that no metric counts.
        ids: the record ids, `(batch,)`.
    """

    pixels: NDArray[np.uint8]
    targets: NDArray[np.int32]
    weights: NDArray[np.float32]
    ids: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.ids)
