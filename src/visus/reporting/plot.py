"""A line chart as pixels, for a PNG that stands alone; `charts` draws for pages."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visus.core.report import Chart, Series
from visus.data.encode import Stroke, Words, with_strokes, with_words
from visus.reporting.axes import Axis
from visus.reporting.wording import printable

# In pixels.
WIDTH, HEIGHT = 960, 600
LEFT, RIGHT, TOP, BOTTOM = 90, 40, 110, 80
LETTER = 7.5
TITLE, LABEL, TICK = 22, 16, 14


@dataclass(frozen=True)
class _Style:
    """Lines differ by gray, width and dashes: they are read on any printer."""

    gray: int
    width: int
    dashes: tuple[int, ...] = ()


_STYLES = (_Style(150, 2), _Style(0, 3), _Style(60, 2, (10, 6)), _Style(90, 2, (3, 4)))


def plot_chart(chart: Chart) -> NDArray[np.uint8]:
    """The chart, in gray: title, key, axes with names, and lines.

    Args:
        chart: with at least one point.

    Returns:
        uint8 `(600, 960, 3)`.
    """
    points = [point for series in chart.series for point in series.points]
    across = Axis.around([x for x, _ in points], LEFT, WIDTH - RIGHT)
    up = Axis.around([y for _, y in points], HEIGHT - BOTTOM, TOP)
    words = [
        Words(LEFT, 20, printable(chart.title), TITLE, 0),
        Words(12, TOP - 34, printable(chart.y_label), LABEL),
        _middle((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 34, chart.x_label, LABEL),
    ]
    strokes = [*_grid(across, up)]
    for place, series in enumerate(chart.series):
        strokes.append(_line(series, across, up, _style(place)))
    keys, names = _key(chart.series)
    ticks = [*_tick_words(across, up)]
    blank = np.full((HEIGHT, WIDTH, 3), 255, dtype=np.uint8)
    return with_words(with_strokes(blank, strokes + keys), words + ticks + names)


def _style(place: int) -> _Style:
    return _STYLES[place % len(_STYLES)]


def _grid(across: Axis, up: Axis) -> Iterable[Stroke]:
    for tick in up.ticks:
        y = up.place(tick)
        yield Stroke(((LEFT, y), (WIDTH - RIGHT, y)), 1, 215)
    foot = HEIGHT - BOTTOM
    for tick in across.ticks:
        x = across.place(tick)
        yield Stroke(((x, foot), (x, foot + 6)), 1, 60)
    yield Stroke(((LEFT, foot), (WIDTH - RIGHT, foot)), 1, 60)


def _tick_words(across: Axis, up: Axis) -> Iterable[Words]:
    for tick in up.ticks:
        text = f"{tick:.6g}"
        right = LEFT - 12 - round(LETTER * len(text))
        yield Words(right, round(up.place(tick)) - TICK // 2 - 1, text, TICK)
    for tick in across.ticks:
        yield _middle(across.place(tick), HEIGHT - BOTTOM + 10, f"{tick:.6g}", TICK)


def _line(series: Series, across: Axis, up: Axis, style: _Style) -> Stroke:
    places = tuple((across.place(x), up.place(y)) for x, y in series.points)
    return Stroke(places, style.width, style.gray, style.dashes)


def _key(drawn: Sequence[Series]) -> tuple[list[Stroke], list[Words]]:
    strokes, words, x, y = [], [], float(LEFT), TOP - 60
    for place, series in enumerate(drawn):
        style, text = _style(place), printable(series.label)
        ends = ((x, y + 8), (x + 40, y + 8))
        strokes.append(Stroke(ends, style.width, style.gray, style.dashes))
        words.append(Words(round(x) + 50, y, text, TICK))
        x += 50 + LETTER * len(text) + 30
    return strokes, words


def _middle(x: float, y: float, text: str, size: int) -> Words:
    half = LETTER * size / TICK * len(text) / 2
    return Words(round(x - half), round(y), printable(text), size)
