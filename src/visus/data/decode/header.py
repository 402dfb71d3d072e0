"""Opening a file by its content, and reading its header without decoding pixels."""

import io
import os
import struct
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import IO

from PIL import ExifTags, Image

from visus.data.decode.files import open_regular
from visus.data.decode.limits import DecodeLimits
from visus.data.decode.signatures import READERS, START_BYTES, read_format
from visus.data.decode.verdicts import judged, other_content

_GRAY_MODES = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N", "F")
# EXIF orientations of pictures that lie on their side.
_SIDEWAYS = (5, 6, 7, 8)


@dataclass(frozen=True)
class Header:
    """What a file says of itself: `height` and `width` in pixels, upright."""

    height: int
    width: int
    gray: bool


def read_header(path: Path, limits: DecodeLimits | None = None) -> Header:
    """Size and color of a file; no pixel is decoded.

    Args:
        path: the file.
        limits: the largest picture to take.

    Raises:
        DecodeFailure: it cannot be read, is no picture, or is too large.
    """
    limits = limits or DecodeLimits()
    with open_regular(path) as stream:
        limits.check_bytes(os.fstat(stream.fileno()).st_size)
        with judged(stream), open_image(stream, limits) as image:
            return _header(image)


def read_header_of(content: bytes, limits: DecodeLimits | None = None) -> Header:
    """The same for a file whose bytes are in memory, such as an archive's member."""
    limits = limits or DecodeLimits()
    limits.check_bytes(len(content))
    stream = io.BytesIO(content)
    with judged(stream), open_image(stream, limits) as image:
        return _header(image)


def _header(image: Image.Image) -> Header:
    size = upright((image.height, image.width), orientation(image))
    return Header(*size, is_gray(image))


def open_image(stream: IO[bytes], limits: DecodeLimits) -> Image.Image:
    """Open by content, refusing what is too large; call it where it is `judged`."""
    start = stream.read(START_BYTES)
    image_format = read_format(start)
    if image_format is None:
        raise other_content(start)
    if image_format == "ICO":
        _check_icon(stream, limits)
    stream.seek(0)
    image = _opened(stream, image_format)
    limits.check_pixels(image.height, image.width)
    return image


def orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 when there is none or it is nonsense."""
    if image.format == "TIFF":
        return 1  # Pillow turns these by itself and gives their upright size.
    try:
        # Not `image.getexif()`: for PNG that would decode the pixels.
        value = Image.Image.getexif(image).get(ExifTags.Base.Orientation, 1)
    # A picture is not refused for what a camera wrote beside it.
    except (ArithmeticError, LookupError, OSError, SyntaxError, TypeError, ValueError):
        return 1
    except struct.error:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def upright(size: tuple[int, int], turn: int) -> tuple[int, int]:
    """`(height, width)` as stored, as people see it under this orientation."""
    return (size[1], size[0]) if turn in _SIDEWAYS else size


def is_gray(image: Image.Image) -> bool:
    """Whether the picture can have no color at all, by its mode."""
    return image.mode in _GRAY_MODES


def _opened(stream: IO[bytes], image_format: str) -> Image.Image:
    if image_format == "HEIC":
        from visus.data.decode.heic import open_heic

        return open_heic(stream)
    if image_format == "DICOM":
        from visus.data.decode.dicom import DicomImage

        return DicomImage(stream)
    # Else Pillow imports all of its forty readers to find this one.
    import_module(f"PIL.{READERS[image_format]}")
    return Image.open(stream, formats=(image_format,))


def _check_icon(stream: IO[bytes], limits: DecodeLimits) -> None:
    """Pillow decodes an icon when it opens it: so look at all that is inside before."""
    stream.seek(4)
    (count,) = struct.unpack("<H", stream.read(2))
    table = stream.read(16 * count)
    for (offset,) in struct.iter_unpack("<12xI", table[: len(table) // 16 * 16]):
        stream.seek(offset)
        start = stream.read(24).ljust(24, b"\x00")
        if start.startswith(b"\x89PNG"):
            width, height = struct.unpack_from(">II", start, 16)
        else:
            width, height = struct.unpack_from("<ii", start, 4)
        limits.check_pixels(abs(height), abs(width))
