"""What a network makes of a picture just before it answers: its features.

Nearly every network ends in one linear layer. What that layer takes is handed out as a
second output of the graph, so nobody needs to know which network it is; what a softmax
takes, the logits, as a third.
"""

from functools import cached_property
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from visus.bundles.runtime import FEATURES, LOGITS, SCORES, Session
from visus.data.batches import Pixels

Floats = NDArray[np.float32]

# What may stand between the last linear layer and the scores.
PASSED = ("Add", "Identity", "Mul", "Sigmoid", "Softmax")
LINEAR = ("Gemm", "MatMul")
# The pixels of a small picture times a few channels; more is no description.
MOST_FEATURES = 16_384


class InnerSession:
    """A network that tells its features beside its scores, where it has any.

    Args:
        graph: as a bundle holds it.

    Example:
        >>> inner = InnerSession(bundle.contents.graph)       # doctest: +SKIP
        >>> inner.answer(pixels).features.shape               # doctest: +SKIP
        (200, 1280)
    """

    def __init__(self, graph: bytes) -> None:
        self._opened = graph_with_features(graph)
        self._graph = graph

    @property
    def has_features(self) -> bool:
        """Whether the network ends in a linear layer of a usable width."""
        return self._opened is not None

    @cached_property
    def _session(self) -> Session:
        return Session(self._opened or self._graph)

    def answer(self, pixels: Pixels) -> tuple[Floats, Floats | None]:
        """Scores `(num_images, num_outputs)` and features `(num_images, num_features)`.

        Args:
            pixels: uint8 `(num_images, *spec.input_shape)`.
        """
        if self._opened is None:
            return self._session.scores(pixels), None
        scores, features = self._session.outputs(pixels, (SCORES, FEATURES))
        return scores, features


def graph_with_features(graph: bytes) -> bytes | None:
    """The graph with the outputs `features` and `logits`; `None` without features.

    Args:
        graph: a serialised ONNX graph with the output `scores`.
    """
    model = onnx.load_model_from_string(graph)
    if FEATURES in [output.name for output in model.graph.output]:
        return graph
    constants = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    maker = {name: node for node in model.graph.node for name in node.output}
    name, logits = SCORES, None
    while (node := maker.get(name)) is not None and node.op_type in PASSED:
        taken = [value for value in node.input if value not in constants]
        if len(taken) != 1:
            return None
        name = taken[0]
        logits = name if node.op_type == "Softmax" else logits
    if node is None or node.op_type not in LINEAR or node.input[0] in constants:
        return None
    shape = constants.get(node.input[1], ())
    if len(shape) != 2 or shape[0] > MOST_FEATURES:
        return None
    _hand_out(model, node.input[0], FEATURES, shape[0])
    if logits is not None:
        _hand_out(model, logits, LOGITS, None)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def _hand_out(model: Any, value: str, name: str, width: int | None) -> None:
    """Let a value of the graph be an output of this name."""
    model.graph.node.append(helper.make_node("Identity", [value], [name], name=name))
    shape = ["batch", width]
    model.graph.output.append(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    )
