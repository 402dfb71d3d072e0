"""The floor of `serving`: the same graph and batches in one process, and no server.

`--callers 1`: one caller, whose runs share all cores; `--callers 2`: two, each with one
core to a run, as the server has it. With `--bundle` each picture is decoded first, by
the same function as everywhere in Visus. `--batch 1 --callers 1` gives the latency.
"""

import argparse
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.measure import tell_measurement

WARM_UP_SECONDS = 1.0


def main() -> None:
    """Measure once."""
    asked = _arguments()
    answer = _decoding(asked) if asked.bundle else _plain(asked)
    _repeat(answer, asked.callers, WARM_UP_SECONDS)
    wall, processor = time.perf_counter(), time.process_time()
    seconds = _repeat(answer, asked.callers, asked.seconds)
    wall = time.perf_counter() - wall
    tell_measurement(
        {
            "batch": asked.batch,
            "callers": asked.callers,
            "pictures_per_second": len(seconds) * asked.batch / wall,
            "cpu_ms": 1e3
            * (time.process_time() - processor)
            / (len(seconds) * asked.batch),
            "p50_ms": 1e3 * median(seconds),
        }
    )


def _plain(asked: argparse.Namespace) -> Callable[[int], Any]:
    session = _session(asked)
    pixels = np.load(asked.pixels)
    pixels = np.concatenate([pixels] * (asked.batch // len(pixels) + 1))

    def answer(turn: int) -> Any:
        first = turn * asked.batch % (len(pixels) - asked.batch + 1)
        batch = pixels[first : first + asked.batch]
        return session.run(["scores"], {"pixels": batch})

    return answer


def _decoding(asked: argparse.Namespace) -> Callable[[int], Any]:
    from visus.bundles import load_bundle
    from visus.data.opening import open_content

    spec = load_bundle(asked.bundle).spec
    session = _session(asked)
    files = [path.read_bytes() for path in sorted(asked.pictures.glob("photo-*.jpg"))]

    def answer(turn: int) -> Any:
        chosen = [files[(turn + row) % len(files)] for row in range(asked.batch)]
        batch = np.stack([open_content(content, spec) for content in chosen])
        return session.run(["scores"], {"pixels": batch})

    return answer


def _session(asked: argparse.Namespace) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    if asked.callers > 1:
        options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(
        str(asked.graph), options, providers=["CPUExecutionProvider"]
    )


def _repeat(answer: Callable[[int], Any], callers: int, seconds: float) -> list[float]:
    """Call for so long, from so many threads; the seconds of each call."""
    took: list[float] = []
    until = time.perf_counter() + seconds

    def call(turn: int) -> None:
        while (began := time.perf_counter()) < until:
            answer(turn)
            took.append(time.perf_counter() - began)
            turn += callers

    threads = [threading.Thread(target=call, args=(turn,)) for turn in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return took


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--graph", type=Path, required=True)
    parser.add_argument("--pixels", type=Path)
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--callers", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
