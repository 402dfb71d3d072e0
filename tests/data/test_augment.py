"""What is drawn, and that the NumPy version of it does what SciPy and papers say."""

import numpy as np
import pytest
from scipy import ndimage, stats

from visus.data.augment.apply import apply_draw
from visus.data.augment.draw import draw_changes, draw_parts
from visus.data.augment.numbers import (
    PURPOSES,
    PictureNumbers,
    beta_quantile,
    picture_keys,
)
from visus.data.config import AugmentConfig

SHAPE = (9, 9, 3)
KEYS = picture_keys([f"cat/{number:04d}.jpg" for number in range(64)])[None]


def draw(config, keys=KEYS, *, epoch=0, seed=1, shape=SHAPE):
    return draw_changes(config, shape, keys, seed=seed, epoch=epoch)


def pictures(steps=1, batch=64, shape=SHAPE):
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (steps, batch, *shape), dtype=np.uint8)


ALL = AugmentConfig(
    flip=True,
    upside_down=True,
    quarter_turns=True,
    shift=0.2,
    rotate=20,
    shear=15,
    zoom=0.2,
    stretch=0.2,
    brightness=0.2,
    contrast=0.2,
    saturation=0.2,
    noise=0.1,
    cutout=0.3,
    mixup=0.4,
    cutmix=1.0,
)


def test_nothing_is_drawn_when_all_is_off():
    assert draw(AugmentConfig()) is None


def test_a_draw_depends_on_the_picture_and_not_on_its_place():
    whole = draw(ALL).arrays()
    order = np.random.default_rng(0).permutation(64)
    in_fours = draw(ALL, KEYS[0, order].reshape(16, 4)).arrays()
    for name, array in whole.items():
        moved = in_fours[name].reshape(array[0].shape)
        assert np.array_equal(array[0, order], moved), name


def test_seeds_and_epochs_draw_anew_and_again_the_same():
    first = draw(ALL)
    for again, same in ((draw(ALL), True), (draw(ALL, epoch=1), False)):
        assert np.array_equal(first.transforms, again.transforms) == same
    assert not np.array_equal(first.share, draw(ALL, seed=2).share)


def test_switching_one_change_on_leaves_the_others_as_they_are():
    turned = draw_parts(AugmentConfig(rotate=20), SHAPE, KEYS, seed=1, epoch=0)
    everything = draw_parts(ALL, SHAPE, KEYS, seed=1, epoch=0)
    assert np.array_equal(turned["rotate"], everything["rotate"])


def test_the_numbers_of_pictures_are_uniform_and_strangers_to_each_other():
    keys = picture_keys([str(number) for number in range(20_000)])
    columns = [
        PictureNumbers(keys, seed, epoch).uniform(purpose)
        for seed, epoch in ((0, 0), (0, 1), (1, 0))
        for purpose in PURPOSES
    ]
    for column in columns:
        assert stats.kstest(column, "uniform").pvalue > 1e-4
    between = np.corrcoef(columns) - np.eye(len(columns))
    # Five standard deviations of a correlation that is none.
    assert np.abs(between).max() < 5 / np.sqrt(len(keys))


@pytest.mark.parametrize("shape", [0.05, 0.2, 0.4, 1.0, 3.0, 30.0])
def test_beta_numbers_are_those_of_scipy(shape):
    shares = np.linspace(0.001, 0.999, 999)
    expected = stats.beta(shape, shape).ppf(shares)
    assert beta_quantile(shares, shape) == pytest.approx(expected, abs=2e-4)


def test_a_picture_is_mirrored_every_other_epoch():
    flips = [
        draw_parts(AugmentConfig(flip=True), SHAPE, KEYS, seed=1, epoch=epoch)["flip"]
        for epoch in range(4)
    ]
    assert np.array_equal(flips[0], flips[2]) and np.array_equal(flips[1], flips[3])
    assert np.array_equal(flips[0], -flips[1])
    assert 0.3 < np.mean(flips[0] > 0) < 0.7


def test_a_flip_mirrors_about_half_of_the_pictures_exactly():
    pixels = pictures()
    changed = apply_draw(pixels, draw(AugmentConfig(flip=True)))
    same = (changed == pixels).all(axis=(2, 3, 4))[0]
    mirrored = (changed == pixels[:, :, :, ::-1]).all(axis=(2, 3, 4))[0]
    assert (same | mirrored).all()
    assert 16 < mirrored.sum() < 48


def test_overhead_pictures_take_all_eight_poses_exactly():
    pixels = pictures()
    config = AugmentConfig(flip=True, upside_down=True, quarter_turns=True)
    changed = apply_draw(pixels, draw(config))[0]
    seen = set()
    for before, after in zip(pixels[0], changed, strict=True):
        poses = [np.rot90(view, n) for view in (before, before[::-1]) for n in range(4)]
        (pose,) = [n for n, view in enumerate(poses) if np.array_equal(view, after)]
        seen.add(pose)
    assert seen == set(range(8))


def test_a_shift_moves_by_whole_pixels():
    pixels = pictures()
    changed = apply_draw(pixels, draw(AugmentConfig(shift=0.3)))
    values = {*np.unique(pixels)}
    assert {*np.unique(changed)} <= values
    moved = ~(changed == pixels).all(axis=(2, 3, 4))[0]
    assert moved.sum() > 32


def test_turning_and_zooming_keep_the_middle():
    pixels = pictures()
    config = AugmentConfig(rotate=90, zoom=0.5, stretch=0.5, shear=30)
    changed = apply_draw(pixels, draw(config))
    assert changed[0, :, 4, 4] == pytest.approx(pixels[0, :, 4, 4], abs=1e-2)


def test_the_warp_is_the_affine_transform_of_scipy():
    shape = (12, 17, 3)
    pixels = pictures(batch=8, shape=shape)
    config = AugmentConfig(
        flip=True, shift=0.3, rotate=60, shear=20, zoom=0.5, stretch=0.3
    )
    drawn = draw(config, KEYS[:, :8], shape=shape)
    changed = apply_draw(pixels, drawn)[0]
    for picture, row, found in zip(
        pixels[0], drawn.transforms[0], changed, strict=True
    ):
        a0, a1, a2, b0, b1, b2 = row.astype(float)
        for channel in range(3):
            expected = ndimage.affine_transform(
                picture[..., channel].astype(float),
                [[b1, b0], [a1, a0]],
                (b2, a2),
                order=1,
                mode="reflect",
            )
            assert found[..., channel] == pytest.approx(expected, abs=0.02)


def test_the_matrix_is_the_product_of_its_parts():
    parts = draw_parts(ALL, SHAPE, KEYS, seed=1, epoch=0)
    rows = draw(ALL).transforms[0]
    for number, row in enumerate(rows):
        part = {name: values[0, number] for name, values in parts.items()}
        turn = np.radians(part["rotate"] + 90 * part["quarter_turns"])
        slant = [[1, np.tan(np.radians(part["shear"]))], [0, 1]]
        turned = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
        stretch = np.sqrt(part["stretch"])
        size = part["zoom"] * np.diag(
            [part["flip"] * stretch, part["upside_down"] / stretch]
        )
        matrix = turned @ np.array(slant) @ size
        assert row.reshape(2, 3)[:, :2] == pytest.approx(matrix, abs=1e-5)
        middle = row.reshape(2, 3) @ [4, 4, 1]
        moved = [4 + part["shift_right"], 4 + part["shift_down"]]
        assert middle == pytest.approx(moved, abs=1e-4)


def test_strengths_bound_the_draw():
    keys = picture_keys([str(number) for number in range(2_000)])
    parts = draw_parts(ALL, SHAPE, keys, seed=1, epoch=0)
    for name in ("brightness", "contrast", "saturation"):
        assert np.abs(parts[name] - 1).max() <= 0.2
    for name in ("rotate", "shear"):
        most = getattr(ALL, name)
        assert 0.99 * most < np.abs(parts[name]).max() <= most
    assert parts["zoom"].min() >= 1 / 1.2
    assert parts["zoom"].max() <= 1.2
    assert parts["mixup"].min() >= 0.5
    sides = parts["cutout"][:, 1] - parts["cutout"][:, 0]
    assert sides == pytest.approx(0.3 * 9)


def test_gray_pictures_have_no_saturation():
    gray = (*SHAPE[:2], 1)
    assert draw(AugmentConfig(saturation=0.5), shape=gray) is None
    parts = draw_parts(ALL, gray, KEYS, seed=1, epoch=0)
    assert "contrast" in parts
    assert "saturation" not in parts


def test_a_pasted_part_weighs_in_the_label_by_its_area():
    # Yun et al. 2019: the label's share is the share of pixels that are left.
    pixels = np.zeros((1, 64, *SHAPE), dtype=np.uint8)
    pixels[0, 1::2] = 1  # Every partner has the other value.
    drawn = draw(AugmentConfig(cutmix=1.0))
    changed = apply_draw(pixels, drawn)
    own = (changed == pixels).mean(axis=(2, 3, 4))
    assert drawn.share == pytest.approx(own, abs=1e-6)
    assert 0.3 < drawn.share.mean() < 0.75
    assert drawn.mixup is None


def test_a_blend_weighs_in_the_label_by_its_share():
    # Zhang et al. 2018: pixels and labels are mixed by one number.
    pixels = np.zeros((1, 64, *SHAPE), dtype=np.uint8)
    pixels[0, 1::2] = 200
    drawn = draw(AugmentConfig(mixup=1.0))
    changed = apply_draw(pixels, drawn)[..., 0, 0, 0]
    own, other = pixels[..., 0, 0, 0], 200 - pixels[..., 0, 0, 0]
    assert changed == pytest.approx(drawn.share * own + (1 - drawn.share) * other)


def test_a_picture_is_blended_or_pasted_on_and_never_both():
    drawn = draw(AugmentConfig(mixup=1.0, cutmix=1.0))
    blended = drawn.mixup < 1
    top, bottom, left, right = np.moveaxis(drawn.cutmix, -1, 0)
    pasted = (bottom > top) & (right > left)
    assert not (blended & pasted).any()
    assert 16 < blended.sum() < 48
    assert (drawn.share[blended] == drawn.mixup[blended]).all()
