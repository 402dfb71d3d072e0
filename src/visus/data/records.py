"""ImageRecord and ImageDataset: which pictures there are, before any pixel is read."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """One picture and what is known of it.

    Args:
        id: the source's own stable key: relative path, row, archive member.
        target: the class name, or `None` when the picture has no label.
        location: the file, for pictures that live in files.
        pixels: uint8 `(height, width, channels)`, for pictures that live in memory.
        content_hash: of the file's bytes, or of the pixels; "" before it is known.
        split: train, validation or test; `None` before splits are given.
        group: what must not be torn apart by splits: a patient, a site, a video.
        weight: how much the picture counts in training.
        metadata: what else the source says, as pairs of column and text.
    """

    id: str
    target: str | None
    location: Path | None = None
    pixels: NDArray[np.uint8] | None = field(default=None, compare=False, repr=False)
    content_hash: str = ""
    split: Split | None = None
    group: str | None = None
    weight: float = 1.0
    metadata: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ImageDataset:
    """Immutable ordered records and the class names they use.

    Args:
        name: what a person calls this data, such as "mnist" or the folder's name.
        records: in the source's own stable order.
        class_names: sorted; the position of a name is its class number.
    """

    name: str
    records: tuple[ImageRecord, ...]
    class_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.records)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over ids, hashes, targets and splits: equal data, equal value."""
        digest = hashlib.sha256()
        for record in self.records:
            words = (record.id, record.content_hash, record.target, record.split)
            digest.update("\x1f".join(map(str, words)).encode("utf-8", "replace"))
            digest.update(b"\x1e")
        return digest.hexdigest()

    def select(self, keep: Callable[[ImageRecord], bool]) -> "ImageDataset":
        """The records for which `keep` is true; the class names stay."""
        chosen = tuple(record for record in self.records if keep(record))
        return replace(self, records=chosen)

    def split(self, split: Split) -> "ImageDataset":
        """The records of one split."""
        return self.select(lambda record: record.split == split)

    def with_splits(self, splits: Mapping[str, Split]) -> "ImageDataset":
        """The same records with these splits, given by record id."""
        return self.with_records(
            replace(record, split=splits.get(record.id, record.split))
            for record in self.records
        )

    def with_records(self, records: Iterable[ImageRecord]) -> "ImageDataset":
        """Other records under the same name and class names."""
        return replace(self, records=tuple(records))

    def class_indices(self) -> NDArray[np.int32]:
        """Class numbers `(num_images,)`; -1 where a picture has no label."""
        index = {name: number for number, name in enumerate(self.class_names)}
        numbers = [index.get(record.target or "", -1) for record in self.records]
        return np.asarray(numbers, dtype=np.int32)

    def counts(self) -> dict[str, dict[str, int]]:
        """Pictures by split ("unsplit" where none is given) and class."""
        found: Counter[tuple[str, str | None]] = Counter(
            (record.split or "unsplit", record.target) for record in self.records
        )
        return {
            split: {name: found[(split, name)] for name in self.class_names}
            for split in (*SPLITS, "unsplit")
            if any(key[0] == split for key in found)
        }
