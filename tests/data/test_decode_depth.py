"""16 bits, wider integers and floats: order kept, nothing clipped, levels kept."""

import io
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from visus.data.decode import decode_image
from visus.data.decode.depth import LEAST_LEVELS, scaled_to_bytes


def levels(values):
    return len(np.unique(values))


def linear(values):
    """The oracle: the straight line from the smallest value to the largest."""
    low, high = float(values.min()), float(values.max())
    return np.rint((values.astype(float) - low) * 255 / (high - low))


@pytest.mark.parametrize("dtype", ["uint16", "int16", "int32", "float32", "float64"])
def test_evenly_spread_values_are_scaled_on_a_straight_line(dtype):
    values = np.arange(-5_000, 5_000).reshape(100, 100)
    values = (values + (5_000 if dtype == "uint16" else 0)).astype(dtype)
    np.testing.assert_allclose(scaled_to_bytes(values), linear(values), atol=1)


def test_a_dark_picture_uses_all_levels():
    # A 12-bit camera: by the upper byte alone 16 levels would be left.
    values = np.random.default_rng(0).integers(300, 3_900, (60, 60)).astype(np.uint16)
    assert levels(values >> 8) <= 16
    assert levels(scaled_to_bytes(values)) == 256


@pytest.mark.parametrize("dtype", ["uint16", "int32", "float32"])
def test_hot_pixels_take_few_levels(dtype):
    values = np.arange(2_500).reshape(50, 50).astype(dtype)
    values[0, 0], values[7, 7] = 60_000, 65_535
    levels_of = scaled_to_bytes(values)
    assert levels(levels_of[values < 2_500]) >= LEAST_LEVELS - 2
    assert levels_of[7, 7] == 255
    assert levels(linear(values)[values < 2_500]) < 15


def test_a_missing_value_far_below_takes_few_levels():
    # What maps write where they know nothing.
    values = np.linspace(100, 900, 10_000, dtype=np.float32).reshape(100, 100)
    values[:10] = np.finfo(np.float32).min
    assert levels(scaled_to_bytes(values)[10:]) >= LEAST_LEVELS - 1


def test_few_values_are_all_kept():
    values = np.array([[0, 128, 129, 65_535]], np.uint16)
    assert levels(scaled_to_bytes(values)) == 4
    far = np.array([[0, 10, 65_535]], np.uint16)
    assert levels(scaled_to_bytes(far)) == 3
    apart = np.array([[0, 20_000, 65_535]], np.uint16)
    np.testing.assert_array_equal(scaled_to_bytes(apart), linear(apart))


def test_what_is_no_number_is_black_and_infinity_an_end():
    values = np.array([[np.nan, -np.inf, 1, 2, np.inf]], np.float32)
    np.testing.assert_array_equal(scaled_to_bytes(values), [[0, 0, 0, 255, 255]])


def test_hidden_values_play_no_part():
    values = np.array([[-2_000, 0, 60, 100]], np.int16)
    np.testing.assert_array_equal(
        scaled_to_bytes(values, values == -2_000), [[0, 0, 153, 255]]
    )


def test_a_single_value_and_nothing_are_black():
    assert not scaled_to_bytes(np.full((3, 3), 7, np.uint16)).any()
    assert not scaled_to_bytes(np.full((3, 3), np.nan, np.float32)).any()


@given(
    arrays.arrays(
        st.sampled_from([np.uint16, np.int32, np.float32, np.float64]),
        st.tuples(st.integers(1, 30), st.integers(1, 30)),
    )
)
def test_order_is_kept_and_no_end_is_clipped(values):
    scaled = scaled_to_bytes(values)
    finite = np.isfinite(values)
    if values.dtype.kind == "f":
        with np.errstate(over="ignore"):
            values = values.astype(np.float32)
        finite = np.isfinite(values)
    row, known = scaled[finite].astype(int), values[finite]
    order = np.argsort(known, kind="stable")
    assert (np.diff(row[order]) >= 0).all()
    if len(known) and known.min() < known.max():
        assert row.min() == 0
        assert row.max() == 255
        # Equal values stay equal, and as many differ as there is room for.
        assert levels(row) >= min(levels(known), LEAST_LEVELS)


MODES = [("PNG", "I;16", "<u2"), ("TIFF", "I;16", "<u2"), ("TIFF", "I;16B", ">u2")]
MODES += [("TIFF", "I", "<i4"), ("TIFF", "F", "<f4"), ("PPM", "I", "<i4")]


@pytest.mark.parametrize(("image_format", "mode", "dtype"), MODES)
def test_every_deep_format_goes_by_the_same_rule(image_format, mode, dtype):
    values = np.random.default_rng(1).integers(0, 65_536, (40, 50)).astype(dtype)
    image = Image.frombytes(mode, (50, 40), values.tobytes())
    stream = io.BytesIO()
    image.save(stream, image_format)
    decoded = decode_image(stream.getvalue())
    np.testing.assert_array_equal(decoded.pixels[..., 0], scaled_to_bytes(values))
    assert any("scaled to 8 bits" in note for note in decoded.notes)


def test_real_microscopy_keeps_its_levels(shared_data):
    with zipfile.ZipFile(shared_data / "microscopy_16bit.zip") as archive:
        names = [n for n in archive.namelist() if n.endswith((".png", ".tif"))]
        assert len(names) == 6
        for name in names:
            content = archive.read(name)
            values = np.asarray(Image.open(io.BytesIO(content)))
            pixels = decode_image(content).pixels[..., 0]
            assert levels(pixels) >= min(levels(values), LEAST_LEVELS), name
            order = np.argsort(values, axis=None, kind="stable")
            assert (np.diff(pixels.ravel()[order].astype(int)) >= 0).all(), name
