"""convnet-no-pooling: the convnet without its poolings, to see what they were for."""

import keras
from keras import layers

from visus.models.base import NetworkFamily, NoSettings
from visus.tasks.base import Activation


class ConvnetNoPooling(NetworkFamily[NoSettings]):
    """Conv 32, conv 64, conv 128, flatten, softmax; 3 by 3, valid."""

    image_size = (28, 28)

    @classmethod
    def build(
        cls,
        input_shape: tuple[int, int, int],
        num_outputs: int,
        settings: NoSettings,
        activation: Activation = "softmax",
    ) -> keras.Model:
        """Make the network, with random weights."""
        images = keras.Input(input_shape, name="images")
        x = layers.Conv2D(32, 3, activation="relu")(images)
        x = layers.Conv2D(64, 3, activation="relu")(x)
        x = layers.Conv2D(128, 3, activation="relu")(x)
        x = layers.Flatten()(x)
        scores = layers.Dense(num_outputs, activation=activation, name="scores")(x)
        return keras.Model(images, scores, name="convnet-no-pooling")
