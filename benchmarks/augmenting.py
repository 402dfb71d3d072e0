"""Augmentation: what a whole policy costs, from cached pixels to changed batches.

Cats and dogs at 180 by 180 pixels, uint8 in memory, as in a second epoch; batches of
64, float32. Visus draws by picture and applies one compiled warp with all that follows;
the peer is the same policy in Keras's preprocessing layers inside tf.data, mapped in
parallel and prefetched. Each measurement in a fresh process, sides in turn, warmed up.

    python -m benchmarks.augmenting [--quick]

ratio: wall seconds a picture of Keras over those of Visus.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.data import scratch_folder, shared_archive, unpack
from benchmarks.measure import (
    CLOCKS,
    Measurement,
    Spread,
    describe_machine,
    last_line,
    machine_lines,
    ratio_of_means,
    run_side,
    table,
    tell_progress,
    values_of,
    write_results,
)

SIDE = 180
BATCH_SIZE = 64
# Of `training.augment.strength`; Keras's layers are set to the same ranges.
POLICY = 5
PICTURES, QUICK_PICTURES = 1280, 640
RUNS, QUICK_RUNS = 5, 3
PEER, OURS = "Keras layers in tf.data", "Visus"
SIDES = {PEER: "augmenting_keras", OURS: "augmenting_visus"}


def main() -> None:
    """Measure, print, keep."""
    quick = _arguments().quick
    machine = describe_machine()
    measurements = measure_augmenting(quick=quick)
    ratios = augmenting_ratios(measurements)
    print(augmenting_table(measurements))
    print()
    print(machine_lines(machine))
    for clock, ratio in ratios.items():
        print(f"Keras / Visus, {clock}: {ratio:.2f}")
    write_results(
        "augmenting",
        quick=quick,
        machine=machine,
        ratios=ratios,
        measurements=measurements,
    )
    print(last_line("augmenting", ratios["wall"]))


def measure_augmenting(*, quick: bool) -> list[Measurement]:
    """Both sides in turn."""
    with scratch_folder() as folder:
        data = _prepared(folder, QUICK_PICTURES if quick else PICTURES)
        return _measure(data, QUICK_RUNS if quick else RUNS)


def augmenting_ratios(measurements: Sequence[Measurement]) -> dict[str, float]:
    """Keras over Visus, by clock."""
    return {
        clock: ratio_of_means(*(_costs(measurements, side, field) for side in SIDES))
        for clock, field in CLOCKS.items()
    }


def arguments_of_side() -> argparse.Namespace:
    """What a side is told."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--batch-size", type=int, required=True)
    return parser.parse_args()


def pictures_of(data: Path) -> tuple[Any, Any]:
    """Pixels uint8 `(num_images, height, width, channels)` and class numbers."""
    with np.load(data) as arrays:
        return arrays["pixels"], arrays["labels"]


def _prepared(folder: Path, most: int) -> Path:
    """Pictures of both classes in turn, decoded once, as one file."""
    from visus.data.opening import open_picture
    from visus.data.preprocess import PreprocessSpec

    unpack(shared_archive("cats_dogs_180.zip"), folder)
    spec = PreprocessSpec(image_size=(SIDE, SIDE), channels=3)
    kinds = [sorted(folder.rglob(f"train/{name}/*.jpg")) for name in ("cats", "dogs")]
    pairs = list(zip(*kinds, strict=False))[: most // 2]
    pixels = [open_picture(path, spec) for pair in pairs for path in pair]
    data = folder / "pictures.npz"
    labels = np.tile(np.arange(2, dtype=np.int32), len(pairs))
    np.savez(data, pixels=np.stack(pixels), labels=labels)
    return data


def _measure(data: Path, runs: int) -> list[Measurement]:
    measurements = []
    for run in range(runs):
        for side, module in SIDES.items():
            found = run_side(module, "--data", data, "--batch-size", BATCH_SIZE)
            measurements.append({"side": side, "run": run, **found})
            rate = found["pictures"] / found["wall_seconds"]
            tell_progress(f"{side}, run {run + 1} of {runs}: {rate:,.0f}/s")
    return measurements


def _costs(measurements: Sequence[Measurement], side: str, field: str) -> list[float]:
    """Milliseconds a picture."""
    counts = values_of(measurements, "pictures", side=side)
    seconds = values_of(measurements, field, side=side)
    return [1e3 * spent / count for spent, count in zip(seconds, counts, strict=True)]


def augmenting_table(measurements: Sequence[Measurement]) -> str:
    """A row a side."""
    rows = []
    for side in SIDES:
        costs = [
            Spread.of(_costs(measurements, side, field)) for field in CLOCKS.values()
        ]
        runs = str(len(values_of(measurements, "run", side=side)))
        rows.append([side, runs, *(cost.around_mean("ms") for cost in costs)])
    return table(("side", "runs", "wall a picture", "CPU a picture"), rows)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Augmentation: Visus against Keras.")
    parser.add_argument("--quick", action="store_true", help="fewer pictures and runs")
    return parser.parse_args()


if __name__ == "__main__":
    main()
