"""Backbone: one pretrained network, as features and as the original classifier."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from visus.core.errors import ModelError
from visus.data.sources.base import Access
from visus.models.backend import select_backend
from visus.models.pretrained.card import Card
from visus.models.pretrained.weights import find_weights

if TYPE_CHECKING:
    import keras

Shape = tuple[int, int, int]


class Backbone(ABC):
    """One pretrained network.

    Both of its Keras networks take images 0..255 `(batch, height, width, 3)`, red,
    green, blue: pixels as `card.spec` prepares them, scaled by nothing. Means, standard
    deviations and the order of colors are inside, so `build_onnx(model,
    scaling="none")` gives a graph of plain uint8 pixels.

    Args:
        card: what is known of it.

    Example:
        >>> backbone = find_backbone("efficientnet-lite0")         # doctest: +SKIP
        >>> weights = backbone.find_weights()                      # doctest: +SKIP
        >>> network = backbone.features(weights)                   # doctest: +SKIP
        >>> network(pixels).shape                                  # doctest: +SKIP
        (8, 1280)
    """

    def __init__(self, card: Card) -> None:
        self.card = card

    def features(
        self, weights: Path | None, input_shape: Shape | None = None
    ) -> "keras.Model":
        """The network without its top, ending in global pooling.

        Args:
            weights: what `find_weights` found; `None`: random ones.
            input_shape: `(height, width, 3)`; `None`: the card's.

        Returns:
            images `(batch, height, width, 3)` to features `(batch, feature_count)`. All
            layers are trainable; freezing them is the caller's.

        Raises:
            ModelError: the file is damaged, of another network, or asks to execute
                something; or the pictures are too small.
        """
        return self._made(weights, input_shape, top=False)

    def classifier(
        self, weights: Path | None, input_shape: Shape | None = None
    ) -> "keras.Model":
        """The network with its original top.

        Returns:
            images `(batch, height, width, 3)` to probabilities `(batch, 1000)`, in the
            order of `imagenet_names()`.

        Raises:
            ModelError: as for `features`; or the file has no top.
        """
        return self._made(weights, input_shape, top=True)

    def find_weights(
        self, given: Path | None = None, access: Access | None = None
    ) -> Path:
        """The file of weights; see `visus.models.pretrained.weights.find_weights`."""
        return find_weights(self.card, given, access)

    @abstractmethod
    def build(self, input_shape: Shape, *, top: bool) -> "keras.Model":
        """The network with random weights, normalisation of 0..255 included."""

    @abstractmethod
    def load(self, model: "keras.Model", weights: Path, *, top: bool) -> None:
        """Put the weights of a file into what `build` gave.

        Raises:
            ModelError: they cannot be used.
        """

    def _made(
        self, weights: Path | None, input_shape: Shape | None, *, top: bool
    ) -> "keras.Model":
        shape = input_shape or self.card.spec.input_shape
        self._require_room(shape)
        select_backend()
        model = self.build(shape, top=top)
        if weights is not None:
            self.load(model, weights, top=top)
        return model

    def _require_room(self, shape: Shape) -> None:
        least, usual = self.card.least_side, self.card.spec.image_size
        if shape[2] == 3 and min(shape[:2]) >= least:
            return
        raise ModelError(
            received=f"Pictures of {shape[0]}x{shape[1]}x{shape[2]} for the backbone "
            f"{self.card.name!r}.",
            expected=f"at least {least}x{least} pixels, in color (x3).",
            remedy=f"Let them be prepared at {usual[0]}x{usual[1]}, its own size; "
            "smaller and gray pictures are brought to it.",
        )


def fill_layer(layer: Any, arrays: Sequence[Any], path: Path, name: str) -> None:
    """Set a layer's weights, in Keras's order.

    Raises:
        ModelError: their shapes are another network's, or they are no finite numbers.
    """
    wanted = [tuple(variable.shape) for variable in layer.weights]
    given = [tuple(np.shape(array)) for array in arrays]
    if wanted != given:
        reason = f"the weights of its layer {layer.name!r} have the shapes {given}"
        raise other_network(path, name, reason, f"here they have {wanted}")
    if not all(np.isfinite(array).all() for array in arrays):
        reason = f"the weights of its layer {layer.name!r} are not all numbers"
        raise other_network(path, name, reason, "all are finite")
    layer.set_weights([np.asarray(array) for array in arrays])


def other_network(path: Path, name: str, reason: str, here: str = "") -> ModelError:
    """The one error for a file of weights that is of another network."""
    return ModelError(
        received=f"The weights file {path} is not of {name!r}: {reason}.",
        expected=f"the weights of {name!r}" + (f", where {here}." if here else "."),
        remedy="Name the backbone that the file is of (see `visus models "
        "--pretrained`), or fetch the file again.",
    )
