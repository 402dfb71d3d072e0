"""Prepared pictures, kept on disk between runs; always safe to delete."""

import hashlib
import json
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visus.core.errors import VisusError
from visus.core.files import write_json, written_aside
from visus.core.progress import Progress
from visus.data.home import visus_home
from visus.data.ledger import Quarantined
from visus.data.locations import stamp
from visus.data.looks import Looks
from visus.data.preprocess import PreprocessSpec
from visus.data.records import ImageDataset, ImageRecord

# Raised whenever decoding, preparing or looking changes: nothing old is used.
VERSION = 4
# Larger blocks are mapped from disk rather than read into memory.
MOST_BYTES_IN_MEMORY = 2 * 2**30


@dataclass(frozen=True)
class Kept:
    """The outcome of one scan.

    Args:
        pixels: uint8 `(num_usable, height, width, channels)`.
        hashes: content hash of each, in order.
        quarantined: the others.
        looks: of each, in order; `None` for pictures in memory.
    """

    pixels: NDArray[np.uint8]
    hashes: tuple[str, ...]
    quarantined: tuple[Quarantined, ...]
    looks: Looks | None = None


@dataclass(frozen=True)
class PixelCache:
    """The place of one data set under one spec."""

    path: Path

    @classmethod
    def of(cls, dataset: ImageDataset, spec: PreprocessSpec) -> "PixelCache":
        """Another size, date, name or spec of any file gives another place."""
        digest = hashlib.sha256(f"{VERSION} {_pixel_choices(spec)}".encode())
        for record in dataset.records:
            words = f"\x1e{record.id}\x1f{_stamp(record)}"
            digest.update(words.encode("utf-8", "surrogateescape"))
        return cls(pixels_folder() / f"{digest.hexdigest()[:32]}.npy")

    def load(self) -> Kept | None:
        """What `save` kept; `None` when there is nothing whole."""
        try:
            notes = json.loads(self.path.with_suffix(".json").read_text("utf-8"))
            small = self.path.stat().st_size < MOST_BYTES_IN_MEMORY
            pixels = np.load(self.path, mmap_mode=None if small else "r")
            with np.load(self.path.with_suffix(".npz"), allow_pickle=False) as arrays:
                looks = Looks.from_arrays(arrays)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            return None
        quarantined = tuple(Quarantined(**entry) for entry in notes["quarantined"])
        if not len(pixels) == len(looks) == len(notes["hashes"]):
            return None
        return Kept(pixels, tuple(notes["hashes"]), quarantined, looks)

    def save(self, kept: Kept, progress: Progress) -> None:
        """Keep it; a disk without room costs the next run time, not this one's life."""
        notes = {
            "hashes": kept.hashes,
            "quarantined": [vars(entry) for entry in kept.quarantined],
        }
        try:
            with written_aside(self.path) as aside, aside.open("wb") as file:
                np.save(file, kept.pixels, allow_pickle=False)
            if kept.looks is not None:
                self._save_looks(kept.looks)
            write_json(self.path.with_suffix(".json"), notes)
        except VisusError as error:
            progress.say(f"The prepared pictures are not kept: {error.received}")

    def _save_looks(self, looks: Looks) -> None:
        path = self.path.with_suffix(".npz")
        with written_aside(path) as aside, aside.open("wb") as file:
            np.savez(file, allow_pickle=False, **looks.to_arrays())


def pixels_folder() -> Path:
    """Where prepared pictures are kept."""
    return visus_home() / "pixels"


def cache_sizes() -> dict[str, int]:
    """Bytes in each folder of the cache, by name."""
    home = visus_home()
    folders = [entry for entry in _entries(home) if entry.is_dir()]
    return {folder.name: _bytes_below(folder) for folder in folders}


def clear_cache(name: str) -> int:
    """Remove one folder of the cache; returns the bytes it had."""
    folder = visus_home() / name
    size = _bytes_below(folder)
    shutil.rmtree(folder, ignore_errors=True)
    return size


def _pixel_choices(spec: PreprocessSpec) -> str:
    return spec.model_dump_json(exclude={"scaling"})


def _stamp(record: ImageRecord) -> str:
    if record.pixels is not None:
        return hashlib.sha256(record.pixels.tobytes()).hexdigest()
    return stamp(record.location)


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _bytes_below(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
