"""Pictures that stay where they are, and are decoded when somebody looks at one."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.core.errors import DataError
from visus.data.ledger import Quarantined
from visus.data.opening import open_record
from visus.data.preprocess import PreprocessSpec
from visus.data.records import ImageRecord


class PicturesOnDemand:
    """Prepared pixels of records, indexed along the first axis like an array.

    For those of whom all else is known, such as their features: a report shows a few.

    Args:
        records: all of them could be read before.
        spec: how they are prepared.
    """

    def __init__(self, records: Sequence[ImageRecord], spec: PreprocessSpec) -> None:
        self.records = records
        self.spec = spec

    def __len__(self) -> int:
        return len(self.records)

    @property
    def shape(self) -> tuple[int, ...]:
        """`(num_images, height, width, channels)`."""
        return (len(self.records), *self.spec.input_shape)

    def __getitem__(self, rows: Any) -> NDArray[np.uint8]:
        chosen = np.arange(len(self.records))[rows]
        if chosen.ndim == 0:
            return self._opened(int(chosen))
        pixels = np.empty((len(chosen), *self.spec.input_shape), dtype=np.uint8)
        for place, row in enumerate(chosen.tolist()):
            pixels[place] = self._opened(row)
        return pixels

    def _opened(self, row: int) -> NDArray[np.uint8]:
        record = self.records[row]
        opened = open_record(record, self.spec)
        reason = opened.reason if isinstance(opened, Quarantined) else ""
        if isinstance(opened, Quarantined) or opened.pixels is None:
            raise DataError(
                received=f"{record.id} can no longer be read: {reason}",
                expected="the file as it was when this run began.",
                remedy="Bring it back, or begin a new run.",
            )
        return opened.pixels
