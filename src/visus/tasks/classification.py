"""classification: which one of the classes does a picture show?"""

from visus.data.records import ImageDataset
from visus.tasks.base import Floats, Numbers, Task
from visus.tasks.metrics import accuracy, log_loss, top_k_accuracy

# With ten classes or fewer, half of all answers would be "among the first five".
FEWEST_CLASSES_FOR_TOP_5 = 11


class Classification(Task):
    """One class a picture, by the largest score."""

    def targets(self, dataset: ImageDataset) -> Numbers:
        """Class numbers `(num_images,)`; -1 where there is no label."""
        return dataset.class_indices()

    def num_outputs(self, dataset: ImageDataset) -> int:
        """One score a class."""
        return len(dataset.class_names)

    def answers(self, scores: Floats, class_names: tuple[str, ...]) -> tuple[str, ...]:
        """The class with the largest score."""
        return tuple(class_names[number] for number in scores.argmax(axis=1))

    def metrics(self, scores: Floats, targets: Numbers) -> dict[str, float]:
        """Accuracy, loss in nats, and top-5 accuracy where it makes sense."""
        figures = {
            "accuracy": accuracy(scores, targets),
            "loss": log_loss(scores, targets),
        }
        if scores.shape[1] >= FEWEST_CLASSES_FOR_TOP_5:
            figures["top_5_accuracy"] = top_k_accuracy(scores, targets, 5)
        return figures
