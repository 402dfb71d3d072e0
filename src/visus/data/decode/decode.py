"""Decoding: upright, one or three channels, eight bits, or a verdict; never half."""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from visus.data.decode.header import is_gray, open_image, orientation
from visus.data.decode.limits import DecodeLimits
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


@dataclass(frozen=True, slots=True)
class Decoded:
    """One picture.

    Args:
        pixels: uint8 `(height, width, 1 or 3)`, upright; RGB order.
        format: as the content says, such as "JPEG".
        notes: what was changed on the way, such as "16 bits reduced to 8".
    """

    pixels: NDArray[np.uint8]
    format: str
    notes: tuple[str, ...] = ()


def decode_image(
    content: bytes,
    limits: DecodeLimits | None = None,
    at_least: tuple[int, int] | None = None,
) -> Decoded:
    """Decode a picture by its content; the file's name plays no part.

    Args:
        content: the whole file.
        limits: the largest picture to take.
        at_least: `(height, width)`, upright. A JPEG may then be decoded at 1/2, 1/4
            or 1/8 of its size, which is faster, but never below this.

    Raises:
        DecodeFailure: with the verdict and a reason that a person can read.

    Example:
        >>> decode_image(path.read_bytes()).pixels.shape
        (480, 640, 3)
    """
    limits = limits or DecodeLimits()
    limits.check_bytes(len(content))
    stream = io.BytesIO(content)
    with judged(stream), open_image(stream, limits) as image:
        if at_least is not None:
            _reduce(image, at_least)
        image.load()
        pixels, notes = _pixels(image)
        if getattr(image, "is_animated", False):
            notes = (*notes, "first of several frames")
        # Phones write JPEG files with a second picture behind the first one.
        image_format = "JPEG" if image.format == "MPO" else str(image.format)
    return Decoded(pixels, image_format, notes)


def _reduce(image: Image.Image, at_least: tuple[int, int]) -> None:
    """Let the JPEG decoder scale down while it decodes."""
    height, width = at_least
    if orientation(image) > 4:
        height, width = width, height
    image.draft(None, (max(1, width), max(1, height)))


def _pixels(image: Image.Image) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    gray = is_gray(image)
    turn = _TURNS.get(orientation(image))
    if image.mode.startswith("I"):
        image, notes = _from_integers(image)
    elif image.mode == "F":
        image, notes = _from_floats(image)
    else:
        image, notes = _on_white(image)
    mode = "L" if gray else "RGB"
    image = image if image.mode == mode else image.convert(mode)
    if turn is not None:
        image = image.transpose(turn)
    pixels = np.array(image, dtype=np.uint8)
    return (pixels[..., None] if gray else pixels), notes


def _from_integers(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """16 bits to 8; wider integers are taken as 16 bits, the rest clipped."""
    values = np.asarray(image)
    # In whole numbers, to the nearest: 257 is 65535 / 255.
    sixteen = np.clip(values, 0, 65535).astype(np.uint32)
    eight = ((sixteen + 128) // 257).astype(np.uint8)
    notes: tuple[str, ...] = ("16 bits reduced to 8",)
    clear = image.info.get("transparency")
    if isinstance(clear, int) and (values == clear).any():
        eight[values == clear] = 255
        notes = (*notes, "transparent pixels shown on white")
    return Image.fromarray(eight), notes


def _from_floats(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """Floats have no agreed range: it is 0..1 unless a value is larger, then 0..255."""
    values = np.nan_to_num(np.asarray(image))
    white = 1 if values.max(initial=0) <= 1 else 255
    eight = np.rint(np.clip(values / white, 0, 1) * 255).astype(np.uint8)
    return Image.fromarray(eight), (f"floats from 0 to {white} reduced to 8 bits",)


def _on_white(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    if not image.has_transparency_data:
        return image, ()
    layered = image.convert("RGBA")
    if layered.getchannel("A").getextrema() == (255, 255):
        return layered, ()
    white = Image.new("RGBA", layered.size, "white")
    layered = Image.alpha_composite(white, layered)
    return layered, ("transparent pixels shown on white",)
