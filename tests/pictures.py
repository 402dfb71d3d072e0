"""Made pictures that a small network learns in a second."""

from pathlib import Path

import numpy as np
from PIL import Image


def striped(upright: bool, seed: int, side: int = 16, noise: float = 15) -> np.ndarray:
    """A noisy picture of stripes, `(side, side)`; the direction is its class."""
    stripes = np.sin(np.arange(side) * 1.6 + seed) > 0
    picture = np.tile(stripes * 200.0, (side, 1))
    picture = picture if upright else picture.T
    added = np.random.default_rng(seed).normal(20, noise, picture.shape)
    return np.clip(picture + added, 0, 255).astype(np.uint8)


def write_stripes(
    folder: Path, count: int = 60, side: int = 16, noise: float = 15
) -> Path:
    """PNG files of stripes in two class folders, numbered in turn."""
    for row in range(count):
        name = "upright" if row % 2 == 0 else "across"
        (folder / name).mkdir(parents=True, exist_ok=True)
        picture = Image.fromarray(striped(row % 2 == 0, row, side, noise))
        picture.save(folder / name / f"{row:02d}.png")
    return folder
