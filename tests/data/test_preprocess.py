import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from visus.data.preprocess import (
    PreprocessSpec,
    least_decoded_size,
    prepare_pixels,
    scaled_images,
)


def picture(height: int, width: int, channels: int = 3) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (height, width, channels), dtype=np.uint8)


@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.sampled_from([1, 3]),
    st.sampled_from([1, 3]),
    st.sampled_from(["crop", "pad", "squash"]),
)
def test_every_picture_gets_the_shape_of_the_spec(height, width, given_, wanted, fit):
    spec = PreprocessSpec(image_size=(9, 7), channels=wanted, fit=fit)
    assert prepare_pixels(picture(height, width, given_), spec).shape == (9, 7, wanted)


def test_a_picture_of_the_right_size_is_not_touched():
    pixels = picture(8, 8)
    spec = PreprocessSpec(image_size=(8, 8), channels=3)
    assert np.array_equal(prepare_pixels(pixels, spec), pixels)


def test_gray_is_the_luma_that_pillow_computes():
    pixels = picture(20, 30)
    spec = PreprocessSpec(image_size=(20, 30), channels=1)
    expected = np.asarray(Image.fromarray(pixels).convert("L"))
    assert np.array_equal(prepare_pixels(pixels, spec)[..., 0], expected)


def test_crop_takes_the_middle_at_the_right_proportions():
    pixels = np.zeros((10, 30, 3), dtype=np.uint8)
    pixels[:, 10:20] = 255
    spec = PreprocessSpec(image_size=(5, 5), channels=3, fit="crop")
    assert (prepare_pixels(pixels, spec) == 255).all()


def test_a_share_of_the_crop_is_the_middle_of_the_enlarged_picture():
    pixels = picture(40, 60)
    spec = PreprocessSpec(image_size=(14, 14), channels=3, fit="crop", crop_share=0.875)
    expected = Image.fromarray(pixels).resize(
        (14, 14), Image.Resampling.BOX, box=(12.5, 2.5, 47.5, 37.5)
    )
    # Weights are rounded, see `resampling`.
    np.testing.assert_allclose(prepare_pixels(pixels, spec), expected, atol=1)


def test_a_share_cuts_pictures_of_the_right_size_too():
    pixels = np.zeros((8, 8, 1), dtype=np.uint8)
    pixels[2:6, 2:6] = 255
    spec = PreprocessSpec(
        image_size=(8, 8),
        channels=1,
        fit="crop",
        crop_share=0.5,
        interpolation="nearest",
    )
    assert (prepare_pixels(pixels, spec) == 255).all()


def test_a_share_asks_for_a_larger_decoded_size():
    spec = PreprocessSpec(image_size=(224, 224), channels=3, fit="crop")
    assert least_decoded_size(spec) == (896, 896)
    cut = spec.model_copy(update={"crop_share": 0.875})
    assert least_decoded_size(cut) == (1024, 1024)


def test_a_share_belongs_to_a_crop():
    with pytest.raises(ValueError, match="needs fit='crop'"):
        PreprocessSpec(image_size=(8, 8), channels=3, crop_share=0.5)


def test_a_spec_without_a_share_is_written_as_it_always_was():
    spec = PreprocessSpec(image_size=(8, 8), channels=3, fit="crop")
    assert "crop_share" not in spec.model_dump(mode="json")
    cut = spec.model_copy(update={"crop_share": 0.875})
    assert PreprocessSpec(**cut.model_dump(mode="json")) == cut


def test_pad_keeps_the_proportions_on_black():
    pixels = np.full((10, 20, 1), 200, dtype=np.uint8)
    spec = PreprocessSpec(image_size=(8, 8), channels=1, fit="pad")
    prepared = prepare_pixels(pixels, spec)[..., 0]
    assert (prepared[2:6] == 200).all()
    assert (prepared[:2] == 0).all()
    assert (prepared[6:] == 0).all()


def test_area_averages_when_it_shrinks():
    pixels = np.array([[0, 100], [100, 200]], dtype=np.uint8)[..., None]
    spec = PreprocessSpec(image_size=(1, 1), channels=1)
    assert prepare_pixels(pixels, spec).item() == 100


@pytest.mark.parametrize(
    ("scaling", "ends"), [("unit", (0, 1)), ("signed", (-1, 1)), ("none", (0, 255))]
)
def test_scaling_maps_black_and_white(scaling, ends):
    images = scaled_images(np.array([0, 255], dtype=np.uint8), scaling)
    assert images.tolist() == pytest.approx(ends, abs=1e-6)
