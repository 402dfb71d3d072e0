"""The only user of ONNX Runtime: pixels in, scores out."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.core.cores import available_cores
from visus.core.errors import ModelError
from visus.data.batches import Pixels

BATCH_SIZE = 64


class Session:
    """One network, ready to answer.

    Args:
        graph: the serialised ONNX graph: uint8 `pixels` `(batch, height, width,
            channels)` to float32 `scores` `(batch, num_outputs)`.
        threads: that share one call; `None`: one a core. With 1, several callers at
            once keep all cores busy, each with pictures of its own.
    """

    def __init__(self, graph: bytes, threads: int | None = None) -> None:
        runtime = _runtime()
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads or available_cores()
        options.log_severity_level = 3
        try:
            self._session = runtime.InferenceSession(
                graph, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            if not type(error).__module__.startswith("onnxruntime"):
                raise
            raise ModelError(
                received=f"ONNX Runtime refuses the graph: {error}",
                expected="the graph that Visus wrote.",
                remedy="Train again, or install the versions that the origin names.",
            ) from error

    def scores(self, pixels: Pixels) -> NDArray[np.float32]:
        """Scores `(num_images, num_outputs)`, in pieces of 64 pictures."""
        (scores,) = self.outputs(pixels, ("scores",))
        return scores

    def outputs(
        self, pixels: Pixels, names: Sequence[str]
    ) -> tuple[NDArray[np.float32], ...]:
        """Several outputs of the graph by name, each a row a picture."""
        pieces = [
            self._session.run([*names], {"pixels": piece}) for piece in _pieces(pixels)
        ]
        return tuple(
            np.concatenate(parts).astype(np.float32, copy=False)
            for parts in zip(*pieces, strict=True)
        )


def runtime_version() -> str:
    """Of ONNX Runtime, whichever of its packages it came in."""
    return str(_runtime().__version__)


def _pieces(pixels: Pixels) -> Iterator[NDArray[np.uint8]]:
    for first in range(0, max(len(pixels), 1), BATCH_SIZE):
        yield np.ascontiguousarray(pixels[first : first + BATCH_SIZE])


def _runtime() -> Any:
    import onnxruntime

    return onnxruntime
