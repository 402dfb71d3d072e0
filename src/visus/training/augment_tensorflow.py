"""What `data/augment` drew, applied inside TensorFlow's compiled step.

XLA makes few passes over the pictures of what would be a dozen operations: the warp
takes a third of the time of TensorFlow's own, the whole a quarter.
"""

from typing import Any

import numpy as np
import tensorflow as tf

from visus.data.augment.apply import (
    APART,
    DEVIATION,
    GRAY,
    HASH,
    LAST_SHIFT,
    MEAN,
    STRIDE,
)

Tensor = Any

CHANGES = ("transforms", "color", "noise", "cutout", "mixup", "cutmix")


def change_images(pixels: Tensor, drawn: dict[str, Tensor]) -> Tensor:
    """Warp, recolor, cut and mix one tower's pictures.

    Args:
        pixels: uint8 `(batch, height, width, channels)`.
        drawn: the parts of an `AugmentDraw` for these pictures by name, among others.

    Returns:
        images of 0..255, float32, of the same shape.
    """
    drawn = {name: drawn[name] for name in CHANGES if name in drawn}
    if not drawn:
        return tf.cast(pixels, tf.float32)
    if "noise" in drawn:
        lattice = _lattice(drawn["noise"], *pixels.shape[1:])
        drawn["noise"] = _noise(lattice, drawn["noise"], *pixels.shape[1:])
    # The compiled call forgets the size, which the network's layers want to know.
    return tf.ensure_shape(_changed(pixels, drawn), pixels.shape)


def partners(values: Tensor) -> Tensor:
    """Each row's partner in a mix: the next row, and the first for the last."""
    return tf.roll(values, shift=-1, axis=0)


@tf.function(jit_compile=True, autograph=False)  # type: ignore[untyped-decorator]
def _changed(pixels: Tensor, drawn: dict[str, Tensor]) -> Tensor:
    if "transforms" in drawn:
        images = _warped(pixels, drawn["transforms"])
    else:
        images = tf.cast(pixels, tf.float32)
    if "color" in drawn:
        images = _recolored(images, drawn["color"])
    if "noise" in drawn:
        images = tf.clip_by_value(images + drawn["noise"], 0.0, 255.0)
    if "cutout" in drawn:
        images = tf.where(_inside(images, drawn["cutout"]), GRAY, images)
    return _mixed(images, drawn)


def _warped(pixels: Tensor, transforms: Tensor) -> Tensor:
    height, width, channels = pixels.shape[1:]
    x = tf.range(width, dtype=tf.float32)[None, None, :]
    y = tf.range(height, dtype=tf.float32)[None, :, None]
    a0, a1, a2, b0, b1, b2 = (transforms[:, n, None, None] for n in range(6))
    from_x, from_y = a0 * x + a1 * y + a2, b0 * x + b1 * y + b2
    left, top = tf.floor(from_x), tf.floor(from_y)
    first = tf.range(tf.shape(pixels)[0])[:, None, None] * height
    points = tf.reshape(pixels, (-1, channels))

    def row(down: int) -> Tensor:
        begin = (first + _mirrored(top + down, height)) * width
        near, far = (
            tf.gather(points, begin + _mirrored(left + right, width))
            for right in (0, 1)
        )
        return _between(near, far, (from_x - left)[..., None])

    return _between(row(0), row(1), (from_y - top)[..., None])


def _between(first: Tensor, second: Tensor, share: Tensor) -> Tensor:
    first, second = tf.cast(first, tf.float32), tf.cast(second, tf.float32)
    return first + (second - first) * share


def _mirrored(position: Tensor, size: int) -> Tensor:
    # d c b a | a b c d | d c b a, as a wave through the middles of the pixels: half a
    # pixel away from where rounding could reach over an edge.
    wave = (position + 0.5) * (1 / (2 * size))
    wave = (wave - tf.floor(wave)) * (2 * size)
    return tf.cast(size - tf.abs(wave - size), tf.int32)


def _recolored(images: Tensor, factors: Tensor) -> Tensor:
    """Brightness, contrast about the mean, saturation about gray: one sum a channel."""
    brightness, contrast, saturation = (
        factors[:, number, None, None, None] for number in range(3)
    )
    # Down first, over many sums side by side.
    mean = tf.reduce_mean(
        tf.reduce_mean(images, axis=1, keepdims=True), axis=(2, 3), keepdims=True
    )
    channels = images.shape[-1]
    gray = tf.add_n([images[..., n : n + 1] for n in range(channels)]) / channels
    itself = brightness * contrast * saturation
    added = brightness * (contrast * (1 - saturation) * gray + (1 - contrast) * mean)
    return tf.clip_by_value(itself * images + added, 0.0, 255.0)


# Compiled apart: within the other it would be computed anew for each use of a pixel.
@tf.function(jit_compile=True, autograph=False)  # type: ignore[untyped-decorator]
def _lattice(drawn: Tensor, height: int, width: int, channels: int) -> Tensor:
    """Hashes in the corners of the grains, in rows `(batch, ...)`."""
    pattern, differ = (drawn[:, n, None, None] for n in (2, 3))
    row = (width + 1) * channels
    first = tf.range(height + 1, dtype=tf.float32)[None, :, None] * row
    columns = np.repeat(np.arange(width + 1, dtype=np.float32) * channels, channels)
    own = np.tile(np.arange(channels, dtype=np.float32), width + 1)
    return _scattered(first + columns + own * differ, pattern)


@tf.function(jit_compile=True, autograph=False)  # type: ignore[untyped-decorator]
def _noise(
    lattice: Tensor, drawn: Tensor, height: int, width: int, channels: int
) -> Tensor:
    """The lattice interpolated, and brought to the same spread."""
    spread, grain = (drawn[:, n, None, None] for n in range(2))
    down = tf.range(height, dtype=tf.float32)[None, :, None] / grain
    right = tf.range(width, dtype=tf.float32)[None, None] / grain
    top, left = tf.floor(down), tf.floor(right)
    points = tf.reshape(lattice, (-1, channels))
    start = tf.range(tf.shape(drawn)[0])[:, None, None] * (height + 1)
    found, power = 0.0, 0.0
    for below in (0, 1):
        begin = (start + tf.cast(top, tf.int32) + below) * (width + 1)
        for beside in (0, 1):
            weight = (1 - tf.abs(down - top - below)) * (
                1 - tf.abs(right - left - beside)
            )
            corner = tf.gather(points, begin + tf.cast(left, tf.int32) + beside)
            found += weight[..., None] * corner
            power += weight * weight
    return found * (spread * tf.math.rsqrt(power))[..., None]


def _scattered(number: Tensor, pattern: Tensor) -> Tensor:
    # By way of signed numbers, which processors turn into floats and back quicker.
    bits = _bits(number) * STRIDE + _bits(pattern) * APART
    for shift, factor in HASH:
        bits = _folded(bits, shift) * tf.constant(factor, tf.uint32)
    bits = _folded(bits, LAST_SHIFT)
    bytes_ = [
        tf.bitwise.bitwise_and(_moved(bits, 8 * n), tf.constant(0xFF, tf.uint32))
        for n in range(4)
    ]
    return (tf.cast(tf.cast(tf.add_n(bytes_), tf.int32), tf.float32) - MEAN) / DEVIATION


def _bits(number: Tensor) -> Tensor:
    return tf.cast(tf.cast(number, tf.int32), tf.uint32)


def _folded(bits: Tensor, shift: int) -> Tensor:
    return tf.bitwise.bitwise_xor(bits, _moved(bits, shift))


def _moved(bits: Tensor, shift: int) -> Tensor:
    return tf.bitwise.right_shift(bits, tf.constant(shift, tf.uint32))


def _inside(images: Tensor, edges: Tensor) -> Tensor:
    top, bottom, left, right = (edges[:, n, None, None, None] for n in range(4))
    y = tf.range(images.shape[1], dtype=tf.float32)[None, :, None, None]
    x = tf.range(images.shape[2], dtype=tf.float32)[None, None, :, None]
    return (y >= top) & (y < bottom) & (x >= left) & (x < right)


def _mixed(images: Tensor, drawn: dict[str, Tensor]) -> Tensor:
    others, mixed = partners(images), images
    if "mixup" in drawn:
        share = drawn["mixup"][:, None, None, None]
        mixed = share * images + (1 - share) * others
    if "cutmix" in drawn:
        mixed = tf.where(_inside(images, drawn["cutmix"]), others, mixed)
    return mixed
