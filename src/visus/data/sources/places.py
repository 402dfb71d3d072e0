"""Places: a folder or an archive seen alike, as names and where their bytes lie.

Every layout (class folders, COCO, YOLO, ...) reads a place, so each of them is read
from a zip or tar as from a folder.
"""

import os
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path, PurePosixPath

from visus.core.errors import DataError
from visus.core.progress import Progress
from visus.data.decode import DecodeFailure
from visus.data.ledger import Quarantined
from visus.data.locations import Location, read_location, read_start
from visus.data.names import printable_name
from visus.data.records import Split
from visus.data.sources.archives import index_archive, plain_name

SPLIT_FOLDERS: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}
# Files that describe pictures; never pictures themselves.
ANNOTATIONS = (".csv", ".tsv", ".json", ".jsonl", ".parquet", ".yaml", ".yml", ".xml")
# Names by which annotations mean pictures; what is one is for the decoder to say.
PICTURES = (
    *(".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".avif"),
    *(".heic", ".dcm", ".ppm", ".pgm", ".pbm", ".ico"),
)
# A table or list of labels; the largest known, COCO's, has 0.5 GB.
MOST_ANNOTATION_BYTES = 2**30
# Where a file says what it is; the end of a large one need not be searched.
SNIFFED_BYTES = 2**16
MOST_DESCRIPTIONS = 100


class Place(ABC):
    """Files by name; names are relative, with `/` between their parts.

    Args:
        name: what a person calls the data there.
        shown: the place itself, for messages.
        refused: what may not be read, with reasons.
    """

    name: str
    shown: str
    refused: tuple[Quarantined, ...] = ()

    @property
    @abstractmethod
    def files(self) -> Mapping[str, Location]:
        """Everything there, in the order of a walk; hidden files are passed over."""

    @property
    def names(self) -> tuple[str, ...]:
        """The files to account for."""
        return tuple(self.files)

    def find(self, name: str) -> Location | None:
        """Where the file of that name lies; `None` when there is none."""
        return self.files.get(plain_name(name) or "")

    def read(self, name: str) -> bytes:
        """A file that describes pictures; raises `DataError` when it cannot be read."""
        location = self.find(name)
        try:
            if location is None:
                raise DecodeFailure("unreadable", "It does not exist.")
            return read_location(location, MOST_ANNOTATION_BYTES)
        except DecodeFailure as failure:
            raise DataError(
                received=f"{name} of {self.shown}: {failure.reason}",
                expected="a readable file.",
                remedy="Restore the file, or give a source without it.",
            ) from failure

    def starts(self, ending: str, *, depth: int) -> dict[str, bytes]:
        """The beginnings of all files of an ending, at most so many folders down.

        Data sets are described by a handful of files: where there are hundreds, each
        belongs to one picture, and none describes the whole.
        """
        names = [
            name
            for name in self.names
            if name.lower().endswith(ending) and name.count("/") <= depth
        ]
        located = ((name, self.find(name)) for name in names[:MOST_DESCRIPTIONS])
        few = len(names) <= MOST_DESCRIPTIONS
        return {n: read_start(at, SNIFFED_BYTES) for n, at in located if few and at}

    def resolve(self, name: str, folder: str = "", hint: str = "") -> str | None:
        """The file that an annotation means: beside it, from the top, or anywhere.

        Args:
            name: as the annotation has it; one that climbs out means nothing.
            folder: where the annotation lies.
            hint: a word to choose by when several files end with that name.
        """
        clean = plain_name(name)
        if clean is None:
            return None
        for candidate in (f"{folder}/{clean}".lstrip("/"), clean):
            if self.find(candidate) is not None:
                return candidate
        same = self._by_last_part[PurePosixPath(clean).name]
        ends = [found for found in same if f"/{found}".endswith(f"/{clean}")]
        chosen = [found for found in ends if hint and hint in found] or ends
        return chosen[0] if len(chosen) == 1 else None

    @cached_property
    def _by_last_part(self) -> defaultdict[str, list[str]]:
        names: defaultdict[str, list[str]] = defaultdict(list)
        for name in self.files:
            names[name.rpartition("/")[2]].append(name)
        return names


class FolderPlace(Place):
    """A folder; with `listed`, only those of its files are to be accounted for."""

    def __init__(self, folder: Path, listed: tuple[str, ...] | None = None) -> None:
        self.folder = folder
        self.listed = listed
        self.name = folder.resolve().name or str(folder)
        self.shown = str(folder)

    @cached_property
    def files(self) -> Mapping[str, Location]:
        """All files below the folder."""
        return {
            _printable((*parts, name)): parent / name
            for parent, names in _folders_below(self.folder)
            for parts in (parent.relative_to(self.folder).parts,)
            for name in names
        }

    @property
    def names(self) -> tuple[str, ...]:
        """The files to account for."""
        return super().names if self.listed is None else self.listed

    def find(self, name: str) -> Location | None:
        """Looks on the disk first: a folder of a million files need not be listed."""
        clean = plain_name(name)
        if clean is None:
            return None
        try:
            path = self.folder / clean
            return path if path.is_file() else self.files.get(clean)
        except (OSError, ValueError):
            return None


class ArchivePlace(Place):
    """A zip or tar; one folder around everything in it is passed over."""

    def __init__(self, path: Path, progress: Progress) -> None:
        index = index_archive(path, progress)
        self.name = path.name.partition(".")[0] or path.name
        self.shown = str(path)
        self.refused = tuple(index.refused)
        shown = {name: place for name, place in index.members.items() if _shows(name)}
        top = _common_top(list(shown))
        self._files = {
            name.removeprefix(top): shown[name] for name in sorted(shown, key=_walk)
        }

    @property
    def files(self) -> Mapping[str, Location]:
        """All members."""
        return self._files


class ShardsPlace(Place):
    """Several tar files as one place; each is a folder of its members."""

    def __init__(self, shards: Iterable[Path], name: str, progress: Progress) -> None:
        self.name = name
        self.shown = name
        self._files: dict[str, Location] = {}
        refused: list[Quarantined] = []
        for shard in shards:
            index = index_archive(shard, progress)
            stem = shard.name.partition(".")[0]
            refused += (replace(e, id=f"{stem}/{e.id}") for e in index.refused)
            for member, location in index.members.items():
                if _shows(member):
                    self._files[f"{stem}/{member}"] = location
        self.refused = tuple(refused)

    @property
    def files(self) -> Mapping[str, Location]:
        """All members of all shards, shard by shard, in their own order."""
        return self._files


def split_of_words(name: str) -> Split | None:
    """The split that a name such as `instances_train2017` speaks of."""
    letters = "".join(sign if sign.isalpha() else " " for sign in name.lower())
    found = {SPLIT_FOLDERS[word] for word in letters.split() if word in SPLIT_FOLDERS}
    return found.pop() if len(found) == 1 else None


def _folders_below(folder: Path) -> Iterator[tuple[Path, list[str]]]:
    """Each folder, itself too, with the names of its files in order."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        shown = (n for n in names if not n.startswith(".") and n != "Thumbs.db")
        yield Path(parent), sorted(shown)


def _printable(parts: tuple[str, ...]) -> str:
    # Part by part: a class is called the same whatever its files are called.
    return "/".join(map(printable_name, parts))


def _shows(name: str) -> bool:
    parts = name.split("/")
    # macOS puts a folder of its own beside what a person packed.
    hidden = any(part.startswith(".") for part in parts) or parts[0] == "__MACOSX"
    return not hidden and parts[-1] != "Thumbs.db"


def _walk(name: str) -> list[tuple[int, str]]:
    # As `os.walk` gives them: the files of a folder before the folders in it.
    *folders, last = name.split("/")
    return [*((1, folder) for folder in folders), (0, last)]


def _common_top(names: list[str]) -> str:
    top = ""
    while True:
        below = [name.removeprefix(top) for name in names]
        firsts = {name.partition("/")[0] for name in below}
        if len(firsts) != 1 or not _is_wrapping(firsts.copy().pop(), below):
            return top
        top += f"{firsts.pop()}/"


def _is_wrapping(folder: str, names: list[str]) -> bool:
    """Whether a folder only wraps the data: it is no split, and no class."""
    if folder.lower() in SPLIT_FOLDERS:
        return False
    inside = [name.removeprefix(f"{folder}/") for name in names]
    return any("/" in name or name.lower().endswith(ANNOTATIONS) for name in inside)
