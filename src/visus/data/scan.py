"""One pass over all pictures: decode, hash, prepare, account for. Never twice.

Prepared pictures are kept under `VISUS_HOME`; the same files and the same spec are not
decoded again. Pictures that are in memory already are not kept.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visus.core.cores import available_cores
from visus.core.errors import DataError, MachineError
from visus.core.progress import Progress, SilentProgress
from visus.data.ahead import PIECES_AHEAD, Stopped, in_order
from visus.data.batches import Batch, make_batch
from visus.data.cache import MOST_BYTES_IN_MEMORY, Kept, Noted, PixelCache
from visus.data.cache_room import make_room
from visus.data.decode import (
    READ_NAMES,
    Decoded,
    DecodeFailure,
    decode_image,
)
from visus.data.home import visus_home
from visus.data.ledger import Ledger, Quarantined
from visus.data.locations import Location, read_location
from visus.data.looks import Look, Looks, join_looks, look_at
from visus.data.preprocess import PreprocessSpec, least_decoded_size, prepare_pixels
from visus.data.records import ImageDataset, ImageRecord

# Pictures that a thread decodes at once: few enough that Ctrl-C is quick, enough that
# handing them over costs nothing.
PIECE = 16
# Prepared pictures of all threads that wait to be written, at most.
WAITING_BYTES = 32 * 2**20
# Just below the limit, with room for what the library writes beside it.
LARGEST_FREED_BYTES = 31 * 2**20


@dataclass(frozen=True)
class Scan:
    """What one pass found.

    Args:
        dataset: the usable records, with content hashes.
        ledger: what became of every file.
        pictures: one row a record, in their order.
        noted: their looks, where the pass through the files noted them.
        measured: whether looks tell what only an audit asks for.
    """

    dataset: ImageDataset
    ledger: Ledger
    pictures: Batch
    noted: Looks | None = None
    measured: bool = True

    @cached_property
    def looks(self) -> Looks:
        """One row a record; pictures in memory are looked at when this is asked."""
        if self.noted is not None:
            return self.noted
        pictures = (record.pixels for record in self.dataset.records)
        measured = self.measured
        return join_looks(
            [look_at(p, measured=measured) for p in pictures if p is not None]
        )

    @property
    def changed(self) -> Mapping[str, tuple[str, ...]]:
        """Ids of the pictures that were changed to be read, by what was changed."""
        ids = [record.id for record in self.dataset.records]
        return {} if self.noted is None else self.noted.by_note(ids)


def scan_pictures(
    dataset: ImageDataset,
    ledger: Ledger,
    spec: PreprocessSpec,
    *,
    progress: Progress | None = None,
    use_cache: bool = True,
    most_bytes: int = MOST_BYTES_IN_MEMORY,
    measured: bool = True,
) -> Scan:
    """Bring every picture to the spec's size; set aside what cannot be read.

    Args:
        dataset: the records.
        ledger: what became of every file so far.
        spec: how pictures are prepared.
        progress: who is told.
        use_cache: read and write the cache of prepared pictures; without it all are
            held in memory.
        most_bytes: of prepared pixels to hold in memory; more are mapped from the
            cache and never held at once.
        measured: whether looks tell what only an audit asks for, see `look_at`.

    Raises:
        DataError: not one picture can be read.
        MachineError: they are too many for memory, and the cache has no room.
    """
    progress = progress or SilentProgress()
    if all(record.pixels is not None for record in dataset.records):
        kept = _scan_memory(dataset, spec)
    else:
        cache = PixelCache.of(dataset, spec, measured=measured) if use_cache else None
        work = _Pass(dataset, spec, measured, progress)
        kept = _scan_files(work, cache, most_bytes)
    noted = kept.noted
    usable = usable_records(dataset, noted)
    return Scan(
        dataset=usable,
        ledger=ledger.with_quarantined(noted.quarantined),
        pictures=make_batch(kept.pixels, usable),
        noted=noted.looks,
        measured=measured,
    )


def open_picture(location: Location, spec: PreprocessSpec) -> NDArray[np.uint8]:
    """One picture, decoded and prepared exactly as a scan does it.

    Args:
        location: the file, or the member of an archive.
        spec: how the picture is prepared.

    Returns:
        uint8 `(*spec.image_size, spec.channels)`.

    Raises:
        DecodeFailure: it cannot be read, or is no picture.
    """
    return open_content(read_location(location), spec)


def open_content(content: bytes, spec: PreprocessSpec) -> NDArray[np.uint8]:
    """The same for a picture that is in memory, such as one that was sent to a server.

    Args:
        content: the whole file.
        spec: how the picture is prepared.

    Returns:
        uint8 `(*spec.image_size, spec.channels)`.

    Raises:
        DecodeFailure: it is no picture that can be read.
    """
    decoded = _decoded_for(content, spec)
    return prepare_pixels(decoded.picture, spec, decoded.size)


def _scan_memory(dataset: ImageDataset, spec: PreprocessSpec) -> Kept:
    pictures = [r.pixels for r in dataset.records if r.pixels is not None]
    hashes = tuple(
        hashlib.sha256(picture.tobytes()).hexdigest() for picture in pictures
    )
    if all(_is_prepared(picture, spec) for picture in pictures):
        return Kept(np.stack(pictures), Noted(hashes, ()))
    prepared = np.stack([prepare_pixels(picture, spec) for picture in pictures])
    return Kept(prepared, Noted(hashes, ()))


def _is_prepared(pixels: NDArray[np.uint8], spec: PreprocessSpec) -> bool:
    return pixels.shape == spec.input_shape and spec.takes_as_is(spec.image_size)


@dataclass(frozen=True)
class _Pass:
    """What one pass through the files is about."""

    dataset: ImageDataset
    spec: PreprocessSpec
    measured: bool
    progress: Progress


def _scan_files(work: _Pass, cache: PixelCache | None, most_bytes: int) -> Kept:
    kept = cache.load(most_bytes) if cache else None
    if kept is not None:
        return kept
    if cache is None:
        return _into_memory(work)
    size = len(work.dataset) * int(np.prod(work.spec.input_shape))
    try:
        if not make_room(size):
            raise _no_room(size)
        with cache.writing() as file:
            noted = _decode_all(work, file.add)
            return file.finish(noted, work.spec.input_shape, most_bytes)
    except MachineError as error:
        # A disk without room costs the next run time, not this one's life.
        if size > most_bytes:
            raise
        work.progress.say(f"The prepared pictures are not kept: {error.received}")
    return _into_memory(work)


def _into_memory(work: _Pass) -> Kept:
    pixels = np.empty((len(work.dataset), *work.spec.input_shape), dtype=np.uint8)
    free = iter(pixels)

    def put(picture: NDArray[np.uint8]) -> None:
        next(free)[...] = picture

    noted = _decode_all(work, put)
    return Kept(pixels[: len(noted.hashes)], noted)


def _decode_all(work: _Pass, put: Callable[[NDArray[np.uint8]], None]) -> Noted:
    hashes: list[str] = []
    looks: list[Look] = []
    quarantined: list[Quarantined] = []
    with work.progress.stage("Reading pictures", len(work.dataset)):
        for piece in _decoded(work):
            for result in piece:
                if isinstance(result, Quarantined):
                    quarantined.append(result)
                    continue
                pixels, digest, look = result
                put(pixels)
                hashes.append(digest)
                looks.append(look)
            work.progress.advance(len(piece))
    return Noted(tuple(hashes), tuple(quarantined), join_looks(looks))


Result = tuple[NDArray[np.uint8], str, Look] | Quarantined


def _decoded(work: _Pass) -> Iterator[list[Result]]:
    """Pieces of results, in order."""
    pieces_ahead = PIECES_AHEAD * available_cores() + 1
    piece_bytes = WAITING_BYTES // pieces_ahead
    size = max(1, min(PIECE, piece_bytes // int(np.prod(work.spec.input_shape))))

    def decode(piece: Sequence[ImageRecord], stopped: Stopped) -> list[Result]:
        return [_decode_one(record, work) for record in piece if not stopped()]

    let_freed_memory_stay()
    yield from in_order(decode, work.dataset.records, size)


def let_freed_memory_stay() -> None:
    """Freed pictures stay with this process, for the next ones."""
    # The C library (glibc) gives a freed picture back to the system and takes the next
    # one's memory anew: a third of the time goes into that. It stops doing so for all
    # that is smaller than the largest block that was ever freed; 32 MB is its limit.
    np.empty(LARGEST_FREED_BYTES, dtype=np.uint8)


def _decode_one(record: ImageRecord, work: _Pass) -> Result:
    opened = open_record(record, work.spec, measured=work.measured)
    if isinstance(opened, Quarantined):
        return opened
    if opened.pixels is None or opened.look is None:  # Only of what is known.
        raise ValueError(f"{record.id} was not decoded")
    return opened.pixels, opened.digest, opened.look


@dataclass(frozen=True, slots=True)
class Opened:
    """One record's picture.

    Args:
        digest: content hash.
        pixels: uint8 `(*spec.input_shape)`; `None` for one that is known already.
        look: how it looks; `None` likewise.
    """

    digest: str
    pixels: NDArray[np.uint8] | None = None
    look: Look | None = None


def open_record(
    record: ImageRecord,
    spec: PreprocessSpec,
    *,
    measured: bool = False,
    known: Collection[str] = (),
) -> Opened | Quarantined:
    """Read one record, hash it, and decode and prepare it unless its hash is known.

    Args:
        record: with a location or pixels.
        spec: how it is prepared.
        measured: whether its look tells what only an audit asks for.
        known: content hashes of which nothing but the hash is wanted.
    """
    if record.pixels is not None:
        digest = hashlib.sha256(record.pixels.tobytes()).hexdigest()
        if digest in known:
            return Opened(digest)
        look = look_at(record.pixels, measured=measured)
        return Opened(digest, prepare_pixels(record.pixels, spec), look)
    try:
        content = read_location(record.location or Path())
        digest = hashlib.sha256(content).hexdigest()
        if digest in known:
            return Opened(digest)
        decoded = _decoded_for(content, spec)
    except DecodeFailure as failure:
        return Quarantined(record.id, failure.verdict, failure.reason)
    look = look_at(
        decoded.picture,
        size=decoded.size,
        file_bytes=len(content),
        image_format=decoded.format,
        notes=decoded.notes,
        measured=measured,
    )
    return Opened(digest, prepare_pixels(decoded.picture, spec, decoded.size), look)


def _decoded_for(content: bytes, spec: PreprocessSpec) -> Decoded:
    # Here only: training, evaluation and prediction must decode alike.
    return decode_image(content, at_least=least_decoded_size(spec))


def usable_records(dataset: ImageDataset, noted: Noted) -> ImageDataset:
    """Those that could be read, with their content hashes.

    Raises:
        DataError: there is none.
    """
    if not noted.hashes:
        raise _nothing_usable(dataset, noted)
    bad = {entry.id for entry in noted.quarantined}
    good = [record for record in dataset.records if record.id not in bad]
    return dataset.with_records(
        replace(record, content_hash=digest)
        for record, digest in zip(good, noted.hashes, strict=True)
    )


def _nothing_usable(dataset: ImageDataset, noted: Noted) -> DataError:
    first = noted.quarantined[0]
    return DataError(
        received=f"None of the {len(noted.quarantined)} files of {dataset.name} is a "
        f"picture that can be read; the first, {first.id}: {first.reason}",
        expected=f"pictures: {READ_NAMES}.",
        remedy="Check that this is the folder you mean.",
    )


def _no_room(size: int) -> MachineError:
    return MachineError(
        received=f"The disk of {visus_home()} has no room for {size / 1e9:,.1f} GB of "
        "prepared pictures.",
        expected="that much room, and half a gigabyte to spare.",
        remedy="Free space, empty the cache with `visus cache --clear all`, set "
        "VISUS_HOME to a larger disk, or choose a smaller data.image_size.",
    )
