"""One pass over all pictures: decode, hash, prepare, account for. Never twice.

Prepared pictures are kept under `VISUS_HOME`; the same files and the same spec are not
decoded again. Pictures that are in memory already are not kept.
"""

import hashlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visus.core.cores import available_cores
from visus.core.errors import DataError
from visus.core.progress import Progress, SilentProgress
from visus.data.batches import Batch, make_batch
from visus.data.cache import Kept, PixelCache
from visus.data.decode import (
    READ_NAMES,
    Decoded,
    DecodeFailure,
    decode_image,
)
from visus.data.ledger import Ledger, Quarantined
from visus.data.locations import Location, read_location
from visus.data.looks import Look, Looks, join_looks, look_at
from visus.data.preprocess import PreprocessSpec, least_decoded_size, prepare_pixels
from visus.data.records import ImageDataset, ImageRecord

# Few enough that Ctrl-C is quick and memory flat, enough to keep every core busy.
PIECE = 64


@dataclass(frozen=True)
class Scan:
    """What one pass found.

    Args:
        dataset: the usable records, with content hashes.
        ledger: what became of every file.
        pictures: one row a record, in their order.
        noted: their looks, where the pass through the files noted them.
    """

    dataset: ImageDataset
    ledger: Ledger
    pictures: Batch
    noted: Looks | None = None

    @cached_property
    def looks(self) -> Looks:
        """One row a record; pictures in memory are looked at when this is asked."""
        if self.noted is not None:
            return self.noted
        pictures = (record.pixels for record in self.dataset.records)
        return join_looks([look_at(p) for p in pictures if p is not None])

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
) -> Scan:
    """Bring every picture to the spec's size; set aside what cannot be read.

    Raises:
        DataError: not one picture can be read.
    """
    progress = progress or SilentProgress()
    if all(record.pixels is not None for record in dataset.records):
        kept = _scan_memory(dataset, spec)
    else:
        kept = _scan_files(dataset, spec, progress, use_cache)
    usable = _usable(dataset, kept)
    if not len(usable):
        raise _nothing_usable(dataset, kept)
    return Scan(
        dataset=usable,
        ledger=ledger.with_quarantined(kept.quarantined),
        pictures=make_batch(kept.pixels, usable),
        noted=kept.looks,
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
    decoded = _decoded_for(read_location(location), spec)
    return prepare_pixels(decoded.pixels, spec, decoded.size)


def _scan_memory(dataset: ImageDataset, spec: PreprocessSpec) -> Kept:
    pictures = [r.pixels for r in dataset.records if r.pixels is not None]
    hashes = tuple(
        hashlib.sha256(picture.tobytes()).hexdigest() for picture in pictures
    )
    if all(picture.shape == spec.input_shape for picture in pictures):
        return Kept(np.stack(pictures), hashes, ())
    prepared = np.stack([prepare_pixels(picture, spec) for picture in pictures])
    return Kept(prepared, hashes, ())


def _scan_files(
    dataset: ImageDataset, spec: PreprocessSpec, progress: Progress, use_cache: bool
) -> Kept:
    cache = PixelCache.of(dataset, spec) if use_cache else None
    kept = cache.load() if cache else None
    if kept is not None:
        return kept
    kept = _decode_all(dataset, spec, progress)
    if cache is not None:
        cache.save(kept, progress)
    return kept


def _decode_all(
    dataset: ImageDataset, spec: PreprocessSpec, progress: Progress
) -> Kept:
    pixels = np.empty((len(dataset), *spec.input_shape), dtype=np.uint8)
    hashes: list[str] = []
    looks: list[Look] = []
    quarantined: list[Quarantined] = []
    with progress.stage("Reading pictures", len(dataset)):
        for result in _decoded(dataset.records, spec, progress):
            if isinstance(result, Quarantined):
                quarantined.append(result)
                continue
            pixels[len(hashes)], digest, look = result
            hashes.append(digest)
            looks.append(look)
    usable = pixels[: len(hashes)]
    return Kept(usable, tuple(hashes), tuple(quarantined), join_looks(looks))


Result = tuple[NDArray[np.uint8], str, Look] | Quarantined


def _decoded(
    records: tuple[ImageRecord, ...], spec: PreprocessSpec, progress: Progress
) -> Iterator[Result]:
    # Threads: the codecs and the resize let go of Python's lock while they work.
    with ThreadPoolExecutor(available_cores()) as workers:
        for first in range(0, len(records), PIECE):
            piece = records[first : first + PIECE]
            yield from workers.map(lambda record: _decode_one(record, spec), piece)
            progress.advance(len(piece))


def _decode_one(record: ImageRecord, spec: PreprocessSpec) -> Result:
    if record.pixels is not None:
        digest = hashlib.sha256(record.pixels.tobytes()).hexdigest()
        return prepare_pixels(record.pixels, spec), digest, look_at(record.pixels)
    try:
        content = read_location(record.location or Path())
        decoded = _decoded_for(content, spec)
    except DecodeFailure as failure:
        return Quarantined(record.id, failure.verdict, failure.reason)
    look = look_at(
        decoded.pixels,
        size=decoded.size,
        file_bytes=len(content),
        image_format=decoded.format,
        notes=decoded.notes,
    )
    digest = hashlib.sha256(content).hexdigest()
    return prepare_pixels(decoded.pixels, spec, decoded.size), digest, look


def _decoded_for(content: bytes, spec: PreprocessSpec) -> Decoded:
    # Here only: training, evaluation and prediction must decode alike.
    return decode_image(content, at_least=least_decoded_size(spec))


def _usable(dataset: ImageDataset, kept: Kept) -> ImageDataset:
    bad = {entry.id for entry in kept.quarantined}
    good = [record for record in dataset.records if record.id not in bad]
    return dataset.with_records(
        replace(record, content_hash=digest)
        for record, digest in zip(good, kept.hashes, strict=True)
    )


def _nothing_usable(dataset: ImageDataset, kept: Kept) -> DataError:
    first = kept.quarantined[0]
    return DataError(
        received=f"None of the {len(kept.quarantined)} files of {dataset.name} is a "
        f"picture that can be read; the first, {first.id}: {first.reason}",
        expected=f"pictures: {READ_NAMES}.",
        remedy="Check that this is the folder you mean.",
    )
