"""The networks of `keras.applications`, with the weights that Keras publishes.

Each is Keras's own, built on images of 0..255: what `preprocess_input` does outside of
the network there is done inside of it here, by a Rescaling in front and, for those that
take blue before red, by turning the first kernel around.
"""

from pathlib import Path
from typing import Any, final

import keras
import numpy as np
from keras import layers

from visus.models.pretrained.base import Backbone, Shape
from visus.models.pretrained.catalogue import Colors, applications
from visus.models.pretrained.weight_files import load_weights

# Of ImageNet's pictures, 0..255, red, green, blue: as Caffe's and PyTorch's networks
# have them.
CAFFE_MEAN = np.array([123.68, 116.779, 103.939])
TORCH_MEAN = np.array([0.485, 0.456, 0.406]) * 255
TORCH_DEVIATION = np.array([0.229, 0.224, 0.225]) * 255


@final
class Application(Backbone):
    """One network of `keras.applications`, by its row in the catalogue."""

    def build(self, input_shape: Shape, *, top: bool) -> keras.Model:
        """Keras's network behind the normalisation that it expects."""
        row = applications()[self.card.name]
        images = keras.Input(input_shape, name="images")
        network = getattr(keras.applications, row.function)(
            include_top=top,
            weights=None,
            input_tensor=_normalised(images, row.colors),
            pooling=None if top else "avg",
        )
        return keras.Model(images, network.output, name=self.card.name)

    def load(self, model: keras.Model, weights: Path, *, top: bool) -> None:
        """From any of Keras's kinds of files, with or without the top."""
        colors = applications()[self.card.name].colors
        load_weights(model, weights, self.card.name, None if top else self._whole)
        if colors == "caffe":
            _turn_colors(model)
        elif colors == "twice":
            _divide_again(model)

    def _whole(self) -> keras.Model:
        return self.build(self.card.spec.input_shape, top=True)


def _normalised(images: Any, colors: Colors) -> Any:
    if colors == "caffe":
        return layers.Rescaling(1.0, offset=(-CAFFE_MEAN).tolist())(images)
    if colors == "signed":
        return layers.Rescaling(1 / 127.5, offset=-1.0)(images)
    if colors == "torch":
        scale, offset = 1 / TORCH_DEVIATION, -TORCH_MEAN / TORCH_DEVIATION
        return layers.Rescaling(scale.tolist(), offset=offset.tolist())(images)
    return images


def _turn_colors(model: keras.Model) -> None:
    """Let the first kernel, learned on blue, green, red, take red, green, blue."""
    first = next(layer for layer in model.layers if isinstance(layer, layers.Conv2D))
    kernel, *others = first.get_weights()
    first.set_weights([kernel[:, :, ::-1], *others])


def _divide_again(model: keras.Model) -> None:
    """Divide by the square root of the deviation once more.

    EfficientNet's weights were learned with images divided by the variance that the
    file has, and Keras's layer divides by its root. Keras mends it by another layer,
    but only where it loads the weights itself.
    """
    for layer in model.layers:
        if isinstance(layer, layers.Normalization):
            mean, variance, count = layer.get_weights()
            deviation = TORCH_DEVIATION / 255
            layer.set_weights([mean, variance * deviation, count])
            layer.finalize_state()
