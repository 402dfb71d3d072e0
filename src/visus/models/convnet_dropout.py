"""convnet-dropout: two convolutions, and half of the features dropped in training."""

import keras
from keras import layers

from visus.models.base import NetworkFamily
from visus.models.downsampling import PoolingSettings, convolution_and_pooling
from visus.tasks.base import Activation


class ConvnetDropout(NetworkFamily[PoolingSettings]):
    """Conv 32, pool, conv 64, pool, flatten, dropout 0.5, softmax."""

    settings_class = PoolingSettings
    image_size = (28, 28)

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
        x = convolution_and_pooling(images, 32, settings.pooling)
        x = convolution_and_pooling(x, 64, settings.pooling)
        x = layers.Flatten()(x)
        x = layers.Dropout(0.5)(x)
        scores = layers.Dense(num_outputs, activation=activation, name="scores")(x)
        return keras.Model(images, scores, name="convnet-dropout")
