"""A folder of class folders, with or without train, val and test folders above."""

from visus.core.errors import DataError
from visus.data.ledger import Ledger, Quarantined
from visus.data.records import ImageDataset, ImageRecord
from visus.data.sources.base import Layout
from visus.data.sources.gathered import class_names
from visus.data.sources.masks import IMAGES, find_masks
from visus.data.sources.places import ANNOTATIONS, SPLIT_FOLDERS, FolderPlace, Place

SHAPE = "a folder of class folders: FOLDER/cat/1.jpg, or FOLDER/train/cat/1.jpg."


class ClassFolders(Layout):
    """Every file below a class folder is a picture of that class, however deep."""

    def recognises(self, place: Place) -> bool:
        """Any folder or archive: it is asked last, and says what is missing."""
        return not (isinstance(place, FolderPlace) and place.listed is not None)

    def read(self, place: Place) -> tuple[ImageDataset, Ledger]:
        """The records in the order of their paths."""
        records, stray = _sorted_out(place)
        if not records:
            raise _nothing_found(place, stray)
        return _as_dataset(place, records, stray)


def read_loose(place: Place) -> tuple[ImageDataset, Ledger]:
    """The like, with pictures outside of every class folder as records without target.

    Raises:
        DataError: there is no file at all.
    """
    records, stray = _sorted_out(place)
    loose = {name for name in place.files if not name.lower().endswith(ANNOTATIONS)}
    records += [
        ImageRecord(entry.id, None, place.files[entry.id])
        for entry in stray
        if entry.id in loose and entry.verdict == "no_class"
    ]
    if not records:
        raise _nothing_found(place, stray)
    known = {record.id for record in records}
    return _as_dataset(place, records, [e for e in stray if e.id not in known])


def _sorted_out(place: Place) -> tuple[list[ImageRecord], list[Quarantined]]:
    """Pictures with their class folders, and what lies outside of them."""
    records, stray = [], [*place.refused]
    has_splits = _has_splits(place)
    masks = find_masks(place.files)
    taken = {*masks.values()}
    for name, location in place.files.items():
        if name in taken:
            continue
        first, *rest = name.split("/")
        split = SPLIT_FOLDERS.get(first.lower()) if has_splits else None
        parts = rest if has_splits else [first, *rest]
        if name in masks:
            # Beside masks, a folder called images is no class.
            parts = [part for part in parts if part.lower() not in IMAGES]
            target = parts[0] if len(parts) > 1 else None
            mask = place.files[masks[name]]
            records.append(ImageRecord(name, target, location, split=split, mask=mask))
        elif len(parts) < 2:
            stray.append(_stray(name))
        else:
            records.append(ImageRecord(name, parts[0], location, split=split))
    return records, stray


def _as_dataset(
    place: Place, records: list[ImageRecord], stray: list[Quarantined]
) -> tuple[ImageDataset, Ledger]:
    names = class_names(record.target for record in records)
    dataset = ImageDataset(place.name, tuple(records), names)
    return dataset, Ledger(tuple(record.id for record in records), tuple(stray))


def _has_splits(place: Place) -> bool:
    # One class that is called "test" makes no split: all folders must be splits.
    if isinstance(place, FolderPlace):
        entries = [entry for entry in place.folder.iterdir() if entry.is_dir()]
        tops = {entry.name for entry in entries if not entry.name.startswith(".")}
    else:
        tops = {name.partition("/")[0] for name in place.names if "/" in name}
    known = [SPLIT_FOLDERS.get(top.lower()) for top in tops]
    return "train" in known and None not in known


def _stray(name: str) -> Quarantined:
    return Quarantined(name, "no_class", "It lies outside every class folder.")


def _nothing_found(place: Place, stray: list[Quarantined]) -> DataError:
    if stray:
        return DataError(
            received=f"{place.shown} holds {len(stray)} files and no class folder.",
            expected=SHAPE,
            remedy="Put the pictures of each class into a folder of its name.",
        )
    return DataError(
        received=f"{place.shown} holds no files.",
        expected=SHAPE,
        remedy="Check that this is the folder you mean.",
    )
