"""Pixels as PNG, for galleries and tests."""

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG file of uint8 pixels `(height, width, 1 or 3)`."""
    return _png(_image(pixels))


def png_base64(pixels: NDArray[np.uint8], longest_side: int = 128) -> str:
    """A PNG in base64, shrunk so that no side is longer than `longest_side` pixels."""
    image = _image(pixels)
    image.thumbnail((longest_side, longest_side))
    return base64.b64encode(_png(image)).decode("ascii")


def _image(pixels: NDArray[np.uint8]) -> Image.Image:
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)


def _png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG", optimize=True)
    return stream.getvalue()
