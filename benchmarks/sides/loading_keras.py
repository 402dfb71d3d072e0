"""The peer: `keras.utils.image_dataset_from_directory`, as a tutorial calls it.

The first pass is: list the folder, build the data set, and take every batch; the second
takes every batch again. TensorFlow has started before the clock does.
"""

import argparse
from pathlib import Path
from typing import Any

import keras

from benchmarks.measure import stopwatch, tell_measurement


def main() -> None:
    """Measure two passes, and the first of a later run, which is a first again."""
    asked = _arguments()
    take_all(listed(asked.warm_up, asked))
    told: dict[str, Any] = {}
    with stopwatch() as cost:
        batches = listed(asked.folder, asked)
        take_all(batches)
    told |= _named("first", cost)
    with stopwatch() as cost:
        told["pictures"] = take_all(batches)
    told |= _named("second", cost)
    with stopwatch() as cost:
        take_all(listed(asked.folder, asked))
    tell_measurement(told | _named("again", cost))


def listed(folder: Path, asked: argparse.Namespace) -> Any:
    """Shuffled batches, float32."""
    return keras.utils.image_dataset_from_directory(
        folder,
        image_size=(asked.side, asked.side),
        batch_size=asked.batch_size,
        verbose=False,
    )


def take_all(batches: Any) -> int:
    """Pictures seen in one pass."""
    return sum(int(images.shape[0]) for images, _ in batches)


def _named(which: str, cost: dict[str, float]) -> dict[str, float]:
    return {f"{which}_{name}": value for name, value in cost.items()}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--warm-up", type=Path, required=True)
    parser.add_argument("--side", type=int, required=True)
    parser.add_argument("--batch-size", type=int, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
