"""A tiny lesson that a tiny network learns in a second."""

import numpy as np
import pytest

from visus.data.batches import Batch
from visus.training.config import TrainingConfig
from visus.training.fit import Lesson


def as_batch(pictures: np.ndarray, labels: np.ndarray) -> Batch:
    targets = (labels == "upright").astype(np.int32)
    ids = tuple(map(str, range(len(labels))))
    weights = np.ones(len(labels), dtype=np.float32)
    return Batch(pictures[..., None], targets, weights, ids)


@pytest.fixture
def lesson(stripes):
    """Makes a lesson of 90 training and 30 validation pictures with these settings."""
    pictures, labels = stripes

    def make(**settings) -> Lesson:
        config = TrainingConfig(
            **{"epochs": 3, "batch_size": 16, "learning_rate": 0.01} | settings
        )
        return Lesson(
            train=as_batch(pictures[:90], labels[:90]),
            validation=as_batch(pictures[90:], labels[90:]),
            class_weights=np.ones(2, dtype=np.float32),
            config=config,
            seed=3,
        )

    return make


@pytest.fixture
def network():
    """Makes a small network with batch norm and dropout; always the same weights."""
    from visus.models.backend import select_backend

    select_backend()
    import keras

    def make(**settings):
        keras.utils.set_random_seed(0)
        images = keras.Input((16, 16, 1))
        x = keras.layers.Conv2D(4, 3, activation="relu")(images)
        x = keras.layers.MaxPooling2D(2)(x)
        x = keras.layers.BatchNormalization(momentum=0.5)(x)
        x = keras.layers.Flatten()(x)
        x = keras.layers.Dropout(settings.get("dropout", 0.2), seed=1)(x)
        return keras.Model(images, keras.layers.Dense(2, activation="softmax")(x))

    return make
