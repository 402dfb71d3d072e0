"""One explanation as one picture: what was seen, the map over it, and the scale."""

from collections.abc import Sequence
from textwrap import wrap

import numpy as np
from numpy.typing import NDArray

from visus.data.encode import Words, with_words
from visus.reporting.heat import (
    heat_over,
    heat_picture,
    scale_bar,
    shares,
    shown_large,
)
from visus.reporting.wording import printable

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

# In pixels.
SIDE, GAP, MARGIN = 340, 18, 26
BAR, NUMBERS = 20, 84
TITLE, TEXT, SMALL, LINE = 21, 14, 12, 20
WHITE, FRAME, GRAY = 255, 150, 85
# Mean width of a letter of the text.
LETTER = 7.4


def heat_panel(
    pixels: Pixels,
    values: Floats,
    *,
    signed: bool,
    title: str,
    lines: Sequence[str],
    unit: str,
) -> Pixels:
    """Draw the picture, the map over it, the map alone, and what its colors mean.

    Args:
        pixels: uint8 `(height, width, 1 or 3)`, as the network saw them.
        values: float32 `(height, width)`.
        signed: whether numbers below 0 speak against.
        title: what was asked and answered.
        lines: what else should be known.
        unit: what the numbers are.

    Returns:
        uint8 `(tall, wide, 3)`, on white.
    """
    scaled, strongest = shares(values)
    picture = shown_large(pixels, SIDE)
    tall, wide = picture.shape[:2]
    width = 2 * MARGIN + 3 * wide + 2 * GAP + 10 + BAR + NUMBERS
    words, top = _head(title, lines, width)
    canvas = np.full((top + tall + 34, width, 3), WHITE, dtype=np.uint8)
    shown = (
        ("what the network sees", picture),
        (f"over it: {_outline_words(signed)}", heat_over(picture, scaled)),
        ("the map alone", heat_picture(scaled, (tall, wide))),
    )
    for number, (caption, part) in enumerate(shown):
        left = MARGIN + number * (wide + GAP)
        _paste(canvas, top, left, part)
        words.append(Words(left, top + tall + 7, caption, SMALL, GRAY))
    left = MARGIN + 3 * wide + 2 * GAP + 10
    _paste(canvas, top, left, scale_bar((tall, BAR), signed=signed))
    words += _bar_words(left + BAR + 7, top, tall, strongest, signed)
    words.append(_unit_words(unit, width, top + tall + 7))
    return with_words(canvas, words)


def _outline_words(signed: bool) -> str:
    return "bright speaks for it, hatched against" if signed else "bright is much"


def _head(title: str, lines: Sequence[str], width: int) -> tuple[list[Words], int]:
    letters = int((width - 2 * MARGIN) / LETTER)
    words = [Words(MARGIN, MARGIN - 6, printable(title), TITLE, 0)]
    y = MARGIN + TITLE + 8
    for text in (part for line in lines for part in wrap(printable(line), letters)):
        words.append(Words(MARGIN, y, text, TEXT, 60))
        y += LINE
    return words, y + 10


def _bar_words(
    left: int, top: int, tall: int, strongest: float, signed: bool
) -> list[Words]:
    lowest = f"-{strongest:.2g}" if signed else "0"
    middle = "0" if signed else f"{strongest / 2:.2g}"
    texts = (f"{strongest:.2g}", middle, lowest)
    return [
        Words(left, top + round(share * (tall - SMALL - 2)), text, SMALL, 40)
        for share, text in zip((0, 0.5, 1), texts, strict=True)
    ]


def _unit_words(unit: str, width: int, y: int) -> Words:
    text = printable(unit)
    return Words(max(MARGIN, width - MARGIN - round(6.4 * len(text))), y, text, SMALL)


def _paste(canvas: Pixels, top: int, left: int, part: Pixels) -> None:
    tall, wide = part.shape[:2]
    canvas[top - 1 : top + tall + 1, left - 1 : left + wide + 1] = FRAME
    canvas[top : top + tall, left : left + wide] = part
