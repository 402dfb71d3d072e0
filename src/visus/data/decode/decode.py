"""Decoding: upright, one or three channels, eight bits, or a verdict; never half."""

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from visus.data.decode.header import is_gray, open_content
from visus.data.decode.limits import DecodeFailure, DecodeLimits

WHITE = (255, 255, 255, 255)


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


def decode_image(content: bytes, limits: DecodeLimits | None = None) -> Decoded:
    """Decode a picture by its content; the file's name plays no part.

    Args:
        content: the whole file.
        limits: the largest picture to take.

    Raises:
        DecodeFailure: with the verdict and a reason that a person can read.
    """
    with open_content(content, limits or DecodeLimits()) as image:
        image_format = str(image.format)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                frames = getattr(image, "n_frames", 1)
                image.load()
                upright = ImageOps.exif_transpose(image)
                pixels, notes = _pixels(upright)
        # The one place where anything may happen: codecs over hostile bytes raise
        # OSError, ValueError, SyntaxError, struct.error, MemoryError and more.
        except Exception as error:
            raise _failure(error) from error
    if frames > 1:
        notes.append(f"first of {frames} frames")
    return Decoded(pixels, image_format, tuple(notes))


def _pixels(image: Image.Image) -> tuple[NDArray[np.uint8], list[str]]:
    notes: list[str] = []
    if image.mode.startswith("I") or image.mode == "F":
        image, depth_note = _eight_bits(image)
        notes.append(depth_note)
    gray = is_gray(image)
    if image.has_transparency_data:
        notes.append("transparent pixels shown on white")
        image = _on_white(image)
    image = image.convert("L" if gray else "RGB")
    pixels = np.array(image, dtype=np.uint8)
    return (pixels[..., None] if gray else pixels), notes


def _eight_bits(image: Image.Image) -> tuple[Image.Image, str]:
    values = np.asarray(image).astype(np.float64)
    if image.mode == "F":
        # Floating-point pictures have no agreed range: 0..1 or 0..255 by their maximum.
        scale = 255.0 if values.max(initial=0) <= 1 else 1.0
        eight = np.clip(np.nan_to_num(values) * scale, 0, 255)
        return Image.fromarray(
            eight.round().astype(np.uint8)
        ), "floats reduced to 8 bits"
    eight = np.clip(values / 257, 0, 255).round()
    return Image.fromarray(eight.astype(np.uint8)), "16 bits reduced to 8"


def _on_white(image: Image.Image) -> Image.Image:
    layered = image.convert("RGBA")
    white = Image.new("RGBA", layered.size, WHITE)
    return Image.alpha_composite(white, layered)


def _failure(error: Exception) -> DecodeFailure:
    text = str(error).strip() or type(error).__name__
    if "truncated" in text.lower() or isinstance(error, EOFError):
        return DecodeFailure("truncated", "Its end is missing; it was cut off.")
    if isinstance(error, MemoryError):
        return DecodeFailure("too_large", "It does not fit into memory.")
    return DecodeFailure("corrupt", f"It is damaged: {text}.")
