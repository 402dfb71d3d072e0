"""The figures of the benchmark of eight bits, from measurements that are made up."""

import numpy as np
import pytest
from benchmarks.sides import int8_graph

from benchmarks import int8
from small_bundle import make_bundle
from visus.bundles.runtime import Session
from visus.exporting.onnx_file import described_graph


def measurement(side: str, seconds: float, size: int, **once) -> dict:
    return {
        "side": side,
        "bytes": size,
        "images_per_second": 1 / seconds,
        "wall_seconds_an_image": seconds,
        "cpu_seconds_an_image": 2 * seconds,
        "wall_seconds_alone": 3 * seconds,
        **once,
    }


ONCE = {"pictures": 1000, "profile": {"Conv": 3.0, "Softmax": 0.1}}
MEASURED = [
    measurement(int8.FLOAT, 0.03, 8_000_000, accuracy=0.99, **ONCE),
    measurement(int8.INT8, 0.02, 2_000_000, accuracy=0.988, **ONCE),
    measurement(int8.FLOAT, 0.03, 8_000_000),
    measurement(int8.INT8, 0.02, 2_000_000),
]


def test_ratios_are_floats_cost_over_ours():
    ratios = int8.int8_ratios(MEASURED)
    assert next(iter(ratios.values())) == pytest.approx(1.5)
    assert ratios["points of accuracy lost"] == pytest.approx(0.2)
    assert ratios["bytes, float / int8"] == 4


def test_the_table_tells_both_sides_and_where_the_time_goes(capsys):
    int8._tell(MEASURED)
    said = capsys.readouterr().out
    assert "99.00% of 1000" in said and "98.80% of 1000" in said
    assert said.count("Conv 3.00, Softmax 0.10") == 2


def test_a_side_knows_a_graph_by_what_is_written_in_it(tmp_path, monkeypatch):
    monkeypatch.setattr(int8_graph, "SECONDS", 0.0)
    bundle = make_bundle(tmp_path / "model.visus")
    graph = described_graph(bundle.contents.graph, bundle)
    spec, names = int8_graph._described(graph)
    assert (spec, names) == (bundle.spec, ["across", "upright"])
    batch = np.zeros((2, *spec.input_shape), np.uint8)
    spent = int8_graph._profile(graph, batch)
    assert spent["Conv"] > 0
    assert int8_graph._speeds(Session(graph), batch)["images_per_second"] > 0
