"""One pass over all pictures that gives numbers for each, and never twice the same.

A picture whose content was described before is only read and hashed; the others are
decoded, prepared and described in the same thread, so that no core waits for another.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from visus.core.cores import available_cores
from visus.core.errors import MachineError
from visus.core.progress import Progress
from visus.data.ahead import Stopped, in_order
from visus.data.batches import Batch, RowsOf, make_batch
from visus.data.cache import Noted
from visus.data.feature_cache import FeatureCache, Remembered
from visus.data.ledger import Ledger, Quarantined
from visus.data.looks import Look, Looks, join_looks, join_parts
from visus.data.on_demand import PicturesOnDemand
from visus.data.opening import let_freed_memory_stay, open_record
from visus.data.preprocess import PreprocessSpec
from visus.data.records import ImageDataset, ImageRecord
from visus.data.scan import usable_records

Floats = NDArray[np.float32]
# From uint8 `(batch, height, width, channels)` to float32 `(batch, num_features)`.
Describe = Callable[[NDArray[np.uint8]], Floats]

# Pictures that a thread decodes and describes at once.
PIECE = 16
# What a process that is killed loses, at most.
SECONDS_BETWEEN_FILES = 20.0


@dataclass(frozen=True)
class Describer:
    """What gives the numbers.

    Args:
        describe: may be called by several threads at once.
        spec: how pictures are prepared for it.
        cache: where its features are kept.
        label: what a person reads while it works.
    """

    describe: Describe
    spec: PreprocessSpec
    cache: FeatureCache
    label: str = "Describing pictures"


@dataclass(frozen=True)
class Described:
    """What one pass found.

    Args:
        dataset: the usable records, with content hashes.
        ledger: what became of every file.
        pictures: one row a record; decoded only when somebody looks at one.
        looks: one row a record.
        features: float32 `(num_images, num_features)`.
        computed: how many pictures were described; the others were known.
        seconds: that the pass took.
    """

    dataset: ImageDataset
    ledger: Ledger
    pictures: Batch
    looks: Looks
    features: Floats
    computed: int
    seconds: float

    @property
    def changed(self) -> Mapping[str, tuple[str, ...]]:
        """Ids of the pictures that were changed to be read, by what was changed."""
        return self.looks.by_note([record.id for record in self.dataset.records])


def describe_pictures(
    dataset: ImageDataset, ledger: Ledger, describer: Describer, progress: Progress
) -> Described:
    """Describe every picture of which the features are not known yet.

    Args:
        dataset: the records.
        ledger: what became of every file so far.
        describer: what gives the numbers.
        progress: who is told.

    Raises:
        DataError: not one picture can be read.
    """
    started = time.monotonic()
    remembered = describer.cache.load()
    found = _Found(describer, remembered, progress)
    work = partial(_describe_piece, describer, remembered)
    let_freed_memory_stay()
    try:
        with progress.stage(describer.label, len(dataset)):
            for piece in in_order(work, dataset.records, PIECE):
                found.take(piece)
                speed = found.computed / (time.monotonic() - started)
                figures = {"images_per_second": speed} if found.computed else {}
                progress.advance(len(piece.digests) + len(piece.quarantined), **figures)
    finally:
        # After Ctrl-C too: what was computed need not be computed again.
        found.keep()
    usable = usable_records(
        dataset, Noted(tuple(found.digests), tuple(found.quarantined))
    )
    features, looks = found.of_all()
    describer.cache.tidy()
    pictures = PicturesOnDemand(usable.records, describer.spec)
    every = RowsOf(pictures, np.arange(len(usable)))
    return Described(
        dataset=usable,
        ledger=ledger.with_quarantined(tuple(found.quarantined)),
        pictures=make_batch(every, usable),
        looks=looks,
        features=features,
        computed=found.computed,
        seconds=time.monotonic() - started,
    )


def seconds_to_describe(sample: ImageDataset, describer: Describer) -> float:
    """Wall seconds a picture, all cores at work; nothing is looked up or kept."""
    nothing = Remembered((), {})
    work = partial(_describe_piece, describer, nothing)
    size = max(1, len(sample) // (2 * available_cores()))
    for _ in in_order(work, sample.records[:1], 1):
        pass  # The first call of a graph takes longer.
    started = time.monotonic()
    for _ in in_order(work, sample.records, size):
        pass
    return (time.monotonic() - started) / max(1, len(sample))


@dataclass(frozen=True)
class _Piece:
    """What a thread found; new ones are in the order of their digests."""

    digests: list[str]
    quarantined: list[Quarantined]
    new: list[str]
    looks: list[Look]
    features: Floats | None


def _describe_piece(
    describer: Describer,
    remembered: Remembered,
    records: Sequence[ImageRecord],
    stopped: Stopped,
) -> _Piece:
    digests: list[str] = []
    quarantined: list[Quarantined] = []
    new: dict[str, tuple[NDArray[np.uint8], Look]] = {}
    for record in records:
        if stopped():
            break
        opened = open_record(record, describer.spec, known=remembered.places)
        if isinstance(opened, Quarantined):
            quarantined.append(opened)
            continue
        digests.append(opened.digest)
        if opened.pixels is not None and opened.look is not None:
            new[opened.digest] = opened.pixels, opened.look
    features = None
    if new and not stopped():
        features = describer.describe(np.stack([pixels for pixels, _ in new.values()]))
    looks = [look for _, look in new.values()]
    return _Piece(digests, quarantined, list(new), looks, features)


@dataclass
class _Found:
    """What all pieces gave so far."""

    describer: Describer
    remembered: Remembered
    progress: Progress
    digests: list[str] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    computed: int = 0

    def __post_init__(self) -> None:
        # By content hash, in the order in which they came.
        self._new: dict[str, tuple[Floats, Look]] = {}
        self._kept = 0
        self._last_kept = time.monotonic()
        self._keeps = True

    def take(self, piece: _Piece) -> None:
        """Add what a thread found; every now and then keep it on disk."""
        self.digests += piece.digests
        self.quarantined += piece.quarantined
        if piece.features is None:
            return
        self.computed += len(piece.new)
        for digest, row, look in zip(
            piece.new, piece.features, piece.looks, strict=True
        ):
            self._new.setdefault(digest, (row, look))
        if time.monotonic() - self._last_kept > SECONDS_BETWEEN_FILES:
            self.keep()

    def keep(self) -> None:
        """Write what is new; a disk without room costs the next run time."""
        digests = list(self._new)[self._kept :]
        if not digests or not self._keeps:
            return
        features, looks = self._rows(digests)
        try:
            self.describer.cache.add(digests, features, looks)
        except MachineError as error:
            self._keeps = False
            self.progress.say(f"Features are not kept: {error.received}")
        self._kept = len(self._new)
        self._last_kept = time.monotonic()

    def of_all(self) -> tuple[Floats, Looks]:
        """Features and looks of all that could be read, in order."""
        if not self._new:
            return self.remembered.take(self.digests)
        known = [d for d in self.digests if d not in self._new]
        parts = [self.remembered.take(known)] if known else []
        parts.append(self._rows(list(self._new)))
        features = np.concatenate([rows for rows, _ in parts])
        looks = join_parts([looks for _, looks in parts])
        place = {digest: row for row, digest in enumerate([*known, *self._new])}
        order = [place[digest] for digest in self.digests]
        return features[order], looks.take(order)

    def _rows(self, digests: Sequence[str]) -> tuple[Floats, Looks]:
        rows = np.stack([self._new[digest][0] for digest in digests])
        return rows, join_looks([self._new[digest][1] for digest in digests])
