"""The compiled augmentation against the NumPy one, which says what it must do."""

import numpy as np
import pytest

from visus.data.augment import apply_draw, draw_changes
from visus.data.config import AugmentConfig
from visus.models.backend import select_backend

select_backend()

CHANGES = {
    "flip": {"flip": True},
    "shift": {"shift": 0.3},
    "rotate": {"rotate": 30},
    "zoom": {"zoom": 0.4},
    "stretch": {"stretch": 0.4},
    "color": {"brightness": 0.3, "contrast": 0.3, "saturation": 0.3},
    "cutout": {"cutout": 0.4},
    "all": {"flip": True, "rotate": 10, "zoom": 0.2, "contrast": 0.2, "cutout": 0.2},
}


@pytest.mark.parametrize("settings", CHANGES.values(), ids=CHANGES.keys())
def test_tensorflow_computes_what_numpy_says(settings):
    import tensorflow as tf

    from visus.training.augment_tensorflow import change_images

    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (1, 16, 12, 10, 3), dtype=np.uint8)
    drawn = draw_changes(
        AugmentConfig(**settings),
        (12, 10, 3),
        batch_size=16,
        seed=0,
        epoch=0,
        first_step=0,
        steps=1,
    )
    parts = {name: tf.constant(array[0]) for name, array in drawn.arrays().items()}
    changed = change_images(tf.constant(pixels[0].astype(np.float32)), parts)
    assert changed.numpy() == pytest.approx(apply_draw(pixels, drawn)[0], abs=0.05)


def test_mixup_blends_with_the_next_picture():
    import tensorflow as tf

    from visus.training.augment_tensorflow import change_images

    images = np.arange(3, dtype=np.float32).reshape(3, 1, 1, 1) * 100
    share = tf.constant([0.5, 0.75, 1.0])
    mixed = change_images(tf.constant(images), {"mixup": share}).numpy().ravel()
    assert mixed.tolist() == [50.0, 125.0, 200.0]
