"""The only user of ONNX Runtime: pixels in, scores out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.core.cores import available_cores
from visus.core.errors import ModelError
from visus.data.batches import Pixels

BATCH_SIZE = 64
# Outputs of a graph; features and logits only where `graph_with_features` found them.
SCORES, FEATURES, LOGITS = "scores", "features", "logits"


@dataclass(frozen=True)
class Outputs:
    """What a network gives for some pictures.

    Args:
        scores: raw, `(num_images, num_outputs)`.
        features: `(num_images, num_features)`; `None` where it tells none.
        logits: `(num_images, num_outputs)`; `None` where it tells none.
    """

    scores: NDArray[np.float32]
    features: NDArray[np.float32] | None = None
    logits: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.scores)

    def take(self, rows: NDArray[np.intp]) -> "Outputs":
        """The pictures at these positions."""
        return Outputs(
            self.scores[rows],
            None if self.features is None else self.features[rows],
            None if self.logits is None else self.logits[rows],
        )


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
            raise _refused("the graph", error) from error

    @property
    def tells_features(self) -> bool:
        """Whether the graph hands out what its last layer takes."""
        return FEATURES in self._known

    @property
    def _known(self) -> list[str]:
        return [output.name for output in self._session.get_outputs()]

    def scores(self, pixels: Pixels) -> NDArray[np.float32]:
        """Scores `(num_images, num_outputs)`, in pieces of 64 pictures."""
        (scores,) = self.outputs(pixels, (SCORES,))
        return scores

    def everything(self, pixels: Pixels) -> Outputs:
        """Scores, and features and logits where the graph hands them out."""
        known = self._known
        names = [name for name in (SCORES, FEATURES, LOGITS) if name in known]
        found = dict(zip(names, self.outputs(pixels, names), strict=True))
        return Outputs(found[SCORES], found.get(FEATURES), found.get(LOGITS))

    def outputs(
        self, pixels: Pixels, names: Sequence[str]
    ) -> tuple[NDArray[np.float32], ...]:
        """Several outputs of the graph by name, each a row a picture."""
        try:
            pieces = [
                self._session.run([*names], {"pixels": piece})
                for piece in _pieces(pixels)
            ]
        except Exception as error:
            raise _refused("these pixels", error) from error
        return tuple(
            np.concatenate(parts).astype(np.float32, copy=False)
            for parts in zip(*pieces, strict=True)
        )


def _refused(what: str, error: Exception) -> Exception:
    """ONNX Runtime's own errors in our words; others as they are."""
    if not type(error).__module__.startswith("onnxruntime"):
        return error
    return ModelError(
        received=f"ONNX Runtime refuses {what}: {error}",
        expected="a graph that Visus wrote, and pixels of its size.",
        remedy="Train again, or install the versions that the origin names.",
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
