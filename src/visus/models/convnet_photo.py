"""convnet-photo: the course's cats-and-dogs network, five convolutions deep."""

import keras
from keras import layers

from visus.models.base import NetworkFamily
from visus.models.downsampling import PoolingSettings, convolution_and_pooling
from visus.tasks.base import Activation


class ConvnetPhoto(NetworkFamily[PoolingSettings]):
    """Rescaling, conv 32-64-128-256-256 with pooling, dropout 0.5, softmax."""

    settings_class = PoolingSettings
    # The course puts the scaling into the network, as its first layer.
    scaling = "none"
    image_size = (180, 180)

    @classmethod
    def build(
        cls,
        input_shape: tuple[int, int, int],
        num_outputs: int,
        settings: PoolingSettings,
        activation: Activation = "softmax",
    ) -> keras.Model:
        """Make the network, with random weights."""
        images = keras.Input(input_shape, name="images")
        x = layers.Rescaling(1 / 255)(images)
        for filters in (32, 64, 128, 256):
            x = convolution_and_pooling(x, filters, settings.pooling)
        x = layers.Conv2D(256, 3, activation="relu")(x)
        x = layers.Flatten()(x)
        x = layers.Dropout(0.5)(x)
        scores = layers.Dense(num_outputs, activation=activation, name="scores")(x)
        return keras.Model(images, scores, name="convnet-photo")
