"""quick-residual: `quick` for small gray pictures that are harder than digits.

It looks at every pixel before anything is made smaller, and a residual convolution
works where the map is small: both are worth their time on clothes, as
benchmarks/NOTES.md shows.
"""

from typing import Any

import keras
from keras import layers
from pydantic import Field

from visus.core.settings import Settings
from visus.models.base import NetworkFamily
from visus.tasks.base import Activation

# A short run has few steps in which to learn what the mean picture is like.
MOMENTUM = 0.9


class QuickResidualSettings(Settings):
    """How wide."""

    widths: tuple[int, int, int] = Field(
        (16, 48, 128), description="filters of the first, the middle two and the last"
    )


class QuickResidual(NetworkFamily[QuickResidualSettings]):
    """Conv 16, pool, conv 48, pool, residual conv 48, conv 128, flatten, softmax."""

    settings_class = QuickResidualSettings
    image_size = (28, 28)

    @classmethod
    def build(
        cls,
        input_shape: tuple[int, int, int],
        num_outputs: int,
        settings: QuickResidualSettings,
        activation: Activation = "softmax",
    ) -> keras.Model:
        """Make the network, with random weights."""
        images = keras.Input(input_shape, name="images")
        first, middle, last = settings.widths
        x = layers.Conv2D(first, 3, activation="relu")(images)
        x = layers.AveragePooling2D(2)(x)
        x = _normalized(layers.AveragePooling2D(2)(_convolution(x, middle)))
        x = layers.Add()([x, _normalized(_convolution(x, middle))])
        x = _normalized(_convolution(x, last, padding="valid"))
        x = layers.Flatten()(x)
        scores = layers.Dense(num_outputs, activation=activation, name="scores")(x)
        return keras.Model(images, scores, name="quick-residual")


def _convolution(x: Any, filters: int, *, padding: str = "same") -> Any:
    return layers.Conv2D(
        filters,
        3,
        padding=padding,
        use_bias=False,
        kernel_initializer="he_normal",
    )(x)


def _normalized(x: Any) -> Any:
    return layers.ReLU()(layers.BatchNormalization(momentum=MOMENTUM)(x))
