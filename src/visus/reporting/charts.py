"""Charts as inline SVG, readable in grey, without a plotting library.

A plotting library costs a second of import and writes caches of its own; a line chart
and a matrix are a page of code (see docs/decisions/0003).
"""

import math
from collections.abc import Sequence
from html import escape

from visus.core.report import Chart, Matrix

WIDTH, HEIGHT = 520, 300
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 40, 48
# Lines differ by dashes and markers as well as by color, for grey printers.
STYLES = (
    ("var(--ink)", ""),
    ("var(--accent)", "7 4"),
    ("var(--muted)", "2 3"),
    ("var(--ink)", "10 3 2 3"),
)
MOST_NUMBERED = 30


def line_chart(chart: Chart) -> str:
    """An SVG of the chart, with labelled axes and a legend."""
    points = [point for series in chart.series for point in series.points]
    if not points:
        return ""
    across = _Axis.around([x for x, _ in points], LEFT, WIDTH - RIGHT, whole=True)
    up = _Axis.around([y for _, y in points], HEIGHT - BOTTOM, TOP)
    parts = [
        *_grid(across, up),
        *(
            _series(s.points, across, up, STYLES[number % len(STYLES)])
            for number, s in enumerate(chart.series)
        ),
        _text(WIDTH / 2, HEIGHT - 8, chart.x_label, "middle"),
        f'<g transform="translate(14 {HEIGHT / 2}) rotate(-90)">'
        f"{_text(0, 0, chart.y_label, 'middle')}</g>",
        *_legend([series.label for series in chart.series]),
    ]
    return _svg(chart.title, WIDTH, HEIGHT, parts)


def matrix_chart(matrix: Matrix) -> str:
    """An SVG of the counts; the darker a cell, the larger its share of the row."""
    count = len(matrix.names)
    cell = max(10.0, min(44.0, 560 / count))
    margin = 20 + min(120.0, 7.0 * max(len(name) for name in matrix.names))
    side = margin + cell * count + 8
    parts = [
        _cell(matrix, row, column, margin, cell)
        for row in range(count)
        for column in range(count)
    ]
    for number, name in enumerate(matrix.names):
        middle = margin + cell * (number + 0.5)
        label = _shortened(name)
        parts.append(_text(margin - 6, middle + 4, label, "end", title=name))
        parts.append(
            f'<g transform="translate({middle + 4:.1f} {margin - 6:.1f}) rotate(-60)">'
            f"{_text(0, 0, label, 'start', title=name)}</g>"
        )
    parts.append(
        f'<g transform="translate(12 {margin + cell * count / 2:.1f}) rotate(-90)">'
        f"{_text(0, 0, matrix.row_label, 'middle')}</g>"
    )
    parts.append(
        _text(margin + cell * count / 2, side + 12, matrix.column_label, "middle")
    )
    return _svg(matrix.title, side + 60, side + 20, parts)


class _Axis:
    """From values to positions, with round numbers to write beside them."""

    def __init__(self, ticks: Sequence[float], start: float, end: float) -> None:
        self.ticks = ticks
        self.low, self.high = ticks[0], ticks[-1]
        self.start, self.end = start, end

    @classmethod
    def around(
        cls, values: Sequence[float], start: float, end: float, *, whole: bool = False
    ) -> "_Axis":
        """An axis that holds these values."""
        finite = [value for value in values if math.isfinite(value)] or [0.0]
        return cls(round_ticks(min(finite), max(finite), whole=whole), start, end)

    def place(self, value: float) -> float:
        """The position of a value, in pixels."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def round_ticks(low: float, high: float, *, whole: bool = False) -> list[float]:
    """About five round numbers from at most `low` to at least `high`.

    Steps are 1, 2 or 5 times a power of ten (Heckbert, "Nice numbers for graph
    labels", 1990).
    """
    if high <= low:
        low, high = low - 0.5, high + 0.5
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * next(nice for nice in (1, 2, 5, 10) if nice * power >= rough)
    if whole:
        step = max(1.0, round(step))
    first, last = math.floor(low / step), math.ceil(high / step)
    return [number * step for number in range(first, last + 1)]


def _grid(across: _Axis, up: _Axis) -> list[str]:
    parts = []
    for tick in up.ticks:
        y = up.place(tick)
        parts.append(
            f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" '
            'stroke="var(--line)"/>'
        )
        parts.append(_text(LEFT - 8, y + 4, f"{tick:.10g}", "end"))
    for tick in across.ticks:
        x = across.place(tick)
        parts.append(_text(x, HEIGHT - BOTTOM + 18, f"{tick:.10g}", "middle"))
    return parts


def _series(
    points: Sequence[tuple[float, float]],
    across: _Axis,
    up: _Axis,
    style: tuple[str, str],
) -> str:
    color, dashes = style
    places = [(across.place(x), up.place(y)) for x, y in points if math.isfinite(y)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{color}"/>' for x, y in places
    )
    return (
        f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2" '
        f'stroke-dasharray="{dashes}"/>{dots if len(places) <= 40 else ""}'
    )


def _legend(labels: Sequence[str]) -> list[str]:
    parts, x = [], float(LEFT)
    for number, label in enumerate(labels):
        color, dashes = STYLES[number % len(STYLES)]
        parts.append(
            f'<line x1="{x}" y1="20" x2="{x + 28}" y2="20" stroke="{color}" '
            f'stroke-width="2" stroke-dasharray="{dashes}"/>'
        )
        parts.append(_text(x + 34, 24, label, "start"))
        x += 60 + 7 * len(label)
    return parts


def _cell(matrix: Matrix, row: int, column: int, margin: float, cell: float) -> str:
    value, total = matrix.counts[row][column], sum(matrix.counts[row])
    share = value / total if total else 0.0
    x, y = margin + cell * column, margin + cell * row
    title = (
        f"{matrix.row_label} {matrix.names[row]}, {matrix.column_label} "
        f"{matrix.names[column]}: {value}"
    )
    # The square root lets a few mistakes among thousands be seen.
    rect = (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{cell:.1f}" height="{cell:.1f}" '
        f'fill="var(--accent)" fill-opacity="{math.sqrt(share):.3f}" '
        f'stroke="var(--line)"><title>{escape(title)}</title></rect>'
    )
    if not value or len(matrix.names) > MOST_NUMBERED:
        return rect
    size = min(12.0, 1.7 * cell / len(str(value)))
    color = "#fff" if share > 0.3 else "var(--ink)"
    return rect + (
        f'<text x="{x + cell / 2:.1f}" y="{y + cell / 2 + size / 3:.1f}" '
        f'font-size="{size:.1f}" text-anchor="middle" fill="{color}" '
        f'pointer-events="none">{value}</text>'
    )


def _text(x: float, y: float, text: str, anchor: str, *, title: str = "") -> str:
    inner = f"<title>{escape(title)}</title>" if title and title != text else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="12" text-anchor="{anchor}" '
        f'fill="var(--ink)">{inner}{escape(text)}</text>'
    )


def _shortened(name: str) -> str:
    return name if len(name) <= 17 else name[:16] + "…"


def _svg(title: str, width: float, height: float, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" '
        f'aria-label="{escape(title)}" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}">{"".join(parts)}</svg>'
    )
