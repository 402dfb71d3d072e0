"""Pixels as PNG, and words on pixels; for galleries, sheets and tests."""

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


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG file of uint8 pixels `(height, width, 1 or 3)`."""
    return _png(_image(pixels))


def png_base64(pixels: NDArray[np.uint8], longest_side: int = 128) -> str:
    """A PNG in base64, shrunk so that no side is longer than `longest_side` pixels."""
    image = _image(pixels)
    image.thumbnail((longest_side, longest_side))
    return base64.b64encode(_png(image)).decode("ascii")


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


def _drawable(character: str) -> str:
    if character.isascii() or character in _DRAWN_TOO:
        return character
    return "" if unicodedata.combining(character) else "?"


def _image(pixels: NDArray[np.uint8]) -> Image.Image:
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)


def _png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG", optimize=True)
    return stream.getvalue()
