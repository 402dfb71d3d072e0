"""What is to be learned: how targets are read, answers named, and results measured."""

from visus.core.registry import Registry

TASKS = Registry("task", "tasks")

TASKS.add(
    "classification",
    "visus.tasks.classification:Classification",
    "one class a picture",
)
