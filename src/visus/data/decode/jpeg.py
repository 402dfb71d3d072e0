"""Plain JPEG files by the same codec as Pillow's, without what goes on around it.

Most pictures are such files, and of a small one Pillow takes longer to open and to hand
over than libjpeg-turbo takes to decode. `pip install 'visus[fast]'` brings the package
simplejpeg, which calls that library at once. Pixels are the same bits either way. Every
file that is not plain, and every one that is damaged in the least, is Pillow's.
"""

import struct
from functools import cache
from types import ModuleType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from visus.data.decode.profile import is_srgb

# Markers (ITU-T T.81, table B.1).
_START = b"\xff\xd8"
_JFIF = 0xE0
_SCAN = 0xDA
# Baseline and extended sequential; progressive files are judged before they are read.
_FRAMES = (0xC0, 0xC1)
_PROFILE = 0xE2
# A profile in one segment (ICC.1:2022, B.4), which most profiles are.
_WHOLE_PROFILE = b"ICC_PROFILE\0\x01\x01"
# Larger profiles are looked at where pictures are recolored.
_MOST_PROFILE_BYTES = 2**14
# Tables, restarts and comments. Any other segment may change what the pixels mean:
# EXIF turns them, profiles recolor them, Adobe's says that they are inks.
_HARMLESS = (0xC4, 0xDB, 0xDD, 0xFE)
# Larger pictures are worth the time of a closer look.
_MOST_PIXELS = 2**24


def decode_plain_jpeg(
    content: bytes, max_pixels: int, at_least: tuple[int, int] | None
) -> NDArray[np.uint8] | None:
    """Pixels `(height, width, 1 or 3)`, or `None` when Pillow must be asked.

    Args:
        content: the whole file.
        max_pixels: larger pictures are Pillow's to refuse.
        at_least: as in `decode_image`; pictures that may be decoded at a part of their
            size are Pillow's.
    """
    codec = _codec()
    frame = _frame_of_plain(content) if codec is not None else None
    if codec is None or frame is None:
        return None
    if frame.height * frame.width > min(max_pixels, _MOST_PIXELS):
        return None
    if at_least is not None and min(frame.height, frame.width) >= 2 * min(at_least):
        return None
    color = "GRAY" if frame.channels == 1 else "RGB"
    try:
        pixels: NDArray[np.uint8] = codec.decode_jpeg(content, color, strict=True)
    except ValueError:  # Its warnings too: of them Pillow knows what to say.
        return None
    return pixels


@cache
def _codec() -> ModuleType | None:
    try:
        import simplejpeg
    except ImportError:
        return None
    codec: ModuleType = simplejpeg
    return codec


class _Frame(NamedTuple):
    height: int
    width: int
    channels: int


def _frame_of_plain(content: bytes) -> _Frame | None:
    if not content.startswith(_START):
        return None
    place, jfif, frame, profiled = 2, False, None, False
    while place + 10 <= len(content):
        lead, marker, length = struct.unpack_from(">BBH", content, place)
        if lead != 0xFF:
            return None
        if marker == _SCAN:
            # Without JFIF's word for it, three channels could be red, green and blue.
            return frame if frame and (jfif or frame.channels == 1) else None
        if marker in _FRAMES:
            bits, *sizes = struct.unpack_from(">BHHB", content, place + 4)
            frame = _Frame(*sizes)
            if frame.channels not in (1, 3) or bits != 8 or not all(sizes):
                return None
        elif marker == _JFIF:
            jfif = content[place + 4 : place + 9] == b"JFIF\0"
        elif marker == _PROFILE:
            # A second one is for Pillow to wonder at.
            if profiled or not _is_harmless_profile(
                content[place + 4 : place + 2 + length]
            ):
                return None
            profiled = True
        elif marker not in _HARMLESS:
            return None
        place += 2 + length
    return None


def _is_harmless_profile(segment: bytes) -> bool:
    if not segment.startswith(_WHOLE_PROFILE) or len(segment) > _MOST_PROFILE_BYTES:
        return False
    return is_srgb(segment[len(_WHOLE_PROFILE) :])
