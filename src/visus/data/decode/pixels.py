"""From an opened picture to upright uint8 pixels of one or three channels."""

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from visus.data.decode.deep_color import deep_color_levels, read_deep_color
from visus.data.decode.depth import scaled_to_bytes
from visus.data.decode.header import is_gray, open_image, orientation, upright
from visus.data.decode.limits import DecodeLimits
from visus.data.decode.picture import Picture
from visus.data.decode.profile import as_srgb
from visus.data.decode.verdicts import judged

# How a picture with this EXIF orientation becomes upright.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Phones write JPEG files with a second picture behind the first one: MPO.
_JPEG = ("JPEG", "MPO")
# In JPEG pixels: a JPEG of 128 megapixels (which is above the default limit), a
# progressive one of 12 with more than ten scans, or 16 megapixels of another format.
MOST_WORK = 128_000_000
_ON_WHITE = "transparent pixels shown on white"
_SCALED = "scaled to 8 bits from the smallest value to the largest"


@dataclass(frozen=True, slots=True)
class Decoded:
    """One picture.

    Args:
        picture: upright.
        format: as the content says, such as "JPEG".
        size: `(height, width)` of the picture in its file, upright; a JPEG's pixels may
            be fewer.
        notes: what was changed on the way, such as "first of several frames".
    """

    picture: Picture
    format: str
    size: tuple[int, int]
    notes: tuple[str, ...] = ()

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """uint8 `(height, width, 1 or 3)`, upright; RGB order."""
        return self.picture.pixels


def decode_here(
    content: bytes,
    limits: DecodeLimits,
    at_least: tuple[int, int] | None,
    if_heavy: Callable[[], Decoded] | None = None,
) -> Decoded:
    """Decode in this process.

    Args:
        content: the whole file.
        limits: the largest picture to take.
        at_least: as in `decode_image`.
        if_heavy: what to do instead when the picture is more than `MOST_WORK`.

    Raises:
        DecodeFailure: with the verdict and the reason.
    """
    stream = io.BytesIO(content)
    with judged(stream), open_image(stream, limits) as image:
        if if_heavy is not None and _work(image, content) > MOST_WORK:
            return if_heavy()
        whole = image.height, image.width
        if at_least is not None and image.format in _JPEG:
            _reduce(image, at_least)
        deep = read_deep_color(
            image, content, lambda: open_image(io.BytesIO(content), limits)
        )
        if deep is None:
            image.load()
        # What is inside may be larger than what the header said.
        limits.check_pixels(image.height, image.width)
        turn = orientation(image)  # Of a PNG it may stand behind the pixels.
        picture, notes = _picture(image, turn, deep)
        if getattr(image, "is_animated", False):
            notes = (*notes, "first of several frames")
        if getattr(image, "scaled", False):  # DICOM scales by itself.
            notes = (*notes, _SCALED)
        image_format = "JPEG" if image.format in _JPEG else str(image.format)
    return Decoded(picture, image_format, upright(whole, turn), notes)


def _work(image: Image.Image, content: bytes) -> int:
    # Other formats take longer and more memory than JPEG. A progressive JPEG goes over
    # its pixels once a scan, and a hostile one has thousands of scans.
    pixels = image.width * image.height
    if image.format not in _JPEG:
        return 8 * pixels
    scans = content.count(b"\xff\xda") if image.info.get("progressive") else 1
    return pixels * max(1, scans)


def _reduce(image: Image.Image, at_least: tuple[int, int]) -> None:
    """Let the JPEG decoder scale down while it decodes."""
    if min(image.size) < 2 * min(at_least):
        return
    height, width = at_least
    if orientation(image) > 4:
        height, width = width, height
    image.draft(None, (max(1, width), max(1, height)))


def _picture(
    image: Image.Image, turn: int, deep: NDArray[np.uint16] | None
) -> tuple[Picture, tuple[str, ...]]:
    gray = is_gray(image)
    mode = "L" if gray else "RGB"
    profile = image.info.get("icc_profile")
    if deep is not None:
        levels, clear = deep_color_levels(image, deep)
        image, more = as_srgb(Image.fromarray(levels), profile)
        notes: tuple[str, ...] = (_SCALED, *((_ON_WHITE,) if clear else ()), *more)
    elif image.mode == "F" or image.mode.startswith("I"):
        image, notes = _from_deep(image)
    else:
        image, notes = _on_white(image)
        image, more = as_srgb(_for_profile(image, mode), profile)
        notes += more
    image = image if image.mode == mode else image.convert(mode)
    if turn in _TURNS:
        image = image.transpose(_TURNS[turn])
    # What is read from a file goes with it when it is closed; a copy stays.
    return Picture(image), notes


def _for_profile(image: Image.Image, mode: str) -> Image.Image:
    # A profile of inks is about the inks.
    return image if image.mode in (mode, "CMYK") else image.convert(mode)


def _from_deep(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    values = np.asarray(image)
    notes: tuple[str, ...] = (_SCALED,)
    clear = image.info.get("transparency")
    if not isinstance(clear, int) or not (values == clear).any():
        return Image.fromarray(scaled_to_bytes(values)), notes
    hidden = values == clear
    levels = scaled_to_bytes(values, hidden)
    levels[hidden] = 255
    return Image.fromarray(levels), (*notes, _ON_WHITE)


def _on_white(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    if not image.has_transparency_data:
        return image, ()
    layered = image.convert("RGBA")
    if layered.getchannel("A").getextrema() == (255, 255):
        return layered, ()
    white = Image.new("RGBA", layered.size, "white")
    layered = Image.alpha_composite(white, layered)
    return layered, (_ON_WHITE,)
