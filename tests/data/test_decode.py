"""Decoding good files: every format, mode and turn becomes upright gray or RGB."""

import io
import struct
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from visus.data.decode import decode_image, read_header

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "AVIF", "PPM", "ICO")


def picture(height=23, width=31, channels=3):
    """Smooth, so that JPEG keeps it; not symmetric, so that a turn shows."""
    rows, columns = np.mgrid[:height, :width]
    red = 40 + 6 * rows + columns
    planes = [red, 250 - 3 * columns - rows, 60 + 4 * columns][:channels]
    return np.stack(planes, axis=-1).astype(np.uint8)


def encoded(image, image_format, **options):
    stream = io.BytesIO()
    image.save(stream, image_format, **options)
    return stream.getvalue()


@pytest.mark.parametrize("image_format", FORMATS)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_format_returns_its_pixels(image_format, channels):
    pixels = picture(channels=channels)
    image = Image.fromarray(pixels.squeeze())
    options = {
        "WEBP": {"lossless": True},
        "AVIF": {"quality": 100, "subsampling": "4:4:4"},
        "ICO": {"sizes": [(31, 23)]},
    }.get(image_format, {})
    decoded = decode_image(encoded(image, image_format, **options))
    assert decoded.format == image_format
    assert decoded.size == (23, 31)
    # These have colors, be they gray ones.
    if image_format in ("WEBP", "GIF", "AVIF"):
        pixels = np.broadcast_to(pixels, (23, 31, 3))
    assert decoded.pixels.shape == pixels.shape
    error = np.abs(decoded.pixels.astype(int) - pixels)
    lossy = {"JPEG": 12, "AVIF": 6, "GIF": 40 if channels == 3 else 0}
    assert error.max() <= lossy.get(image_format, 0)


MODES = [
    ("PNG", "1", 1),
    ("PNG", "L", 1),
    ("PNG", "LA", 1),
    ("PNG", "I;16", 1),
    ("PNG", "P", 3),
    ("PNG", "RGB", 3),
    ("PNG", "RGBA", 3),
    ("JPEG", "L", 1),
    ("JPEG", "CMYK", 3),
    ("BMP", "1", 1),
    ("BMP", "P", 3),
    ("GIF", "P", 3),
    ("GIF", "1", 1),
    ("WEBP", "RGBA", 3),
    ("TIFF", "1", 1),
    ("TIFF", "LA", 1),
    ("TIFF", "I;16", 1),
    ("TIFF", "I;16B", 1),
    ("TIFF", "I", 1),
    ("TIFF", "F", 1),
    ("TIFF", "P", 3),
    ("TIFF", "RGBA", 3),
    ("TIFF", "CMYK", 3),
    ("TIFF", "YCbCr", 3),
    ("TIFF", "LAB", 3),
]


@pytest.mark.parametrize(("image_format", "mode", "channels"), MODES)
def test_every_mode_becomes_gray_or_rgb(tmp_path, image_format, mode, channels):
    if mode == "LAB":
        image = Image.frombytes("LAB", (31, 23), bytes((128, 128, 128)) * 31 * 23)
    elif mode.startswith("I;16"):
        image = Image.frombytes(mode, (31, 23), bytes(31 * 23 * 2))
    else:
        image = Image.fromarray(picture()).convert(mode)
    content = encoded(image, image_format)
    (tmp_path / "picture").write_bytes(content)
    decoded = decode_image(content)
    header = read_header(tmp_path / "picture")
    assert decoded.pixels.shape == (23, 31, channels)
    assert (header.height, header.width, header.gray) == (23, 31, channels == 1)


def test_a_palette_becomes_its_colors():
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putpixel((1, 0), 1)
    pixels = decode_image(encoded(image, "PNG")).pixels
    np.testing.assert_array_equal(pixels, [[[10, 20, 30], [200, 100, 50]]])


def test_cmyk_becomes_rgb():
    image = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    for image_format in ("JPEG", "TIFF"):
        pixels = decode_image(encoded(image, image_format)).pixels
        np.testing.assert_allclose(pixels[8, 8], (255, 0, 0), atol=3)


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_transparency_is_laid_over_white(mode):
    color = (100,) * (len(mode) - 1)
    image = Image.new(mode, (3, 1), (*color, 255))
    image.putpixel((1, 0), (*color, 0))
    image.putpixel((2, 0), (*color, 51))
    decoded = decode_image(encoded(image, "PNG"))
    np.testing.assert_array_equal(decoded.pixels[0, :, 0], [100, 255, 224])
    assert decoded.notes == ("transparent pixels shown on white",)
    opaque = decode_image(encoded(Image.new(mode, (3, 1), (*color, 255)), "PNG"))
    assert opaque.notes == ()


def test_a_transparent_color_is_laid_over_white():
    palette = Image.new("P", (2, 1))
    palette.putpalette([10, 20, 30, 200, 100, 50])
    palette.putpixel((1, 0), 1)
    gray = Image.frombytes("L", (2, 1), bytes([7, 9]))
    # The transparent 7 plays no part in the scale: 100 and 900 are its ends.
    deep = Image.frombytes("I;16", (3, 1), struct.pack("<3H", 7, 900, 100))
    for image, kept in ((palette, (200, 100, 50)), (gray, (9,)), (deep, (255,))):
        clear = 0 if image is palette else 7
        decoded = decode_image(encoded(image, "PNG", transparency=clear))
        assert tuple(decoded.pixels[0, 0]) == (255,) * len(kept)
        assert tuple(decoded.pixels[0, 1]) == kept
        assert "transparent pixels shown on white" in decoded.notes


@pytest.mark.parametrize("image_format", ["GIF", "WEBP", "PNG", "TIFF", "AVIF"])
def test_of_an_animation_the_first_frame_is_taken(image_format):
    frames = [Image.new("RGB", (8, 6), color) for color in ("red", "lime", "blue")]
    options = {"save_all": True, "append_images": frames[1:]}
    decoded = decode_image(encoded(frames[0], image_format, **options))
    np.testing.assert_allclose(decoded.pixels[3, 4], (255, 0, 0), atol=3)
    assert decoded.notes == ("first of several frames",)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("turn", range(1, 9))
def test_every_exif_orientation_becomes_upright(tmp_path, image_format, turn):
    upright = picture(24, 32)
    # How the camera stores an upright picture, by the EXIF standard's table.
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[turn]
    exif = Image.Exif()
    exif[0x0112] = turn
    image = Image.fromarray(np.ascontiguousarray(stored))
    quality = {
        "JPEG": {"quality": 100},
        "WEBP": {"lossless": True},
        "AVIF": {"quality": 100, "subsampling": "4:4:4"},
    }
    content = encoded(image, image_format, exif=exif, **quality.get(image_format, {}))
    pixels = decode_image(content).pixels
    assert pixels.shape == upright.shape
    assert np.abs(pixels.astype(int) - upright).max() <= 6
    (tmp_path / "picture").write_bytes(content)
    header = read_header(tmp_path / "picture")
    assert (header.height, header.width) == (24, 32)


@pytest.mark.parametrize("exif", [b"Exif\0\0", b"Exif\0\0MM\0*\xff\xff\xff\xff", b"Ex"])
def test_a_damaged_exif_does_not_refuse_the_picture(exif):
    content = encoded(Image.fromarray(picture()), "JPEG", exif=exif)
    assert decode_image(content).pixels.shape == (23, 31, 3)


@pytest.mark.parametrize("turn", [1, 6])
@pytest.mark.parametrize("at_least", [(100, 50), (60, 120), (1, 1), (9999, 1)])
def test_a_jpeg_may_be_decoded_smaller_but_never_below(turn, at_least):
    exif = Image.Exif()
    exif[0x0112] = turn
    full = decode_image(encoded(Image.fromarray(picture(400, 600)), "JPEG", exif=exif))
    image = Image.fromarray(picture(400, 600))
    small = decode_image(encoded(image, "JPEG", exif=exif), at_least=at_least)
    whole, sides = full.pixels.shape, small.pixels.shape
    scale = max(
        s
        for s in (1, 2, 4, 8)
        if s == 1
        or all(side // s >= least for side, least in zip(whole, at_least, strict=False))
    )
    assert sides == (-(-whole[0] // scale), -(-whole[1] // scale), 3)
    assert small.size == full.size == whole[:2]


def test_a_header_does_not_decode_pixels(tmp_path, monkeypatch):
    formats = [name for name in FORMATS if name != "ICO"]  # Pillow decodes those.
    for image_format in formats:
        path = tmp_path / image_format
        path.write_bytes(encoded(Image.fromarray(picture()), image_format))
    monkeypatch.setattr(Image, "_getdecoder", None)
    for image_format in formats:
        header = read_header(tmp_path / image_format)
        assert (header.height, header.width) == (23, 31)


def test_warnings_of_threads_leave_the_filters_as_they_were(monkeypatch):
    # Above this limit Pillow warns, and pytest makes an error of every warning.
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 23 * 31 - 1)
    content = encoded(Image.fromarray(picture()), "PNG")
    before = list(warnings.filters)
    with ThreadPoolExecutor(8) as pool:
        shapes = {d.pixels.shape for d in pool.map(decode_image, [content] * 200)}
    assert shapes == {(23, 31, 3)}
    assert list(warnings.filters) == before
