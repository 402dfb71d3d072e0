"""Batch normalizations become part of the convolution before them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

Constants = dict[str, NDArray[Any]]


def fold_batch_normalizations(
    nodes: Sequence[onnx.NodeProto], constants: Mapping[str, NDArray[Any]]
) -> tuple[list[onnx.NodeProto], Constants]:
    """Fold each normalization whose convolution, averaged or not, feeds nothing else.

    With the running mean m and variance v, `(conv(x) - m) / sqrt(v) * g + b` is a
    convolution too: kernel times `g / sqrt(v)`, and a bias of `b - m * g / sqrt(v)`.
    See Jacob et al., "Quantization and Training of Neural Networks" (2018), 3.2.

    Returns:
        the nodes that are left, and the constants that they use.
    """
    uses = Counter(name for node in nodes for name in node.input)
    kept: dict[str, onnx.NodeProto] = {}
    values = dict(constants)
    for node in nodes:
        if node.op_type == "BatchNormalization":
            before = _convolution_before(node, kept, uses)
            if before:
                node = _fold(before, node, kept, values)
        kept[node.output[0]] = node
    left = list(kept.values())
    used = {name for node in left for name in node.input}
    return left, {name: array for name, array in values.items() if name in used}


def _convolution_before(
    normalization: onnx.NodeProto,
    kept: Mapping[str, onnx.NodeProto],
    uses: Mapping[str, int],
) -> list[onnx.NodeProto]:
    """What leads to the normalization, the nearest first and a convolution last.

    Averages may lie between, since the average of a scaled and shifted map is the
    average scaled and shifted; empty where anything else does.
    """
    chain: list[onnx.NodeProto] = []
    name = normalization.input[0]
    while name in kept and uses[name] == 1:
        chain.append(kept[name])
        if kept[name].op_type == "Conv":
            return chain
        if kept[name].op_type != "AveragePool":
            break
        name = kept[name].input[0]
    return []


def _fold(
    chain: list[onnx.NodeProto],
    normalization: onnx.NodeProto,
    kept: dict[str, onnx.NodeProto],
    values: Constants,
) -> onnx.NodeProto:
    """Change the chain in `kept`; returns the node that answers in its stead."""
    convolution = _folded(chain[-1], normalization, values)
    kept[convolution.output[0]] = convolution
    last = onnx.NodeProto()
    last.CopyFrom(kept.pop(chain[0].output[0]))
    last.output[:] = [normalization.output[0]]
    return last


def _folded(
    convolution: onnx.NodeProto, normalization: onnx.NodeProto, values: Constants
) -> onnx.NodeProto:
    (epsilon,) = (a.f for a in normalization.attribute if a.name == "epsilon")
    # float64: two roundings fewer between Keras's scores and ours.
    gain, shift, mean, variance = (
        values[name].astype(np.float64) for name in normalization.input[1:]
    )
    kernel, *bias = (values[name].astype(np.float64) for name in convolution.input[1:])
    factor = gain / np.sqrt(variance + epsilon)
    offset = shift + ((bias[0] if bias else 0.0) - mean) * factor
    names = [f"{normalization.output[0]}_{part}" for part in ("kernel", "bias")]
    arrays = [kernel * factor[:, None, None, None], offset]
    values |= zip(names, (a.astype(np.float32) for a in arrays), strict=True)
    folded = onnx.NodeProto()
    folded.CopyFrom(convolution)
    folded.input[:] = [convolution.input[0], *names]
    return folded
