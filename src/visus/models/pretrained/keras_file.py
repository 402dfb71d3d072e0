"""Any Keras model file as a backbone: its features are what its last Dense takes."""

from pathlib import Path
from typing import Any, final

import keras
from keras import layers

from visus.core.errors import ModelError
from visus.data.preprocess import PreprocessSpec
from visus.data.sources.base import Access
from visus.models.pretrained.base import Backbone, Shape
from visus.models.pretrained.card import Card, Published
from visus.models.storage import load_network

# What may stand behind the last Dense without making it less the top.
_AFTER_TOP = ("Activation", "Softmax", "Rescaling", "Identity", "Dropout")


@final
class KerasFile(Backbone):
    """A network in a `.keras` file, with its weights.

    One that begins with Rescaling or Normalization is given 0..255; others 0..1.

    Args:
        path: of the file.

    Raises:
        ModelError: it cannot be read without executing something, or does not turn
            pictures of one size, in color, into anything.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        network = _read(path)
        _require_pictures(path, network)
        # A Sequential becomes the graph that it is.
        self._network = keras.Model(network.inputs[0], network.outputs[0])
        super().__init__(_card(path, self._network))

    def find_weights(
        self, given: Path | None = None, access: Access | None = None
    ) -> Path:
        """The file itself."""
        return self._path

    def build(self, input_shape: Shape, *, top: bool) -> keras.Model:
        """The network up to its features; weights are those of the file."""
        if top:
            raise ModelError(
                received=f"The original top of {self._path}.",
                expected="features: what its scores are called is not in the file.",
                remedy="Train a bundle with it as the backbone.",
            )
        if input_shape != self.card.spec.input_shape:
            raise ModelError(
                received=f"Pictures of {input_shape} for {self._path}.",
                expected=f"the size that it has: {self.card.spec.input_shape}.",
                remedy="Leave the size out.",
            )
        network = keras.models.clone_model(self._network)
        images = keras.Input(input_shape, name="images")
        scaled = (
            images if _scales_itself(network) else layers.Rescaling(1 / 255)(images)
        )
        inner = keras.Model(network.input, _features(network), name=network.name)
        return keras.Model(images, inner(scaled), name="backbone")

    def load(self, model: keras.Model, weights: Path, *, top: bool) -> None:
        """From the file that was read."""
        for layer in model.layers[-1].layers:
            if layer.weights:
                layer.set_weights(self._network.get_layer(layer.name).get_weights())


def _read(path: Path) -> keras.Model:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(
            received=f"The Keras file {path} cannot be read: {error.strerror}.",
            expected="a file that model.save('NAME.keras') wrote.",
            remedy="Check the path.",
        ) from error
    return load_network(content)


def _require_pictures(path: Path, network: keras.Model) -> None:
    inputs, outputs = (getattr(network, name, ()) for name in ("inputs", "outputs"))
    shapes = [tuple(tensor.shape) for tensor in inputs or ()]
    shape = shapes[0] if len(shapes) == len(outputs or ()) == 1 else ()
    if len(shape) != 4 or None in shape[1:] or shape[3] != 3:
        raise ModelError(
            received=f"The Keras file {path}, whose inputs are {shapes}.",
            expected="a network of color pictures (batch, height, width, 3), of one "
            "size, with one output.",
            remedy="Save it with keras.Input((height, width, 3)).",
        )


def _card(path: Path, network: keras.Model) -> Card:
    return Card(
        name=str(path),
        spec=PreprocessSpec(
            image_size=network.input_shape[1:3], channels=3, fit="crop", scaling="none"
        ),
        feature_count=int(_features(network).shape[-1]),
        parameters=network.count_params(),
        licence="unknown",
        source="a file of the user's",
        published=Published(path.name),
        least_side=1,
    )


def _features(network: keras.Model) -> Any:
    output = network.output
    if len(output.shape) == 4:
        return layers.GlobalAveragePooling2D()(output)
    behind = [
        layer for layer in network.layers if type(layer).__name__ not in _AFTER_TOP
    ]
    last = behind[-1]
    return last.input if isinstance(last, layers.Dense) else output


def _scales_itself(network: keras.Model) -> bool:
    first = [type(layer).__name__ for layer in network.layers[:2]]
    return "Rescaling" in first or "Normalization" in first
