"""Presets of KerasHub, and through it timm's checkpoints; needs the extra `hub`."""

from pathlib import Path
from typing import Any, final

import keras
from keras import layers

from visus.core.errors import MachineError, ModelError
from visus.data.extras import need
from visus.data.preprocess import PreprocessSpec
from visus.data.sources.base import Access
from visus.models.pretrained.base import Backbone, Shape
from visus.models.pretrained.card import Card, Published

PREFIX = "hub:"


@final
class HubPreset(Backbone):
    """`hub:NAME`: KerasHub fetches and keeps it, in its own place.

    Args:
        name: such as "hub:resnet_50_imagenet".

    Raises:
        MachineError: KerasHub is not installed, or cannot fetch the preset.
        ModelError: the preset is no network of pictures.
    """

    def __init__(self, name: str) -> None:
        self._preset = name.removeprefix(PREFIX)
        hub = need("keras_hub", extra="hub", because=f"The backbone {name!r} is named.")
        try:
            self._network = hub.models.Backbone.from_preset(self._preset)
            self._converter = hub.layers.ImageConverter.from_preset(self._preset)
        # KerasHub's and its downloader's errors have no common class.
        except Exception as error:
            raise _not_to_be_had(name, error) from error
        super().__init__(_card(name, self._network, self._converter))

    def find_weights(
        self, given: Path | None = None, access: Access | None = None
    ) -> Path:
        """KerasHub has brought them with the network."""
        return Path(self._preset)

    def build(self, input_shape: Shape, *, top: bool) -> keras.Model:
        """The preset's own scaling, its network, and pooling."""
        if top:
            raise ModelError(
                received=f"The original top of the preset {self._preset!r}.",
                expected="features: presets of backbones have none.",
                remedy="Train a bundle with it as the backbone.",
            )
        images = keras.Input(input_shape, name="images")
        scale, offset = self._converter.scale or 1.0, self._converter.offset or 0.0
        x = self._network(layers.Rescaling(scale, offset=offset)(images))
        return keras.Model(images, _pooled(x), name="backbone")

    def load(self, model: keras.Model, weights: Path, *, top: bool) -> None:
        """They are there."""


def _card(name: str, network: Any, converter: Any) -> Card:
    side = converter.image_size or (224, 224)
    return Card(
        name=name,
        spec=PreprocessSpec(
            image_size=tuple(side), channels=3, fit="crop", scaling="none"
        ),
        feature_count=int(network.output_shape[-1]),
        parameters=network.count_params(),
        licence="as KerasHub states it for the preset",
        source="KerasHub",
        published=Published(name),
    )


def _pooled(x: Any) -> Any:
    if len(x.shape) == 3:
        return layers.GlobalAveragePooling1D()(x)
    return layers.GlobalAveragePooling2D()(x) if len(x.shape) == 4 else x


def _not_to_be_had(name: str, error: Exception) -> MachineError:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return MachineError(
        received=f"KerasHub cannot bring {name!r}: {lines[0]}",
        expected="a preset of an image backbone, and a connection the first time.",
        remedy="Check its name on https://keras.io/keras_hub/presets/, or use a "
        "backbone of `visus models --pretrained`.",
    )
