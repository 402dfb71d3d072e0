"""Plain JPEG by simplejpeg: the same bits as Pillow's, and only what is plain."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image, ImageCms

from visus.data.decode import DecodeFailure, decode_image
from visus.data.decode import jpeg as module
from visus.data.decode.jpeg import decode_plain_jpeg

MOST = 64_000_000


def photo(mode="RGB", size=(61, 47)) -> Image.Image:
    rng = np.random.default_rng(3)
    small = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(small).resize(size, Image.Resampling.BICUBIC).convert(mode)


def encoded(image: Image.Image, **choices) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", **choices)
    return file.getvalue()


def plain(content: bytes, max_pixels: int = MOST, at_least=None):
    return decode_plain_jpeg(content, max_pixels, at_least)


def exif(orientation: int) -> bytes:
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags.tobytes()


@pytest.fixture
def codec():
    pytest.importorskip("simplejpeg", reason="the extra 'fast' is not installed")


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("size", [(1, 1), (16, 8), (61, 47), (33, 200)])
def test_pixels_are_pillows(codec, mode, subsampling, size):
    content = encoded(photo(mode, size), subsampling=subsampling, quality=83)
    pixels = plain(content)
    expected = np.asarray(Image.open(io.BytesIO(content)))
    assert np.array_equal(pixels.squeeze(), expected.squeeze())
    assert pixels.shape == (size[1], size[0], 3 if mode == "RGB" else 1)


def test_what_is_not_plain_is_pillows(codec):
    image = photo()
    whole = encoded(image)
    assert plain(whole) is not None
    odd = {
        "turned by EXIF": encoded(image, exif=exif(6)),
        "with a profile": encoded(image, icc_profile=b"profile" * 20),
        "progressive": encoded(image, progressive=True),
        "inks": encoded(photo("CMYK")),
        "red, green and blue": encoded(image, keep_rgb=True),
        "cut off": whole[:-40],
        "without its end": whole[:-2],
        "damaged": whole[: len(whole) // 2] + bytes(30) + whole[len(whole) // 2 :],
        "no picture": b"\xff\xd8\xff\xe0 nothing",
        "empty": b"",
        "PNG": b"\x89PNG\r\n\x1a\n",
    }
    taken = [name for name, content in odd.items() if plain(content) is not None]
    assert taken == []
    for length in range(0, len(whole), 7):
        assert plain(whole[:length]) is None


def test_a_profile_that_is_srgb_changes_nothing(codec):
    image = photo()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    content = encoded(image, icc_profile=profile)
    assert np.array_equal(plain(content), plain(encoded(image)))
    assert decode_image(content).notes == ()
    start = content.index(b"\xff\xe2")
    length = 2 + int.from_bytes(content[start + 2 : start + 4], "big")
    segment = content[start : start + length]
    twice = content[:start] + segment + content[start:]
    other = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    for odd in (twice, encoded(image, icc_profile=other)):
        assert plain(odd) is None


def test_large_and_reducible_pictures_are_pillows(codec):
    content = encoded(photo(size=(64, 48)))
    assert plain(content, max_pixels=64 * 48) is not None
    assert plain(content, max_pixels=64 * 48 - 1) is None
    assert plain(content, at_least=(25, 25)) is not None
    assert plain(content, at_least=(24, 24)) is None


def outcome(content: bytes):
    try:
        decoded = decode_image(content)
    except DecodeFailure as failure:
        return failure.verdict, failure.reason
    return decoded.format, decoded.size, decoded.notes, decoded.pixels.tobytes()


def test_real_and_odd_files_come_out_alike(codec, shared_data, monkeypatch):
    contents = []
    for archive, step in (
        ("odd_images", 1),
        ("cats_dogs_180", 50),
        ("imagenet_samples_200", 10),
    ):
        with zipfile.ZipFile(shared_data / f"{archive}.zip") as file:
            names = [n for n in sorted(file.namelist()) if not n.endswith("/")]
            jpegs = [file.read(name) for name in names]
            jpegs = [content for content in jpegs if content[:2] == b"\xff\xd8"]
            contents += jpegs[::step]
    fast = [outcome(content) for content in contents]
    assert sum(plain(content) is not None for content in contents) > 80
    monkeypatch.setattr(module, "_codec", lambda: None)
    assert [outcome(content) for content in contents] == fast


def test_without_the_package_pillow_decodes(monkeypatch):
    monkeypatch.setattr(module, "_codec", lambda: None)
    content = encoded(photo())
    assert plain(content) is None
    assert decode_image(content).pixels.shape == (47, 61, 3)
