"""The network of a bundle with the scaling of its pixels before it, calibrated."""

from typing import TYPE_CHECKING, Any

import numpy as np

from visus.bundles import Bundle
from visus.bundles.calibration import SMALLEST, Calibration
from visus.core.errors import ModelError
from visus.models.backend import select_backend

if TYPE_CHECKING:
    import keras


def whole_network(bundle: Bundle) -> "keras.Model":
    """The Keras network from prepared pixels to calibrated scores.

    Returns:
        float32 `images` `(batch, height, width, channels)` of 0 to 255 to scores
        `(batch, num_outputs)`.

    Raises:
        ModelError: the bundle holds no Keras network, or one that only its author can
            load.
    """
    if bundle.contents.network is None:
        raise ModelError(
            received=f"{bundle.path} holds no Keras network, only an ONNX graph.",
            expected="a network of Keras's own layers, for a format that Keras makes.",
            remedy="Export it --to onnx, openvino or browser, which need none.",
        )
    select_backend()
    import keras

    from visus.models.storage import load_network

    network = load_network(bundle.contents.network)
    images = keras.Input(network.input_shape[1:], name="images")
    # As `scaled_images` has it; the training step and the ONNX graph do the same.
    factors = {"unit": (1 / 255, 0.0), "signed": (2 / 255, -1.0)}
    scaled = images
    if bundle.spec.scaling in factors:
        scale, offset = factors[bundle.spec.scaling]
        scaled = keras.layers.Rescaling(scale, offset, name="scaling")(images)
    scores = _calibrated(network(scaled), bundle.calibration)
    return keras.Model(images, scores, name=network.name)


def _calibrated(scores: Any, calibration: Calibration | None) -> Any:
    """As `tempered` has it, in steps that Keras loads without code of ours."""
    if calibration is None or all(t == 1 for t in calibration.temperatures):
        return scores
    import keras

    divisors = np.asarray(calibration.temperatures, np.float32)

    def logits(shares: Any) -> Any:
        return keras.ops.log(keras.ops.maximum(shares, SMALLEST)) / divisors

    if calibration.activation == "softmax":
        return keras.layers.Softmax(name="calibrated")(logits(scores))
    difference = logits(scores) - logits(1 - scores)
    return keras.layers.Activation("sigmoid", name="calibrated")(difference)
