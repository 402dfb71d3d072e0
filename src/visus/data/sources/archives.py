"""The index of a zip or tar: which members there are, and at which byte each begins.

Nothing is unpacked, and no name in an archive is ever a place to write to. What a
member may not be (a link, a device, a name that climbs out, a name that came before) is
set aside with its reason.
"""

import os
import re
import stat
import struct
import tarfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from visus.core.errors import DataError
from visus.core.progress import Progress
from visus.data.ledger import Quarantined
from visus.data.locations import ArchiveMember
from visus.data.spool import expanded_start, is_compressed, plain_file

# More than any set of pictures that fits one archive; each costs memory.
MOST_MEMBERS = 10_000_000
_TAR_NAME = re.compile(r"\.(tar\.\w+|t[gx]z|tbz2?)$", re.IGNORECASE)
_ZIP_LOCAL_HEADER = struct.Struct("<4s22xHH")


@dataclass
class ArchiveIndex:
    """What an archive holds.

    Args:
        members: by name, in the archive's own order.
        refused: the others, with their reasons.
    """

    members: dict[str, ArchiveMember] = field(default_factory=dict)
    refused: list[Quarantined] = field(default_factory=list)

    def refuse(self, name: str, reason: str) -> None:
        """Set a member aside."""
        self.refused.append(Quarantined(_shown(name), "unsupported", reason))

    def add(self, name: str, member: ArchiveMember) -> None:
        """Take a member under its plain name, unless that name is taken."""
        if name in self.members:
            # Which of two is meant differs from tool to tool; the first is used.
            count = len(self.refused)
            self.refuse(f"{name} (again, {count})", "An earlier member has its name.")
        else:
            self.members[name] = member


def is_archive(path: Path) -> bool:
    """Whether a regular file is a zip, a tar, or a compressed tar, by its content."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            start = file.read(512)
        if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            return True
        if is_compressed(path):
            # A damaged one is still meant as a tar when it is called so.
            called = _TAR_NAME.search(path.name) is not None
            return called or _is_tar(expanded_start(path, 512))
        return _is_tar(start)
    except OSError:
        return False


def _is_tar(start: bytes) -> bool:
    return start[257:262] == b"ustar"


def index_archive(path: Path, progress: Progress) -> ArchiveIndex:
    """All members of a zip or tar.

    Raises:
        DataError: it is damaged, is a bomb, or has too many members.
        MachineError: there is no room in the cache for a compressed tar.
    """
    try:
        with path.open("rb") as file:
            is_zip = file.read(2) == b"PK"
        return _index_zip(path) if is_zip else _index_tar(path, progress)
    # Hostile headers make both modules raise more than their own errors.
    except (
        tarfile.TarError,
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        struct.error,
        ArithmeticError,
        EOFError,
        LookupError,
        NotImplementedError,
        OSError,
        RecursionError,
        ValueError,
    ) as error:
        raise DataError(
            received=f"{path} cannot be read as an archive: {error}.",
            expected="a whole zip or tar file, perhaps compressed with gzip, xz or "
            "bzip2.",
            remedy="Copy or download it again, or unpack it and give the folder.",
        ) from error


def plain_name(name: str) -> str | None:
    """A name as `a/b.jpg`; `None` when it is absolute, climbs out, or is no name."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if not parts or name.startswith("/") or ".." in parts or "\0" in name:
        return None
    return "/".join(parts)


def _index_zip(path: Path) -> ArchiveIndex:
    index = ArchiveIndex()
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
    _check_count(path, len(infos))
    with path.open("rb") as file:
        for info in infos:
            name = plain_name(info.filename)
            reason = _zip_refusal(info, name)
            if name is None or reason is not None:
                index.refuse(info.filename, reason or "")
            elif not info.is_dir():
                _add_zip_member(index, file.fileno(), path, name, info)
    return index


def _zip_refusal(info: zipfile.ZipInfo, name: str | None) -> str | None:
    mode = info.external_attr >> 16
    if name is None:
        return "Its name leads out of the archive."
    if stat.S_IFMT(mode) and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        return "It is a link or a device."
    if info.flag_bits & 0x1:
        return "It is encrypted."
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return f"Its compression, number {info.compress_type}, is not read."
    return None


def _add_zip_member(
    index: ArchiveIndex, descriptor: int, path: Path, name: str, info: zipfile.ZipInfo
) -> None:
    """Source: PKWARE's APPNOTE 4.3.7: name and extra field stand before the data."""
    header = os.pread(descriptor, _ZIP_LOCAL_HEADER.size, info.header_offset)
    if len(header) < _ZIP_LOCAL_HEADER.size or not header.startswith(b"PK\x03\x04"):
        index.refuse(info.filename, "The archive has nothing at its place.")
        return
    _, name_bytes, extra_bytes = _ZIP_LOCAL_HEADER.unpack(header)
    member = ArchiveMember(
        archive=path,
        name=name,
        start=info.header_offset + _ZIP_LOCAL_HEADER.size + name_bytes + extra_bytes,
        length=info.compress_size,
        size=info.file_size,
        packing="none" if info.compress_type == zipfile.ZIP_STORED else "deflate",
        checksum=info.CRC,
    )
    index.add(name, member)


def _index_tar(path: Path, progress: Progress) -> ArchiveIndex:
    expanded = plain_file(path, progress) if is_compressed(path) else None
    index = ArchiveIndex()
    with tarfile.open(expanded or path, "r:", errorlevel=0) as archive:
        for count, info in enumerate(archive, 1):
            _check_count(path, count)
            name = plain_name(info.name)
            if name is None:
                index.refuse(info.name, "Its name leads out of the archive.")
            elif info.issparse() or not (info.isreg() or info.isdir()):
                index.refuse(info.name, "It is a link, a device or a sparse file.")
            elif info.isreg():
                start, size = info.offset_data, info.size
                index.add(
                    name,
                    ArchiveMember(path, name, start, size, size, expanded=expanded),
                )
            # The module would keep them all, for look-ups that nobody makes.
            archive.members = []  # type: ignore[attr-defined]
    return index


def _check_count(path: Path, count: int) -> None:
    if count > MOST_MEMBERS:
        raise DataError(
            received=f"{path} has more than {MOST_MEMBERS:,} members.",
            expected="fewer.",
            remedy="Unpack it and give the folder, if you trust it.",
        )


def _shown(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")
