"""convnet-strided: convolutions that skip every other position."""

from typing import Literal

import keras
from keras import layers
from pydantic import Field

from visus.core.settings import Settings
from visus.models.base import NetworkFamily
from visus.tasks.base import Activation


class StridedSettings(Settings):
    """The one pooling between the two strides."""

    pooling: Literal["max", "average"] = Field("max", description="of 2 by 2 pixels")


class ConvnetStrided(NetworkFamily[StridedSettings]):
    """Conv 32 stride 2, pool, conv 64 stride 2, Dense 256, Dense 128, softmax."""

    settings_class = StridedSettings
    image_size = (28, 28)

    @classmethod
    def build(
        cls,
        input_shape: tuple[int, int, int],
        num_outputs: int,
        settings: StridedSettings,
        activation: Activation = "softmax",
    ) -> keras.Model:
        """Make the network, with random weights."""
        images = keras.Input(input_shape, name="images")
        x = layers.Conv2D(32, 3, strides=2, activation="relu")(images)
        pools = {"max": layers.MaxPooling2D, "average": layers.AveragePooling2D}
        x = pools[settings.pooling](2)(x)
        x = layers.Conv2D(64, 3, strides=2, activation="relu")(x)
        x = layers.Flatten()(x)
        x = layers.Dense(256, activation="relu")(x)
        x = layers.Dense(128, activation="relu")(x)
        scores = layers.Dense(num_outputs, activation=activation, name="scores")(x)
        return keras.Model(images, scores, name="convnet-strided")
