"""A folder of class folders, with or without train, val and test folders above."""

import os
from collections.abc import Iterator
from pathlib import Path

from visus.core.errors import DataError
from visus.data.ledger import Ledger, Quarantined
from visus.data.names import printable_name
from visus.data.records import ImageDataset, ImageRecord, Split
from visus.data.sources.base import Access, Source

SPLIT_FOLDERS: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}
SHAPE = "a folder of class folders: FOLDER/cat/1.jpg, or FOLDER/train/cat/1.jpg."


class FolderSource(Source):
    """Every file below a class folder is a picture of that class, however deep."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, access: Access) -> tuple[ImageDataset, Ledger]:
        """The records in the order of their paths; hidden files are passed over."""
        records, stray = [], []
        has_splits = _has_splits(self.folder)
        for path in _files_below(self.folder):
            parts = path.relative_to(self.folder).parts
            split = SPLIT_FOLDERS.get(parts[0].lower()) if has_splits else None
            names = _printables(parts[1:] if has_splits else parts)
            if len(names) < 2:
                stray.append(_stray(_printable(parts)))
            else:
                records.append(
                    ImageRecord(_printable(parts), names[0], path, split=split)
                )
        if not records:
            raise self._nothing_found(stray)
        names = tuple(sorted({record.target or "" for record in records}))
        dataset = ImageDataset(_name_of(self.folder), tuple(records), names)
        used = tuple(record.id for record in records)
        return dataset, Ledger(used, tuple(stray))

    def _nothing_found(self, stray: list[Quarantined]) -> DataError:
        if stray:
            return DataError(
                received=f"{self.folder} holds {len(stray)} files and no class folder.",
                expected=SHAPE,
                remedy="Put the pictures of each class into a folder of its name.",
            )
        return DataError(
            received=f"{self.folder} holds no files.",
            expected=SHAPE,
            remedy="Check that this is the folder you mean.",
        )


def _has_splits(folder: Path) -> bool:
    # One class that is called "test" makes no split: all folders must be splits.
    # `isdir` is false for a link that leads to itself, where `scandir` would raise.
    known = [
        SPLIT_FOLDERS.get(name.lower())
        for name in os.listdir(folder)
        if not name.startswith(".") and os.path.isdir(folder / name)
    ]
    return "train" in known and None not in known


def _files_below(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and name != "Thumbs.db":
                yield Path(parent, name)


def _stray(name: str) -> Quarantined:
    return Quarantined(name, "no_class", "It lies outside every class folder.")


def _printables(parts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_printable((part,)) for part in parts)


def _printable(parts: tuple[str, ...]) -> str:
    return printable_name("/".join(parts))


def _name_of(folder: Path) -> str:
    return folder.resolve().name or str(folder)
