"""Files of many pictures (TFRecord, Parquet), wherever they lie: in archives too.

What is stored as it is can be read in place. What is compressed is expanded once into
the cache, since a stream can only be read from its beginning.
"""

import hashlib
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from visus.core.errors import DataError
from visus.core.files import written_aside
from visus.data.home import visus_home
from visus.data.locations import ArchiveMember, Location, read_start, stamp
from visus.data.spool import (
    GROWTH_NEVER_REFUSED,
    MOST_GROWTH,
    PIECE_BYTES,
    is_compressed,
    plain_file,
)


@dataclass(frozen=True)
class PlainFile:
    """Bytes of a file, not compressed.

    Args:
        archive: the file as the person named it, which holds them or is them.
        path: where they lie.
        start: of them in `path`.
        length: how many there are.
    """

    archive: Path
    path: Path
    start: int
    length: int

    def member(self, name: str, start: int, length: int) -> ArchiveMember:
        """A picture among them; `start` is counted from their first byte."""
        expanded = None if self.path == self.archive else self.path
        return ArchiveMember(
            self.archive, name, self.start + start, length, length, expanded=expanded
        )


def plain_bytes(location: Location) -> PlainFile:
    """Where the bytes of a file lie without compression; expanded if need be.

    Raises:
        DataError: it is damaged, or grows as only a bomb does.
        MachineError: the cache cannot be written.
    """
    if isinstance(location, Path):
        path = plain_file(location) if is_compressed(location) else location
        return PlainFile(location, path, 0, path.stat().st_size)
    whole = location.expanded or location.archive
    packed = location.packing != "none"
    if not packed and not _starts_compressed(location):
        return PlainFile(location.archive, whole, location.start, location.length)
    path = spool_path(location, "plain")
    if not path.exists():
        _expand(location, path)
    path = plain_file(path) if is_compressed(path) else path
    return PlainFile(location.archive, path, 0, path.stat().st_size)


def spool_path(location: Location, ending: str) -> Path:
    """The place in the cache of what is made of these bytes."""
    words = stamp(location).encode("utf-8", "surrogateescape")
    return (
        visus_home() / "archives" / f"{hashlib.sha256(words).hexdigest()[:32]}.{ending}"
    )


def _starts_compressed(member: ArchiveMember) -> bool:
    starts = (b"\x1f\x8b", b"\xfd7zXZ\0", b"BZh")
    return read_start(member, 6).startswith(starts)


def _expand(member: ArchiveMember, plain: Path) -> None:
    most = max(GROWTH_NEVER_REFUSED, MOST_GROWTH * member.length)
    done = 0
    with written_aside(plain) as aside, aside.open("wb") as file:
        with (member.expanded or member.archive).open("rb") as packed:
            packed.seek(member.start)
            for piece in _pieces(member, packed):
                done += len(piece)
                if done > min(member.size, most):
                    raise _damaged(member, "it expands to more than it declares")
                file.write(piece)
        if done < member.size:
            raise _damaged(member, "its end is missing")
        file.flush()
        os.fsync(file.fileno())


def _pieces(member: ArchiveMember, packed: IO[bytes]) -> Iterator[bytes]:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    left = member.length
    while left and (piece := packed.read(min(left, PIECE_BYTES))):
        left -= len(piece)
        if member.packing == "none":
            yield piece
            continue
        try:
            # A bounded output: what is left over is taken in again.
            while piece:
                yield inflater.decompress(piece, PIECE_BYTES)
                piece = inflater.unconsumed_tail
        except zlib.error as error:
            raise _damaged(member, str(error)) from error
    if member.packing == "deflate":
        yield inflater.flush()


def _damaged(member: ArchiveMember, why: str) -> DataError:
    return DataError(
        received=f"{member.name} in {member.archive} cannot be read: {why}.",
        expected="a whole file.",
        remedy="Copy or download the archive again.",
    )
