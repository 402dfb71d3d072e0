"""Pictures in rows with words below them, as one picture to look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

import numpy as np
from numpy.typing import NDArray

from visus.data.decode import resize_pixels
from visus.data.encode import Words, with_words
from visus.reporting.wording import printable

Pixels = NDArray[np.uint8]

# In pixels: the longest side of a picture, the least width of a column for its words,
# and the white around things.
SIDE = 180
LEAST_COLUMN = 150
# From so many times their size on, pictures are shown pixel by pixel.
SEEN_PIXELS = 3
GAP = 14
MARGIN = 24
TITLE, HEADING, CAPTION = 20, 14, 12
LINE = 15
BLACK, GRAY, FRAME = 0, 70, 160
WHITE = 255
# Mean width of a letter of a caption.
LETTER = 6.8


@dataclass(frozen=True)
class Cell:
    """A picture and what to write below it.

    Args:
        pixels: uint8 `(height, width, 1 or 3)`.
        heading: what it is.
        caption: what was done to it, in paler lines.
    """

    pixels: Pixels
    heading: str
    caption: tuple[str, ...] = ()


def contact_sheet(
    title: str,
    notes: Sequence[str],
    columns: Sequence[str],
    rows: Sequence[Sequence[Cell]],
) -> Pixels:
    """Draw the sheet, black on white.

    Args:
        title: above all.
        notes: lines below the title.
        columns: what stands above each column.
        rows: as many cells in each as there are columns.

    Returns:
        uint8 `(height, width, 3)`.
    """
    pictures = [[_shown(cell.pixels) for cell in row] for row in rows]
    tall, wide = pictures[0][0].shape[:2]
    column = max(wide, LEAST_COLUMN)
    lefts = [MARGIN + (column + GAP) * number for number in range(len(columns))]
    width = lefts[-1] + column + MARGIN
    words, y = _head(title, notes, width)
    words += [Words(x, y, c, HEADING) for x, c in zip(lefts, columns, strict=True)]
    y += HEADING + 8
    places: list[tuple[int, int, Pixels]] = []
    for row, shown in zip(rows, pictures, strict=True):
        below = [_below(cell, int(column / LETTER)) for cell in row]
        for x, picture, lines in zip(lefts, shown, below, strict=True):
            places.append((y, x, picture))
            words += [
                Words(x, y + tall + 6 + LINE * n, text, CAPTION, gray)
                for n, (text, gray) in enumerate(lines)
            ]
        y += tall + 6 + LINE * max(map(len, below)) + GAP
    return with_words(_canvas(y + MARGIN - GAP, width, places), words)


def _head(title: str, notes: Sequence[str], width: int) -> tuple[list[Words], int]:
    """The title and the notes, and how far down they reach."""
    letters = int((width - 2 * MARGIN) / (LETTER + 1))
    lines = [line for note in notes for line in wrap(printable(note), letters)]
    words = [Words(MARGIN, MARGIN, _cut(title, letters // 2), TITLE)]
    y = MARGIN + TITLE + 12
    words += [Words(MARGIN, y + 19 * n, t, HEADING, GRAY) for n, t in enumerate(lines)]
    return words, y + 19 * len(lines) + 10


def _canvas(height: int, width: int, places: list[tuple[int, int, Pixels]]) -> Pixels:
    canvas = np.full((height, width, 3), WHITE, dtype=np.uint8)
    for top, left, picture in places:
        tall, wide = picture.shape[:2]
        canvas[top - 1 : top + tall + 1, left - 1 : left + wide + 1] = FRAME
        canvas[top : top + tall, left : left + wide] = picture
    return canvas


def _shown(pixels: Pixels) -> Pixels:
    """About as large as `SIDE`; small pictures with their pixels seen."""
    height, width = pixels.shape[:2]
    share = SIDE / max(height, width)
    if share >= SEEN_PIXELS:
        times = int(share)
        return np.repeat(np.repeat(pixels, times, axis=0), times, axis=1)
    size = max(1, round(height * share)), max(1, round(width * share))
    return resize_pixels(pixels, size, "area")


def _below(cell: Cell, letters: int) -> list[tuple[str, int]]:
    """The lines below a picture, each with its gray; the heading is the blackest."""
    texts = [(cell.heading, BLACK), *((text, GRAY) for text in cell.caption)]
    return [
        (line, gray) for text, gray in texts for line in wrap(printable(text), letters)
    ]


def _cut(text: str, most: int) -> str:
    text = printable(text)
    return text if len(text) <= most else text[: most - 1] + "…"
