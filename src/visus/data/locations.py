"""Where a picture's bytes lie: in a file of its own, or inside an archive.

Archives are never unpacked. Their index says at which byte each member begins, so any
thread can read any member at once, without a handle that must be shared.
"""

import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from visus.data.decode.files import open_regular, read_file
from visus.data.decode.header import Header, read_header, read_header_of
from visus.data.decode.limits import DecodeFailure, DecodeLimits
from visus.data.spool import is_compressed, plain_file

MOST_BYTES = DecodeLimits().max_bytes


@dataclass(frozen=True, slots=True)
class ArchiveMember:
    """Bytes inside a zip, a tar, or a file of records.

    Args:
        archive: the file as the person named it.
        name: the member's name in it.
        start: of the member's bytes, counted in the archive; for an archive that is
            compressed as a whole, counted in what it expands to.
        length: how many bytes it takes there.
        size: how many bytes it has once inflated.
        packing: "deflate" when these bytes are compressed one by one.
        checksum: CRC-32 of the inflated bytes, where the archive has one.
        expanded: where the expanded bytes are, of an archive compressed as a whole.
    """

    archive: Path
    name: str
    start: int
    length: int
    size: int
    packing: Literal["none", "deflate"] = "none"
    checksum: int | None = None
    expanded: Path | None = None


Location = Path | ArchiveMember


def read_location(location: Location, most_bytes: int = MOST_BYTES) -> bytes:
    """All bytes of a file or a member.

    Raises:
        DecodeFailure: it cannot be read, is no regular file, is damaged, or has more
            than `most_bytes`.
    """
    if isinstance(location, Path):
        return read_file(location, DecodeLimits(max_bytes=most_bytes))
    try:
        return _read_member(location, most_bytes)
    except OSError as error:
        reason = f"It cannot be read: {error.strerror or error}."
        raise DecodeFailure("unreadable", reason) from error


def read_start(location: Location, count: int) -> bytes:
    """The first bytes, to see what a file is; none where it cannot be read."""
    try:
        if isinstance(location, Path):
            with open_regular(location) as file:
                return file.read(count)
        packed = _read_bytes(location, count)
        if location.packing == "none":
            return packed
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, count)
    except (OSError, zlib.error, DecodeFailure):
        return b""


def read_header_at(location: Location) -> Header:
    """Size and color of the picture there; no pixel is decoded.

    Raises:
        DecodeFailure: it cannot be read, is no picture, or is too large.
    """
    if isinstance(location, Path):
        return read_header(location)
    return read_header_of(read_location(location))


def stamp(location: Location | None) -> str:
    """Words that change when the bytes there may have changed, for caches."""
    if isinstance(location, ArchiveMember):
        place = f"{location.name} {location.start} {location.length}"
        return f"{stamp(location.archive)} {place}"
    try:
        status = os.stat(location or "")
    except OSError:
        return "missing"
    return f"{location} {status.st_size} {status.st_mtime_ns}"


def _read_member(member: ArchiveMember, most_bytes: int) -> bytes:
    _check_size(max(member.size, member.length), most_bytes)
    packed = _read_bytes(member, most_bytes)
    content = packed if member.packing == "none" else _inflate(packed, member.size)
    if len(content) != member.size:
        raise DecodeFailure("truncated", "The archive ends before this member does.")
    if member.checksum is not None and zlib.crc32(content) != member.checksum:
        raise DecodeFailure("corrupt", "Its bytes do not have the archive's checksum.")
    return content


def _read_bytes(member: ArchiveMember, most_bytes: int = MOST_BYTES) -> bytes:
    place = member.expanded or member.archive
    # The cache may be cleared at any time; what was there is expanded again.
    if member.expanded and not place.exists():
        again = plain_file(member.archive) if is_compressed(member.archive) else None
        if again != place:
            reason = "What was expanded of it is gone from the cache; read it again."
            raise DecodeFailure("unreadable", reason)
    descriptor = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return os.pread(descriptor, min(member.length, most_bytes), member.start)
    finally:
        os.close(descriptor)


def _inflate(packed: bytes, size: int) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        # One byte more than declared is enough to see that the archive lies.
        content = inflater.decompress(packed, size + 1)
    except zlib.error as error:
        reason = f"The archive's compressed data is damaged: {error}."
        raise DecodeFailure("corrupt", reason) from error
    if len(content) > size:
        reason = f"It has more than the {size:,} bytes that the archive declares."
        raise DecodeFailure("corrupt", reason)
    return content


def _check_size(count: int, most_bytes: int) -> None:
    if count > most_bytes:
        reason = f"It has {count:,} bytes; the most is {most_bytes:,}."
        raise DecodeFailure("too_large", reason)
