"""Pixels as PNG, words and lines on pixels; for galleries, sheets and plots."""

import base64
import io
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

# What Pillow's own font has beside ASCII.
_DRAWN_TOO = "°±…"
# Times the size at which lines are drawn.
_SMOOTH = 3


@dataclass(frozen=True)
class Words:
    """A line of text to be drawn.

    Args:
        x: pixels from the left edge to where it begins.
        y: pixels from the upper edge to the top of its letters.
        text: letters that the font lacks lose their accents, or become "?".
        size: of the letters, in pixels.
        gray: 0 is black.
    """

    x: int
    y: int
    text: str
    size: int = 13
    gray: int = 30


@dataclass(frozen=True)
class Stroke:
    """A line through some points.

    Args:
        points: each `(x, y)`, in pixels from the upper left corner.
        width: in pixels.
        gray: 0 is black.
        dashes: pixels drawn and left out in turn; nothing: all are drawn.
    """

    points: tuple[tuple[float, float], ...]
    width: int
    gray: int = 0
    dashes: tuple[int, ...] = ()


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG file of uint8 pixels `(height, width, 1 or 3)`."""
    return _png(_image(pixels))


def png_base64(pixels: NDArray[np.uint8], longest_side: int = 128) -> str:
    """A PNG in base64, shrunk so that no side is longer than `longest_side` pixels."""
    image = _image(pixels)
    image.thumbnail((longest_side, longest_side))
    return base64.b64encode(_png(image)).decode("ascii")


def through_jpeg(pixels: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Pixels `(height, width, 1 or 3)` as they come back from a JPEG file.

    Args:
        pixels: what is written.
        quality: 1 to 95, as libjpeg counts it.
    """
    stream = io.BytesIO()
    _image(pixels).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream)).reshape(pixels.shape)


def with_words(pixels: NDArray[np.uint8], words: Iterable[Words]) -> NDArray[np.uint8]:
    """The pixels `(height, width, 3)` with lines of text on them."""
    image = Image.fromarray(pixels)
    canvas = ImageDraw.Draw(image)
    for line in words:
        # Pillow's own font, so that a sheet looks alike on every machine.
        font = ImageFont.load_default(line.size)
        text = "".join(map(_drawable, unicodedata.normalize("NFKD", line.text)))
        canvas.text((line.x, line.y), text, fill=(line.gray,) * 3, font=font)
    return np.asarray(image)


def with_strokes(
    pixels: NDArray[np.uint8], strokes: Iterable[Stroke]
) -> NDArray[np.uint8]:
    """The pixels `(height, width, 3)` with smooth lines on them."""
    image = Image.fromarray(pixels)
    size = image.size
    # Drawn larger and made smaller again: that smooths the stairs.
    large = image.resize((size[0] * _SMOOTH, size[1] * _SMOOTH))
    canvas = ImageDraw.Draw(large)
    for stroke in strokes:
        for part in _drawn_parts(stroke):
            places = [(x * _SMOOTH, y * _SMOOTH) for x, y in part]
            color, width = (stroke.gray,) * 3, stroke.width * _SMOOTH
            canvas.line(places, fill=color, width=width, joint="curve")
    return np.asarray(large.resize(size, Image.Resampling.BOX))


def _drawn_parts(stroke: Stroke) -> Iterable[list[tuple[float, float]]]:
    """The line whole, or its dashes: pieces between evenly spaced points."""
    if not stroke.dashes or len(stroke.points) < 2:
        yield list(stroke.points)
        return
    points = np.array(stroke.points)
    along = np.append(0, np.cumsum(np.hypot(*np.diff(points, axis=0).T)))
    edges = np.cumsum(np.resize(stroke.dashes, int(along[-1]) + 2))
    starts = np.append(0, edges[1::2])
    for start, end in zip(starts, edges[::2], strict=False):
        if start < along[-1]:
            inside = along[(along > start) & (along < end)]
            cuts = np.array([start, *inside, min(end, along[-1])])
            x, y = (np.interp(cuts, along, points[:, axis]) for axis in (0, 1))
            yield list(zip(x.tolist(), y.tolist(), strict=True))


def _drawable(character: str) -> str:
    if character.isascii() or character in _DRAWN_TOO:
        return character
    return "" if unicodedata.combining(character) else "?"


def _image(pixels: NDArray[np.uint8]) -> Image.Image:
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)


def _png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    # Three hundredths larger than what takes four times as long.
    image.save(stream, "PNG", compress_level=3)
    return stream.getvalue()
