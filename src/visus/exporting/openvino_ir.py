"""openvino: a folder with model.xml and model.bin."""

from importlib.metadata import version
from pathlib import Path
from typing import final

import numpy as np

from visus.bundles import Bundle
from visus.core.progress import Progress
from visus.data.batches import Pixels
from visus.data.extras import require_installed
from visus.exporting.base import Exporter, Floats, Runtime, describe_folder, pieces

MODEL = "model.xml"


@final
class OpenVinoExporter(Exporter):
    """uint8 `pixels` to float32 `scores`, from the bundle's ONNX graph."""

    @classmethod
    def prepare(cls, progress: Progress, *, offline: bool) -> None:
        """OpenVINO, which makes and proves it."""
        require_installed(
            "openvino",
            extra="openvino",
            because="An export to openvino is made and proved by OpenVINO.",
        )

    def write(self, bundle: Bundle, place: Path) -> None:
        """Full precision; OpenVINO would halve the weights by itself."""
        import openvino

        place.mkdir()
        # Not `convert_model`, which calls home.
        model = openvino.Core().read_model(bundle.whole_graph, b"")
        openvino.save_model(model, str(place / MODEL), compress_to_fp16=False)
        describe_folder(bundle, place)

    def answer(self, place: Path, pixels: Pixels) -> tuple[Floats, Runtime]:
        """In OpenVINO on the processor, at full precision."""
        import openvino

        # Processors with bfloat16 would use it, and the proof is of the file.
        model = openvino.Core().compile_model(
            str(place / MODEL), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
        )
        scores = [model({"pixels": piece})["scores"] for piece in pieces(pixels)]
        return np.concatenate(scores), Runtime("OpenVINO", version("openvino"))
