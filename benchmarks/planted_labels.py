"""Planted label errors: how many the audit's ranking finds first.

Of real pictures, 5 % of the labels are changed to another class, at random. Both sides
rank all pictures by the margin of a label in out-of-fold probabilities of a logistic
regression; the peer's sees the pixels, ours what `describe_pictures` gives. The first
10 % of a ranking at random would hold a tenth of the errors.

    python -m benchmarks.planted_labels [--quick]

MNIST: the first 10,000 training pictures. Cats and dogs: all 3,000. Flowers: all 3,671.
Some labels of the last two are wrong already, which lowers nothing but precision.

ratio: the share of the errors found in the first 10 % of MNIST's ranking, over the
peer's.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.data import (
    mnist_files,
    own_home,
    scratch_folder,
    shared_archive,
    unpack,
)
from benchmarks.measure import (
    Measurement,
    describe_machine,
    last_line,
    machine_lines,
    stopwatch,
    table,
    tell_progress,
    write_results,
)

SHARE = 0.05
LOOKED_AT = 0.1
DIGITS = 10_000
QUICK_EVERY = 5
OURS, PEER = "Visus", "logistic regression on pixels"


@dataclass(frozen=True)
class Pictures:
    """Small pictures with the labels that were planted, and where."""

    name: str
    pixels: NDArray[np.uint8]
    labels: NDArray[np.int32]
    planted: NDArray[np.bool_]


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description="Planted label errors.")
    parser.add_argument("--quick", action="store_true", help="a fifth of the pictures")
    quick = parser.parse_args().quick
    machine = describe_machine()
    measurements = measure_labels(quick=quick)
    print(labels_table(measurements))
    print()
    print(machine_lines(machine))
    ratios = label_ratios(measurements)
    write_results(
        "planted_labels",
        quick=quick,
        machine=machine,
        ratios=ratios,
        measurements=measurements,
    )
    print(last_line("planted_labels", ratios["mnist"]))


def measure_labels(*, quick: bool) -> list[Measurement]:
    """Both sides on each data set; `benchmarks.audit` tells these figures too."""
    with scratch_folder() as folder, own_home(folder):
        return [
            _measure(pictures, side)
            for pictures in _data_sets(folder, QUICK_EVERY if quick else 1)
            for side in (PEER, OURS)
        ]


def label_ratios(measurements: list[Measurement]) -> dict[str, float]:
    """What we find early over what the peer does, by data set."""
    found = {
        name: {m["side"]: m["found"] for m in measurements if m["data"] == name}
        for name in {m["data"] for m in measurements}
    }
    return {name: sides[OURS] / sides[PEER] for name, sides in sorted(found.items())}


def _data_sets(folder: Path, every: int) -> list[Pictures]:
    with np.load(mnist_files(folder)) as digits:
        pixels = digits["pixels"][: DIGITS // every]
        labels = digits["labels"][: DIGITS // every]
    sets = [_planted("mnist", pixels, labels)]
    for archive, name in (("cats_dogs_180", "cats_dogs"), ("flowers_128", "flowers")):
        unpack(shared_archive(f"{archive}.zip"), folder / name, every=every)
        sets.append(_planted(name, *_small(folder / name / name)))
    return sets


def _small(folder: Path) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    from visus.data.scan import scan_pictures
    from visus.data.sources import read_source
    from visus.pipeline.audit import SMALL

    pictures = scan_pictures(*read_source(folder), SMALL).pictures
    return pictures.pixels, pictures.targets


def _planted(
    name: str, pixels: NDArray[np.uint8], labels: NDArray[np.int32]
) -> Pictures:
    from visus.data.preprocess import prepare_pixels
    from visus.pipeline.audit import SMALL

    generator = np.random.default_rng(1)
    count, classes = len(labels), int(labels.max()) + 1
    chosen = generator.choice(count, round(SHARE * count), replace=False)
    changed = labels.copy()
    changed[chosen] += generator.integers(1, classes, len(chosen), dtype=np.int32)
    planted = np.isin(np.arange(count), chosen)
    small = np.stack([prepare_pixels(picture, SMALL) for picture in pixels])
    return Pictures(name, small, changed % classes, planted)


def _measure(pictures: Pictures, side: str) -> Measurement:
    from visus.auditing.confident_learning import label_margins
    from visus.auditing.features import describe_pictures
    from visus.auditing.probe import probe_labels

    tell_progress(f"{pictures.name}: {side}")

    def pixels() -> NDArray[np.float32]:
        return pictures.pixels.reshape(len(pictures.pixels), -1).astype(np.float32)

    def patterns() -> NDArray[np.float32]:
        return describe_pictures(pictures.pixels)

    seen: Callable[[], NDArray[np.float32]] = patterns if side == OURS else pixels
    units = np.arange(len(pictures.labels))
    with stopwatch() as cost:
        probed = probe_labels(seen, pictures.labels, units, seed=0)
        assert probed is not None
        order = np.argsort(label_margins(probed.probabilities, probed.labels))
    first = probed.rows[order[: round(LOOKED_AT * len(order))]]
    return {
        "data": pictures.name,
        "side": side,
        "pictures": len(units),
        "planted": int(pictures.planted.sum()),
        "found": float(pictures.planted[first].sum() / pictures.planted.sum()),
        "agreement": probed.right / len(probed.rows),
        **cost,
    }


def labels_table(measurements: list[Measurement]) -> str:
    columns = ("pictures", "side", "planted", "in the first 10 %", "agrees", "CPU s")
    rows = [
        (
            f"{m['data']}, {m['pictures']:,}",
            m["side"],
            f"{m['planted']:,}",
            f"{m['found']:.1%}",
            f"{m['agreement']:.1%}",
            f"{m['cpu_seconds']:.0f}",
        )
        for m in measurements
    ]
    return table(columns, rows)


if __name__ == "__main__":
    main()
