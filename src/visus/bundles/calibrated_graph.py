"""The calibration of a bundle as the last steps of its graph, for exports."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from visus.bundles.calibration import SMALLEST, Calibration
from visus.bundles.runtime import SCORES

# The network's own scores, before they are calibrated.
RAW = "raw_scores"


def calibrated_graph(graph: bytes, calibration: Calibration | None) -> bytes:
    """A graph whose only output is the scores that `Calibration.scores` gives.

    Args:
        graph: a serialised ONNX graph with the output `scores`.
        calibration: `None`: scores stay as they are.
    """
    model = onnx.load_model_from_string(graph)
    scores = next(output for output in model.graph.output if output.name == SCORES)
    del model.graph.output[:]
    model.graph.output.append(scores)
    if calibration is not None and any(t != 1 for t in calibration.temperatures):
        _rename(model, SCORES, RAW)
        divisors = np.asarray(calibration.temperatures, np.float32)
        constants = {"temperatures": divisors, "smallest": SMALLEST, "one": 1.0}
        for name, value in constants.items():
            constant = numpy_helper.from_array(np.asarray(value, np.float32), name)
            model.graph.initializer.append(constant)
        model.graph.node.extend(_steps(calibration.activation))
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def _steps(activation: str) -> Iterator[Any]:
    """As `tempered` has it: the logarithms are logits up to a constant."""
    yield from _logits(RAW, "tempered")
    if activation == "softmax":
        yield helper.make_node("Softmax", ["tempered"], [SCORES], axis=-1)
        return
    # Of two outcomes a sigmoid's logit is the difference of both logarithms.
    yield helper.make_node("Sub", ["one", RAW], ["others"])
    yield from _logits("others", "tempered_others")
    yield helper.make_node("Sub", ["tempered", "tempered_others"], ["difference"])
    yield helper.make_node("Sigmoid", ["difference"], [SCORES])


def _logits(scores: str, name: str) -> Iterator[Any]:
    yield helper.make_node("Max", [scores, "smallest"], [f"{name}_kept"])
    yield helper.make_node("Log", [f"{name}_kept"], [f"{name}_logs"])
    yield helper.make_node("Div", [f"{name}_logs", "temperatures"], [name])


def _rename(model: Any, old: str, new: str) -> None:
    """Give a value of the graph another name, wherever it is made or taken."""
    for node in model.graph.node:
        for names in (node.input, node.output):
            for place, name in enumerate(names):
                if name == old:
                    names[place] = new
