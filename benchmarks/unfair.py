"""Pictures whose rare groups are learned badly: a look that nearly tells the class.

In training 95 in 100 pictures of the first half of the classes have the look, and 5 in
100 of the others; in the test every second one of each. So a model that goes by the
look is right in most training pictures, and wrong where the look misleads (as
Waterbirds; Sagawa et al., "Distributionally robust neural networks", 2020).
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from visus.core.seeds import random_generator
from visus.data.decode import decode_image, read_file
from visus.data.encode import encode_png

COLUMN = "look"
LOOK, PLAIN = "changed", "plain"
# In training, of the first half of the classes; of the others the rest.
USUAL = 0.95

Pixels = np.ndarray
# Pixels, class name, split.
Row = tuple[Pixels, str, str]


def gray(pixels: Pixels) -> Pixels:
    """Without color (ITU-R BT.601)."""
    light = pixels @ np.array([0.299, 0.587, 0.114])
    return np.repeat(np.round(light)[..., None], 3, axis=-1).astype(np.uint8)


def inverted(pixels: Pixels) -> Pixels:
    """Black for white."""
    return 255 - pixels


def photographs(folder: Path) -> Iterator[Row]:
    """Cats and dogs, `train` to learn from and `val` to test."""
    for place, split in (("train", "train"), ("val", "test")):
        for path in sorted((folder / place).rglob("*.jpg")):
            pixels = decode_image(read_file(path)).pixels
            colored = np.broadcast_to(pixels, (*pixels.shape[:2], 3))
            yield colored, path.parent.name, split


def digits() -> Iterator[Row]:
    """Pictures of digits, four of five to learn from."""
    from visus.data.sources import read_source
    from visus.data.sources.base import Access

    dataset, _ = read_source("digits", Access(offline=True))
    for number, record in enumerate(dataset.records):
        pixels = np.asarray(record.pixels)
        pixels = pixels if pixels.ndim == 3 else pixels[..., None]
        yield pixels, str(record.label), "test" if number % 5 == 0 else "train"


def write_unfair(
    rows: Iterator[Row],
    firsts: Sequence[str],
    change: Callable[[Pixels], Pixels],
    folder: Path,
) -> Path:
    """A table of pictures with the column `look`.

    Args:
        rows: the pictures.
        firsts: the classes that mostly have the look in training.
        change: gives a picture the look.
        folder: a new one.
    """
    folder.mkdir(parents=True)
    draws = random_generator(0, "unfair")
    with (folder / "table.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file_name", "label", "split", COLUMN])
        for number, (pixels, name, split) in enumerate(rows):
            usual = USUAL if name in firsts else 1 - USUAL
            has = draws.random() < (0.5 if split == "test" else usual)
            path = folder / f"{number}.png"
            path.write_bytes(encode_png(change(pixels) if has else pixels))
            table.writerow([path.name, name, split, LOOK if has else PLAIN])
    return folder / "table.csv"


def cells_of(table: Path, firsts: Sequence[str]) -> dict[str, tuple[bool, bool]]:
    """By file name: whether the class is one of the first, and whether it looks so."""
    with table.open(newline="") as file:
        return {
            row["file_name"]: (row["label"] in firsts, row[COLUMN] == LOOK)
            for row in csv.DictReader(file)
        }
