"""litert: one `.tflite` file, for phones and small boards."""

import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import ClassVar, final

import numpy as np

from visus.bundles import Bundle
from visus.core.progress import Progress
from visus.data.batches import Pixels
from visus.data.extras import require_installed
from visus.exporting.base import Exporter, Floats, Runtime, pieces
from visus.exporting.saved_model import write_saved_model

SIGNATURE = "serving_default"


@final
class LiteRtExporter(Exporter):
    """float32 `images` of 0 to 255 to `scores`, for any number of pictures."""

    ending: ClassVar[str] = ".tflite"

    @classmethod
    def prepare(cls, progress: Progress, *, offline: bool) -> None:
        """LiteRT, in which it is proved."""
        require_installed(
            "ai_edge_litert",
            extra="litert",
            because="An export to litert is proved in LiteRT.",
        )

    def write(self, bundle: Bundle, place: Path) -> None:
        """By way of a SavedModel, whose names the file keeps."""
        with tempfile.TemporaryDirectory() as folder:
            write_saved_model(bundle, Path(folder, "model"))
            import tensorflow as tf

            converter = tf.lite.TFLiteConverter.from_saved_model(
                str(Path(folder, "model")), signature_keys=[SIGNATURE]
            )
            place.write_bytes(converter.convert())

    def answer(self, place: Path, pixels: Pixels) -> tuple[Floats, Runtime]:
        """In LiteRT."""
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(model_path=str(place))
        runner = interpreter.get_signature_runner(SIGNATURE)
        scores = [
            runner(images=piece.astype(np.float32))["scores"]
            for piece in pieces(pixels)
        ]
        return np.concatenate(scores), Runtime("LiteRT", version("ai-edge-litert"))
