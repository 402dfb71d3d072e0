"""quick: the network behind the default recipe for small gray pictures.

Each choice was measured in CPU time for the accuracy it buys: a strided first
convolution (the only one at full size), average pooling (its gradient is cheap), batch
norm after pooling (a quarter of the work), and few filters.
"""

import keras
from keras import layers

from visus.models.base import NetworkFamily, NoSettings

# A short run has few steps in which to learn what the mean picture is like.
MOMENTUM = 0.9


class Quick(NetworkFamily[NoSettings]):
    """Conv 16 5x5 stride 2, conv 32, average pool, conv 64, flatten, softmax."""

    image_size = (28, 28)

    @classmethod
    def build(
        cls, input_shape: tuple[int, int, int], num_classes: int, settings: NoSettings
    ) -> keras.Model:
        """Make the network, with random weights."""
        images = keras.Input(input_shape, name="images")
        x = layers.Conv2D(16, 5, strides=2, activation="relu")(images)
        x = layers.Conv2D(32, 3, use_bias=False)(x)
        x = layers.AveragePooling2D(2)(x)
        x = layers.BatchNormalization(momentum=MOMENTUM)(x)
        x = layers.ReLU()(x)
        x = layers.Conv2D(64, 3, use_bias=False)(x)
        x = layers.BatchNormalization(momentum=MOMENTUM)(x)
        x = layers.ReLU()(x)
        x = layers.Flatten()(x)
        scores = layers.Dense(num_classes, activation="softmax", name="scores")(x)
        return keras.Model(images, scores, name="quick")
