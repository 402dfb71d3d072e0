"""Small bundles that answer in microseconds, for tests of serving."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from visus.bundles.bundle import Bundle, save_bundle
from visus.bundles.calibration import Calibration
from visus.bundles.foreign import ForeignRule, strangeness
from visus.bundles.format import Contents
from visus.bundles.inner import graph_with_features
from visus.bundles.runtime import Session
from visus.bundles.sets import DialPoint, SetRule
from visus.evaluation.foreign import fit_method
from visus.serving import Engine, Wanted
from visus.serving.engine import Inputs, Reply

CLASSES = ("seven", "three", "zero")
DIGITS = Wanted("digits")


def ask(
    engine: Engine, inputs: Inputs, wanted: Wanted = DIGITS, **choices: float
) -> Reply:
    """Ask and wait."""
    return asyncio.run(engine.ask(wanted, inputs, **choices))


def small_graph(
    shape: tuple[int, int, int], outputs: int, seed: int, end: str = "Softmax"
) -> bytes:
    """A convolution, a linear layer and an end, with drawn weights."""
    height, width, channels = shape
    draws = np.random.default_rng(seed)
    weights = {
        "kernel": draws.normal(0, 0.3, (4, channels, 3, 3)),
        "linear": draws.normal(0, 0.1, (4 * (height - 2) * (width - 2), outputs)),
        "bias": draws.normal(0, 0.1, outputs),
        "unit": np.array(1 / 255),
    }
    nodes = [
        helper.make_node("Cast", ["pixels"], ["cast"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["cast", "unit"], ["scaled"]),
        helper.make_node("Transpose", ["scaled"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["planes", "kernel"], ["convolved"]),
        helper.make_node("Relu", ["convolved"], ["positive"]),
        helper.make_node("Flatten", ["positive"], ["flat"]),
        helper.make_node("Gemm", ["flat", "linear", "bias"], ["sums"]),
        helper.make_node(end, ["sums"], ["scores"]),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [
            helper.make_tensor_value_info(
                "pixels", TensorProto.UINT8, ["batch", height, width, channels]
            )
        ],
        [
            helper.make_tensor_value_info(
                "scores", TensorProto.FLOAT, ["batch", outputs]
            )
        ],
        [
            numpy_helper.from_array(np.asarray(value, np.float32), name)
            for name, value in weights.items()
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def write_bundle(
    path: Path,
    *,
    seed: int = 0,
    shape: tuple[int, int, int] = (8, 8, 1),
    names: Sequence[str] = CLASSES,
    task: dict | None = None,
    calibrated: bool = False,
) -> Bundle:
    """A whole bundle; another seed answers otherwise.

    A calibrated one calls black and white pictures unknown, and drawn ones by their
    scores; see `calibration_of`.
    """
    kind = (task or {"name": "single-label"})["name"]
    end = {"single-label": "Softmax", "multi-label": "Sigmoid"}.get(kind, "Identity")
    graph = small_graph(shape, len(names), seed, end)
    pixels, sure = drawn_pixels(4, shape), None
    if calibrated:
        graph = graph_with_features(graph) or graph
        sure = calibration_of(graph, shape)
    contents = Contents(
        graph=graph,
        network=None,
        spec={"image_size": list(shape[:2]), "channels": shape[2]},
        class_names=tuple(names),
        origin={"network": "small", "parameters": 0},
        golden={"pixels": pixels, "scores": Session(graph).scores(pixels)},
        content_hashes={},
        task=task or {"name": "single-label"},
        calibration=None if sure is None else sure.to_json(),
        calibration_arrays={} if sure is None else sure.to_arrays(),
    )
    return save_bundle(path, contents)


def calibration_of(graph: bytes, shape: tuple[int, int, int]) -> Calibration:
    """As if fitted on drawn pictures: half of such get one class, half several."""
    outputs = Session(graph).everything(drawn_pixels(200, shape, seed=8))
    rule = SetRule(0.9, (DialPoint(0.9, 0.5, 0.5, None),), 0.0, 0, len(outputs))
    plain = Calibration((2.0,), "softmax", len(outputs), "made up", rule)
    # The best class leaves the second out where it has as much as that.
    largest = plain.scores(outputs.scores).max(axis=1)
    halves = DialPoint(0.9, float(np.median(largest)) - 1e-4, 0.5, None)
    arrays = fit_method("mahalanobis", outputs, outputs.scores.argmax(axis=1)) or {}
    held = np.sort(strangeness("mahalanobis", arrays, outputs))
    foreign = ForeignRule("mahalanobis", 0.005, held, arrays, {"mahalanobis": 1.0})
    return replace(plain, sets=replace(rule, dial=(halves,)), foreign=foreign)


def drawn_pixels(
    count: int, shape: tuple[int, int, int] = (8, 8, 1), seed: int = 1
) -> np.ndarray:
    """uint8 pixels `(count, height, width, channels)`."""
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), np.uint8)
