"""onnx: the bundle's graph, calibrated, as a file with what it means beside it."""

import json
from pathlib import Path
from typing import ClassVar, final

from visus.bundles import Bundle
from visus.bundles.runtime import Session, runtime_version
from visus.data.batches import Pixels
from visus.exporting.base import Exporter, Floats, Runtime, description


@final
class OnnxExporter(Exporter):
    """uint8 `pixels` `(batch, height, width, channels)` to float32 `scores`."""

    ending: ClassVar[str] = ".onnx"
    # The same graph in the same runtime.
    tolerance: ClassVar[float] = 1e-6

    def write(self, bundle: Bundle, place: Path) -> None:
        """The graph, with names and preparation as its metadata."""
        place.write_bytes(described_graph(bundle.whole_graph, bundle))

    def answer(self, place: Path, pixels: Pixels) -> tuple[Floats, Runtime]:
        """In ONNX Runtime."""
        scores = Session(place.read_bytes()).scores(pixels)
        return scores, Runtime("ONNX Runtime", runtime_version())


def described_graph(graph: bytes, bundle: Bundle) -> bytes:
    """The graph with class names, preparation and task in its metadata, as JSON."""
    import onnx
    from onnx import helper

    model = onnx.load_model_from_string(graph)
    words = description(bundle)
    helper.set_model_props(
        model, {f"visus.{name}": json.dumps(value) for name, value in words.items()}
    )
    content: bytes = model.SerializeToString(deterministic=True)
    return content
