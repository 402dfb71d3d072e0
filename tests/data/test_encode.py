"""PNG out of pixels: what is written is what another reader sees."""

import base64
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from visus.data.decode import decode_image
from visus.data.encode import encode_png, png_base64

SHAPES = st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from((1, 3)))


@settings(deadline=None)
@given(arrays(np.uint8, SHAPES))
def test_png_returns_every_pixel(pixels):
    decoded = decode_image(encode_png(pixels))
    np.testing.assert_array_equal(decoded.pixels, pixels)
    assert (decoded.format, decoded.notes) == ("PNG", ())


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((256, 64, 3), (128, 32)),
        ((30, 300, 1), (13, 128)),
        ((20, 10, 1), (20, 10)),
        ((2000, 1, 3), (128, 1)),
    ],
)
def test_base64_shrinks_to_the_longest_side_and_never_enlarges(shape, expected):
    text = png_base64(np.full(shape, 77, np.uint8), longest_side=128)
    with Image.open(io.BytesIO(base64.b64decode(text, validate=True))) as image:
        assert (image.height, image.width) == expected
        assert (np.asarray(image) == 77).all()
        assert image.mode == ("L" if shape[2] == 1 else "RGB")
