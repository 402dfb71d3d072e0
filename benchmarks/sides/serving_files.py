"""Not a measurement: what `serving` needs. Two bundles, their graphs, and pictures.

`small` answers pictures of 28 by 28 pixels (the source `digits`, recipe `quick`);
`photo` is EfficientNet-Lite0 with a head for cats and dogs, 224 by 224 pixels, as
`visus train` makes it of photographs.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import tell_measurement

COUNT = 64


def main() -> None:
    """Make the files; tells the folder."""
    asked = _arguments()
    _small(asked.folder)
    _photo(asked.folder, asked.train, asked.photos)
    tell_measurement({"folder": str(asked.folder)})


def _small(folder: Path) -> None:
    import visus
    from visus.data.sources import read_source

    settings = {"training.epochs": 1}
    run = visus.train(
        "digits", recipe="quick", out=folder / "a", settings=settings, offline=True
    )
    dataset, _ = read_source("digits")
    # One in so many: the source is sorted by its labels.
    chosen = dataset.records[:: len(dataset.records) // COUNT][:COUNT]
    pixels = np.stack([record.pixels for record in chosen])
    _keep(folder, "small", run, pixels.reshape(-1, *run.bundle.spec.input_shape))


def _photo(folder: Path, train: Path, photos: Path) -> None:
    import visus
    from visus.data.opening import open_picture

    run = visus.train(train, out=folder / "b", offline=True)
    paths = sorted(photos.rglob("*.JPEG"))[:COUNT]
    pixels = np.stack([open_picture(path, run.bundle.spec) for path in paths])
    _keep(folder, "photo", run, pixels)
    for number, path in enumerate(paths):
        (folder / f"photo-{number:02d}.jpg").write_bytes(path.read_bytes())


def _keep(folder: Path, name: str, run: Any, pixels: Any) -> None:
    (folder / f"{name}.visus").write_bytes(run.run.bundle_path.read_bytes())
    (folder / f"{name}.onnx").write_bytes(run.bundle.contents.graph)
    np.save(folder / f"{name}.npy", pixels)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--photos", type=Path, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
