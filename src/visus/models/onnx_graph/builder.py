"""An ONNX graph under construction: nodes, constants, and fresh names."""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

# Old enough for every runtime in use, new enough for all that the layers need.
OPSET = 17
IR_VERSION = 8


class GraphBuilder:
    """Collects nodes; pictures inside the graph are `(batch, channels, height, width)`.

    Names are numbered in order, so that equal networks give equal bytes.
    """

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add one node; returns the name of its output."""
        output = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def constant(self, array: NDArray[Any]) -> str:
        """Add a constant; returns its name."""
        name = f"c{len(self.constants)}"
        tensor = numpy_helper.from_array(np.ascontiguousarray(array), name)
        self.constants.append(tensor)
        return name

    def floats(self, *values: float) -> str:
        """Add float32 constants: a scalar for one value, else a vector."""
        array = np.asarray(values, dtype=np.float32)
        return self.constant(array.reshape(()) if len(values) == 1 else array)

    def integers(self, *values: int) -> str:
        """Add a vector of int64 constants."""
        return self.constant(np.asarray(values, dtype=np.int64))

    def channels_first(self, value: str) -> str:
        """From `(batch, height, width, channels)`."""
        return self.add("Transpose", value, perm=[0, 3, 1, 2])

    def channels_last(self, value: str) -> str:
        """To `(batch, height, width, channels)`."""
        return self.add("Transpose", value, perm=[0, 2, 3, 1])

    def finish(self, scores: str, input_shape: tuple[int, ...], classes: int) -> bytes:
        """Close the graph and serialise it."""
        self.nodes.append(helper.make_node("Identity", [scores], ["scores"]))
        pixels = helper.make_tensor_value_info(
            "pixels", TensorProto.UINT8, ["batch", *input_shape]
        )
        output = helper.make_tensor_value_info(
            "scores", TensorProto.FLOAT, ["batch", classes]
        )
        graph = helper.make_graph(
            self.nodes, "visus", [pixels], [output], self.constants
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="visus",
        )
        onnx.checker.check_model(model)
        content: bytes = model.SerializeToString(deterministic=True)
        return content
