"""What is to be learned: how targets are read, answers named, and results measured."""

from visus.core.registry import Registry

TASKS = Registry("task", "tasks")

TASKS.add(
    "single-label",
    "visus.tasks.single_label:SingleLabel",
    "one class a picture",
)
TASKS.add(
    "multi-label",
    "visus.tasks.multi_label:MultiLabel",
    "any number of labels a picture, none among them",
)
TASKS.add(
    "numeric",
    "visus.tasks.numeric:Numeric",
    "a number a picture, in the unit of its column",
)
