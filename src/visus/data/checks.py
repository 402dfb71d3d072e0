"""What every training needs of its labels, checked before any time is spent."""

from collections import Counter

from visus.core.errors import DataError
from visus.data.records import ImageDataset


def require_classes(dataset: ImageDataset) -> None:
    """Refuse data from which nothing can be learned.

    Raises:
        DataError: fewer than two classes have pictures, or one has a single picture;
            or the targets are numbers or several labels.
    """
    require_one_label(dataset)
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


def require_one_label(dataset: ImageDataset) -> None:
    """Refuse targets that no task learns yet.

    Raises:
        DataError: a picture has a number, or several labels.
    """
    for record in dataset.records:
        if isinstance(record.target, str | None):
            continue
        kind = "a number" if isinstance(record.target, float) else "a list of labels"
        raise DataError(
            received=f"{record.id} has {kind} as its target: {record.target!r}.",
            expected="one label a picture: it can be read and converted, but not yet "
            "learned from or evaluated.",
            remedy="Give one label each; for boxes, a manifest with the column label.",
        )
