"""Resizing: each name of an interpolation stands for what it says."""

import numpy as np
import pytest

from visus.data.decode import resize_pixels


def picture(channels=3):
    rows, columns = np.mgrid[:24, :32]
    planes = [40 + 6 * rows + columns, 250 - 3 * columns - rows, 60 + 4 * columns]
    return np.stack(planes[:channels], axis=-1).astype(np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
def test_area_is_the_mean_of_what_it_covers(channels):
    pixels = picture(channels)
    small = resize_pixels(pixels, (6, 8), "area")
    means = pixels.reshape(6, 4, 8, 4, channels).mean(axis=(1, 3))
    # Pillow rounds twice: after the rows, and after the columns.
    np.testing.assert_allclose(small, means, atol=1)


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "area"])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_interpolation_has_the_shape_asked_for(interpolation, channels):
    pixels = np.full((9, 7, channels), 55, np.uint8)
    for size in ((3, 4), (20, 30), (1, 1), (9, 7)):
        resized = resize_pixels(pixels, size, interpolation)
        np.testing.assert_array_equal(resized, np.full((*size, channels), 55))


def test_area_enlarges_smoothly_and_nearest_does_not():
    pixels = np.array([[[0], [200]]], np.uint8)
    assert len(np.unique(resize_pixels(pixels, (1, 8), "area"))) > 2
    assert len(np.unique(resize_pixels(pixels, (1, 8), "nearest"))) == 2


def test_a_box_is_cut_out_before_resizing():
    pixels = picture()
    part = resize_pixels(pixels, (4, 8), "area", box=(8, 4, 16, 20))
    expected = resize_pixels(pixels[8:16, 4:20], (4, 8), "area")
    np.testing.assert_array_equal(part, expected)
