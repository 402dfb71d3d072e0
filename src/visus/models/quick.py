"""quick: the network behind the default recipe for small gray pictures.

Each choice was measured in CPU time for the accuracy it buys: a strided first
convolution (the only one at full size), average pooling (its gradient is cheap), batch
norm after pooling (a quarter of the work), and few filters.
"""

import keras
from keras import layers
from pydantic import Field

from visus.core.settings import Settings
from visus.models.base import NetworkFamily
from visus.tasks.base import Activation

# A short run has few steps in which to learn what the mean picture is like.
MOMENTUM = 0.9


class QuickSettings(Settings):
    """How wide."""

    widths: tuple[int, int, int] = Field(
        (16, 32, 64), description="filters of the three convolutions"
    )


class Quick(NetworkFamily[QuickSettings]):
    """Conv 16 5x5 stride 2, conv 32, average pool, conv 64, flatten, softmax."""

    settings_class = QuickSettings
    image_size = (28, 28)

    @classmethod
    def build(
        cls,
        input_shape: tuple[int, int, int],
        num_outputs: int,
        settings: QuickSettings,
        activation: Activation = "softmax",
    ) -> keras.Model:
        """Make the network, with random weights."""
        images = keras.Input(input_shape, name="images")
        first, second, third = settings.widths
        x = layers.Conv2D(first, 5, strides=2, activation="relu")(images)
        x = layers.Conv2D(second, 3, use_bias=False)(x)
        x = layers.AveragePooling2D(2)(x)
        x = layers.BatchNormalization(momentum=MOMENTUM)(x)
        x = layers.ReLU()(x)
        x = layers.Conv2D(third, 3, use_bias=False)(x)
        x = layers.BatchNormalization(momentum=MOMENTUM)(x)
        x = layers.ReLU()(x)
        x = layers.Flatten()(x)
        scores = layers.Dense(num_outputs, activation=activation, name="scores")(x)
        return keras.Model(images, scores, name="quick")
