"""Compressed streams, expanded once into the cache, so that any byte can be reached.

A `.tar.xz` can only be read from its beginning: reading 50,000 members one by one would
expand it 50,000 times. It is expanded once, in one pass, and kept under `VISUS_HOME`.
"""

import bz2
import gzip
import hashlib
import lzma
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, cast

from visus.core.errors import DataError
from visus.core.files import written_aside
from visus.core.progress import Progress, SilentProgress
from visus.data.home import visus_home

PIECE_BYTES = 2**20
# Pictures are compressed already: what grows a thousandfold is no archive of them.
# Small ones may grow more, since a gigabyte does no harm.
MOST_GROWTH = 200
GROWTH_NEVER_REFUSED = 2**30

Opener = Callable[[IO[bytes]], IO[bytes]]
_OPENERS: dict[bytes, Opener] = {
    b"\x1f\x8b": lambda file: cast(IO[bytes], gzip.open(file)),
    b"\xfd7zXZ\0": lambda file: cast(IO[bytes], lzma.open(file)),
    b"BZh": lambda file: cast(IO[bytes], bz2.open(file)),
}


def is_compressed(path: Path) -> bool:
    """Whether a file is one gzip, xz or bzip2 stream, by its first bytes."""
    with path.open("rb") as file:
        return _opener(file.read(6)) is not None


def expanded_start(path: Path, count: int) -> bytes:
    """The first bytes of what a compressed file expands to; none if it is damaged."""
    with path.open("rb") as file:
        opener = _opener(file.read(6))
        file.seek(0)
        try:
            return opener(file).read(count) if opener else b""
        except (EOFError, OSError, lzma.LZMAError, zlib.error):
            return b""


def plain_file(path: Path, progress: Progress | None = None) -> Path:
    """Where the expanded bytes of a compressed file lie; expanded if need be.

    Raises:
        DataError: the stream is damaged, or grows as only a bomb does.
        MachineError: the cache cannot be written, or the disk is full.
        OSError: the file itself cannot be read.
    """
    status = path.stat()
    words = f"{path.resolve()} {status.st_size} {status.st_mtime_ns}"
    digest = hashlib.sha256(words.encode("utf-8", "surrogateescape")).hexdigest()
    plain = visus_home() / "archives" / f"{digest[:32]}.plain"
    if not plain.exists():
        _expand(path, plain, status.st_size, progress or SilentProgress())
    return plain


def _expand(path: Path, plain: Path, size: int, progress: Progress) -> None:
    most = max(GROWTH_NEVER_REFUSED, MOST_GROWTH * size)
    with written_aside(plain) as aside, aside.open("wb") as file:
        with path.open("rb") as packed, progress.stage(f"Reading {path.name}", size):
            try:
                _copy(path, packed, file, most, progress)
            except (EOFError, lzma.LZMAError, gzip.BadGzipFile, zlib.error) as error:
                raise _damaged(path, error) from error
            except OSError as error:
                # bz2 words a damaged stream as a plain OSError, without a number.
                if error.errno is None:
                    raise _damaged(path, error) from error
                raise


def _copy(
    path: Path, packed: IO[bytes], plain: IO[bytes], most: int, progress: Progress
) -> None:
    opener = _opener(packed.read(6)) or _OPENERS[b"\x1f\x8b"]
    packed.seek(0)
    done = 0
    with opener(packed) as stream:
        while piece := stream.read(PIECE_BYTES):
            plain.write(piece)
            if plain.tell() > most:
                raise _bomb(path, most)
            progress.advance(packed.tell() - done)
            done = packed.tell()
    plain.flush()
    os.fsync(plain.fileno())


def _opener(start: bytes) -> Opener | None:
    found = (opener for magic, opener in _OPENERS.items() if start.startswith(magic))
    return next(found, None)


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(
        received=f"{path} is damaged: {error}.",
        expected="a whole gzip, xz or bzip2 file.",
        remedy="Copy or download it again.",
    )


def _bomb(path: Path, most: int) -> DataError:
    return DataError(
        received=f"{path} expands to more than {most:,} bytes.",
        expected=f"an archive that grows at most {MOST_GROWTH} times.",
        remedy="Do not use it: it is built to fill a disk. If you made it yourself, "
        "unpack it and give the folder.",
    )
