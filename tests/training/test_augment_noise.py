"""What noise and contrast in training are for: answers that hold, in color too."""

import numpy as np
import pytest

from visus.core.progress import SilentProgress
from visus.data.batches import Batch
from visus.data.corruptions import corrupted
from visus.models.backend import select_backend
from visus.training.config import TrainingConfig
from visus.training.fit import Lesson, fit

select_backend()

STURDY = {"contrast": 0.9, "noise": 0.3}


@pytest.fixture
def photographs(stripes):
    """Stripes, each picture of its own two dark colors."""
    gray, labels = stripes
    colors = np.random.default_rng(0).uniform(0.1, 0.4, (len(gray), 1, 1, 3))
    pixels = np.round(gray[..., None] * colors).astype(np.uint8)
    ids = tuple(map(str, range(len(labels))))
    targets = (labels == "upright").astype(np.int32)
    return Batch(pixels, targets, np.ones(len(labels), dtype=np.float32), ids)


def trained(pictures, **augment):
    import keras

    from visus.training.steps_tensorflow import TensorFlowSteps

    keras.utils.set_random_seed(0)
    images = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(8, 3, activation="relu")(images)
    x = keras.layers.MaxPooling2D(2)(x)
    x = keras.layers.Flatten()(x)
    model = keras.Model(images, keras.layers.Dense(2, activation="softmax")(x))
    config = TrainingConfig(
        epochs=16, batch_size=16, learning_rate=0.01, augment=augment
    )
    lesson = Lesson(pictures, None, np.ones(2, dtype=np.float32), config, seed=3)
    steps = TensorFlowSteps(model, config, scaling="unit", towers=1, seed=3)
    fit(steps, lesson, run=None, progress=SilentProgress())
    return model


def test_color_pictures_are_known_under_other_light_and_noise(photographs):
    learned, held = (photographs.take(np.arange(*rows)) for rows in ((80,), (80, 120)))
    pixels = np.asarray(held.pixels[:])
    names = ("brightness", "fog", "gaussian-noise", "contrast")
    changed = {name: corrupted(pixels, name, 4) for name in names}

    def right(model, of):
        scores = np.asarray(model(of.astype(np.float32) / 255, training=False))
        return float((scores.argmax(axis=1) == held.targets).mean())

    plain, sturdy = trained(learned), trained(learned, **STURDY)
    assert right(plain, pixels) > 0.95 and right(sturdy, pixels) > 0.95
    means = [
        np.mean([right(model, of) for of in changed.values()])
        for model in (plain, sturdy)
    ]
    assert means[1] > means[0] + 0.1
