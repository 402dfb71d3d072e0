"""ImageRecord and ImageDataset: which pictures there are, before any pixel is read."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from visus.data.locations import Location

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")

# One class; several classes (perhaps none of them); a number; or not known.
Target = str | tuple[str, ...] | float | None


def target_text(target: Target) -> str:
    """A target as words: a class name, several with commas, or a number."""
    if isinstance(target, tuple):
        return ", ".join(target)
    return "" if target is None else f"{target}"


@dataclass(frozen=True, slots=True)
class Mask:
    """The shape of a labelled thing, as its source wrote it; nothing decodes it here.

    Args:
        polygons: outlines of its parts, each x, y, x, y, ... in pixels from the top
            left; empty for a code.
        encoded: a run-length code, as JSON text.
        encoding: whose code that is.
    """

    polygons: tuple[tuple[float, ...], ...] = ()
    encoded: str = ""
    encoding: Literal["", "coco", "label-studio"] = ""


@dataclass(frozen=True, slots=True)
class Box:
    """A labelled rectangle, its edges in pixels from the top left of the picture.

    Args:
        label: what is in it.
        left: column of its left edge; 0 is the left edge of the picture.
        top: row of its upper edge.
        right: column of its right edge; the picture's width is its right edge.
        bottom: row of its lower edge.
        mask: the shape of what is in it, where the source gives one.
    """

    label: str
    left: float
    top: float
    right: float
    bottom: float
    mask: Mask | None = None


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """One picture and what is known of it.

    Args:
        id: the source's own stable key: relative path, row, archive member.
        target: the class name; a tuple of class names where a picture can have
            several or none; a number; or `None` when nothing is known.
        location: the file or archive member, for pictures that live in files.
        pixels: uint8 `(height, width, channels)`, for pictures that live in memory.
        content_hash: of the file's bytes, or of the pixels; "" before it is known.
        split: train, validation or test; `None` before splits are given.
        group: what must not be torn apart by splits: a patient, a site, a video.
        weight: how much the picture counts in training.
        boxes: labelled rectangles on it.
        mask: where a picture of the classes of its pixels lies; not read.
        metadata: what else the source says, as pairs of column and text.
    """

    id: str
    target: Target
    location: Location | None = None
    pixels: NDArray[np.uint8] | None = field(default=None, compare=False, repr=False)
    content_hash: str = ""
    split: Split | None = None
    group: str | None = None
    weight: float = 1.0
    boxes: tuple[Box, ...] = ()
    mask: Location | None = None
    metadata: tuple[tuple[str, str], ...] = ()

    @property
    def label(self) -> str:
        """The target as words: a class name, several with commas, or a number."""
        return target_text(self.target)

    @property
    def labels(self) -> tuple[str, ...]:
        """The class names it has: none, one or several."""
        if isinstance(self.target, str):
            return (self.target,) if self.target else ()
        return self.target if isinstance(self.target, tuple) else ()


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
            if record.boxes:
                digest.update(repr(record.boxes).encode("utf-8", "replace"))
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
        """Class numbers `(num_images,)`; -1 where a picture has not one label."""
        index = {name: number for number, name in enumerate(self.class_names)}
        numbers = [
            index.get(record.target, -1) if isinstance(record.target, str) else -1
            for record in self.records
        ]
        return np.asarray(numbers, dtype=np.int32)

    def sizes(self) -> dict[str, int]:
        """Pictures by split, "unsplit" where none is given."""
        found: Counter[str] = Counter(r.split or "unsplit" for r in self.records)
        return {s: found[s] for s in (*SPLITS, "unsplit") if s in found}

    def counts(self) -> dict[str, dict[str, int]]:
        """Pictures by split ("unsplit" where none is given) and class."""
        found: Counter[tuple[str, str]] = Counter(
            (record.split or "unsplit", label)
            for record in self.records
            for label in record.labels
        )
        splits = {record.split or "unsplit" for record in self.records}
        return {
            split: {name: found[(split, name)] for name in self.class_names}
            for split in (*SPLITS, "unsplit")
            if split in splits
        }
