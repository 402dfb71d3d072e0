"""Opening a file by its content, and reading its header without decoding pixels."""

import io
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from PIL import ExifTags, Image

from visus.data.decode.limits import DecodeFailure, DecodeLimits
from visus.data.decode.signatures import FORMATS
from visus.data.decode.verdicts import judged

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
    try:
        with path.open("rb") as stream:
            limits.check_bytes(os.fstat(stream.fileno()).st_size)
            with judged(stream), open_image(stream, limits) as image:
                return _header(image)
    except OSError as error:
        reason = f"It cannot be read: {error.strerror or error}."
        raise DecodeFailure("unreadable", reason) from error


def read_header_of(content: bytes, limits: DecodeLimits | None = None) -> Header:
    """The same for a file whose bytes are in memory, such as an archive's member."""
    limits = limits or DecodeLimits()
    limits.check_bytes(len(content))
    stream = io.BytesIO(content)
    with judged(stream), open_image(stream, limits) as image:
        return _header(image)


def open_image(stream: IO[bytes], limits: DecodeLimits) -> Image.Image:
    """Open by content, refusing what is too large; call it where it is `judged`."""
    image = Image.open(stream, formats=FORMATS)
    limits.check_pixels(image.height, image.width)
    return image


def orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 when there is none or it is nonsense."""
    try:
        # Not `image.getexif()`: for PNG that would decode the pixels.
        value = Image.Image.getexif(image).get(ExifTags.Base.Orientation, 1)
    # A picture is not refused for what a camera wrote beside it.
    except (ArithmeticError, LookupError, OSError, SyntaxError, TypeError, ValueError):
        return 1
    except struct.error:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def is_gray(image: Image.Image) -> bool:
    """Whether the picture can have no color at all, by its mode."""
    return image.mode in _GRAY_MODES


def _header(image: Image.Image) -> Header:
    width, height = image.size
    # Pillow turns TIFF files by itself and gives their upright size.
    if image.format != "TIFF" and orientation(image) in _SIDEWAYS:
        width, height = height, width
    return Header(height, width, is_gray(image))
