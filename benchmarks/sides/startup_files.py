"""Not a measurement: what `startup` needs. A bundle, the same network as Keras keeps
it, and one picture, made from the source `digits` with one epoch.
"""

import argparse
from pathlib import Path
from typing import Any

import visus
from benchmarks.measure import tell_measurement
from visus.data.encode import encode_png
from visus.data.sources import read_source


def main() -> None:
    """Make the files; tells their paths."""
    folder = _arguments().folder
    run = visus.train(
        "digits",
        recipe="quick",
        out=folder / "run",
        settings={"training.epochs": 1},
        offline=True,
    )
    paths = {
        "bundle": run.run.bundle_path,
        "network": folder / "network.keras",
        "picture": folder / "picture.png",
    }
    paths["network"].write_bytes(run.bundle.contents.network)
    paths["picture"].write_bytes(_one_picture())
    tell_measurement({name: str(path) for name, path in paths.items()})


def _one_picture() -> Any:
    dataset, _ = read_source("digits")
    return encode_png(dataset.records[0].pixels)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
