"""16-bit color keeps its levels: both bytes are read, by the rule of deep pictures."""

import io
import struct
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image

from visus.data.decode import decode_image
from visus.data.decode.depth import LEAST_LEVELS, scaled_to_bytes

KINDS = {1: 0, 2: 4, 3: 2, 4: 6}
SCALED = "scaled to 8 bits from the smallest value to the largest"


def png(values: np.ndarray, *more: bytes) -> bytes:
    """A PNG of uint16 `(height, width, channels)`; the filter is none."""

    def chunk(content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(content))
        return struct.pack(">I", len(content) - 4) + content + check

    height, width, channels = values.shape
    header = struct.pack(">IIBBBBB", width, height, 16, KINDS[channels], 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    chunks = [b"IHDR" + header, *more, b"IDAT" + zlib.compress(rows), b"IEND"]
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(chunk, chunks))


def tiff(
    values: np.ndarray, order: str, compression: int = 1, planes: bool = False
) -> bytes:
    """A TIFF of uint16 `(height, width, 3 or 4)`, in this byte order.

    One strip, or one a plane, without compression.
    """
    height, width, channels = values.shape
    laid = values.transpose(2, 0, 1) if planes else values
    pixels = laid.astype(f"{order}u2").tobytes()
    pixels = zlib.compress(pixels) if compression == 8 else pixels
    bits = struct.pack(f"{order}{channels}H", *[16] * channels)
    strips = channels if planes else 1
    size = len(pixels) // strips
    offsets = [8 + strip * size for strip in range(strips)]
    after = 8 + len(pixels) + len(bits)
    bits += struct.pack(f"{order}{2 * strips}I", *offsets, *[size] * strips)
    tags = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, channels, 8 + len(pixels)),
        (259, 3, 1, compression),
        (262, 3, 1, 2),
        (273, 4, strips, after if planes else 8),
        (277, 3, 1, channels),
        (278, 4, 1, height),
        (279, 4, strips, after + 4 * strips if planes else size),
        (284, 3, 1, 2 if planes else 1),
        *([(338, 3, 1, 2)] if channels == 4 else []),
    ]
    entries = b"".join(
        struct.pack(f"{order}HHI", tag, kind, count)
        + (
            struct.pack(f"{order}HH", value, 0)
            if kind == 3 and count == 1
            else struct.pack(f"{order}I", value)
        )
        for tag, kind, count, value in tags
    )
    start = b"II*\0" if order == "<" else b"MM\0*"
    place = struct.pack(f"{order}I", 8 + len(pixels) + len(bits))
    directory = struct.pack(f"{order}H", len(tags)) + entries + bytes(4)
    return start + place + pixels + bits + directory


def camera(channels: int = 3, most: int = 4_095) -> np.ndarray:
    """A 12-bit camera's noise: by the upper byte alone 16 levels would be left."""
    shape = (60, 50, channels)
    return np.random.default_rng(3).integers(40, most, shape).astype(np.uint16)


WRITERS = {
    "PNG": png,
    "TIFF, Intel": lambda values: tiff(values, "<"),
    "TIFF, Motorola": lambda values: tiff(values, ">"),
    "TIFF, Intel, deflated": lambda values: tiff(values, "<", 8),
    "TIFF, Motorola, deflated": lambda values: tiff(values, ">", 8),
    "TIFF, Intel, planes": lambda values: tiff(values, "<", planes=True),
    "TIFF, Motorola, planes": lambda values: tiff(values, ">", planes=True),
    "PPM": lambda values: b"P6\n50 60\n65535\n" + values.astype(">u2").tobytes(),
}


@pytest.mark.parametrize("name", WRITERS)
def test_color_goes_by_the_rule_of_deep_pictures_on_one_scale(name):
    values = camera()
    decoded = decode_image(WRITERS[name](values))
    np.testing.assert_array_equal(decoded.pixels, scaled_to_bytes(values))
    assert len(np.unique(decoded.pixels)) >= LEAST_LEVELS
    assert decoded.notes == (SCALED,)
    # Order is kept across the colors, and so hues are.
    order = np.argsort(values, axis=None, kind="stable")
    assert (np.diff(decoded.pixels.ravel()[order].astype(int)) >= 0).all()


def test_a_photograph_of_the_whole_range_looks_as_it_did():
    values = np.random.default_rng(0).integers(0, 65_536, (60, 50, 3), np.uint16)
    values.flat[:2] = 0, 65_535
    pixels = decode_image(png(values)).pixels
    np.testing.assert_allclose(pixels, values / 257, atol=0.5 + 1e-9)


@pytest.mark.parametrize("name", ["PNG", "TIFF, Intel", "TIFF, Motorola, deflated"])
def test_clear_pixels_are_white_and_play_no_part(name):
    values = camera(4)
    values[..., 3] = 65_535
    values[0] = 65_535, 0, 65_535, 0
    values[1, :, 3] = 32_768
    decoded = decode_image(WRITERS[name](values))
    expected = scaled_to_bytes(values[1:, :, :3])
    np.testing.assert_array_equal(decoded.pixels[2:], expected[1:])
    assert (decoded.pixels[0] == 255).all()
    half = (expected[0].astype(float) + 255) / 2
    np.testing.assert_allclose(decoded.pixels[1], half, atol=1)
    assert decoded.notes == (SCALED, "transparent pixels shown on white")


def test_gray_with_alpha():
    values = camera(2)
    values[..., 1] = 65_535
    decoded = decode_image(png(values))
    gray = scaled_to_bytes(values[..., 0])
    for channel in range(3):
        np.testing.assert_array_equal(decoded.pixels[..., channel], gray)
    assert decoded.notes == (SCALED,)


def test_a_color_that_stands_for_clear_is_told_by_all_its_bits():
    values = camera()
    values[0, 0] = 700, 701, 702
    values[0, 1] = 700, 701, 703
    decoded = decode_image(png(values, b"tRNS" + struct.pack(">HHH", 700, 701, 702)))
    assert (decoded.pixels[0, 0] == 255).all()
    assert (decoded.pixels[0, 1] < 100).all()


def test_an_orientation_turns_deep_color_too():
    values = camera()
    exif = Image.Exif()
    exif[0x0112] = 6
    content = png(values, b"eXIf" + exif.tobytes().removeprefix(b"Exif\0\0"))
    decoded = decode_image(content)
    expected = np.rot90(scaled_to_bytes(values), -1)
    np.testing.assert_array_equal(decoded.pixels, expected)
    assert decoded.size == (50, 60)


@pytest.mark.parametrize("kind", ["rgb", "rgba", "gray and alpha"])
def test_interlaced_pngs_are_their_plain_twins(shared_data, kind):
    letters = {"rgb": "2c", "rgba": "6a", "gray and alpha": "4a"}[kind]
    with zipfile.ZipFile(shared_data / "odd_images.zip") as archive:
        folder = "odd/image-png/tests/pngsuite"
        plain, interlaced = (
            decode_image(archive.read(f"{folder}/bas{way}{letters}16.png"))
            for way in "ni"
        )
    np.testing.assert_array_equal(plain.pixels, interlaced.pixels)
    assert SCALED in plain.notes
    assert len(np.unique(plain.pixels)) >= 30


def test_real_microscopy_as_colors_keeps_its_levels(shared_data):
    """Three real gray pictures of one size, as the colors of one."""
    with zipfile.ZipFile(shared_data / "microscopy_16bit.zip") as archive:
        names = [n for n in archive.namelist() if n.endswith(".png")]
        grays = [np.asarray(Image.open(io.BytesIO(archive.read(n)))) for n in names]
    first, second = grays[:2]
    values = np.stack([first, second, first], axis=2).astype(np.uint16)
    pixels = decode_image(png(values)).pixels
    distinct = len(np.unique(values))
    assert len(np.unique(pixels)) >= min(distinct, LEAST_LEVELS)
    np.testing.assert_array_equal(pixels, scaled_to_bytes(values))
