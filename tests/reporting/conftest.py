"""Reports to draw: an ordinary one, and one made of text from an enemy."""

import base64
import struct
import zlib

import pytest

from visus.core.report import (
    Chart,
    Fact,
    Finding,
    Gallery,
    Interval,
    Matrix,
    Report,
    Series,
    Table,
    Tile,
)

HOSTILE = (
    "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;\0\x1b[31m\u202e"
    "javascript:[bold]x[/bold]:smile: \r\nsecond line " + "long" * 200
)


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + checksum


def _gray_png(width: int, height: int) -> str:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = b"".join(
        b"\0" + bytes((7 * x + 5 * y) % 256 for x in range(width))
        for y in range(height)
    )
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    content = b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)
    return base64.b64encode(content).decode()


@pytest.fixture
def gray_png():
    """Makes a PNG of a size, as base64 text."""
    return _gray_png


@pytest.fixture
def hostile():
    """Text as nobody should be able to inject it."""
    return HOSTILE


@pytest.fixture
def sample_report() -> Report:
    """A report with one of everything."""
    return _report(
        title="convnet on digits",
        names=("zero", "one", "two"),
        message="The test has few pictures.",
        picture=_gray_png(28, 28),
    )


@pytest.fixture
def hostile_report() -> Report:
    """The same with hostile text in every place that takes text."""
    return _report(
        title=HOSTILE,
        names=(HOSTILE, HOSTILE + "2", "字" * 90),
        message=HOSTILE,
        picture='"><script>alert(3)</script>',
    )


def _report(title: str, names: tuple[str, ...], message: str, picture: str) -> Report:
    interval = Interval(value=0.9712, low=0.9668, high=0.9751)
    return Report(
        title=title,
        facts=(
            Fact(
                name="accuracy",
                value=0.9712,
                text=f"97.12% (96.68% to 97.51%) {message}",
                interval=interval,
            ),
            Fact(name=names[1], value=0.1, text="0.1013 nats"),
        ),
        findings=(
            Finding(severity="warning", message=message, image_ids=(names[0],) * 13),
            Finding(severity="error", message="Broken."),
        ),
        tables=(
            Table(
                title=title,
                columns=(names[0], "precision", "pictures"),
                rows=((names[0], 0.9876, 1234), (names[1], 0.5, 31), (None, 1.0, 0)),
                note=message,
            ),
        ),
        figures=(
            Chart(
                title=title,
                x_label="epoch",
                y_label=message,
                series=(
                    Series(label=names[0], points=((1, 2.3), (2, 0.7), (3, 0.25))),
                    Series(label=names[1], points=((1, 2.5),)),
                ),
            ),
            Matrix(
                title=title,
                row_label="is",
                column_label="answered",
                names=names,
                counts=((980, 3, 0), (11, 1124, 5), (2, 17, 1013)),
            ),
            Gallery(
                title=title,
                tiles=tuple(
                    Tile(image_id=names[0], caption=message, png_base64=picture)
                    for _ in range(10)
                ),
                note=message,
            ),
        ),
    )
