"""Convolutions in eight bits: against the float graph, and against NumPy."""

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from pictures import striped
from visus.bundles.runtime import Session
from visus.core.progress import SilentProgress
from visus.exporting.int8.choose import choose_layers, measure_harms
from visus.exporting.int8.graph import (
    WEIGHT_STEPS,
    count_convolutions,
    kernel_scales,
    quantized_graph,
)
from visus.exporting.int8.layers import read_layers
from visus.exporting.int8.ranges import Range, find_ranges
from visus.exporting.int8.speed import compare_speeds


@pytest.fixture(scope="module")
def pixels():
    return np.stack([striped(n % 2 == 0, n, 16)[..., None] for n in range(24)])


@pytest.fixture(scope="module")
def layers(bundle):
    return read_layers(bundle.contents.graph)


@pytest.fixture(scope="module")
def ranges(layers, pixels):
    return find_ranges(layers, pixels)


def kinds_of(graph):
    return [node.op_type for node in onnx.load_from_string(graph).graph.node]


def test_ranges_are_the_mean_extremes_of_the_pictures(layers, ranges, pixels):
    images = pixels.astype(np.float32) * np.float32(2 / 255) - 1
    first = layers.model.graph.node
    taken = next(node.input[0] for node in first if node.op_type == "Conv")
    assert ranges[taken].low == pytest.approx(images.min(axis=(1, 2, 3)).mean())
    assert ranges[taken].high == pytest.approx(images.max(axis=(1, 2, 3)).mean())
    assert all(around.low <= 0 <= around.high for around in ranges.values())


@pytest.mark.parametrize(
    "low, high", [(-1.0, 1.0), (0.0, 6.0), (-0.3, 0.0), (0.0, 0.0)]
)
def test_zero_is_a_step(low, high):
    around = Range(low, high)
    assert 0 <= around.zero <= 255
    assert (0 - around.zero) * around.scale <= around.low + around.scale / 2
    assert (255 - around.zero) * around.scale >= around.high - around.scale / 2


def test_activations_that_only_cut_become_the_rounding(layers, ranges):
    graph = quantized_graph(layers, ranges)
    kinds = kinds_of(graph)
    assert count_convolutions(graph) == len(layers.convolutions) == 4
    assert "Clip" not in kinds and "Relu" not in kinds
    # silu is no cut, and stays.
    assert kinds.count("Sigmoid") == 1
    before = kinds[: kinds.index("QuantizeLinear")]
    assert before == ["Cast", "Mul", "Sub", "Transpose"]
    assert kinds[-1] == "Identity" and kinds[-2] == "Softmax"


def test_scores_stay_near_those_of_the_float_graph(bundle, layers, ranges, pixels):
    expected = bundle.scores(pixels)
    found = Session(quantized_graph(layers, ranges)).scores(pixels)
    assert np.ptp(expected) > 0.02
    # 255 steps a value, through four convolutions.
    np.testing.assert_allclose(found, expected, atol=0.02)
    assert 0 < np.abs(found - expected).max()


def test_kept_convolutions_are_computed_in_float(bundle, layers, ranges, pixels):
    for count in range(5):
        kept = layers.convolutions[:count]
        graph = quantized_graph(layers, ranges, kept)
        assert count_convolutions(graph) == 4 - count
        Session(graph)
    np.testing.assert_array_equal(Session(graph).scores(pixels), bundle.scores(pixels))


def test_weights_are_rounded_to_their_channels_own_steps(layers, ranges):
    graph = onnx.load_from_string(quantized_graph(layers, ranges)).graph
    held = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    for node in layers.model.graph.node:
        if node.op_type != "Conv":
            continue
        kernel = layers.constants[node.input[1]]
        steps = held[f"{node.output[0]}_weights_steps"].astype(np.float32)
        scales = held[f"{node.output[0]}_weights_scales"]
        assert np.abs(steps).max() <= WEIGHT_STEPS
        apart = np.abs(steps * scales[:, None, None, None] - kernel)
        assert (apart <= scales[:, None, None, None] * 0.5001).all()
        assert len(np.unique(scales)) > 1


def test_a_channel_without_weights_keeps_its_bias():
    kernel = np.zeros((3, 2, 1, 1), np.float32)
    kernel[1] = 1e-12
    kernel[2] = 0.5
    scales = kernel_scales(kernel, np.array([1e3, 1e3, 0.1], np.float32), 0.01)
    assert np.isfinite(scales).all() and (scales > 0).all()
    assert (np.abs(np.array([1e3, 1e3, 0.1]) / (scales * 0.01)) < 2**31).all()
    assert scales[2] == pytest.approx(0.5 / WEIGHT_STEPS)


def test_a_sum_in_eight_bits_is_one_integer_sum(layers):
    eight = layers.in_eight_bits()
    add = next(node for node in layers.model.graph.node if node.op_type == "Add")
    assert layers.given(add) in eight
    pool = next(node for node in layers.model.graph.node if node.op_type == "MaxPool")
    assert pool.output[0] in eight
    assert "scores" not in eight


def test_pools_share_the_steps_of_what_they_take(layers, ranges):
    pool = next(node for node in layers.model.graph.node if node.op_type == "MaxPool")
    assert ranges[pool.output[0]] == ranges[pool.input[0]]


def chosen(layers, ranges, enough, harms=None):
    """What is chosen where so many convolutions in float are enough."""
    judged = []

    def judge(graph):
        judged.append(4 - count_convolutions(graph))
        return float(judged[-1] >= enough)

    names = layers.convolutions
    ranking = harms or {name: float(n) for n, name in enumerate(names)}
    found = choose_layers(layers, ranges, judge, 1.0, lambda: ranking)
    return found, judged


def test_as_few_stay_in_float_as_the_budget_allows(layers, ranges):
    found, judged = chosen(layers, ranges, 0)
    assert (found.kept, judged) == ((), [0])
    found, judged = chosen(layers, ranges, 2)
    assert judged == [0, 1, 2]
    # Those that do most harm.
    assert set(found.kept) == set(layers.convolutions[-2:])
    assert count_convolutions(found.graph) == 2


def test_a_budget_that_nothing_keeps_is_told(layers, ranges):
    found, judged = chosen(layers, ranges, 5)
    assert found is None
    assert judged == [0, 1, 2]


def test_harm_is_measured_layer_by_layer(layers, ranges, pixels):
    wrong = {**ranges}
    victim = layers.convolutions[1]
    node = next(n for n in layers.model.graph.node if n.output[0] == victim)
    wrong[layers.given(node)] = Range(0.0, 1e-4)
    harms = measure_harms(layers, wrong, pixels, SilentProgress())
    assert max(harms, key=harms.get) in layers.convolutions[:3]
    assert max(harms.values()) > 10 * min(harms.values())


def test_speeds_are_of_both(bundle, layers, ranges, pixels):
    graph = quantized_graph(layers, ranges)
    speeds = compare_speeds(bundle.contents.graph, graph, pixels, rounds=1)
    assert all(speed > 0 for speed in speeds)


def test_equal_graphs_give_equal_bytes(layers, ranges):
    assert quantized_graph(layers, ranges) == quantized_graph(layers, dict(ranges))
