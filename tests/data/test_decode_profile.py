"""Color profiles: other color spaces become sRGB, broken ones cost nothing."""

import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image, ImageCms

from visus.data.decode import decode_image
from visus.data.decode.profile import CONVERTED, DAMAGED


def encoded(image, profile, image_format="PNG"):
    stream = io.BytesIO()
    image.save(stream, image_format, icc_profile=profile)
    return stream.getvalue()


def srgb():
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def swapped():
    """A profile whose red is blue and whose blue is red: nobody can overlook it."""
    profile = bytearray(srgb())
    count = int.from_bytes(profile[128:132], "big")
    places = {bytes(profile[p : p + 4]): p for p in range(132, 132 + 12 * count, 12)}
    red, blue = places[b"rXYZ"], places[b"bXYZ"]
    profile[red : red + 4], profile[blue : blue + 4] = b"bXYZ", b"rXYZ"
    text = profile.find("sRGB".encode("utf-16-be"))
    profile[text : text + 8] = "mine".encode("utf-16-be")
    return bytes(profile)


COLOR = Image.new("RGB", (5, 4), (200, 100, 50))


@pytest.mark.parametrize("image_format", ["PNG", "TIFF", "WEBP", "JPEG"])
def test_colors_of_a_profile_become_srgb(image_format):
    decoded = decode_image(encoded(COLOR, swapped(), image_format))
    np.testing.assert_allclose(decoded.pixels[2, 2], (50, 100, 200), atol=6)
    assert CONVERTED in decoded.notes


def test_srgb_itself_changes_nothing():
    decoded = decode_image(encoded(COLOR, srgb()))
    np.testing.assert_array_equal(decoded.pixels[0, 0], (200, 100, 50))
    assert decoded.notes == ()


def test_palettes_and_transparency_are_converted_too():
    clear = Image.new("RGBA", (5, 4), (200, 100, 50, 255))
    clear.putpixel((0, 0), (0, 0, 0, 0))
    for image in (clear, COLOR.convert("P", palette=Image.Palette.ADAPTIVE)):
        pixels = decode_image(encoded(image, swapped())).pixels
        np.testing.assert_allclose(pixels[2, 2], (50, 100, 200), atol=3)
    white = decode_image(encoded(clear, swapped())).pixels[0, 0]
    np.testing.assert_allclose(white, 255, atol=1)


@pytest.mark.parametrize("profile", [b"no profile", bytes(500), srgb()[:200]])
def test_a_broken_profile_never_costs_the_picture(profile):
    for image in (COLOR, COLOR.convert("L")):
        plain = decode_image(encoded(image, None)).pixels
        decoded = decode_image(encoded(image, profile))
        np.testing.assert_array_equal(decoded.pixels, plain)
        assert decoded.notes == (DAMAGED,)


def test_a_profile_of_another_kind_of_picture_never_costs_it():
    # A profile of colors in a gray picture.
    decoded = decode_image(encoded(COLOR.convert("L"), swapped()))
    assert decoded.pixels.shape == (4, 5, 1)
    assert decoded.pixels[0, 0, 0] == COLOR.convert("L").getpixel((0, 0))


def gray_profile(gamma):
    """Source: ICC.1:2022, 8.4.3: a gray tone curve and the white point suffice."""

    def tag(kind, body):
        return kind + bytes(4) + body

    curve = tag(b"curv", (1).to_bytes(4, "big") + int(gamma * 256).to_bytes(2, "big"))
    white = tag(b"XYZ ", bytes.fromhex("0000F6D6000100000000D32D"))
    bodies = [curve.ljust(16, b"\0"), white]
    head = bytearray(128)
    head[8:12] = bytes.fromhex("02100000")
    head[12:24] = b"mntrGRAYXYZ "
    head[36:40] = b"acsp"
    head[68:80] = bytes.fromhex("0000F6D6000100000000D32D")
    place, table, data = 128 + 4 + 24, (2).to_bytes(4, "big"), b""
    for name, body in zip((b"kTRC", b"wtpt"), bodies, strict=True):
        table += name + (place + len(data)).to_bytes(4, "big")
        table += len(body).to_bytes(4, "big")
        data += body
    head[0:4] = (len(head) + len(table) + len(data)).to_bytes(4, "big")
    return bytes(head) + table + data


def test_gray_stays_gray_and_follows_its_profile():
    decoded = decode_image(encoded(Image.new("L", (5, 4), 128), gray_profile(1.0)))
    assert decoded.pixels.shape == (4, 5, 1)
    assert CONVERTED in decoded.notes
    # Linear light of 0.502 in sRGB's own curve (IEC 61966-2-1).
    expected = 255 * (1.055 * (128 / 255) ** (1 / 2.4) - 0.055)
    np.testing.assert_allclose(decoded.pixels, expected, atol=2)


def test_threads_share_the_transform_of_a_profile():
    rng = np.random.default_rng(0)
    images = [
        Image.fromarray(rng.integers(0, 256, (40, 60, 3), dtype=np.uint8))
        for _ in range(40)
    ]
    contents = [encoded(image, swapped()) for image in images]
    with ThreadPoolExecutor(8) as workers:
        found = list(workers.map(decode_image, contents))
    source = ImageCms.ImageCmsProfile(io.BytesIO(swapped()))
    target = ImageCms.createProfile("sRGB")
    for image, decoded in zip(images, found, strict=True):
        expected = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
        np.testing.assert_array_equal(decoded.pixels, np.asarray(expected))
