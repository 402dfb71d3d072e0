"""Reading a file that anybody may have put there: never hangs, never too much."""

import os
import stat
from pathlib import Path
from typing import BinaryIO

from visus.data.decode.limits import DecodeFailure, DecodeLimits

_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}


def open_regular(path: Path) -> BinaryIO:
    """Open a file for reading; what is no regular file is refused at once.

    A plain `open` of a named pipe waits until somebody writes into it.

    Raises:
        DecodeFailure: "unreadable", with the reason.
    """
    return open(_descriptor(path), "rb")


def read_file(path: Path, limits: DecodeLimits | None = None) -> bytes:
    """All bytes of a regular file of at most `limits.max_bytes`.

    Raises:
        DecodeFailure: it cannot be read, is empty, or has too many bytes.
    """
    limits = limits or DecodeLimits()
    descriptor = _descriptor(path)
    try:
        size = os.fstat(descriptor).st_size
        limits.check_bytes(size)
        # Not more, though it may grow meanwhile; room is taken for all of it.
        content = _read(descriptor, size)
    except OSError as error:
        raise _unreadable(error) from error
    finally:
        os.close(descriptor)
    limits.check_bytes(len(content))
    return content


def _descriptor(path: Path) -> int:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        raise _unreadable(error) from error
    kind = stat.S_IFMT(os.fstat(descriptor).st_mode)
    if kind != stat.S_IFREG:
        os.close(descriptor)
        name = _KINDS.get(kind, "something else")
        raise DecodeFailure("unreadable", f"It is {name}, not a file.")
    return descriptor


def _read(descriptor: int, size: int) -> bytes:
    content = os.read(descriptor, size)
    # All at once, but for what the system cuts: very large files, some networks.
    parts, left = [content], size - len(content)
    while content and left:
        content = os.read(descriptor, left)
        parts.append(content)
        left -= len(content)
    return b"".join(parts)


def _unreadable(error: OSError | ValueError) -> DecodeFailure:
    words = getattr(error, "strerror", None) or str(error)
    return DecodeFailure("unreadable", f"It cannot be read: {words}.")
