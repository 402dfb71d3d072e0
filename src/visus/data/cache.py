"""Prepared pictures, kept on disk between runs; always safe to delete.

One file a data set and spec: the rows of pixels, so that they can be mapped; what the
pass noted of them, as `np.savez` writes it; and a tail of fixed length, which says how
long both are. It is written aside while pictures are decoded, and then renamed, so a
process that dies leaves no file that is half.
"""

import hashlib
import io
import json
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.core.files import written_aside
from visus.data.cache_room import hold, note_use, pixels_folder
from visus.data.decode import resampler
from visus.data.ledger import Quarantined
from visus.data.locations import stamp
from visus.data.looks import Looks
from visus.data.preprocess import PreprocessSpec
from visus.data.records import ImageDataset, ImageRecord

# Raised whenever decoding, preparing or looking changes: nothing old is used.
VERSION = 7
# Larger blocks are brought in from disk when they are asked for.
MOST_BYTES_IN_MEMORY = 2 * 10**9
# Larger ones are mapped too, but brought in at once: what was just written lies in
# memory already, and to copy it into fresh memory took a quarter of a first pass.
MOST_COPIED_BYTES = 64 * 2**20

File = io.BufferedReader | io.BufferedRandom

# Magic word, rows, bytes a row, bytes of the notes, and the checksum of the notes.
_TAIL = struct.Struct("<8sQQQI")
_MAGIC = b"VISUSPX1"
# Rows whose checksums are looked at when a file is opened: it takes milliseconds.
_CHECKED_ROWS = 16


@dataclass(frozen=True)
class Noted:
    """What one pass notes of the pictures beside their pixels.

    Args:
        hashes: content hash of each usable picture, in order.
        quarantined: the others.
        looks: of each usable one, in order; `None` for pictures in memory.
    """

    hashes: tuple[str, ...]
    quarantined: tuple[Quarantined, ...]
    looks: Looks | None = None


@dataclass(frozen=True)
class Kept:
    """The outcome of one scan.

    Args:
        pixels: uint8 `(num_usable, height, width, channels)`; a read-only memory map
            where they are more than a few.
        noted: what the pass noted of them.
    """

    pixels: NDArray[np.uint8]
    noted: Noted


class PixelFile:
    """A file that is being written, picture by picture."""

    def __init__(self, file: File) -> None:
        self.file = file

    def add(self, pixels: NDArray[np.uint8]) -> None:
        """Write one more row."""
        self.file.write(np.ascontiguousarray(pixels).data)

    def finish(
        self, noted: Noted, shape: tuple[int, int, int], most_bytes: int
    ) -> Kept:
        """Write the notes, and open what was written as `PixelCache.load` does."""
        self.file.flush()
        row_bytes = int(np.prod(shape))
        rows = len(noted.hashes)
        pixels = _mapped(self.file, (rows, *shape)) if rows else _nothing(shape)
        notes = _notes_to_bytes(noted, shape, _checksums(pixels))
        self.file.write(notes)
        tail = _MAGIC, rows, row_bytes, len(notes), zlib.crc32(notes)
        self.file.write(_TAIL.pack(*tail))
        self.file.flush()
        return Kept(_within(self.file, pixels, most_bytes), noted)


@dataclass(frozen=True)
class PixelCache:
    """The place of one data set under one spec."""

    path: Path

    @classmethod
    def of(
        cls, dataset: ImageDataset, spec: PreprocessSpec, *, measured: bool = True
    ) -> "PixelCache":
        """Another size, date, name or spec of any file gives another place."""
        choices = f"{VERSION} {resampler()} {measured} {_pixel_choices(spec)}"
        digest = hashlib.sha256(choices.encode())
        for record in dataset.records:
            words = f"\x1e{record.id}\x1f{_stamp(record)}"
            digest.update(words.encode("utf-8", "surrogateescape"))
        return cls(pixels_folder() / f"{digest.hexdigest()[:32]}.pixels")

    def load(self, most_bytes: int = MOST_BYTES_IN_MEMORY) -> Kept | None:
        """What was written; `None` when there is nothing whole.

        Args:
            most_bytes: of pixels to bring into memory at once; of more, what is asked
                for. While they are mapped no process removes the file.
        """
        try:
            with self.path.open("rb") as file:
                if not hold(file):
                    return None
                kept = _read(file, most_bytes)
            note_use(self.path)
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
            return None
        return kept

    @contextmanager
    def writing(self) -> Iterator[PixelFile]:
        """A file to fill, which takes its place when the block ends.

        Two processes that do so at once both get what they wrote; one of the two files
        stays, and they are alike.

        Raises:
            MachineError: it cannot be written, or the disk is full.
        """
        with ExitStack() as afterwards, written_aside(self.path) as aside:
            # Held until it has its name, or it could be taken for a dead process's.
            file = afterwards.enter_context(aside.open("w+b"))
            hold(file)
            yield PixelFile(file)


def _read(file: File, most_bytes: int) -> Kept | None:
    size = file.seek(0, io.SEEK_END)
    if size < _TAIL.size:
        return None
    file.seek(size - _TAIL.size)
    magic, rows, row_bytes, notes_bytes, checksum = _TAIL.unpack(file.read())
    if magic != _MAGIC or size != rows * row_bytes + notes_bytes + _TAIL.size:
        return None
    file.seek(rows * row_bytes)
    notes = file.read(notes_bytes)
    if zlib.crc32(notes) != checksum:
        return None
    noted, shape, checksums = _notes_from_bytes(notes)
    if len(noted.hashes) != rows or int(np.prod(shape)) != row_bytes:
        return None
    pixels = _mapped(file, (rows, *shape)) if rows else _nothing(shape)
    if not np.array_equal(_checksums(pixels), checksums):
        return None
    return Kept(_within(file, pixels, most_bytes), noted)


def _mapped(file: File, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    # The map has a descriptor of its own, and so keeps what `hold` took until its end.
    return np.memmap(file, dtype=np.uint8, mode="r", shape=shape)


def _nothing(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    return np.empty((0, *shape), dtype=np.uint8)


def _within(
    file: File, pixels: NDArray[np.uint8], most_bytes: int
) -> NDArray[np.uint8]:
    if pixels.nbytes > most_bytes:
        return pixels
    if pixels.nbytes > MOST_COPIED_BYTES:
        if hasattr(os, "posix_fadvise"):
            wanted = file.fileno(), 0, pixels.nbytes, os.POSIX_FADV_WILLNEED
            os.posix_fadvise(*wanted)
        return pixels
    held = np.empty(pixels.shape, dtype=np.uint8)
    file.seek(0)
    if file.readinto(held.data) != held.nbytes:  # Quicker than a copy of the map.
        raise OSError("the file became shorter while it was read")
    return held


def _checksums(pixels: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """CRC-32 of some rows, evenly spread, the first and the last among them."""
    count = min(len(pixels), _CHECKED_ROWS)
    rows = np.linspace(0, len(pixels) - 1, count).astype(int) if count else ()
    return np.array([zlib.crc32(pixels[row]) for row in rows], dtype=np.uint32)


def _notes_to_bytes(
    noted: Noted, shape: tuple[int, int, int], checksums: NDArray[np.uint32]
) -> bytes:
    words = {
        "shape": shape,
        "hashes": noted.hashes,
        "quarantined": [vars(entry) for entry in noted.quarantined],
    }
    looks = {} if noted.looks is None else noted.looks.to_arrays()
    arrays: dict[str, NDArray[Any]] = {
        "words": np.frombuffer(json.dumps(words).encode(), dtype=np.uint8),
        "checksums": checksums,
        **{f"looks/{name}": column for name, column in looks.items()},
    }
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()


def _notes_from_bytes(
    notes: bytes,
) -> tuple[Noted, tuple[int, ...], NDArray[np.uint32]]:
    with np.load(io.BytesIO(notes), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    words = json.loads(arrays["words"].tobytes())
    checksums = arrays["checksums"]
    columns = {
        name.removeprefix("looks/"): column
        for name, column in arrays.items()
        if name.startswith("looks/")
    }
    noted = Noted(
        tuple(words["hashes"]),
        tuple(Quarantined(**entry) for entry in words["quarantined"]),
        Looks.from_arrays(columns) if columns else None,
    )
    if noted.looks is not None and len(noted.looks) != len(noted.hashes):
        raise ValueError("there is not one look a picture")
    return noted, tuple(words["shape"]), checksums


def _pixel_choices(spec: PreprocessSpec) -> str:
    return spec.model_dump_json(exclude={"scaling"})


def _stamp(record: ImageRecord) -> str:
    if record.pixels is not None:
        return hashlib.sha256(record.pixels.tobytes()).hexdigest()
    return stamp(record.location)
