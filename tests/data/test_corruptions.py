"""Single corruptions against what their definition says."""

import numpy as np
import pytest
from scipy import ndimage

from visus.data.corruptions import corrupted
from visus.data.corruptions.geometry import rotation
from visus.data.corruptions.sampling import enlarged, motion_kernel, smoothed
from visus.data.corruptions.weather import _cloud

FLAT = np.full((1, 64, 64, 3), 128, dtype=np.uint8)


def test_gaussian_noise_has_the_spread_of_imagenet_c():
    changed = corrupted(FLAT, "gaussian-noise", 2).astype(float) / 255
    assert changed.std() == pytest.approx(0.12, rel=0.03)
    assert changed.mean() == pytest.approx(128 / 255, abs=0.005)


def test_shot_noise_is_poissons():
    changed = corrupted(FLAT, "shot-noise", 1).astype(float) / 255
    assert changed.std() == pytest.approx((128 / 255 / 60) ** 0.5, rel=0.05)


def test_impulse_noise_breaks_the_share_that_is_said():
    changed = corrupted(FLAT, "impulse-noise", 5)
    assert (changed == 0).mean() == pytest.approx(0.135, abs=0.01)
    assert (changed == 255).mean() == pytest.approx(0.135, abs=0.01)


def test_contrast_and_brightness_are_those_that_are_said():
    generator = np.random.default_rng(0)
    pixels = generator.integers(60, 120, (1, 32, 32, 3), dtype=np.uint8)
    mean = pixels.mean(axis=(1, 2), keepdims=True)
    expected = (pixels - mean) * 0.2 + mean
    changed = corrupted(pixels, "contrast", 3)
    np.testing.assert_allclose(changed, expected, atol=0.51)
    brighter = corrupted(pixels, "brightness", 2).max(axis=-1) / 255
    np.testing.assert_allclose(brighter, pixels.max(axis=-1) / 255 + 0.2, atol=0.003)


@pytest.mark.parametrize("name", ["defocus-blur", "glass-blur", "motion-blur"])
def test_blurs_keep_the_mean_and_lose_detail(name):
    pixels = np.random.default_rng(1).integers(0, 256, (1, 64, 64, 1), dtype=np.uint8)
    changed = corrupted(pixels, name, 4)
    assert changed.mean() == pytest.approx(pixels.mean(), abs=2)
    assert changed.std() < 0.6 * pixels.std()


def test_a_kernel_of_motion_lies_along_its_direction():
    kernel = motion_kernel(6, 4, 0)
    assert kernel.sum() == pytest.approx(1)
    assert (kernel[:6] == 0).all() and (kernel[7:] == 0).all()
    trail = kernel[6, 6:]
    assert (np.diff(trail[1:-1]) < 0).all()


def test_places_between_pixels_are_those_of_scipy():
    image = np.random.default_rng(2).random((24, 24, 1))
    expected = ndimage.gaussian_filter(image[..., 0], 1.5, mode="mirror")
    np.testing.assert_allclose(smoothed(image, 1.5)[..., 0], expected)
    middle = enlarged(image, 2.0)
    np.testing.assert_allclose(middle[11, 11], image[11:13, 11:13].mean(), atol=0.3)


def test_a_turn_and_its_opposite_give_the_middle_back():
    down, right = np.mgrid[:40, :40]
    image = (np.sin(down / 6) + np.cos(right / 7))[..., None] / 4 + 0.5

    class Always:
        def __init__(self, sign: int) -> None:
            self.sign = sign

        def choice(self, values):
            return self.sign

    there = rotation(image, 1, Always(1))
    back = rotation(there, 1, Always(-1))
    inner = slice(10, 30)
    np.testing.assert_allclose(back[inner, inner], image[inner, inner], atol=0.01)


def test_a_cloud_is_rough_at_every_scale_and_smoother_with_more_decay():
    rough, smooth = (
        _cloud(64, decay, np.random.default_rng(3)) for decay in (1.4, 2.5)
    )
    assert rough.shape == (64, 64) and rough.min() == 0 and rough.max() == 1
    assert np.abs(np.diff(rough)).mean() > 1.5 * np.abs(np.diff(smooth)).mean()


def test_jpeg_and_pixelate_are_blocks():
    pixels = np.random.default_rng(4).integers(0, 256, (1, 64, 64, 3), dtype=np.uint8)
    small = corrupted(pixels, "pixelate", 5)[0]
    assert len(np.unique(small.reshape(-1, 3), axis=0)) <= 16 * 16
    assert corrupted(pixels, "jpeg", 5).std() < pixels.std()
