"""Opening a file by its content, and reading its header without decoding pixels."""

import io
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from PIL import ExifTags, Image, UnidentifiedImageError

from visus.data.decode.limits import DecodeFailure, DecodeLimits

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF")
GRAY_MODES = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "F")
# EXIF orientations that lie on their side.
SIDEWAYS = (5, 6, 7, 8)

# Pictures that people have and that we do not read: name them rather than say "corrupt".
_KNOWN = {
    b"<svg": "SVG",
    b"<?xml": "XML or SVG",
    b"8BPS": "Photoshop",
    b"\x00\x00\x01\x00": "icon",
    b"\x00\x00\x00\x0cjP  ": "JPEG 2000",
    b"\xff\x4f\xff\x51": "JPEG 2000",
    b"%PDF": "PDF",
    b"P5": "PGM",
    b"P6": "PPM",
    b"qoif": "QOI",
    b"v/1\x01": "OpenEXR",
    b"DDS ": "DDS",
    b"\xff\x0a": "JPEG XL",
}
_BRANDS = {
    b"heic": "HEIC",
    b"heix": "HEIC",
    b"mif1": "HEIF",
    b"msf1": "HEIF",
    b"avif": "AVIF",
    b"avis": "AVIF",
}


@dataclass(frozen=True)
class Header:
    """What a file says of itself: `height` and `width` in pixels, upright."""

    height: int
    width: int
    gray: bool


def open_image(stream: IO[bytes], limits: DecodeLimits) -> Image.Image:
    """Open by content, refusing what is too large before any pixel is decoded.

    Raises:
        DecodeFailure: not a picture, another format, or too large.
    """
    start = stream.read(32)
    stream.seek(0)
    if not start:
        raise DecodeFailure("not_image", "The file is empty.")
    try:
        with warnings.catch_warnings():
            # Pillow warns of odd metadata and of large pictures; the limits below are
            # ours. This changes a process-wide list for an instant only.
            warnings.simplefilter("ignore")
            image = Image.open(stream, formats=FORMATS)
    except UnidentifiedImageError as error:
        raise _unknown(start) from error
    except Image.DecompressionBombError as error:
        raise DecodeFailure("too_large", f"It is too large: {error}.") from error
    # Damaged headers make Pillow's plugins raise almost anything; the file is at fault.
    except Exception as error:
        raise DecodeFailure("corrupt", f"Its header is damaged: {error}.") from error
    if image.width * image.height > limits.max_pixels:
        raise DecodeFailure(
            "too_large",
            f"It has {image.width} x {image.height} pixels; the most is "
            f"{limits.max_pixels:,}.",
        )
    return image


def orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 when there is none or it is nonsense."""
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    # EXIF is written by a thousand cameras; a picture is not refused for it.
    except Exception:  # noqa: BLE001
        return 1
    return value if value in range(1, 9) else 1


def is_gray(image: Image.Image) -> bool:
    """Whether the picture has no color at all, by its mode."""
    return image.mode in GRAY_MODES


def read_header(path: Path, limits: DecodeLimits | None = None) -> Header:
    """Size and color of a file, from its first bytes.

    Raises:
        DecodeFailure: it cannot be read, or is no picture.
    """
    try:
        content = path.open("rb")
    except OSError as error:
        reason = f"It cannot be read: {error.strerror or error}."
        raise DecodeFailure("unreadable", reason) from error
    with content, open_image(content, limits or DecodeLimits()) as image:
        width, height = image.size
        if orientation(image) in SIDEWAYS:
            width, height = height, width
        return Header(height, width, is_gray(image))


def open_content(content: bytes, limits: DecodeLimits) -> Image.Image:
    """`open_image` over bytes in memory."""
    if len(content) > limits.max_bytes:
        raise DecodeFailure(
            "too_large",
            f"It has {len(content):,} bytes; the most is {limits.max_bytes:,}.",
        )
    return open_image(io.BytesIO(content), limits)


def _unknown(start: bytes) -> DecodeFailure:
    known = next(
        (name for magic, name in _KNOWN.items() if start.startswith(magic)), ""
    )
    if start[4:8] == b"ftyp":
        known = _BRANDS.get(start[8:12], "")
    if known:
        return DecodeFailure(
            "unsupported", f"It is {known}, which is not read; save it as PNG or JPEG."
        )
    return DecodeFailure("not_image", "Its content is no picture, whatever its name.")
