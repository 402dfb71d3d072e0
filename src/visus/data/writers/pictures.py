"""A picture's own bytes on their way to another place, under a name that is safe there.

Bytes are copied, never encoded again; only pictures that live in memory become PNG.
What is no picture is not copied: a hostile list of names must carry off no other file.
"""

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from visus.data.decode.header import read_header_of
from visus.data.decode.signatures import read_format
from visus.data.encode import encode_png
from visus.data.locations import read_location
from visus.data.records import ImageRecord
from visus.data.sources.places import PICTURES

_ENDINGS = {"JPEG": ".jpg", "TIFF": ".tif"}
# Signs that some file system, shell or URL reads as something else.
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"|?*#%\\]')
# File systems take 255 bytes; a number and an ending may follow.
MOST_PART_BYTES = 200


@dataclass(frozen=True)
class Picture:
    """The bytes of a picture file, and its upright size in pixels."""

    content: bytes
    height: int
    width: int

    @property
    def ending(self) -> str:
        """The usual end of the name of such a file, by its content."""
        name = read_format(self.content[:32]) or "png"
        return _ENDINGS.get(name, f".{name.lower()}")


def read_picture(record: ImageRecord) -> Picture:
    """The bytes of a record's picture; raises `DecodeFailure` for what is none."""
    if record.pixels is not None:
        height, width, _ = record.pixels.shape
        return Picture(encode_png(record.pixels), height, width)
    content = read_location(record.location or Path())
    header = read_header_of(content)
    return Picture(content, header.height, header.width)


class Names:
    """Names for files, like the records' ids, safe and each given once."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def name(self, record: ImageRecord, picture: Picture, *, flat: bool = False) -> str:
        """A relative path; with `flat`, one name without folders."""
        parts = [_safe(part) for part in re.split(r"[/\\]", record.id)]
        parts = [part for part in parts if part] or ["picture"]
        path = _shortened("_".join(parts)) if flat else "/".join(parts)
        ending = PurePosixPath(path).suffix
        if ending.lower() not in PICTURES:
            path, ending = f"{path}{picture.ending}", picture.ending
        stem = path.removesuffix(ending)
        number, chosen = 1, path
        # Two names that differ in case alone are one file on some machines.
        while chosen.casefold() in self._taken:
            number += 1
            chosen = f"{stem}-{number}{ending}"
        self._taken.add(chosen.casefold())
        return chosen


def _safe(part: str) -> str:
    if part in ("", ".", ".."):
        return ""
    clean = _UNSAFE.sub("_", part).strip()
    # Readers pass hidden files over.
    clean = f"_{clean[1:]}" if clean.startswith(".") else clean
    return _shortened(clean)


def _shortened(name: str) -> str:
    # The end tells pictures apart, and says what kind of file it is.
    kept = name.encode("utf-8", "replace")[-MOST_PART_BYTES:]
    return kept.decode("utf-8", "ignore")
