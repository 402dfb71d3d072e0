"""Pixels as PNG, for galleries and tests."""

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG file of uint8 pixels `(height, width, 1 or 3)`."""
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    stream = io.BytesIO()
    image.save(stream, "PNG", optimize=True)
    return stream.getvalue()


def png_base64(pixels: NDArray[np.uint8], longest_side: int = 128) -> str:
    """A PNG in base64, shrunk so that no side is longer than `longest_side` pixels."""
    height, width = pixels.shape[:2]
    scale = longest_side / max(height, width)
    if scale < 1:
        image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
        image.thumbnail((longest_side, longest_side))
        pixels = np.array(image).reshape(image.height, image.width, pixels.shape[2])
    return base64.b64encode(encode_png(pixels)).decode("ascii")
