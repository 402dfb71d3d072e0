"""Features of pictures, kept on disk by what a picture holds; always safe to delete.

Beside the prepared pixels, and in files of the same kind: a row is a picture's features
and its thumbnail. Pictures are known by their content hash, so one that was renamed,
relabelled, or lies in another data set is known again. A run adds a file of what it
computed, every now and then while it goes on; many small ones are joined.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visus.core.errors import MachineError
from visus.data.cache import VERSION as PIXEL_VERSION
from visus.data.cache import Kept, Noted, PixelCache
from visus.data.cache_room import features_folder, make_room, remove_unheld
from visus.data.decode.resampling import resampler
from visus.data.looks import THUMBNAIL_SIDE, Looks, join_parts
from visus.data.preprocess import PreprocessSpec

# Raised whenever features of the same picture could become other ones.
VERSION = 1
MOST_FILES = 8

Floats = NDArray[np.float32]

_THUMBNAIL_BYTES = THUMBNAIL_SIDE**2


@dataclass(frozen=True)
class Remembered:
    """What is known of some pictures.

    Args:
        files: rows that stay on disk, with their notes.
        places: of each content hash, its file and its row there.
    """

    files: tuple[Kept, ...]
    places: dict[str, tuple[int, int]]

    def take(self, digests: Sequence[str]) -> tuple[Floats, Looks]:
        """Features `(num_images, num_features)` and looks, in this order."""
        places = np.array([self.places[digest] for digest in digests])
        # Each file's rows in their own order: disks read those quickly.
        order = np.lexsort((places[:, 1], places[:, 0]))
        numbers = places[order, 0]
        width = self.files[numbers[0]].pixels.shape[2] - _THUMBNAIL_BYTES
        features = np.empty((len(order), width), dtype=np.uint8)
        thumbnails = np.empty((len(order), _THUMBNAIL_BYTES), dtype=np.uint8)
        looks = []
        for number in np.unique(numbers):
            wanted = order[numbers == number]
            rows = places[wanted, 1]
            part = self.files[number].pixels[rows][:, 0, :, 0]
            features[wanted] = part[:, :width]
            thumbnails[wanted] = part[:, width:]
            looks.append(_looks(self.files[number]).take(rows))
        back = np.argsort(order)
        square = thumbnails.reshape(-1, THUMBNAIL_SIDE, THUMBNAIL_SIDE)
        noted = replace(join_parts(looks).take(back), thumbnails=square)
        return features.view(np.float32), noted


@dataclass(frozen=True)
class FeatureCache:
    """The place of all features that one network gives of pictures prepared one way.

    Args:
        key: what the names of its files begin with.
        width: number of features.
    """

    key: str
    width: int

    @classmethod
    def of(cls, network: str, spec: PreprocessSpec, width: int) -> "FeatureCache":
        """The place for this network, which `network` names down to its weights."""
        pixels = f"{PIXEL_VERSION} {resampler()}"
        words = (str(VERSION), pixels, network, spec.model_dump_json())
        digest = hashlib.sha256("\x1f".join(words).encode()).hexdigest()
        return cls(digest[:24], width)

    @property
    def paths(self) -> list[Path]:
        """Its files."""
        return sorted(features_folder().glob(f"{self.key}-*.features"))

    def load(self) -> Remembered:
        """All that is whole of what was kept."""
        found = [PixelCache(path).load(most_bytes=0) for path in self.paths]
        files = tuple(k for k in found if k is not None and self._is_ours(k))
        places = {
            digest: (number, row)
            for number, kept in enumerate(files)
            for row, digest in enumerate(kept.noted.hashes)
        }
        return Remembered(files, places)

    def add(self, digests: Sequence[str], features: Floats, looks: Looks) -> None:
        """Keep some pictures' features, whole or not at all.

        Raises:
            MachineError: there is no room.
        """
        thumbnails = looks.thumbnails.reshape(len(looks), _THUMBNAIL_BYTES)
        rows = np.ascontiguousarray(features, dtype=np.float32).view(np.uint8)
        blank = np.empty((len(looks), 0, 0), dtype=np.uint8)
        noted = Noted(tuple(digests), (), replace(looks, thumbnails=blank))
        self._write(np.concatenate([rows, thumbnails], axis=1), noted)

    def tidy(self) -> None:
        """Join many small files to one."""
        paths = self.paths
        if len(paths) <= MOST_FILES:
            return
        remembered = self.load()
        if remembered.places:
            digests = list(remembered.places)
            self.add(digests, *remembered.take(digests))
            del remembered
            for path in paths:
                remove_unheld(path)

    def _write(self, rows: NDArray[np.uint8], noted: Noted) -> None:
        if not make_room(rows.nbytes):
            raise MachineError(
                received=f"The disk of {features_folder().parent} has no room for "
                f"{rows.nbytes / 1e6:,.0f} MB of features.",
                expected="that much room, and half a gigabyte to spare.",
                remedy="Free space, or set VISUS_HOME to a larger disk.",
            )
        path = features_folder() / f"{self.key}-{secrets.token_hex(6)}.features"
        with PixelCache(path).writing() as file:
            for row in rows:
                file.add(row)
            file.finish(noted, (1, rows.shape[1], 1), most_bytes=0)

    def _is_ours(self, kept: Kept) -> bool:
        shape = (1, 4 * self.width + _THUMBNAIL_BYTES, 1)
        return kept.pixels.shape[1:] == shape and kept.noted.looks is not None


def _looks(kept: Kept) -> Looks:
    if kept.noted.looks is None:
        raise ValueError("a file of features without looks")
    return kept.noted.looks
