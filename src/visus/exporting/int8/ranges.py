"""Calibration: between which numbers each value lies, over real pictures."""

from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper

from visus.bundles.runtime import Session
from visus.data.batches import Pixels
from visus.exporting.int8.layers import Layers

# Pictures at once; a graph that tells everything holds everything in memory.
PIECE = 8


@dataclass(frozen=True)
class Range:
    """Where the numbers of a value lie; zero is always among them.

    Args:
        low: at most 0.
        high: at least 0.
    """

    low: float
    high: float

    @property
    def scale(self) -> float:
        """From one of 256 steps to the next."""
        return max(self.high - self.low, 1e-8) / 255

    @property
    def zero(self) -> int:
        """The step that stands for zero, exactly: padding is made of it."""
        return round(-self.low / self.scale)


def find_ranges(layers: Layers, pixels: Pixels) -> dict[str, Range]:
    """The range of every value that can be in eight bits.

    Of each picture the least and the greatest number; of these, the mean over the
    pictures. A single odd picture would else cost all others a part of their steps
    (Nagel et al., "A White Paper on Neural Network Quantization", 2021, 3.1).

    Args:
        layers: of the float graph.
        pixels: uint8 `(num_images, height, width, channels)`, of the training split.
    """
    names = sorted(layers.in_eight_bits())
    session = Session(_graph_with_extremes(layers, names))
    asked = [f"{name}{end}" for name in names for end in ("_low", "_high")]
    found = [
        session.outputs(pixels[first : first + PIECE], asked)
        for first in range(0, len(pixels), PIECE)
    ]
    means = [float(np.concatenate(parts).mean()) for parts in zip(*found, strict=True)]
    ends = dict(zip(asked, means, strict=True))
    ranges = {
        name: Range(min(0.0, ends[f"{name}_low"]), max(0.0, ends[f"{name}_high"]))
        for name in names
    }
    _share_through_pools(layers, ranges)
    return ranges


def _graph_with_extremes(layers: Layers, names: list[str]) -> bytes:
    model = onnx.ModelProto()
    model.CopyFrom(layers.model)
    for name in names:
        for end, kind in (("_low", "ReduceMin"), ("_high", "ReduceMax")):
            # Values of pictures have four axes; of each picture one number is told.
            node = helper.make_node(
                kind, [name], [f"{name}{end}"], axes=[1, 2, 3], keepdims=0
            )
            model.graph.node.append(node)
            model.graph.output.append(
                helper.make_tensor_value_info(
                    f"{name}{end}", TensorProto.FLOAT, ["batch"]
                )
            )
    content: bytes = model.SerializeToString()
    return content


def _share_through_pools(layers: Layers, ranges: dict[str, Range]) -> None:
    # The greatest of some steps is one of them.
    for node in layers.model.graph.node:
        if node.op_type == "MaxPool" and node.output[0] in ranges:
            ranges[node.output[0]] = ranges.get(node.input[0], ranges[node.output[0]])
