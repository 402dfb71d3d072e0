"""An ONNX graph under construction: nodes, constants, and fresh names."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from visus.models.onnx_graph.folding import fold_batch_normalizations

# Old enough for every runtime in use, new enough for all that the layers need.
OPSET = 17
IR_VERSION = 8


@dataclass(frozen=True)
class Value:
    """What one node gives another.

    Args:
        name: in the graph.
        shape: as Keras counts, `(batch, height, width, channels)` for pictures; the
            graph holds values of four axes as `(batch, channels, height, width)`.
    """

    name: str
    shape: tuple[int | None, ...]

    @property
    def rank(self) -> int:
        """Number of axes, batch included."""
        return len(self.shape)

    def axis(self, number: int) -> int:
        """Where the graph holds an axis that Keras counts from either end."""
        number %= self.rank
        return (0, 2, 3, 1)[number] if self.rank == 4 else number


class GraphBuilder:
    """Collects nodes and constants.

    Names are numbered in order, so that equal networks give equal bytes.
    """

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, NDArray[Any]] = {}
        self._names: dict[tuple[str, tuple[int, ...], bytes], str] = {}

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add one node; returns the name of its output."""
        output = f"v{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def weights(self, array: Any) -> str:
        """Add a float32 constant; returns its name."""
        return self._constant(np.ascontiguousarray(array, dtype=np.float32))

    def scalar(self, number: float) -> str:
        """Add a float32 constant without axes."""
        return self._constant(np.array(number, dtype=np.float32))

    def integers(self, *values: int) -> str:
        """Add a vector of int64 constants."""
        return self._constant(np.array(values, dtype=np.int64))

    def channels_first(self, name: str) -> str:
        """From `(batch, height, width, channels)`."""
        return self.add("Transpose", name, perm=[0, 3, 1, 2])

    def channels_last(self, name: str) -> str:
        """To `(batch, height, width, channels)`."""
        return self.add("Transpose", name, perm=[0, 2, 3, 1])

    def as_keras(self, value: Value) -> str:
        """The value with its axes in Keras's order."""
        return self.channels_last(value.name) if value.rank == 4 else value.name

    def from_keras(self, name: str, rank: int) -> str:
        """A value in Keras's order, as the graph holds it."""
        return self.channels_first(name) if rank == 4 else name

    def _constant(self, array: NDArray[Any]) -> str:
        # A layer that is used twice has its weights in the file once.
        key = (str(array.dtype), array.shape, array.tobytes())
        if key not in self._names:
            self._names[key] = f"c{len(self._names)}"
            self._constants[self._names[key]] = array
        return self._names[key]

    def finish(self, scores: str, input_shape: tuple[int, ...], classes: int) -> bytes:
        """Close the graph and serialise it.

        Args:
            scores: name of the last value.
            input_shape: `(height, width, channels)`.
            classes: number of scores.
        """
        self._nodes.append(helper.make_node("Identity", [scores], ["scores"]))
        nodes, constants = fold_batch_normalizations(self._nodes, self._constants)
        pixels = helper.make_tensor_value_info(
            "pixels", TensorProto.UINT8, ["batch", *input_shape]
        )
        output = helper.make_tensor_value_info(
            "scores", TensorProto.FLOAT, ["batch", classes]
        )
        tensors = [numpy_helper.from_array(a, name) for name, a in constants.items()]
        graph = helper.make_graph(nodes, "visus", [pixels], [output], tensors)
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="visus",
        )
        onnx.checker.check_model(model)
        content: bytes = model.SerializeToString(deterministic=True)
        return content
