"""Files that are refused: one honest verdict for each, and never an accident."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from visus.data.decode import DecodeFailure, DecodeLimits, decode_image, read_header
from visus.data.ledger import VERDICTS

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "AVIF", "PPM", "ICO")


def encoded(image_format, height=23, width=31, **options):
    """A file of a smooth picture in color."""
    rows, columns = np.mgrid[:height, :width]
    planes = [40 + 3 * rows + columns, 250 - 2 * columns, 60 + 2 * columns]
    image = Image.fromarray(np.stack(planes, axis=-1).astype(np.uint8))
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


def test_an_empty_file_is_said_to_be_empty():
    assert failure(b"").verdict == "not_image"
    assert "empty" in failure(b"").reason


@pytest.mark.parametrize(
    "content",
    [
        b"hello, I am text\n" * 9,
        b"BMW builds cars.",
        b"P1 is a name, P2 too\n",
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
        (b'\xef\xbb\xbf<?xml version="1.0"?>\n<svg width="4">', "SVG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", "SVG"),
        (b"8BPS\0\1" + bytes(20), "Photoshop"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"\xff\x0a" + bytes(20), "JPEG XL"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "EPS"),
        (b"P7\nWIDTH 4\n", "PAM"),
    ],
)
def test_a_picture_of_another_format_is_named(content, name):
    found = failure(content)
    assert found.verdict == "unsupported"
    assert name in found.reason


CUTTABLE = [
    *(("JPEG", options) for options in ({}, {"progressive": True})),
    *((name, {}) for name in ("PNG", "BMP", "GIF", "WEBP", "AVIF", "PPM")),
    *(
        ("TIFF", {"compression": name})
        for name in (None, "tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits")
    ),
]


@pytest.mark.parametrize(("image_format", "options"), CUTTABLE)
def test_a_file_cut_off_anywhere_is_truncated_or_whole(image_format, options):
    content = encoded(image_format, 60, 80, **options)
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
    content = bytearray(encoded("PNG"))
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
    content = encoded("PNG")
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


# Any bytes at all

GOOD = [encoded(image_format) for image_format in FORMATS]
GOOD += [b"P2\n4 2\n255\n1 2 3 4 5 6 7 8\n", b"P1\n4 2\n1 0 1 0 0 1 0 1\n"]


@settings(deadline=None)
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
