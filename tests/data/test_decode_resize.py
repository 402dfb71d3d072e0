"""Resizing: each name of an interpolation stands for what it says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from visus.data.decode import resampler, resampling, resize_pixels
from visus.data.decode.resampling import Raw, resize_by_pillow


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


SIDES = st.integers(1, 90)


needs_quick = pytest.mark.skipif(
    resampler() == "Pillow", reason="there is no package of the quick resizer here"
)


@needs_quick
@given(SIDES, SIDES, SIDES, SIDES, st.sampled_from([1, 3]), st.data())
def test_both_resizers_differ_by_one_at_most(top, left, high, wide, bands, data):
    kernel = data.draw(st.sampled_from(["area", "bilinear"]))
    pixels = np.random.default_rng(high).integers(0, 256, (90, 90, bands), np.uint8)
    bottom, right = (data.draw(st.integers(edge, 90)) for edge in (top, left))
    box = (top - 1, left - 1, bottom, right)
    image = Image.fromarray(pixels.squeeze())
    slow = resize_by_pillow(image, (high, wide), kernel, box)
    raw = Raw(pixels.tobytes(), pixels.shape)
    fast = raw.resized((high, wide), kernel, box)
    assert fast.shape == (high, wide, bands)
    np.testing.assert_allclose(fast.squeeze(), slow.squeeze(), atol=1)


@needs_quick
@given(st.floats(0, 39), st.floats(0, 59), st.floats(1, 40), st.floats(1, 60))
def test_a_box_may_end_at_the_edges_by_any_fraction(top, left, high, wide):
    raw = Raw(picture().tobytes()[: 40 * 60] * 3, (40, 60, 1))
    box = (top, left, min(40, top + high), min(60, left + wide))
    assert raw.resized((3, 5), "area", box).shape == (3, 5, 1)


@needs_quick
def test_every_processor_gives_the_same_bits():
    import cykooz_resizer as package

    pixels = np.random.default_rng(0).integers(0, 256, (61, 83, 3), dtype=np.uint8)
    kernel = package.ResizeAlg.convolution(package.FilterType.box)
    found = set()
    for extensions in package.CpuExtensions:
        resizer = package.Resizer()
        resizer.cpu_extensions = extensions  # What is not there falls back.
        source, target = (
            package.ImageData(width, height, package.PixelType.U8x3, content)
            for width, height, content in ((83, 61, pixels.tobytes()), (31, 17, None))
        )
        resizer.resize(source, target, package.ResizeOptions(kernel, False))
        found.add(target.get_buffer())
    assert len(found) == 1


def test_without_the_package_pillow_resizes(monkeypatch):
    monkeypatch.setattr(resampling, "_quick", lambda: None)
    assert resampler() == "Pillow"
    pixels = picture()
    for kernel in ("area", "bilinear", "bicubic", "nearest"):
        slow = resize_by_pillow(Image.fromarray(pixels), (5, 7), kernel, (0, 0, 24, 32))
        assert np.array_equal(resize_pixels(pixels, (5, 7), kernel), slow)
