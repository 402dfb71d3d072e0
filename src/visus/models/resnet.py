"""resnet: a small residual network for color pictures, from scratch.

After He et al., "Deep Residual Learning" (2016), with the economies of the fast CIFAR
networks: few stages, one residual pair a stage, strided convolutions that downsample.
"""

from typing import Any

import keras
from keras import layers
from pydantic import Field

from visus.core.settings import Settings
from visus.models.base import NetworkFamily
from visus.tasks.base import Activation

MOMENTUM = 0.9
# Pictures with a shorter side below this keep their full size in the stem.
SMALL_SIDE = 64


class ResnetSettings(Settings):
    """How wide and how deep."""

    stem: int = Field(24, ge=1, description="filters of the first convolution")
    widths: tuple[int, ...] = Field(
        (32, 96, 192), min_length=1, description="filters of each stage"
    )
    blocks: int = Field(1, ge=0, description="residual pairs a stage")
    dropout: float = Field(0.0, ge=0, lt=1, description="share dropped at the end")


class Resnet(NetworkFamily[ResnetSettings]):
    """Stem, three halving stages with a residual pair each, mean, softmax."""

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
        x = _stem(images, settings.stem, small=min(input_shape[:2]) < SMALL_SIDE)
        for width in settings.widths:
            x = _convolution(x, width, size=4, strides=2)
            x = layers.ReLU()(x)
            for _ in range(settings.blocks):
                x = _residual_pair(x, width)
        x = layers.GlobalAveragePooling2D()(x)
        if settings.dropout:
            x = layers.Dropout(settings.dropout)(x)
        scores = layers.Dense(num_outputs, activation=activation, name="scores")(x)
        return keras.Model(images, scores, name="resnet")


def _stem(images: Any, filters: int, *, small: bool) -> Any:
    x = _convolution(images, filters, size=3 if small else 5, strides=1 if small else 2)
    return layers.ReLU()(x)


def _residual_pair(x: Any, width: int) -> Any:
    branch = layers.ReLU()(_convolution(x, width))
    # A pair that starts at zero lets the gradient pass unharmed at first (Goyal et
    # al., "Accurate, Large Minibatch SGD", 2017).
    branch = _convolution(branch, width, gamma="zeros")
    return layers.ReLU()(layers.Add()([x, branch]))


def _convolution(
    x: Any, filters: int, *, size: int = 3, strides: int = 1, gamma: str = "ones"
) -> Any:
    x = layers.Conv2D(
        filters,
        size,
        strides=strides,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
    )(x)
    return layers.BatchNormalization(momentum=MOMENTUM, gamma_initializer=gamma)(x)
