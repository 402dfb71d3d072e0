"""savedmodel: what TensorFlow Serving loads, with the signatures its clients ask."""

from pathlib import Path
from typing import Any, final

import numpy as np

from visus.bundles import Bundle
from visus.data.batches import Pixels
from visus.exporting.base import Exporter, Floats, Runtime, describe_folder, pieces
from visus.models.backend import select_backend
from visus.models.whole import whole_network

# What clients ask for who name no signature; and what the course's clients name.
SIGNATURES = ("serving_default", "prediction")


@final
class SavedModelExporter(Exporter):
    """float32 `images` of 0 to 255 to `scores`, under two signatures."""

    def write(self, bundle: Bundle, place: Path) -> None:
        """The folder `<version>/` that TensorFlow Serving expects below a model."""
        write_saved_model(bundle, place)
        describe_folder(bundle, place)

    def answer(self, place: Path, pixels: Pixels) -> tuple[Floats, Runtime]:
        """In TensorFlow; every signature must give the same."""
        select_backend()
        import tensorflow as tf

        loaded = tf.saved_model.load(str(place))
        answers = [_answer(tf, loaded.signatures[name], pixels) for name in SIGNATURES]
        if not all(np.array_equal(answers[0], other) for other in answers):
            # A score that is no number is a difference that no tolerance allows.
            answers[0] = np.full_like(answers[0], np.nan)
        return answers[0], Runtime("TensorFlow", tf.__version__)


def write_saved_model(bundle: Bundle, place: Path) -> None:
    """Write the network of a bundle as a SavedModel."""
    network = whole_network(bundle)
    import tensorflow as tf

    shape = (None, *bundle.spec.input_shape)
    module = tf.Module()
    # Not the network itself: LiteRT's converter would then leave out its weights.
    module.weights = [variable.value for variable in network.variables]
    module.predict = tf.function(
        lambda images: {"scores": network(images, training=False)},
        # Numbers of any kind come as JSON; only float takes them all.
        input_signature=[tf.TensorSpec(shape, tf.float32, name="images")],
    )
    tf.saved_model.save(
        module, str(place), signatures=dict.fromkeys(SIGNATURES, module.predict)
    )


def _answer(tf: Any, signature: Any, pixels: Pixels) -> Floats:
    scores = [
        signature(images=tf.constant(piece, tf.float32))["scores"].numpy()
        for piece in pieces(pixels)
    ]
    return np.concatenate(scores)
