"""Stand-ins of foreign pictures: the same for a picture always, of its own values."""

import numpy as np
import pytest

from visus.data.stand_ins import STAND_INS, jigsaw, random_phases, smooth_noise


@pytest.fixture
def pictures():
    generator = np.random.default_rng(0)
    return generator.integers(40, 200, (3, 28, 30, 3)).astype(np.uint8)


@pytest.mark.parametrize("name", STAND_INS)
def test_a_picture_has_one_stand_in_whoever_its_neighbours_are(name, pictures):
    made = STAND_INS[name](pictures)
    assert made.shape == pictures.shape and made.dtype == np.uint8
    np.testing.assert_array_equal(made[1], STAND_INS[name](pictures[1:2])[0])
    assert (made != pictures).any(axis=(1, 2, 3)).all()


@pytest.mark.parametrize("name", STAND_INS)
@pytest.mark.parametrize("shape", [(1, 8, 8, 1), (1, 2, 3, 1), (0, 8, 8, 3)])
def test_small_and_flat_pictures_and_none_at_all(name, shape):
    made = STAND_INS[name](np.full(shape, 255, dtype=np.uint8))
    assert made.shape == shape
    assert (made == 255).all()


def test_a_jigsaw_keeps_every_pixel(pictures):
    even = pictures[:, :28, :28]
    np.testing.assert_array_equal(
        np.sort(jigsaw(even), axis=None), np.sort(even, axis=None)
    )


def test_random_phases_keep_the_strength_of_every_frequency():
    # Far from 0 and 255, so that nothing is cut off.
    waves = 128 + 30 * np.sin(np.arange(32) * 1.3)[:, None] * np.ones((32, 32))
    picture = np.round(waves).astype(np.uint8)[None, ..., None]
    made = random_phases(picture)
    before, after = (
        np.abs(np.fft.rfft2(p[0, ..., 0].astype(float))) for p in (picture, made)
    )
    assert np.corrcoef(before.ravel()[1:], after.ravel()[1:])[0, 1] > 0.98


def test_smooth_noise_has_the_contrast_of_the_picture(pictures):
    made = smooth_noise(pictures)
    assert (made.min(axis=(1, 2, 3)) == pictures.min(axis=(1, 2, 3))).all()
    assert (made.max(axis=(1, 2, 3)) == pictures.max(axis=(1, 2, 3))).all()
    rough, smooth = (np.abs(np.diff(p.astype(float), axis=1)) for p in (pictures, made))
    assert smooth.mean() < rough.mean() / 2
