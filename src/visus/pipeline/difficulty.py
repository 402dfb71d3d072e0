"""How hard small pictures are, before a recipe is chosen for them."""

import numpy as np
from numpy.typing import NDArray

from visus.core.seeds import random_generator
from visus.data.batches import make_batch
from visus.data.decode import DecodeFailure
from visus.data.opening import open_picture
from visus.data.preprocess import PreprocessSpec, prepare_pixels
from visus.data.records import ImageDataset, ImageRecord
from visus.evaluation.baselines import nearest_centroid_accuracy
from visus.tasks.base import Task
from visus.tasks.single_label import SingleLabel

# Of 2,000 pictures, MNIST's mean digits name 82 %, Fashion-MNIST's mean clothes 70 %.
MOST_PICTURES = 2_000
EASY_ACCURACY = 0.75
SPEC = PreprocessSpec(image_size=(28, 28), channels=1)


def mean_pictures_suffice(dataset: ImageDataset, task: Task | None = None) -> bool:
    """Whether the mean picture of each class nearly tells the classes apart.

    Where there is not one class a picture, nothing is easy.

    Half of up to 2,000 gray pictures gives the means; the other half is named by the
    nearest of them. Pictures of a given test or validation are not looked at: either
    may be the test.
    """
    if task is not None and not isinstance(task, SingleLabel):
        return False
    records = [record for record in dataset.records if record.split in (None, "train")]
    count = min(len(records), MOST_PICTURES)
    rows = np.linspace(0, len(records) - 1, count).astype(int)
    chosen = dataset.with_records(records[row] for row in rows)
    found = {record.id: _pixels(record) for record in chosen.records}
    chosen = chosen.select(lambda record: found[record.id] is not None)
    if len(chosen) < 2:
        return False
    pixels = np.stack([p for p in found.values() if p is not None])
    sample = make_batch(pixels, chosen)
    # Drawn, since classes may take turns in the order of the records.
    order = random_generator(0, "difficulty").permutation(len(sample))
    means, named = (sample.take(rows) for rows in np.array_split(order, 2))
    accuracy = nearest_centroid_accuracy(means, named, len(dataset.class_names))
    return accuracy >= EASY_ACCURACY


def _pixels(record: ImageRecord) -> NDArray[np.uint8] | None:
    if record.pixels is not None:
        return prepare_pixels(record.pixels, SPEC)
    if record.location is None:
        return None
    try:
        return open_picture(record.location, SPEC)
    except DecodeFailure:
        return None
