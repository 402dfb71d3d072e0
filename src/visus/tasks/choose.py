"""Which task the targets of some data ask for."""

from typing import Any

from visus.core.errors import DataError
from visus.data.records import ImageDataset
from visus.tasks import TASKS
from visus.tasks.base import Task


def task_of(dataset: ImageDataset, column: str | None = None) -> Task:
    """The task by the targets: numbers, several labels (or none), or one label each.

    Args:
        dataset: with targets of one kind, or none yet; a single label beside several
            is several of which there is one.
        column: what the targets are called; `None`: "label", "labels" or "value".

    Raises:
        DataError: some targets are numbers and others are labels.
    """
    targets = [record.target for record in dataset.records]
    numbers = [isinstance(target, float) for target in targets if target is not None]
    if any(numbers) and not all(numbers):
        words = next(t for t in targets if isinstance(t, str | tuple))
        raise DataError(
            received=f"{dataset.name} has numbers for some pictures, and for others "
            f"labels such as {words!r}.",
            expected="one kind of target for all.",
            remedy="Take the column apart, or choose another with --target.",
        )
    if any(numbers):
        return _load("numeric").of(dataset, column or "value")
    several = any(isinstance(target, tuple) for target in targets)
    kind = "multi-label" if several else "single-label"
    return _load(kind).of(dataset, column or "label")


def read_task(names: tuple[str, ...], values: dict[str, Any]) -> Task:
    """The task that a bundle holds; older bundles hold none and have one label."""
    return _load(values.get("name", "single-label")).from_json(names, values)


def _load(kind: str) -> type[Task]:
    found: type[Task] = TASKS.load(kind)
    return found
