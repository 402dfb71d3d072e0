"""PreprocessSpec, and the one function that brings pixels to a network's size."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from visus.core.settings import Settings
from visus.data.config import Fit, Interpolation
from visus.data.decode import resize_pixels

Scaling = Literal["unit", "signed", "none"]


class PreprocessSpec(Settings):
    """How a decoded picture becomes a network's input; saved inside the bundle.

    `scaling` happens inside the ONNX graph and the training step, after this room:
    unit is 0..1, signed is -1..1, none is 0..255.
    """

    image_size: tuple[int, int] = Field(description="height and width in pixels")
    channels: Literal[1, 3] = Field(description="1 is gray, 3 is red, green, blue")
    fit: Fit = "squash"
    interpolation: Interpolation = "area"
    scaling: Scaling = "unit"

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """`(height, width, channels)`."""
        return (*self.image_size, self.channels)


def prepare_pixels(
    pixels: NDArray[np.uint8], spec: PreprocessSpec
) -> NDArray[np.uint8]:
    """Bring one decoded picture to the spec's size and channels.

    The only resize there is: training, evaluation and prediction all call it.

    Args:
        pixels: `(height, width, 1 or 3)`.
        spec: the size, fit, interpolation and channels.

    Returns:
        `(*spec.image_size, spec.channels)`.
    """
    pixels = _with_channels(pixels, spec.channels)
    if pixels.shape[:2] == spec.image_size:
        return pixels
    height, width = pixels.shape[:2]
    if spec.fit == "crop":
        scale = min(height / spec.image_size[0], width / spec.image_size[1])
        tall, wide = spec.image_size[0] * scale, spec.image_size[1] * scale
        # Rounding must not push the box over an edge.
        top, left = max(0.0, (height - tall) / 2), max(0.0, (width - wide) / 2)
        box = (top, left, min(top + tall, height), min(left + wide, width))
        return resize_pixels(pixels, spec.image_size, spec.interpolation, box)
    if spec.fit == "squash":
        return resize_pixels(pixels, spec.image_size, spec.interpolation)
    return _padded(pixels, spec)


def least_decoded_size(spec: PreprocessSpec) -> tuple[int, int] | None:
    """`(height, width)` below which a picture for this spec must not be decoded.

    A JPEG decoder can give 1/2, 1/4 or 1/8 of the size for less work. It is let to as
    long as both sides stay at least twice what the spec asks for: then even the part
    that "crop" takes is shrunk by two or more, and the prepared pixels stay within 3 of
    255 of those from the whole picture, on average over pictures, and within 6 for each
    (mean absolute difference; measured on photographs: 2.3 and 5.0 with "area", 1.2
    and 2.4 with "bicubic"). At once the wanted size it would be 3.8 and 9.

    Returns:
        the size, or `None` for all of it: "nearest" takes single pixels, which a
        smaller picture no longer has.
    """
    if spec.interpolation == "nearest":
        return None
    height, width = spec.image_size
    return 2 * height, 2 * width


def scaled_images(pixels: NDArray[np.uint8], scaling: Scaling) -> NDArray[np.float32]:
    """What a network takes, from pixels of any shape; graphs do the same inside."""
    images = pixels.astype(np.float32)
    if scaling == "none":
        return images
    return (
        images * np.float32(1 / 255)
        if scaling == "unit"
        else (images * np.float32(2 / 255) - np.float32(1))
    )


def _padded(pixels: NDArray[np.uint8], spec: PreprocessSpec) -> NDArray[np.uint8]:
    scale = min(
        new / old for new, old in zip(spec.image_size, pixels.shape, strict=False)
    )
    size = tuple(max(1, round(side * scale)) for side in pixels.shape[:2])
    resized = resize_pixels(pixels, (size[0], size[1]), spec.interpolation)
    canvas = np.zeros(spec.input_shape, dtype=np.uint8)
    top, left = (
        (new - old) // 2 for new, old in zip(spec.image_size, size, strict=True)
    )
    canvas[top : top + size[0], left : left + size[1]] = resized
    return canvas


def _with_channels(pixels: NDArray[np.uint8], channels: int) -> NDArray[np.uint8]:
    if pixels.shape[2] == channels:
        return pixels
    if channels == 3:
        return np.repeat(pixels, 3, axis=2)
    # ITU-R BT.601 luma, in the integer arithmetic that Pillow uses.
    red, green, blue = (pixels[..., number].astype(np.uint32) for number in range(3))
    luma = (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16
    return luma[..., None].astype(np.uint8)
