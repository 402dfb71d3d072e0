"""Two layers with quicker gradients, put in place for training only.

On one core, TensorFlow's gradient of a 2 by 2 max pooling takes as long as a
convolution, and its gradient of a convolution with many filters on a small map runs at
half the speed of the same sums written as a convolution. Both gradients here are the
same sums; tests hold them against TensorFlow's.
"""

import math
from typing import Any

import keras
import tensorflow as tf

Tensor = Any
Shape = tuple[Any, ...]

# Where the flipped convolution was measured to be quicker (benchmarks/NOTES.md).
FEWEST_FILTERS = 128
MOST_POSITIONS = 36


class QuickMaxPooling(keras.layers.Layer):
    """A 2 by 2 max pooling with stride 2 and no padding."""

    def call(self, images: Tensor) -> Tensor:
        """Halve `(batch, height, width, channels)`."""
        return max_pool(images)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Half the height and width, rounded down."""
        batch, height, width, channels = input_shape
        return batch, height // 2, width // 2, channels


class QuickConvolution(keras.layers.Layer):
    """The convolution of another layer, with that layer's own weights."""

    def __init__(self, source: keras.layers.Conv2D) -> None:
        super().__init__(name=source.name)
        self.source = source
        self.built = True

    def call(self, images: Tensor) -> Tensor:
        """What the other layer gives for `(batch, height, width, channels)`."""
        source = self.source
        features = convolve(images, source.kernel.value, source.padding.upper())
        if source.use_bias:
            features = tf.nn.bias_add(features, source.bias.value)
        return source.activation(features)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """As the other layer's."""
        shape: Shape = self.source.compute_output_shape(input_shape)
        return shape


def with_quick_layers(model: keras.Model) -> keras.Model:
    """The same network, sharing all weights, with quick layers where they help."""
    if not any(_poolable(layer) or _convolvable(layer) for layer in model.layers):
        return model
    return keras.models.clone_model(model, clone_function=_quickened)


@tf.custom_gradient
def max_pool(images: Tensor) -> Tensor:
    """The largest of each 2 by 2 pixels; an odd last row or column is left out."""
    pooled = tf.nn.max_pool2d(images, 2, 2, "VALID")
    return pooled, lambda gradient: _route(images, pooled, gradient)


def convolve(images: Tensor, kernel: Tensor, padding: str) -> Tensor:
    """A convolution of stride 1 and odd size, padding "SAME" or "VALID"."""

    @tf.custom_gradient
    def convolved(images: Tensor, kernel: Tensor) -> Tensor:
        def gradients(gradient: Tensor) -> tuple[Tensor, Tensor]:
            to_kernel = tf.raw_ops.Conv2DBackpropFilter(
                input=images,
                filter_sizes=tf.shape(kernel),
                out_backprop=gradient,
                strides=[1, 1, 1, 1],
                padding=padding,
            )
            return _spread(gradient, kernel, padding), to_kernel

        return tf.nn.conv2d(images, kernel, 1, padding), gradients

    return convolved(images, kernel)


def _spread(gradient: Tensor, kernel: Tensor, padding: str) -> Tensor:
    # Each pixel gathers from all features it went into: the flipped kernel.
    flipped = tf.transpose(tf.reverse(kernel, [0, 1]), [0, 1, 3, 2])
    if padding == "VALID":
        height, width = kernel.shape[:2]
        edges = [[0, 0], [height - 1] * 2, [width - 1] * 2, [0, 0]]
        gradient = tf.pad(gradient, edges)
    return tf.nn.conv2d(gradient, flipped, 1, padding)


@tf.function(jit_compile=True, autograph=False)
def _route(images: Tensor, pooled: Tensor, gradient: Tensor) -> Tensor:
    rows, columns = pooled.shape[1], pooled.shape[2]
    left, parts = gradient, []
    for down in (0, 1):
        for right in (0, 1):
            corner = images[:, down : 2 * rows : 2, right : 2 * columns : 2]
            # The first of equal ones gets it all, as in TensorFlow.
            largest = tf.equal(corner, pooled)
            parts.append(tf.where(largest, left, 0.0))
            left = tf.where(largest, 0.0, left)
    top, bottom = tf.stack(parts[:2], axis=3), tf.stack(parts[2:], axis=3)
    shape = (-1, 2 * rows, 2 * columns, images.shape[3])
    routed = tf.reshape(tf.stack([top, bottom], axis=2), shape)
    odd = [images.shape[1] - 2 * rows, images.shape[2] - 2 * columns]
    return tf.pad(routed, [[0, 0], [0, odd[0]], [0, odd[1]], [0, 0]])


def _quickened(layer: keras.layers.Layer) -> keras.layers.Layer:
    if _poolable(layer):
        return QuickMaxPooling(name=layer.name)
    return QuickConvolution(layer) if _convolvable(layer) else layer


def _poolable(layer: keras.layers.Layer) -> bool:
    return (
        isinstance(layer, keras.layers.MaxPooling2D)
        and tuple(layer.pool_size) == tuple(layer.strides) == (2, 2)
        and layer.padding == "valid"
        and layer.data_format == "channels_last"
    )


def _convolvable(layer: keras.layers.Layer) -> bool:
    return (
        type(layer) is keras.layers.Conv2D
        and tuple(layer.strides) == tuple(layer.dilation_rate) == (1, 1)
        and all(size % 2 == 1 for size in layer.kernel_size)
        and layer.groups == 1
        and layer.data_format == "channels_last"
        and not layer.losses
        and layer.filters >= FEWEST_FILTERS
        and math.prod(layer.output.shape[1:3]) <= MOST_POSITIONS
    )
