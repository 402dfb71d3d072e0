"""A picture's own bytes on their way to another place, under a name that is safe there.

Bytes are copied, never encoded again; only pictures that live in memory become PNG.
What is no picture is not copied: a hostile list of names must carry off no other file.
"""

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from visus.data.decode.header import read_header_of
from visus.data.decode.signatures import START_BYTES, read_format
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
    """The bytes of a picture file, its upright size in pixels, and its mask's bytes."""

    content: bytes
    height: int
    width: int
    mask: bytes | None = None

    @property
    def ending(self) -> str:
        """The usual end of the name of such a file, by its content."""
        return _ending(self.content)

    @property
    def mask_ending(self) -> str:
        """The same for its mask."""
        return _ending(self.mask or b"")

    def mask_name(self, name: str) -> str:
        """Where the mask of the picture of that name is written."""
        return f"masks/{name}{self.mask_ending}"


def _ending(content: bytes) -> str:
    name = read_format(content[:START_BYTES]) or "png"
    return _ENDINGS.get(name, f".{name.lower()}")


def read_picture(record: ImageRecord) -> Picture:
    """The bytes of a record's picture; raises `DecodeFailure` for what is none."""
    mask = None if record.mask is None else read_location(record.mask)
    if mask is not None:
        read_header_of(mask)
    if record.pixels is not None:
        height, width, _ = record.pixels.shape
        return Picture(encode_png(record.pixels), height, width, mask)
    content = read_location(record.location or Path())
    header = read_header_of(content)
    return Picture(content, header.height, header.width, mask)


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
