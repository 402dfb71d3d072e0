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
    """Fold each normalization whose convolution feeds nothing else.

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
        before = kept.get(node.input[0])
        if (
            node.op_type == "BatchNormalization"
            and before is not None
            and before.op_type == "Conv"
            and uses[node.input[0]] == 1
        ):
            del kept[node.input[0]]
            node = _folded(before, node, values)
        kept[node.output[0]] = node
    left = list(kept.values())
    used = {name for node in left for name in node.input}
    return left, {name: array for name, array in values.items() if name in used}


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
    output = normalization.output[0]
    names = [f"{output}_kernel", f"{output}_bias"]
    arrays = [kernel * factor[:, None, None, None], offset]
    values |= zip(names, (a.astype(np.float32) for a in arrays), strict=True)
    folded = onnx.NodeProto()
    folded.CopyFrom(convolution)
    folded.input[:] = [convolution.input[0], *names]
    folded.output[:] = [output]
    return folded
