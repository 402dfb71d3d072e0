"""Our side: from a folder to the batches of two epochs, in the parts a training has.

The first pass is all that comes before and in a first epoch: list the folder;
`scan_pictures`, which hashes, decodes, prepares and looks at every picture and keeps
the pixels; find twins; lay out every batch. The second pass is the next epoch. `again`
is the first pass of a later run, which finds the pixels kept. With `--budget` (bytes of
pixels in memory) the most anonymous memory is told too, above what there was when
everything had been imported.
"""

import argparse
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import stopwatch, tell_measurement
from visus.data.batches import Batch
from visus.data.cache import MOST_BYTES_IN_MEMORY
from visus.data.preprocess import PreprocessSpec
from visus.data.scan import scan_pictures
from visus.data.sources import read_source
from visus.data.twins import find_twins
from visus.training.config import TrainingConfig
from visus.training.epochs import EpochPlan

PARTS = ("list", "scan", "twins", "batches")
# One epoch of few pictures is shorter than the processor's clock can tell.
SECOND_PASS_PICTURES = 4_000
SECONDS_BETWEEN_LOOKS = 0.002


def main() -> None:
    """Measure the first pass, the second, and the first of a later run."""
    asked = _arguments()
    one_pass(asked.warm_up, asked)
    told: dict[str, Any] = {"fast": _has_fast_decoder()}
    # Looking at memory takes time too, so not where time is measured.
    watched: AbstractContextManager[dict[str, Any]] = (
        most_anonymous_memory() if asked.budget else nullcontext({})
    )
    with watched as memory:
        with stopwatch() as cost:
            pictures, parts = one_pass(asked.folder, asked)
        told |= _named("first", {**cost, **parts})
        epochs = -(-SECOND_PASS_PICTURES // len(pictures))
        with stopwatch() as cost:
            for epoch in range(1, 1 + epochs):
                take_all(pictures, asked.batch_size, epoch)
        told |= _named("second", {name: cost[name] / epochs for name in cost})
        del pictures
        with stopwatch() as cost:
            pictures, parts = one_pass(asked.folder, asked)
        told |= _named("again", {**cost, **parts})
    size = len(pictures) * int(np.prod(pictures.pixels.shape[1:]))
    tell_measurement({**told, **memory, "pictures": len(pictures), "bytes": size})


def one_pass(folder: Path, asked: argparse.Namespace) -> tuple[Batch, dict[str, float]]:
    """The pictures, and wall seconds of each part."""
    clock = [time.perf_counter()]
    read = read_source(folder)
    clock.append(time.perf_counter())
    spec = PreprocessSpec(image_size=(asked.side, asked.side), channels=3)
    most_bytes = asked.budget or MOST_BYTES_IN_MEMORY
    scan = scan_pictures(*read, spec, most_bytes=most_bytes, measured=False)
    clock.append(time.perf_counter())
    find_twins([record.content_hash for record in scan.dataset.records], scan.looks)
    clock.append(time.perf_counter())
    take_all(scan.pictures, asked.batch_size, epoch=0)
    clock.append(time.perf_counter())
    parts = dict(zip(PARTS, np.diff(clock).tolist(), strict=True))
    return scan.pictures, parts


def take_all(pictures: Batch, batch_size: int, epoch: int) -> None:
    """Lay out every batch of one epoch, as `fit` does."""
    config = TrainingConfig(batch_size=batch_size)
    ones = np.ones(int(pictures.targets.max()) + 1, dtype=np.float32)
    plan = EpochPlan(pictures, config, 0, epoch, batch_size, ones)
    seen = sum(int((work.weights > 0).sum()) for work in plan.pieces(0, repeat(1)))
    if seen != len(pictures):
        raise RuntimeError(f"{seen} of {len(pictures)} pictures came in batches")


def _named(which: str, found: dict[str, float]) -> dict[str, float]:
    return {f"{which}_{name}": value for name, value in found.items()}


@contextmanager
def most_anonymous_memory() -> Iterator[dict[str, int]]:
    """The most bytes of anonymous memory in the block, above those at its start."""
    found: dict[str, int] = {}
    before, most, over = _anonymous(), [0], threading.Event()

    def watch() -> None:
        while not over.wait(SECONDS_BETWEEN_LOOKS):
            most[0] = max(most[0], _anonymous())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield found
    finally:
        over.set()
        watcher.join()
    found["anonymous_bytes"] = most[0] - before


def _anonymous() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) * 1024
    return 0


def _has_fast_decoder() -> bool:
    from importlib.util import find_spec

    return find_spec("simplejpeg") is not None


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--warm-up", type=Path, required=True)
    parser.add_argument("--side", type=int, required=True)
    parser.add_argument("--batch-size", type=int, required=True)
    parser.add_argument("--budget", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
