"""A float graph with its convolutions in eight bits.

Written as QuantizeLinear and DequantizeLinear around what is in eight bits (QDQ), which
every runtime reads; ONNX Runtime joins them to integer convolutions when it loads.
Scheme: Jacob et al., "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference" (2018); weights by channel, symmetric.
"""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from visus.exporting.int8.layers import Layers
from visus.exporting.int8.ranges import Range

# Seven bits: on processors without VNNI, two products of eight by eight bits are added
# in sixteen and would overflow.
WEIGHT_STEPS = 63
MOST_BIAS_STEPS = 2**30

Floats = NDArray[np.float32]


def quantized_graph(
    layers: Layers, ranges: Mapping[str, Range], kept: Collection[str] = ()
) -> bytes:
    """The graph with all convolutions in eight bits but those that are kept.

    Args:
        layers: of the float graph.
        ranges: of every value that can be in eight bits.
        kept: convolutions that stay in float, by the value that they give.
    """
    return _Writer(layers, ranges, kept).write()


class _Writer:
    def __init__(
        self, layers: Layers, ranges: Mapping[str, Range], kept: Collection[str]
    ) -> None:
        self._layers = layers
        self._ranges = ranges
        self._chosen = set(layers.convolutions) - set(kept)
        self._eight = layers.in_eight_bits(kept)
        self._nodes: list[onnx.NodeProto] = []
        self._tensors: dict[str, onnx.TensorProto] = {}
        self._uses = 0

    def write(self) -> bytes:
        model = self._layers.model
        dropped = {
            after
            for before, after in self._layers.followers.items()
            if after in self._eight and before not in self._eight
        }
        for node in model.graph.node:
            if node.output[0] not in dropped:
                self._copy(node)
        used = {name for node in self._nodes for name in node.input}
        old = [tensor for tensor in model.graph.initializer if tensor.name in used]
        graph = helper.make_graph(
            self._nodes,
            model.graph.name,
            model.graph.input,
            model.graph.output,
            [*old, *self._tensors.values()],
        )
        written = helper.make_model(
            graph,
            opset_imports=model.opset_import,
            ir_version=model.ir_version,
            producer_name=model.producer_name,
        )
        onnx.checker.check_model(written)
        content: bytes = written.SerializeToString(deterministic=True)
        return content

    def _copy(self, node: onnx.NodeProto) -> None:
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        copy.input[:] = [self._read(name) for name in node.input]
        if node.output[0] in self._chosen:
            self._quantize_weights(node, copy)
        given = self._layers.given(node)
        if given not in self._eight:
            given = node.output[0]
        if given in self._eight:
            copy.output[0] = f"{given}_float"
        self._nodes.append(copy)
        if given in self._eight:
            ends = self._steps_of(given)
            self._add("QuantizeLinear", [copy.output[0], *ends], f"{given}_steps")

    def _read(self, name: str) -> str:
        if name not in self._eight:
            return name
        # One for each that reads: runtimes join it to its reader.
        self._uses += 1
        read = f"{name}_read{self._uses}"
        self._add("DequantizeLinear", [f"{name}_steps", *self._steps_of(name)], read)
        return read

    def _quantize_weights(self, node: onnx.NodeProto, copy: onnx.NodeProto) -> None:
        numbers = [self._layers.constants[name] for name in node.input[1:]]
        kernel, *biases = (np.asarray(array, np.float32) for array in numbers)
        bias = biases[0] if biases else None
        taken = self._ranges[node.input[0]].scale
        scales = kernel_scales(kernel, bias, taken)
        steps = np.round(kernel / scales[:, None, None, None])
        name = node.output[0]
        copy.input[1] = self._constant(f"{name}_weights", steps.astype(np.int8), scales)
        if bias is not None:
            products = np.float32(taken) * scales
            whole = np.round(bias / products).astype(np.int32)
            copy.input[2] = self._constant(f"{name}_offsets", whole, products)

    def _constant(self, name: str, steps: NDArray[Any], scales: Floats) -> str:
        inputs = [
            self._tensor(f"{name}_steps", steps),
            self._tensor(f"{name}_scales", scales),
            self._tensor(f"{name}_zeros", np.zeros(len(scales), steps.dtype)),
        ]
        self._add("DequantizeLinear", inputs, name, axis=0)
        return name

    def _steps_of(self, name: str) -> list[str]:
        around = self._ranges[name]
        return [
            self._tensor(f"{name}_scale", np.float32(around.scale)),
            self._tensor(f"{name}_zero", np.uint8(around.zero)),
        ]

    def _tensor(self, name: str, values: object) -> str:
        self._tensors[name] = numpy_helper.from_array(np.asarray(values), name)
        return name

    def _add(self, kind: str, inputs: list[str], output: str, **more: int) -> None:
        self._nodes.append(helper.make_node(kind, inputs, [output], **more))


def kernel_scales(kernel: Floats, bias: Floats | None, taken: float) -> Floats:
    """The size of a step of each output channel's weights `(channels,)`.

    Args:
        kernel: `(channels, inputs, height, width)`.
        bias: `(channels,)`; it is counted in steps of the product, in 32 bits, which
            must be enough where a channel's weights are next to nothing.
        taken: the size of a step of what the convolution takes.
    """
    scales = np.abs(kernel).max(axis=(1, 2, 3)) / WEIGHT_STEPS
    if bias is not None:
        scales = np.maximum(scales, np.abs(bias) / (taken * MOST_BIAS_STEPS))
    return np.where(scales > 0, scales, 1).astype(np.float32)


def count_convolutions(graph: bytes) -> int:
    """How many convolutions have weights in eight bits."""
    model = onnx.load_model_from_string(graph)
    whole = {t.name for t in model.graph.initializer if t.data_type == TensorProto.INT8}
    read = {
        node.output[0]
        for node in model.graph.node
        if node.op_type == "DequantizeLinear" and node.input[0] in whole
    }
    return sum(
        node.op_type == "Conv" and node.input[1] in read for node in model.graph.node
    )
