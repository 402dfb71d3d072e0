"""Who learns and who tests: splits that depend on content, never on order or names.

Equal content always lies on one side, and every class is divided alike.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from visus.core.seeds import derive_seed
from visus.data.records import ImageDataset, ImageRecord, Split


def assign_splits(
    dataset: ImageDataset, *, validation_share: float, test_share: float, seed: int
) -> ImageDataset:
    """Give every record a split; splits that are given are kept.

    Where there is a validation split and no test split, it becomes the test, since
    choices may not be made on what is reported. Whatever is missing is carved out of
    the training pictures, class by class.

    Args:
        dataset: records with content hashes.
        validation_share: of the training pictures, 0 to 1.
        test_share: of all pictures, where no test is given.
        seed: of the run.
    """
    given = {record.split for record in dataset.records}
    if "test" not in given and "validation" in given:
        dataset = _renamed(dataset, "validation", "test")
        given = {record.split for record in dataset.records}
    dataset = _renamed(dataset, None, "train")
    if "test" not in given:
        dataset = _carve(dataset, "test", test_share, seed)
    if "validation" not in given and validation_share:
        dataset = _carve(dataset, "validation", validation_share, seed)
    return dataset


def shared_content(dataset: ImageDataset) -> tuple[str, ...]:
    """Ids of training pictures whose very content is in the test too."""
    tested = {r.content_hash for r in dataset.records if r.split == "test"}
    return tuple(
        record.id
        for record in dataset.records
        if record.split == "train" and record.content_hash in tested
    )


def _renamed(dataset: ImageDataset, old: Split | None, new: Split) -> ImageDataset:
    return dataset.with_records(
        replace(record, split=new) if record.split == old else record
        for record in dataset.records
    )


def _carve(
    dataset: ImageDataset, split: Split, share: float, seed: int
) -> ImageDataset:
    chosen: set[str] = set()
    purpose = derive_seed(seed, f"split {split}")
    for records in _training_by_class(dataset):
        wanted = max(1, round(share * len(records)))
        # The last picture of a class stays: it must be learned.
        chosen |= _choose(records, min(wanted, len(records) - 1), purpose, chosen)
    return dataset.with_records(
        replace(record, split=split)
        if record.split == "train" and _key(record) in chosen
        else record
        for record in dataset.records
    )


def _training_by_class(dataset: ImageDataset) -> Iterable[list[ImageRecord]]:
    classes: defaultdict[str, list[ImageRecord]] = defaultdict(list)
    for record in dataset.records:
        if record.split == "train":
            classes["\x1f".join(record.labels)].append(record)
    return [classes[name] for name in sorted(classes)]


def _choose(
    records: list[ImageRecord], wanted: int, purpose: int, taken: set[str]
) -> set[str]:
    copies: defaultdict[str, int] = defaultdict(int)
    for record in records:
        copies[_key(record)] += 1
    chosen = {key for key in copies if key in taken}
    count = sum(copies[key] for key in chosen)
    # A content hash is random already; the seed turns it into another order.
    for key in sorted(copies, key=lambda key: _rank(key, purpose)):
        if key not in chosen and count + copies[key] <= wanted:
            chosen.add(key)
            count += copies[key]
    return chosen


def _key(record: ImageRecord) -> str:
    return record.content_hash or record.id


def _rank(key: str, purpose: int) -> int:
    # Python's own hash changes from process to process.
    return derive_seed(purpose, key)
