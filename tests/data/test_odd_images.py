"""Odd files that people sent to the makers of decoders, against what Pillow 13 says.

2,035 files: PngSuite, EXIF turns, tests and fuzzing seeds of Pillow, image-rs and
libjpeg-turbo. They lie beside the project; `expected_pillow13.csv` is the oracle.
"""

import csv
import io
import zipfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from visus.data.decode import DecodeFailure, decode_image, read_header, resize_pixels
from visus.data.ledger import VERDICTS

# What Pillow calls the formats that are read.
READ = {"JPEG", "MPO", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF", "PPM", "ICO"}
# Files on which Visus and the table may differ, and why.
EXPLAINED = {
    "libjpeg-seed/afl-testcases/gif/full/images/"
    "id:000640,src:000216+000634,op:splice,rep:2.gif": "its first frame is whole; "
    "Pillow was asked for the later ones, which are not",
    "pillow/avif/hopper.heif": "HEIC is read by pillow-heif; Pillow alone cannot",
}


@pytest.fixture(scope="module")
def odd():
    """The table and a way to a file's bytes."""
    from conftest import SHARED_DATA

    path = SHARED_DATA / "odd_images.zip"
    if not path.is_file():
        pytest.skip("the real data of ../shared/data is not on this machine")
    with zipfile.ZipFile(path) as archive:
        table = archive.read("odd/expected_pillow13.csv").decode()
        rows = list(csv.DictReader(io.StringIO(table)))
        assert len(rows) == 2_035
        yield rows, lambda row: archive.read(f"odd/{row['path']}")


def outcome(content):
    """Verdict and reason, or "ok" and all that was decoded."""
    try:
        decoded = decode_image(content)
    except DecodeFailure as failure:
        assert failure.verdict in VERDICTS
        assert failure.reason.endswith(".")
        assert "\n" not in failure.reason
        return failure.verdict, failure.reason
    assert decoded.pixels.dtype == np.uint8
    assert decoded.pixels.shape[:2] == decoded.size
    assert decoded.pixels.shape[2] in (1, 3)
    return "ok", decoded.size, decoded.notes, decoded.pixels.tobytes()


def test_every_verdict_is_explained_by_what_pillow_says(odd):
    rows, read = odd
    for row in rows:
        found = outcome(read(row))
        if row["path"] in EXPLAINED:
            continue
        readable = row["pillow_result"] == "ok" and row["format"] in READ
        assert (found[0] == "ok") == readable, (row, found[:2])
        if readable:
            size = [int(row["height"]), int(row["width"])]
            assert sorted(found[1]) == sorted(size), row


def test_three_runs_in_any_order_agree(odd):
    rows, read = odd
    contents = [read(row) for row in rows[::4]]
    first = [outcome(content) for content in contents]
    backwards = [outcome(content) for content in reversed(contents)]
    assert first == backwards[::-1]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(outcome, contents)) == first


def test_headers_say_what_decoding_finds(odd, tmp_path):
    rows, read = odd
    for number, row in enumerate(rows[::5]):
        content = read(row)
        # The name says something else, or nothing.
        path = tmp_path / f"{number}{('.png', '.jpg', '.txt')[number % 3]}"
        path.write_bytes(content)
        found = outcome(content)
        try:
            header = read_header(path)
        except DecodeFailure as failure:
            assert found[0] == failure.verdict, row["path"]
        else:
            assert found[0] != "ok" or found[1] == (header.height, header.width)


def test_every_orientation_is_upright(odd):
    rows, read = odd
    paths = {row["path"]: row for row in rows}

    def pixels(turn):
        decoded = decode_image(read(paths[f"exif/Landscape_{turn}.jpg"]))
        assert decoded.size == (1200, 1800)
        # Each file was compressed anew, hard, and on its side: the pixels themselves
        # differ by up to 4.3, in any decoder. A wrong turn differs by more than 20.
        return resize_pixels(decoded.pixels, (300, 450), "area").astype(int)

    for turn in range(1, 9):
        assert np.abs(pixels(turn) - pixels(0)).mean() < 3, turn
    assert np.abs(pixels(0)[::-1] - pixels(0)).mean() > 20
