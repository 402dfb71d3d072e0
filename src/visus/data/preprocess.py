"""PreprocessSpec, and the one function that brings pixels to a network's size."""

import math
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from visus.core.settings import Settings
from visus.data.config import Fit, Interpolation
from visus.data.decode import Picture, as_picture

Scaling = Literal["unit", "signed", "none"]
# How far decoding at a part of the size may change prepared pixels, of 255.
MEAN_TOLERANCE = 2.5
WORST_TOLERANCE = 5.0
# How many times the spec's size is decoded at least.
_LEAST_TIMES = {"area": 4, "bilinear": 2, "bicubic": 2}
# Top, left, bottom and right, in pixels.
Box = tuple[float, float, float, float]


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
    decode_whole: bool = Field(
        False, description="JPEG always at full size, not near the size needed"
    )
    crop_share: float = Field(
        1.0,
        gt=0,
        le=1,
        description="share of each side that the crop keeps, as 0.875: the middle 224 "
        "of 256",
    )

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """`(height, width, channels)`."""
        return (*self.image_size, self.channels)

    def takes_as_is(self, size: tuple[int, int]) -> bool:
        """Whether pictures of that `(height, width)` need no resizing."""
        return size == self.image_size and self.crop_share == 1

    @model_validator(mode="after")
    def _only_a_crop_is_cut(self) -> "PreprocessSpec":
        if self.crop_share < 1 and self.fit != "crop":
            raise ValueError("crop_share below 1 needs fit='crop'")
        return self

    @model_serializer(mode="wrap")
    def _leave_out(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Caches and bundles that do not use it stay as they were, and older Visus
        # reads them.
        said: dict[str, Any] = serialize(self)
        if said.get("crop_share") == 1:
            del said["crop_share"]
        return said


def prepare_pixels(
    pixels: NDArray[np.uint8] | Picture,
    spec: PreprocessSpec,
    size: tuple[int, int] | None = None,
) -> NDArray[np.uint8]:
    """Bring one decoded picture to the spec's size and channels.

    The only resize there is: training, evaluation and prediction all call it.

    Args:
        pixels: `(height, width, 1 or 3)`, or a decoded picture.
        spec: the size, fit, interpolation and channels.
        size: `(height, width)` of the whole picture, where `pixels` are decoded at a
            half, a quarter or an eighth of it. What is cut and padded follows it:
            sides that were rounded up would shift the picture.

    Returns:
        `(*spec.image_size, spec.channels)`.
    """
    picture = as_picture(pixels).with_channels(spec.channels)
    if spec.takes_as_is(picture.shape[:2]):
        return picture.pixels
    height, width = size or picture.shape[:2]
    factor = round(height / picture.shape[0])
    whole = (height / factor, width / factor)
    if spec.fit == "pad":
        return _padded(picture, spec, (height, width), (0.0, 0.0, *whole))
    box = _middle(whole, spec) if spec.fit == "crop" else (0.0, 0.0, *whole)
    return picture.resized(spec.image_size, spec.interpolation, box)


def least_decoded_size(spec: PreprocessSpec) -> tuple[int, int] | None:
    """`(height, width)` below which a picture for this spec must not be decoded.

    A JPEG decoder can give 1/2, 1/4 or 1/8 of the size for less work: a phone's picture
    in a tenth of the time. It may do so while both sides, so also those of the part
    that "crop" takes, stay at least twice as long as the spec's (four times for "area",
    whose weights are coarser). The prepared pixels then differ from those of the whole
    picture by at most MEAN_TOLERANCE of 255 on average over pictures, and by at most
    WORST_TOLERANCE for any (mean absolute difference). Measured on 250 photographs at
    32 to 180 pixels, over those decoded smaller: 2.1 and 3.8 with "area", 0.6 and 1.4
    with the others.

    Returns:
        the size, or `None` for all of it: when the spec says so, and for "nearest",
        which takes single pixels that a smaller picture no longer has.
    """
    times = _LEAST_TIMES.get(spec.interpolation)
    if times is None or spec.decode_whole:
        return None
    height, width = (math.ceil(side / spec.crop_share) for side in spec.image_size)
    return times * height, times * width


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


def _middle(whole: tuple[float, float], spec: PreprocessSpec) -> Box:
    """The spec's share of the largest part in the middle that has its aspect."""
    height, width = whole
    scale = min(height / spec.image_size[0], width / spec.image_size[1])
    scale *= spec.crop_share
    tall, wide = spec.image_size[0] * scale, spec.image_size[1] * scale
    # Rounding must not push the box over an edge.
    top, left = max(0.0, (height - tall) / 2), max(0.0, (width - wide) / 2)
    return top, left, min(top + tall, height), min(left + wide, width)


def _padded(
    picture: Picture, spec: PreprocessSpec, size: tuple[int, int], box: Box
) -> NDArray[np.uint8]:
    scale = min(new / old for new, old in zip(spec.image_size, size, strict=True))
    fitted = (max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))
    resized = picture.resized(fitted, spec.interpolation, box)
    canvas = np.zeros(spec.input_shape, dtype=np.uint8)
    top, left = (
        (new - old) // 2 for new, old in zip(spec.image_size, fitted, strict=True)
    )
    canvas[top : top + fitted[0], left : left + fitted[1]] = resized
    return canvas
