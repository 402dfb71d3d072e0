"""Which values of a graph can be in eight bits, if which convolutions are."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

# What ONNX Runtime computes in eight bits where all that it takes is in eight bits.
PASSING = ("Add", "AveragePool", "Concat", "MaxPool")


@dataclass(frozen=True)
class Layers:
    """A float graph, seen as convolutions and what passes values between them.

    A convolution is called like the value that it gives.

    Args:
        model: the graph, of one picture input and one output of scores.
    """

    model: onnx.ModelProto

    @cached_property
    def constants(self) -> dict[str, NDArray[np.generic]]:
        """Weights and other numbers that the graph holds."""
        tensors = self.model.graph.initializer
        return {tensor.name: numpy_helper.to_array(tensor) for tensor in tensors}

    @cached_property
    def users(self) -> dict[str, list[onnx.NodeProto]]:
        """The nodes that take a value."""
        found: dict[str, list[onnx.NodeProto]] = defaultdict(list)
        for node in self.model.graph.node:
            for name in node.input:
                found[name].append(node)
        return found

    @cached_property
    def convolutions(self) -> tuple[str, ...]:
        """All convolutions whose weights are known, in the order of the graph."""
        return tuple(
            node.output[0]
            for node in self.model.graph.node
            if node.op_type == "Conv" and node.input[1] in self.constants
        )

    @cached_property
    def followers(self) -> dict[str, str]:
        """What a node gives, once the Relu or Clip behind it has had its say.

        Eight bits without a sign end at zero by themselves, and at a ceiling too: the
        activation then is the rounding, and needs no node.
        """
        found = {}
        for node in self.model.graph.node:
            users = self.users[node.output[0]]
            if len(users) == 1 and self._is_floor(users[0]):
                found[node.output[0]] = users[0].output[0]
        return found

    def given(self, node: onnx.NodeProto) -> str:
        """The value that a node gives in the end."""
        name: str = node.output[0]
        return self.followers.get(name, name)

    def in_eight_bits(self, kept: Collection[str] = ()) -> set[str]:
        """All values that are in eight bits.

        Args:
            kept: the convolutions that stay in float.
        """
        chosen = set(self.convolutions) - set(kept)
        found: set[str] = set()
        for node in self.model.graph.node:
            if node.output[0] in chosen:
                found |= {node.input[0], self.given(node)}
        for node in self.model.graph.node:
            taken = [name for name in node.input if name not in self.constants]
            if node.op_type in PASSING and taken and found.issuperset(taken):
                found.add(self.given(node))
        return found

    def _is_floor(self, node: onnx.NodeProto) -> bool:
        if node.op_type == "Relu":
            return True
        if node.op_type != "Clip" or len(node.input) < 2:
            return False
        low = self.constants.get(node.input[1])
        return low is not None and float(low) == 0


def read_layers(graph: bytes) -> Layers:
    """The layers of a serialised graph."""
    return Layers(onnx.load_model_from_string(graph))
