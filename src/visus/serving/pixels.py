"""Tensors that clients send, as the uint8 pixels that every graph of ours takes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.data.preprocess import PreprocessSpec
from visus.serving.config import InputRange
from visus.serving.refusals import Refusal, invalid
from visus.serving.work import Pixels


def as_prepared_pixels(
    images: NDArray[Any], spec: PreprocessSpec, input_range: InputRange
) -> Pixels:
    """Check a batch of images and bring it to uint8.

    Values are rounded to whole ones: the graph takes what a picture file holds, and so
    the answer to a tensor is the answer to the file with the same pixels.

    Args:
        images: `(batch, height, width, channels)` of any numeric type; for one channel
            the last axis may be missing.
        spec: of the model; height, width and channels must be its own.
        input_range: what the values mean.

    Raises:
        Refusal: another shape or type, values outside the range, or, where pixels are
            expected, fractions only.
    """
    if spec.channels == 1 and images.shape[1:] == spec.image_size:
        images = images[..., None]
    if images.shape[1:] != spec.input_shape or images.ndim != 4:
        raise _wrong_shape(images.shape, spec)
    if not len(images):
        raise invalid("No picture in the batch.", "one or more.", "Send a picture.")
    if images.dtype == np.uint8 and input_range == "pixels":
        return np.asarray(images, dtype=np.uint8)
    if images.dtype.kind not in "fiub":
        raise invalid(
            f"Values of type {images.dtype}.", "numbers.", "Send pixels as numbers."
        )
    least, most = float(images.min()), float(images.max())
    top = 1 if input_range == "unit" else 255
    # Written so that NaN, of which nothing is true, is refused too.
    if not (least >= 0 and most <= top):
        raise _out_of_range(least, most, input_range)
    if input_range == "unit":
        return _whole(images * np.float32(255))
    if images.dtype.kind == "f":
        if 0 < most <= 1:
            raise _fractions(most)
        return _whole(images)
    return images.astype(np.uint8)


def _whole(images: NDArray[Any]) -> Pixels:
    rounded: Pixels = np.rint(images).astype(np.uint8)
    return rounded


def _wrong_shape(shape: tuple[int, ...], spec: PreprocessSpec) -> Refusal:
    height, width, channels = spec.input_shape
    return invalid(
        f"Images of shape {_written(shape)}.",
        f"(batch, {height}, {width}, {channels}): batch, height, width, channels.",
        "Send that shape, or the picture files themselves, which are prepared as they "
        "were for training.",
    )


def _written(shape: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, shape))})"


def _out_of_range(least: float, most: float, input_range: InputRange) -> Refusal:
    unit = input_range == "unit"
    return invalid(
        f"Values from {least:g} to {most:g}.",
        "values from 0 to 1, as this server was started with --input unit."
        if unit
        else "pixels from 0 to 255.",
        "Send them in that range; the model scales them itself.",
    )


def _fractions(most: float) -> Refusal:
    return invalid(
        f"Fractions only: the largest value is {most:g}.",
        "pixels from 0 to 255; the model scales them itself.",
        "Multiply by 255, or start the server with --input unit.",
    )
