"""The compiled augmentation against the NumPy one, which says what it must do."""

import numpy as np
import pytest

from visus.data.augment.apply import apply_draw
from visus.data.augment.draw import draw_changes
from visus.data.augment.numbers import picture_keys
from visus.data.augment.policies import KINDS
from visus.data.config import AugmentConfig
from visus.models.backend import select_backend

select_backend()

CHANGES = {
    "flip": {"flip": True},
    "poses": {"flip": True, "upside_down": True, "quarter_turns": True},
    "shift": {"shift": 0.3},
    "rotate": {"rotate": 30},
    "shear": {"shear": 30},
    "zoom": {"zoom": 0.4},
    "stretch": {"stretch": 0.4},
    "color": {"brightness": 0.3, "contrast": 0.3, "saturation": 0.3},
    "noise": {"noise": 0.4},
    "all": {"strength": 6, "kind": "overhead", "noise": 0.4},
    "cutout": {"cutout": 0.4},
    "mixup": {"mixup": 1.0},
    "cutmix": {"cutmix": 1.0},
    **{kind: {"strength": 10, "kind": kind} for kind in KINDS},
}


@pytest.mark.parametrize("shape", [(12, 10, 3), (11, 11, 1)], ids=["color", "gray"])
@pytest.mark.parametrize("settings", CHANGES.values(), ids=CHANGES.keys())
def test_tensorflow_computes_what_numpy_says(settings, shape):
    import tensorflow as tf

    from visus.training.augment_tensorflow import change_images

    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (1, 16, *shape), dtype=np.uint8)
    keys = picture_keys([str(number) for number in range(16)])[None]
    drawn = draw_changes(AugmentConfig(**settings), shape, keys, seed=0, epoch=0)
    parts = {name: tf.constant(array[0]) for name, array in drawn.arrays().items()}
    changed = change_images(tf.constant(pixels[0]), parts)
    assert changed.numpy() == pytest.approx(apply_draw(pixels, drawn)[0], abs=0.05)


def test_mixup_blends_with_the_next_picture():
    import tensorflow as tf

    from visus.training.augment_tensorflow import change_images

    pixels = np.arange(3, dtype=np.uint8).reshape(3, 1, 1, 1) * 100
    share = tf.constant([0.5, 0.75, 1.0])
    mixed = change_images(tf.constant(pixels), {"mixup": share}).numpy().ravel()
    assert mixed.tolist() == [50.0, 125.0, 200.0]


def test_pictures_without_changes_stay_as_they_are():
    import tensorflow as tf

    from visus.training.augment_tensorflow import change_images

    pixels = np.arange(12, dtype=np.uint8).reshape(1, 2, 2, 3)
    assert np.array_equal(change_images(tf.constant(pixels), {}).numpy(), pixels)


def test_a_pictures_noise_is_the_same_bits_whatever_the_batch():
    import tensorflow as tf

    from visus.training.augment_tensorflow import change_images

    pixels = np.full((16, 12, 10, 3), 128, dtype=np.uint8)
    keys = picture_keys([str(number) for number in range(16)])[None]
    config = AugmentConfig(noise=0.3)
    noise = draw_changes(config, (12, 10, 3), keys, seed=0, epoch=0).noise[0]
    whole = change_images(tf.constant(pixels), {"noise": tf.constant(noise)}).numpy()
    order = np.random.default_rng(0).permutation(16)[:5]
    some = {"noise": tf.constant(noise[order])}
    found = change_images(tf.constant(pixels[order]), some).numpy()
    assert np.array_equal(found, whole[order])
