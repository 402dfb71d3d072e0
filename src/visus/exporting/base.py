"""What every exporter does: write a bundle, and answer from what it wrote."""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from visus.bundles import Bundle
from visus.core.progress import Progress
from visus.data.batches import Pixels

Floats = NDArray[np.float32]

# Pictures that a runtime gets at once when it proves itself.
PIECE = 8


@dataclass(frozen=True)
class Runtime:
    """The library that runs a format.

    Args:
        name: as its makers call it.
        version: the one that answered.
    """

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class Exporter(ABC):
    """One format.

    `write` and `answer` run in processes of their own, each in a fresh one: what a
    library keeps in memory while it writes cannot stand in for what is on disk.

    Attributes:
        ending: of the file that is written; "" where it is a folder.
        tolerance: how far a score may lie from the bundle's; of numbers, in spreads
            of the training targets.
    """

    ending: ClassVar[str] = ""
    tolerance: ClassVar[float] = 1e-4

    @classmethod
    def prepare(cls, progress: Progress, *, offline: bool) -> None:
        """Bring or ask for what must be there first; nothing by default.

        Raises:
            MachineError: a library or a program that the format needs is missing.
        """
        return

    @abstractmethod
    def write(self, bundle: Bundle, place: Path) -> None:
        """Write the bundle to `place`, where nothing is yet.

        Raises:
            ModelError: this bundle has no such form.
        """

    @abstractmethod
    def answer(self, place: Path, pixels: Pixels) -> tuple[Floats, Runtime]:
        """Load what `write` wrote, in the format's own runtime, and answer.

        Args:
            place: the file or folder.
            pixels: uint8 `(num_images, height, width, channels)`, as prepared by the
                bundle's spec.

        Returns:
            scores `(num_images, num_outputs)`, and the runtime that gave them.
        """


def description(bundle: Bundle) -> dict[str, Any]:
    """What somebody without Visus must know to use the network, as plain data."""
    return {
        "network": bundle.origin.get("network"),
        "class_names": list(bundle.class_names),
        "task": bundle.task.to_json(),
        "spec": bundle.spec.model_dump(mode="json"),
    }


def describe_folder(bundle: Bundle, folder: Path) -> None:
    """Leave the description in a folder, as visus.json."""
    words = json.dumps(description(bundle), indent=2, ensure_ascii=False)
    (folder / "visus.json").write_text(words + "\n", encoding="utf-8")


def pieces(pixels: Pixels) -> Iterator[NDArray[np.uint8]]:
    """The pictures, a few at a time; the last piece may have fewer."""
    for first in range(0, len(pixels), PIECE):
        yield np.ascontiguousarray(pixels[first : first + PIECE])
