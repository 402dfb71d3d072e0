"""Noise of training pictures, against NumPy and SciPy: spread, grain, and sameness."""

import numpy as np
import pytest
from scipy import stats

from visus.data.augment.apply import apply_draw, noise_of
from visus.data.augment.draw import draw_changes
from visus.data.augment.numbers import picture_keys
from visus.data.config import AugmentConfig

SHAPE = (9, 9, 3)
KEYS = picture_keys([f"cat/{number:04d}.jpg" for number in range(8)])[None]


def draw(config, keys=KEYS, *, epoch=0, shape=SHAPE):
    return draw_changes(config, shape, keys, seed=1, epoch=epoch)


def pictures(batch=8):
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (1, batch, *SHAPE), dtype=np.uint8)


def drawn_noise(number=4_000, shape=SHAPE):
    keys = picture_keys([str(name) for name in range(number)])[None]
    return draw(AugmentConfig(noise=0.4), keys, shape=shape).noise[0]


def rows_of(spread, grain, number, differ):
    patterns = np.arange(number) * 977
    return [np.array([spread, grain, n, differ], np.float32) for n in patterns]


def test_noise_is_drawn_between_none_and_the_most():
    spread, grain, _, differ = drawn_noise().T
    assert stats.kstest(spread / (0.4 * 255), "uniform").pvalue > 1e-3
    # From an eighth of a pixel, which is one, to eight pictures: evenly by factors.
    far = 8 * max(SHAPE)
    share = np.log(8) / np.log(8 * far)
    assert np.mean(grain == 1) == pytest.approx(share, abs=0.03)
    assert grain.max() == pytest.approx(far, rel=0.02)
    assert np.mean(differ) == pytest.approx(0.5, abs=0.03)
    assert not drawn_noise(shape=(9, 9, 1))[:, 3].any()


@pytest.mark.parametrize("grain", [1.0, 3.7, 500.0])
def test_noise_is_nearly_normal_with_its_spread_everywhere(grain):
    # The same places in many pictures: at the corner of a grain, and between corners.
    found = np.stack([noise_of((8, 9, 3), row) for row in rows_of(25, grain, 1_000, 1)])
    for place in ((0, 0, 0), (2, 5, 1), (7, 8, 2)):
        values = found[:, *place] / 25
        assert stats.kstest(values, "norm").pvalue > 1e-3
        assert values.std() == pytest.approx(1, abs=0.05)
    assert np.corrcoef(found[:, 2, 5].T) == pytest.approx(np.eye(3), abs=0.1)


def test_fine_noise_is_as_numpys_sums_of_four_and_knows_no_neighbour():
    noise = noise_of((200, 200, 1), np.array([40, 1, 12_345, 0], np.float32))[..., 0]
    bytes_ = np.random.default_rng(0).integers(0, 256, (4, 200 * 200))
    numpys = 40 * (bytes_.sum(axis=0) - 4 * 127.5) / np.sqrt(4 * (256**2 - 1) / 12)
    assert stats.ks_2samp(noise.ravel(), numpys).pvalue > 1e-3
    # 40,000 values: four deviations of the mean, and of the deviation.
    assert noise.mean() == pytest.approx(0, abs=0.02 * 40)
    assert noise.std() == pytest.approx(40, rel=0.015)
    for moved in (noise[1:], noise[:, 1:]):
        first = noise[: moved.shape[0], : moved.shape[1]]
        # Five standard deviations of a correlation that is none.
        assert abs(np.corrcoef(first.ravel(), moved.ravel())[0, 1]) < 5 / 200


def test_a_grain_is_as_large_as_it_says():
    def alike(grain, far):
        rows = rows_of(1, grain, 400, 0)
        found = np.stack([noise_of((24, 24, 1), row)[..., 0] for row in rows])
        return np.corrcoef(found[:, 6, 0], found[:, 6, far])[0, 1]

    assert alike(6, 1) > 0.9 and abs(alike(6, 12)) < 0.2
    # A grain far larger than the picture moves all of it alike.
    assert alike(192, 23) > 0.97


def test_channels_have_one_noise_or_each_its_own():
    drawn = drawn_noise(64)
    assert {0, 1} == {*drawn[:, 3]}
    for row in drawn:
        noise = noise_of(SHAPE, row)
        assert np.allclose(noise[..., :1], noise) == (row[3] == 0)


def test_noise_leaves_the_other_draws_as_they_were():
    others = {"rotate": 20, "brightness": 0.2, "cutout": 0.3, "cutmix": 1.0}
    without = draw(AugmentConfig(**others)).arrays()
    whole = draw(AugmentConfig(**others, noise=0.1)).arrays()
    assert whole.keys() - without.keys() == {"noise"}
    for name, array in without.items():
        assert np.array_equal(array, whole[name]), name
    assert draw(AugmentConfig(noise=0)) is None


def test_a_pictures_noise_is_the_same_whatever_the_batch():
    pixels, config = pictures(), AugmentConfig(noise=0.3)
    whole = apply_draw(pixels, draw(config))[0]
    assert whole.min() >= 0 and whole.max() <= 255 and (whole != pixels[0]).any()
    for row in (0, 5):
        one = slice(row, row + 1)
        alone = apply_draw(pixels[:, one], draw(config, KEYS[:, one]))
        assert np.array_equal(alone[0, 0], whole[row])
    assert not np.array_equal(whole, apply_draw(pixels, draw(config, epoch=1))[0])
