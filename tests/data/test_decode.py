"""The decoder: right pixels for good files, one honest verdict for all others."""

import csv
import io
import struct
import warnings
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from visus.data.decode import (
    DecodeFailure,
    DecodeLimits,
    decode_image,
    read_header,
    resize_pixels,
)
from visus.data.ledger import VERDICTS

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF")
LOSSLESS = ("PNG", "BMP", "TIFF")


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


def failure(content, *arguments):
    with pytest.raises(DecodeFailure) as caught:
        decode_image(content, *arguments)
    assert caught.value.verdict in VERDICTS
    assert caught.value.reason.endswith(".")
    return caught.value


def outcome(content):
    """What became of a file, in a form that can be compared."""
    try:
        decoded = decode_image(content)
    except DecodeFailure as found:
        assert found.verdict in VERDICTS
        return found.verdict, found.reason
    assert decoded.pixels.dtype == np.uint8
    assert decoded.pixels.ndim == 3
    assert decoded.pixels.shape[2] in (1, 3)
    assert decoded.format in FORMATS
    return decoded.pixels.shape, decoded.pixels.tobytes(), decoded.notes


# Good files


@pytest.mark.parametrize("image_format", FORMATS)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_format_returns_its_pixels(image_format, channels):
    pixels = picture(channels=channels)
    image = Image.fromarray(pixels.squeeze())
    options = {"lossless": True} if image_format == "WEBP" else {}
    decoded = decode_image(encoded(image, image_format, **options))
    assert decoded.format == image_format
    if channels == 1 and image_format == "WEBP":  # WebP knows no gray
        pixels = np.repeat(pixels, 3, axis=2)
    assert decoded.pixels.shape == pixels.shape
    error = np.abs(decoded.pixels.astype(int) - pixels)
    lossy = {"JPEG": 12, "GIF": 40 if channels == 3 else 0}
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


@pytest.mark.parametrize("mode", ["I;16", "I;16B", "I"])
@pytest.mark.parametrize("image_format", ["PNG", "TIFF"])
def test_sixteen_bits_are_rounded_to_eight_and_noted(mode, image_format):
    if (mode, image_format) == ("I", "TIFF"):
        values = np.array([[0, 70_000, -5, 65535]], dtype=np.int32)
    else:
        values = np.array([[0, 128, 129, 65535]], dtype=np.uint16)
    dtype = {"I;16": "<u2", "I;16B": ">u2", "I": "<i4"}[mode]
    image = Image.frombytes(mode, (4, 1), values.astype(dtype).tobytes())
    decoded = decode_image(encoded(image, image_format))
    expected = np.rint(np.clip(values, 0, 65535) / 257)
    np.testing.assert_array_equal(decoded.pixels[..., 0], expected)
    assert "16 bits reduced to 8" in decoded.notes


@pytest.mark.parametrize(
    ("white", "values"), [(1, (0, 0.5, 1)), (255, (0, 127.5, 300))]
)
def test_floats_are_taken_by_their_range(white, values):
    image = Image.fromarray(np.array([values], dtype=np.float32))
    decoded = decode_image(encoded(image, "TIFF"))
    np.testing.assert_array_equal(decoded.pixels[..., 0], [[0, 128, 255]])
    assert decoded.notes == (f"floats from 0 to {white} reduced to 8 bits",)


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
    deep = Image.frombytes("I;16", (2, 1), struct.pack("<2H", 7, 9 * 257))
    for image, kept in ((palette, (200, 100, 50)), (gray, (9,)), (deep, (9,))):
        clear = 0 if image is palette else 7
        decoded = decode_image(encoded(image, "PNG", transparency=clear))
        assert tuple(decoded.pixels[0, 0]) == (255,) * len(kept)
        assert tuple(decoded.pixels[0, 1]) == kept
        assert "transparent pixels shown on white" in decoded.notes


@pytest.mark.parametrize("image_format", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_an_animation_the_first_frame_is_taken(image_format):
    frames = [Image.new("RGB", (8, 6), color) for color in ("red", "lime", "blue")]
    options = {"save_all": True, "append_images": frames[1:]}
    decoded = decode_image(encoded(frames[0], image_format, **options))
    np.testing.assert_allclose(decoded.pixels[3, 4], (255, 0, 0), atol=3)
    assert decoded.notes == ("first of several frames",)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF"])
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
    quality = {"JPEG": {"quality": 100}, "WEBP": {"lossless": True}}
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


# Files that are refused


def test_an_empty_file_is_said_to_be_empty():
    assert failure(b"").verdict == "not_image"
    assert "empty" in failure(b"").reason


@pytest.mark.parametrize(
    "content",
    [
        b"hello, I am text\n" * 9,
        b"BMW builds cars.",
        b"<?xml?><annotation/>",
        bytes(999),
    ],
)
def test_what_is_no_picture_is_said_to_be_none(tmp_path, content):
    assert failure(content).verdict == "not_image"
    path = tmp_path / "named.jpg"
    path.write_bytes(content)
    with pytest.raises(DecodeFailure) as caught:
        read_header(path)
    assert caught.value.verdict == "not_image"


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1", "HEIC"),
        (b"\0\0\0\x1cftypavif\0\0\0\0", "AVIF"),
        (b'\xef\xbb\xbf<?xml version="1.0"?>\n<svg width="4">', "SVG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", "SVG"),
        (b"8BPS\0\1" + bytes(20), "Photoshop"),
        (b"\0\0\1\0\1\0" + bytes(20), "icon"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"P6\n3 2\n255\n" + bytes(18), "PNM"),
    ],
)
def test_a_picture_of_another_format_is_named(content, name):
    found = failure(content)
    assert found.verdict == "unsupported"
    assert name in found.reason


CUTTABLE = [
    *(("JPEG", options) for options in ({}, {"progressive": True})),
    *((name, {}) for name in ("PNG", "BMP", "GIF", "WEBP")),
    *(
        ("TIFF", {"compression": name})
        for name in (None, "tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits")
    ),
]


@pytest.mark.parametrize(("image_format", "options"), CUTTABLE)
def test_a_file_cut_off_anywhere_is_truncated_or_whole(image_format, options):
    content = encoded(Image.fromarray(picture(60, 80)), image_format, **options)
    whole = decode_image(content).pixels
    for length in {
        *range(16, len(content), 37),
        *range(len(content) - 40, len(content)),
    }:
        try:
            pixels = decode_image(content[:length]).pixels
        except DecodeFailure as found:
            assert found.verdict == "truncated", (length, found.reason)
            assert "cut off" in found.reason
        else:  # only an end marker was missing
            np.testing.assert_array_equal(pixels, whole)


def test_damage_in_the_middle_is_corrupt():
    content = bytearray(encoded(Image.fromarray(picture()), "PNG"))
    content[len(content) // 2] ^= 0xFF
    found = failure(bytes(content))
    assert found.verdict == "corrupt"
    assert "PNG" in found.reason


def png_bomb(side):
    """A PNG of a few bytes whose header claims `side` x `side` pixels."""

    def chunk(name, data):
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1000))
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


@pytest.mark.parametrize("side", [8_001, 10_000, 60_000, 2_000_000_000])
def test_a_bomb_is_refused_from_its_header(tmp_path, side):
    assert failure(png_bomb(side)).verdict == "too_large"
    path = tmp_path / "bomb.png"
    path.write_bytes(png_bomb(side))
    with pytest.raises(DecodeFailure) as caught:
        read_header(path)
    assert caught.value.verdict == "too_large"


def test_the_limits_are_the_callers(monkeypatch):
    content = encoded(Image.fromarray(picture()), "PNG")
    assert decode_image(content, DecodeLimits(max_pixels=23 * 31)).format == "PNG"
    found = failure(content, DecodeLimits(max_pixels=23 * 31 - 1))
    assert found.verdict == "too_large"
    assert "31 pixels wide and 23 high" in found.reason
    assert failure(content, DecodeLimits(max_bytes=9)).verdict == "too_large"
    # A limit that somebody set in Pillow ends in the same verdict.
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 50)
    assert failure(content).verdict == "too_large"


def test_a_missing_file_is_unreadable(tmp_path):
    for path in (tmp_path / "none.png", tmp_path):
        with pytest.raises(DecodeFailure) as caught:
            read_header(path)
        assert caught.value.verdict == "unreadable"


def test_a_header_does_not_decode_pixels(tmp_path, monkeypatch):
    for image_format in FORMATS:
        path = tmp_path / image_format
        path.write_bytes(encoded(Image.fromarray(picture()), image_format))
    monkeypatch.setattr(Image, "_getdecoder", None)
    for image_format in FORMATS:
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


# Any bytes at all

GOOD = [encoded(Image.fromarray(picture()), image_format) for image_format in FORMATS]


@given(st.binary(max_size=300), st.sampled_from([b"", *(g[:12] for g in GOOD)]))
def test_any_bytes_have_one_verdict(content, start):
    assert outcome(start + content) == outcome(start + content)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(GOOD),
    st.lists(st.tuples(st.integers(0), st.integers(0, 255)), min_size=1, max_size=8),
)
def test_any_damage_has_one_verdict(content, changes):
    changed = bytearray(content)
    for place, value in changes:
        changed[place % len(changed)] = value
    assert outcome(bytes(changed)) == outcome(bytes(changed))


# Unusual files that people sent to the makers of decoders


def check_odd(shared_data, step):
    with zipfile.ZipFile(shared_data / "odd_images.zip") as archive:
        table = archive.read("odd/expected_pillow13.csv").decode()
        for row in list(csv.DictReader(io.StringIO(table)))[::step]:
            content = archive.read(f"odd/{row['path']}")
            found = outcome(content)
            assert found == outcome(content), row["path"]
            readable = row["format"] in (*FORMATS, "MPO") and not row["warnings"]
            if readable and row["pillow_result"] == "ok":
                size = {int(row["height"]), int(row["width"])}
                assert {*found[0][:2]} == size, row["path"]


def test_a_sample_of_odd_files(shared_data):
    check_odd(shared_data, 10)


@pytest.mark.slow
def test_all_odd_files(shared_data):
    check_odd(shared_data, 1)


# Resizing


@pytest.mark.parametrize("channels", [1, 3])
def test_area_is_the_mean_of_what_it_covers(channels):
    pixels = picture(24, 32, channels)
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
    pixels = picture(24, 32)
    part = resize_pixels(pixels, (4, 8), "area", box=(8, 4, 16, 20))
    expected = resize_pixels(pixels[8:16, 4:20], (4, 8), "area")
    np.testing.assert_array_equal(part, expected)
