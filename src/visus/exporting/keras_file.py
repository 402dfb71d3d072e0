"""keras: the network as a `.keras` file that scales its pixels itself."""

from pathlib import Path
from typing import ClassVar, final

import numpy as np

from visus.bundles import Bundle
from visus.data.batches import Pixels
from visus.exporting.base import Exporter, Floats, Runtime, pieces
from visus.models.backend import select_backend
from visus.models.whole import whole_network


@final
class KerasExporter(Exporter):
    """float32 `images` of 0 to 255 to `scores`."""

    ending: ClassVar[str] = ".keras"

    def write(self, bundle: Bundle, place: Path) -> None:
        """Scaling and network as one Keras model."""
        from visus.models.storage import save_network

        place.write_bytes(save_network(whole_network(bundle)))

    def answer(self, place: Path, pixels: Pixels) -> tuple[Floats, Runtime]:
        """In Keras, without compiling and without running what is stored."""
        select_backend()
        import keras

        model = keras.models.load_model(place, compile=False, safe_mode=True)
        scores = [
            np.asarray(model(piece.astype(np.float32), training=False))
            for piece in pieces(pixels)
        ]
        runtime = Runtime(f"Keras on {keras.backend.backend()}", keras.__version__)
        return np.concatenate(scores), runtime
