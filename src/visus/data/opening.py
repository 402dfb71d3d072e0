"""One picture, opened: read, hashed, decoded, looked at and prepared, or a verdict."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visus.data.decode import Decoded, DecodeFailure, DecodeLimits, decode_image
from visus.data.ledger import Quarantined
from visus.data.locations import Location, read_location
from visus.data.looks import Look, look_at
from visus.data.preprocess import PreprocessSpec, least_decoded_size, prepare_pixels
from visus.data.records import ImageRecord

# Just below the limit, with room for what the library writes beside it.
LARGEST_FREED_BYTES = 31 * 2**20


def let_freed_memory_stay() -> None:
    """Freed pictures stay with this process, for the next ones."""
    # The C library (glibc) gives a freed picture back to the system and takes the next
    # one's memory anew: a third of the time goes into that. It stops doing so for all
    # that is smaller than the largest block that was ever freed; 32 MB is its limit.
    np.empty(LARGEST_FREED_BYTES, dtype=np.uint8)


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
    limits: DecodeLimits | None = None,
) -> Opened | Quarantined:
    """Read one record, hash it, and decode and prepare it unless its hash is known.

    Args:
        record: with a location or pixels.
        spec: how it is prepared.
        measured: whether its look tells what only an audit asks for.
        known: content hashes of which nothing but the hash is wanted.
        limits: the most that it may take.
    """
    if record.pixels is not None:
        digest = hashlib.sha256(record.pixels.tobytes()).hexdigest()
        if digest in known:
            return Opened(digest)
        look = look_at(record.pixels, measured=measured)
        return Opened(digest, prepare_pixels(record.pixels, spec), look)
    try:
        location = record.location or Path()
        return open_location(
            location, spec, measured=measured, known=known, limits=limits
        )
    except DecodeFailure as failure:
        return Quarantined(record.id, failure.verdict, failure.reason)


def open_location(
    location: Location,
    spec: PreprocessSpec,
    *,
    measured: bool = False,
    known: Collection[str] = (),
    limits: DecodeLimits | None = None,
) -> Opened:
    """The same for a file or the member of an archive.

    Raises:
        DecodeFailure: it cannot be read, or is no picture.
    """
    content = read_location(location)
    digest = hashlib.sha256(content).hexdigest()
    if digest in known:
        return Opened(digest)
    decoded = _decoded_for(content, spec, limits)
    look = look_at(
        decoded.picture,
        size=decoded.size,
        file_bytes=len(content),
        image_format=decoded.format,
        notes=decoded.notes,
        measured=measured,
    )
    return Opened(digest, prepare_pixels(decoded.picture, spec, decoded.size), look)


def _decoded_for(
    content: bytes, spec: PreprocessSpec, limits: DecodeLimits | None = None
) -> Decoded:
    # Here only: training, evaluation and prediction must decode alike.
    return decode_image(content, limits, at_least=least_decoded_size(spec))
