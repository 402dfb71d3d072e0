import numpy as np
import pytest

from visus.data.augment import apply_draw, draw_changes
from visus.data.config import AugmentConfig

SHAPE = (9, 9, 3)


def draw(config, *, first_step=0, steps=2, epoch=0, batch_size=64, seed=1):
    return draw_changes(
        config,
        SHAPE,
        batch_size=batch_size,
        seed=seed,
        epoch=epoch,
        first_step=first_step,
        steps=steps,
    )


def pictures(steps=1, batch=64):
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (steps, batch, *SHAPE), dtype=np.uint8)


ALL = AugmentConfig(
    flip=True,
    shift=0.2,
    rotate=20,
    zoom=0.2,
    stretch=0.2,
    brightness=0.2,
    contrast=0.2,
    saturation=0.2,
    cutout=0.3,
    mixup=0.4,
)


def test_nothing_is_drawn_when_all_is_off():
    assert draw(AugmentConfig()) is None


def test_a_draw_depends_on_its_place_alone():
    whole = draw(ALL, steps=4).arrays()
    later = draw(ALL, first_step=2, steps=2).arrays()
    for name, array in whole.items():
        assert np.array_equal(array[2:], later[name])
    assert not np.array_equal(whole["mixup"], draw(ALL, steps=4, epoch=1).mixup)


def test_a_flip_mirrors_about_half_of_the_pictures_exactly():
    pixels = pictures()
    changed = apply_draw(pixels, draw(AugmentConfig(flip=True), steps=1))
    same = (changed == pixels).all(axis=(2, 3, 4))[0]
    mirrored = (changed == pixels[:, :, :, ::-1]).all(axis=(2, 3, 4))[0]
    assert (same | mirrored).all()
    assert 16 < mirrored.sum() < 48


def test_a_shift_moves_by_whole_pixels():
    pixels = pictures()
    changed = apply_draw(pixels, draw(AugmentConfig(shift=0.3), steps=1))
    values = {*np.unique(pixels)}
    assert {*np.unique(changed)} <= values
    moved = ~(changed == pixels).all(axis=(2, 3, 4))[0]
    assert moved.sum() > 32


def test_turning_and_zooming_keep_the_middle():
    pixels = pictures()
    config = AugmentConfig(rotate=90, zoom=0.5, stretch=0.5)
    changed = apply_draw(pixels, draw(config, steps=1))
    assert changed[0, :, 4, 4] == pytest.approx(pixels[0, :, 4, 4], abs=1e-2)


def test_strengths_bound_the_draw():
    drawn = draw(ALL, steps=20)
    assert np.abs(drawn.color - 1).max() <= 0.2 + 1e-6
    assert drawn.mixup.min() >= 0.5
    assert drawn.mixup.max() <= 1
    sides = drawn.cutout[..., 1] - drawn.cutout[..., 0]
    assert sides == pytest.approx(0.3 * 9, abs=1e-4)
