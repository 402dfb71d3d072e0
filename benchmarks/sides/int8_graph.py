"""One graph in ONNX Runtime: images a second, and, with pictures, accuracy and profile.

python -m benchmarks.sides.int8_graph --graph FILE.onnx [--photos FOLDER]
"""

import argparse
import json
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime

from benchmarks.measure import Measurement, stopwatch, tell_measurement
from visus.bundles.runtime import Session
from visus.core.settings import read_settings
from visus.data.preprocess import PreprocessSpec
from visus.data.scan import scan_pictures
from visus.data.sources import read_source

BATCH = 16
SECONDS = 4.0
PROFILED = 3


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--graph", type=Path, required=True)
    parser.add_argument("--photos", type=Path)
    asked = parser.parse_args()
    graph = asked.graph.read_bytes()
    spec, names = _described(graph)
    batch = np.random.default_rng(0).integers(
        0, 256, (BATCH, *spec.input_shape), dtype=np.uint8
    )
    measured = _speeds(Session(graph), batch)
    if asked.photos:
        measured |= _accuracy(Session(graph), asked.photos, spec, names)
        measured["profile"] = _profile(graph, batch)
    tell_measurement(measured)


def _described(graph: bytes) -> tuple[PreprocessSpec, list[str]]:
    model = onnx.load_model_from_string(graph)
    words = {entry.key: json.loads(entry.value) for entry in model.metadata_props}
    spec = read_settings(PreprocessSpec, words["visus.spec"])
    return spec, words["visus.class_names"]


def _speeds(session: Session, batch: Any) -> Measurement:
    batches, alone = _repeated(session, batch), _repeated(session, batch[:1])
    images = batches["calls"] * len(batch)
    return {
        "images_per_second": images / batches["wall_seconds"],
        "wall_seconds_an_image": batches["wall_seconds"] / images,
        "cpu_seconds_an_image": batches["cpu_seconds"] / images,
        "wall_seconds_alone": alone["wall_seconds"] / alone["calls"],
    }


def _repeated(session: Session, batch: Any) -> Measurement:
    session.scores(batch)
    calls = 0
    with stopwatch() as cost:
        until = time.perf_counter() + SECONDS
        while not calls or time.perf_counter() < until:
            session.scores(batch)
            calls += 1
    return {"calls": calls, **cost}


def _accuracy(
    session: Session, photos: Path, spec: PreprocessSpec, names: list[str]
) -> Measurement:
    """On the pictures that are marked as `val`."""
    dataset, ledger = read_source(photos)
    held = dataset.split("validation")
    scan = scan_pictures(held, ledger, spec, measured=False)
    answers = session.scores(scan.pictures.pixels).argmax(axis=1)
    truth = [names.index(str(record.target)) for record in scan.dataset.records]
    right = float((answers == np.array(truth)).mean())
    return {"accuracy": right, "pictures": len(truth)}


def _profile(graph: bytes, batch: Any) -> dict[str, float]:
    """Milliseconds an image of each kind of operator, on one core."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.enable_profiling = True
    with tempfile.TemporaryDirectory() as folder:
        options.profile_file_prefix = str(Path(folder, "profile"))
        session = onnxruntime.InferenceSession(
            graph, options, providers=["CPUExecutionProvider"]
        )
        for _ in range(PROFILED):
            session.run(["scores"], {"pixels": batch})
        events = json.loads(Path(session.end_profiling()).read_text())
    spent: Counter[str] = Counter()
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith("kernel_time"):
            spent[event["args"]["op_name"]] += event["dur"]
    images = PROFILED * len(batch)
    return {kind: micro / images / 1000 for kind, micro in spent.items()}


if __name__ == "__main__":
    main()
