"""Features of a graph: what its last linear layer takes, beside unchanged scores."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from visus.bundles import inner
from visus.bundles.inner import InnerSession, graph_with_features
from visus.bundles.runtime import Session

KERNEL = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)
BIAS = np.array([0.5, 0.0, -0.5], dtype=np.float32)
PIXELS = np.random.default_rng(1).integers(0, 256, (70, 2, 2, 3), dtype=np.uint8)


def small_graph(*ends: onnx.NodeProto) -> bytes:
    """Pixels 0 to 1, flat; then these nodes, from `flat` to `scores`."""
    nodes = [
        helper.make_node("Cast", ["pixels"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["floats", "unit"], ["images"]),
        helper.make_node("Flatten", ["images"], ["flat"]),
        *ends,
    ]
    unit = np.array(1 / 255, dtype=np.float32)
    arrays = {"unit": unit, "kernel": KERNEL, "bias": BIAS, "scale": BIAS + 2}
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", 2, 2, 3])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", None])],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    sets = [helper.make_opsetid("", 17)]
    return helper.make_model(
        graph, opset_imports=sets, ir_version=9
    ).SerializeToString()


def node(kind: str, *names: str) -> onnx.NodeProto:
    *inputs, output = names
    return helper.make_node(kind, inputs, [output])


MULTIPLY = node("MatMul", "flat", "kernel", "values")
ENDS = {
    "classes": (
        MULTIPLY,
        node("Add", "values", "bias", "added"),
        node("Softmax", "added", "shares"),
        node("Identity", "shares", "scores"),
    ),
    "labels": (
        node("Gemm", "flat", "kernel", "bias", "z"),
        node("Sigmoid", "z", "scores"),
    ),
    "numbers": (
        MULTIPLY,
        node("Mul", "values", "scale", "scaled"),
        node("Add", "bias", "scaled", "scores"),
    ),
}


@pytest.mark.parametrize("ends", ENDS.values(), ids=ENDS)
def test_features_are_what_the_last_layer_takes_and_scores_stay(ends):
    graph = small_graph(*ends)
    session = InnerSession(graph)
    assert session.has_features
    scores, features = session.answer(PIXELS)
    np.testing.assert_array_equal(scores, Session(graph).scores(PIXELS))
    flat = PIXELS.reshape(len(PIXELS), -1) / np.float32(255)
    np.testing.assert_allclose(features, flat, rtol=1e-6)


NO_FEATURES = {
    "no layer": (node("Softmax", "flat", "scores"),),
    "two branches": (
        MULTIPLY,
        node("Softmax", "values", "one"),
        node("Add", "one", "values", "scores"),
    ),
    "a product of two": (
        node("Mul", "flat", "flat", "twice"),
        node("Identity", "twice", "scores"),
    ),
}


@pytest.mark.parametrize("ends", NO_FEATURES.values(), ids=NO_FEATURES)
def test_a_graph_without_a_last_linear_layer_gives_scores_alone(ends):
    graph = small_graph(*ends)
    session = InnerSession(graph)
    assert not session.has_features
    scores, features = session.answer(PIXELS)
    assert features is None
    np.testing.assert_array_equal(scores, Session(graph).scores(PIXELS))


def test_features_that_are_very_many_are_no_description(monkeypatch):
    monkeypatch.setattr(inner, "MOST_FEATURES", 11)
    assert graph_with_features(small_graph(*ENDS["classes"])) is None
