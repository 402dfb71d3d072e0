"""What every training needs of its labels, checked before any time is spent."""

from collections import Counter

from visus.core.errors import DataError
from visus.data.ledger import Ledger, Quarantined
from visus.data.records import ImageDataset


def require_classes(dataset: ImageDataset) -> None:
    """Refuse data from which nothing can be learned.

    Raises:
        DataError: fewer than two classes have pictures, or one has a single picture.
    """
    counts = Counter(label for record in dataset.records for label in record.labels)
    if len(counts) < 2:
        only = ", ".join(map(repr, counts)) or "no class at all"
        raise DataError(
            received=f"{dataset.name} has pictures of {only} only.",
            expected="at least two classes; a model must have something to tell apart.",
            remedy="Add a folder (or label) for the pictures that are something else.",
        )
    single = sorted(name for name, count in counts.items() if count == 1)
    if single:
        raise DataError(
            received=f"The class {single[0]!r} of {dataset.name} has one picture.",
            expected="at least two usable pictures a class: one to learn, one to test.",
            remedy="Add pictures, or remove the class.",
        )


def with_targets(dataset: ImageDataset, ledger: Ledger) -> tuple[ImageDataset, Ledger]:
    """Only the records whose target is known; the others are set aside.

    Raises:
        DataError: nothing is known of any record; its columns are named.
    """
    known = dataset.select(lambda record: record.target is not None)
    if not len(known):
        raise _nothing_known(dataset)
    unknown = tuple(
        Quarantined(record.id, "no_class", "Nothing says what it shows.")
        for record in dataset.records
        if record.target is None
    )
    return known, ledger.with_quarantined(unknown)


def _nothing_known(dataset: ImageDataset) -> DataError:
    columns = sorted({name for r in dataset.records for name, _ in r.metadata})
    named = f"; there are the columns {', '.join(columns)}" if columns else ""
    return DataError(
        received=f"{dataset.name} says of no picture what is to be learned{named}.",
        expected="a label, several labels or a number for each picture.",
        remedy="Name the column to learn with --target."
        if columns
        else "Put the pictures into folders by class, or name them in a CSV.",
    )
