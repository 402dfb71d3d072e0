"""What `data/augment.py` drew, applied inside TensorFlow's compiled step."""

from typing import Any

import tensorflow as tf

Tensor = Any


def change_images(images: Tensor, drawn: dict[str, Tensor]) -> Tensor:
    """Warp, recolor, cut and mix one tower's pictures.

    Args:
        images: 0..255, float32 `(batch, height, width, channels)`.
        drawn: the parts of an `AugmentDraw` for these pictures, by name.
    """
    if "transforms" in drawn:
        images = _warped(images, drawn["transforms"])
    if "color" in drawn:
        images = _recolored(images, drawn["color"])
    if "cutout" in drawn:
        images = _cut(images, drawn["cutout"])
    if "mixup" in drawn:
        share = drawn["mixup"][:, None, None, None]
        images = share * images + (1 - share) * next_picture(images)
    return images


def next_picture(values: Tensor) -> Tensor:
    """Each row's partner in a mix: the next row, and the first for the last."""
    return tf.roll(values, shift=-1, axis=0)


def _warped(images: Tensor, transforms: Tensor) -> Tensor:
    warped = tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=transforms,
        output_shape=tf.shape(images)[1:3],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="REFLECT",
    )
    # The op forgets the size, which the network's layers want to know.
    return tf.ensure_shape(warped, images.shape)


def _recolored(images: Tensor, factors: Tensor) -> Tensor:
    brightness, contrast, saturation = (
        factors[:, number, None, None, None] for number in range(3)
    )
    images = images * brightness
    mean = tf.reduce_mean(images, axis=(1, 2, 3), keepdims=True)
    images = (images - mean) * contrast + mean
    gray = tf.reduce_mean(images, axis=-1, keepdims=True)
    return tf.clip_by_value(gray + (images - gray) * saturation, 0.0, 255.0)


def _cut(images: Tensor, squares: Tensor) -> Tensor:
    top, bottom, left, right = (squares[:, n, None, None, None] for n in range(4))
    y = tf.range(tf.shape(images)[1], dtype=tf.float32)[None, :, None, None]
    x = tf.range(tf.shape(images)[2], dtype=tf.float32)[None, None, :, None]
    inside = (y >= top) & (y < bottom) & (x >= left) & (x < right)
    return tf.where(inside, 127.5, images)
