"""Decoding in a process apart: the same picture, or an end at its limits."""

import io
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import visus
from visus.data.decode import (
    DecodeFailure,
    DecodeLimits,
    decode,
    decode_image,
    pixels,
)
from visus.data.decode.apart import decode_apart

APART = DecodeLimits(always_apart=True)


def encoded(image, image_format, **options):
    stream = io.BytesIO()
    image.save(stream, image_format, **options)
    return stream.getvalue()


def noise(height, width):
    rows = np.random.default_rng(0).integers(0, 256, (height, width, 3))
    return Image.fromarray(rows.astype(np.uint8))


def failure(content, limits):
    with pytest.raises(DecodeFailure) as caught:
        decode_image(content, limits)
    return caught.value


def scan_bomb(side, scans):
    """A progressive JPEG that goes over its pixels again and again, in a small file."""
    content = encoded(Image.new("L", (side, side), 77), "JPEG", progressive=True)
    last = content.rindex(b"\xff\xda")
    return content[:-2] + content[last:-2] * scans + b"\xff\xd9"


def test_apart_and_here_give_the_same():
    content = encoded(noise(70, 90), "JPEG")
    here, apart = (decode_image(content, lim, (20, 20)) for lim in (None, APART))
    np.testing.assert_array_equal(here.pixels, apart.pixels)
    assert (here.format, here.size, here.notes) == (
        apart.format,
        apart.size,
        apart.notes,
    )
    apart.pixels[0] = 0  # Both may be written to.
    cut = content[:-300]
    assert failure(cut, APART).reason == failure(cut, None).reason


def test_a_decode_over_its_time_is_ended():
    found = failure(scan_bomb(2_000, 4_000), DecodeLimits(max_seconds=1))
    assert found.verdict == "too_large"
    assert "more than 1 seconds" in found.reason


def test_a_decode_over_its_memory_is_ended():
    content = encoded(Image.new("RGB", (6_000, 6_000)), "PNG")
    found = failure(content, DecodeLimits(max_memory_bytes=300 * 2**20))
    assert found.verdict == "too_large"


def test_a_process_that_stands_still_is_ended(monkeypatch):
    monkeypatch.setattr(
        "visus.data.decode.apart._PROGRAM", "import time; time.sleep(60)"
    )
    monkeypatch.setattr("visus.data.decode.apart._PATIENCE", 1)
    found = failure(b"any", DecodeLimits(max_seconds=1, always_apart=True))
    assert found.verdict == "too_large"


@pytest.mark.parametrize(
    ("program", "verdict"),
    [
        ("import os; os.kill(os.getpid(), 11)", "corrupt"),
        ("import os; os.kill(os.getpid(), 9)", "too_large"),
        ("raise MemoryError", "too_large"),
    ],
)
def test_a_process_that_dies_is_a_verdict(monkeypatch, program, verdict):
    monkeypatch.setattr("visus.data.decode.apart._PROGRAM", program)
    assert failure(b"any", APART).verdict == verdict


def test_no_process_is_started_for_ordinary_pictures(monkeypatch):
    monkeypatch.setattr(decode, "decode_apart", None)
    for image_format in ("JPEG", "PNG", "WEBP", "TIFF"):
        assert decode_image(encoded(noise(600, 800), image_format)).size == (600, 800)
    # A progressive picture of a phone, at a fortieth of its size.
    monkeypatch.setattr(pixels, "MOST_WORK", pixels.MOST_WORK // 40)
    content = encoded(noise(500, 600), "JPEG", progressive=True)
    assert decode_image(content).size == (500, 600)


def test_what_is_heavy_is_decoded_apart(monkeypatch):
    calls = []
    monkeypatch.setattr(decode, "decode_apart", lambda *given: calls.append(given))
    decode_image(encoded(Image.new("L", (4_100, 4_000)), "PNG"))
    assert len(calls) == 1
    monkeypatch.setattr(decode, "MOST_BYTES", 100)
    decode_image(encoded(noise(30, 30), "PNG"))
    assert len(calls) == 2


def test_it_works_from_threads():
    content = encoded(noise(40, 50), "PNG")
    with ThreadPoolExecutor(4) as threads:
        found = threads.map(lambda _: decode_apart(content, APART, None), range(4))
        shapes = [decoded.pixels.shape for decoded in found]
    assert shapes == [(40, 50, 3)] * 4


def test_it_works_from_a_program_on_the_command_line(tmp_path):
    (tmp_path / "picture").write_bytes(encoded(noise(40, 50), "PNG"))
    # What lies in the folder a person stands in must not be imported.
    (tmp_path / "json.py").write_text("raise SystemExit(3)")
    source = Path(visus.__file__).parents[1]
    program = (
        f"import sys; sys.path.insert(0, {str(source)!r})\n"
        "from visus.data.decode import DecodeLimits, decode_image\n"
        "content = open('picture', 'rb').read()\n"
        "decoded = decode_image(content, DecodeLimits(always_apart=True))\n"
        "print(decoded.pixels.shape)"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "(40, 50, 3)"
