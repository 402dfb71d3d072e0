"""The calibration in a graph gives the scores that it gives beside the graph."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from visus.bundles.calibrated_graph import calibrated_graph
from visus.bundles.calibration import Calibration, tempered
from visus.bundles.runtime import Session


def graph(activation, outputs):
    """Pixels to as many scores; features are handed out too."""
    shape = ["batch", 1, outputs, 1]
    pixels = helper.make_tensor_value_info("pixels", TensorProto.UINT8, shape)
    rows = {"to": TensorProto.FLOAT}
    nodes = [
        helper.make_node("Cast", ["pixels"], ["numbers"], **rows),
        helper.make_node("Constant", [], ["tenth"], value_float=0.1),
        helper.make_node("Constant", [], ["axes"], value_ints=[1, 3]),
        helper.make_node("Mul", ["numbers", "tenth"], ["small"]),
        helper.make_node("Squeeze", ["small", "axes"], ["features"]),
        helper.make_node(activation, ["features"], ["scores"]),
    ]
    told = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", outputs])
        for name in ("features", "scores")
    ]
    made = helper.make_graph(nodes, "made", [pixels], told)
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(made, opset_imports=opset, ir_version=8)


@pytest.mark.parametrize("temperatures", [(1.0,), (0.4,), (3.0,), (0.5, 1.0, 2.0)])
@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_scores_are_those_of_the_calibration(activation, temperatures):
    content = graph(activation.capitalize(), 3).SerializeToString()
    pixels = np.random.default_rng(0).integers(0, 256, (50, 1, 3, 1), dtype=np.uint8)
    raw = Session(content).scores(pixels)
    calibration = Calibration(temperatures, activation, 100, "made up")
    whole = calibrated_graph(content, calibration)
    names = [output.name for output in onnx.load_model_from_string(whole).graph.output]
    assert names == ["scores"]
    expected = tempered(raw, temperatures, activation)
    np.testing.assert_allclose(Session(whole).scores(pixels), expected, atol=1e-6)


def test_without_a_calibration_scores_stay():
    content = graph("Softmax", 3).SerializeToString()
    pixels = np.arange(6, dtype=np.uint8).reshape(2, 1, 3, 1)
    whole = calibrated_graph(content, None)
    np.testing.assert_array_equal(
        Session(whole).scores(pixels), Session(content).scores(pixels)
    )
