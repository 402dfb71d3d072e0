"""resnet: a small residual network for color pictures, from scratch.

After He et al., "Deep Residual Learning" (2016), with the economies of the fast CIFAR
networks: few stages, and little that works at full size. Photographs and small pictures
want different ones (measured in benchmarks/NOTES.md): a photograph has pixels to spare,
so a strided convolution halves it and a residual pair follows; a small picture has
none, so it is convolved first and averaged then, and one residual convolution follows.
"""

from typing import Any

import keras
from keras import layers
from pydantic import Field

from visus.core.settings import Settings
from visus.models.base import NetworkFamily
from visus.tasks.base import Activation

MOMENTUM = 0.9
# Pictures with a shorter side below this are small.
SMALL_SIDE = 64


class ResnetSettings(Settings):
    """How wide and how deep."""

    stem: int = Field(24, ge=1, description="filters of the first convolution")
    widths: tuple[int, ...] = Field(
        (32, 96, 192), min_length=1, description="filters of each stage"
    )
    blocks: int = Field(1, ge=0, description="residual blocks a stage")
    dropout: float = Field(0.0, ge=0, lt=1, description="share dropped at the end")


class Resnet(NetworkFamily[ResnetSettings]):
    """Stem, three halving stages with a residual block each, mean, softmax."""

    settings_class = ResnetSettings
    scaling = "signed"
    image_size = (112, 112)

    @classmethod
    def build(
        cls,
        input_shape: tuple[int, int, int],
        num_outputs: int,
        settings: ResnetSettings,
        activation: Activation = "softmax",
    ) -> keras.Model:
        """Make the network, with random weights."""
        images = keras.Input(input_shape, name="images")
        small = min(input_shape[:2]) < SMALL_SIDE
        size, strides = (2, 1) if small else (5, 2)
        x = _convolution(images, settings.stem, size=size, strides=strides)
        x = layers.ReLU()(_normalized(x))
        halve, block = (
            (_average_by_two, _single_block) if small else (_stride_by_two, _pair_block)
        )
        for width in settings.widths:
            x = halve(x, width)
            for _ in range(settings.blocks):
                x = block(x, width)
        x = layers.GlobalAveragePooling2D()(x)
        if settings.dropout:
            x = layers.Dropout(settings.dropout)(x)
        scores = layers.Dense(num_outputs, activation=activation, name="scores")(x)
        return keras.Model(images, scores, name="resnet")


def _stride_by_two(x: Any, width: int) -> Any:
    return layers.ReLU()(_normalized(_convolution(x, width, size=4, strides=2)))


def _average_by_two(x: Any, width: int) -> Any:
    # Batch norm after the average has a quarter of the work.
    x = layers.AveragePooling2D(2, padding="same")(_convolution(x, width))
    return layers.ReLU()(_normalized(x))


def _pair_block(x: Any, width: int) -> Any:
    branch = layers.ReLU()(_normalized(_convolution(x, width)))
    # A pair that starts at zero lets the gradient pass unharmed at first (Goyal et
    # al., "Accurate, Large Minibatch SGD", 2017).
    branch = _normalized(_convolution(branch, width), gamma="zeros")
    return layers.ReLU()(layers.Add()([x, branch]))


def _single_block(x: Any, width: int) -> Any:
    branch = layers.ReLU()(_normalized(_convolution(x, width)))
    return layers.Add()([x, branch])


def _convolution(x: Any, filters: int, *, size: int = 3, strides: int = 1) -> Any:
    return layers.Conv2D(
        filters,
        size,
        strides=strides,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
    )(x)


def _normalized(x: Any, *, gamma: str = "ones") -> Any:
    return layers.BatchNormalization(momentum=MOMENTUM, gamma_initializer=gamma)(x)
