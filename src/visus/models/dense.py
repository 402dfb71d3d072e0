"""dense: two hidden layers, the course's first network."""

import keras
from keras import layers

from visus.models.base import NetworkFamily, NoSettings
from visus.tasks.base import Activation


class Dense(NetworkFamily[NoSettings]):
    """Flatten, Dense 256, Dense 128, softmax."""

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
        x = layers.Flatten()(images)
        x = layers.Dense(256, activation="relu")(x)
        x = layers.Dense(128, activation="relu")(x)
        scores = layers.Dense(num_outputs, activation=activation, name="scores")(x)
        return keras.Model(images, scores, name="dense")
