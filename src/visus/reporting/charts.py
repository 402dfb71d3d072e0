"""Charts as inline SVG, readable in grey, without a plotting library.

A plotting library costs a second of import and writes caches of its own; a line chart
and a matrix are a page of code. Colors come from the page, with ones for light paper
where a drawing stands alone.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from visus.core.report import Chart, Matrix, Series
from visus.reporting.axes import Axis
from visus.reporting.wording import columns_of, escaped, printable, shortened

INK = "var(--ink,#1d2125)"
LINE = "var(--line,#d9dee3)"
ACCENT = "var(--accent,#1f5f9e)"
ON_ACCENT = "var(--on-accent,#fff)"

WIDTH, HEIGHT = 560, 300
LEFT, RIGHT, TOP, BOTTOM = 72, 20, 12, 50
# Of a letter at 12 pixels, generously.
LETTER = 7
KEY, KEY_GAP, KEY_ROW = 34, 20, 20
MOST_MARKERS = 20
MOST_LABEL = 40

MOST_NUMBERED = 30
MOST_NAME = 17
# In narrower cells slanted names would touch each other.
ROOMY = 18


@dataclass(frozen=True)
class _Style:
    """Lines differ by dashes and marker as well as by color, for grey printers."""

    color: str
    dashes: str
    marker: str


_STYLES = (
    _Style("var(--first,#1f5f9e)", "none", "M-3 -3h6v6h-6z"),
    _Style("var(--second,#b5541c)", "7 4", "M0 -4L4 3H-4z"),
    _Style("var(--third,#2f7d4f)", "2 3", "M0 -4L4 0L0 4L-4 0z"),
    _Style("var(--fourth,#7a4a9e)", "10 3 2 3", "M-3 0a3 3 0 1 0 6 0a3 3 0 1 0 -6 0z"),
    _Style("var(--muted,#68707a)", "14 4", "M-4 -1h8v2h-8z"),
)


def line_chart(chart: Chart) -> str:
    """An SVG of the chart, with labelled axes and a legend.

    Points that are not finite leave a gap. A chart without points gives "".
    """
    points = [point for series in chart.series for point in series.points]
    if not any(_is_finite(point) for point in points):
        return ""
    across = Axis.around([x for x, _ in points], LEFT, WIDTH - RIGHT)
    up = Axis.around([y for _, y in points], HEIGHT - BOTTOM, TOP)
    legend, legend_height = _legend(chart.series)
    plot = [
        *_grid(across, up),
        _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, chart.x_label, "middle"),
        _turned(16, (TOP + HEIGHT - BOTTOM) / 2, -90, chart.y_label, "middle"),
        *(_line(s, across, up, _style(place)) for place, s in enumerate(chart.series)),
    ]
    moved = f'<g transform="translate(0 {legend_height})">{"".join(plot)}</g>'
    return _svg(chart.title, WIDTH, HEIGHT + legend_height, [*legend, moved])


def matrix_chart(matrix: Matrix) -> str:
    """An SVG of the counts; the darker a cell, the larger its share of the row.

    With more than 30 classes the numbers are left out; each cell tells its own when
    pointed at. A matrix without classes gives "".
    """
    count = len(matrix.names)
    if not count:
        return ""
    cell = max(11.0, min(44.0, 600 / count))
    names = [shortened(printable(name), MOST_NAME) for name in matrix.names]
    margin = 40.0 + LETTER * max(map(columns_of, names))
    end = margin + cell * count
    size, degrees = min(12.0, 0.85 * cell), -60 if cell >= ROOMY else -90
    parts = [_cells(matrix, row, margin, cell) for row in range(count)]
    for place, (name, label) in enumerate(zip(matrix.names, names, strict=True)):
        middle = margin + cell * (place + 0.5)
        parts.append(_text(margin - 6, middle + 4, label, "end", name, size))
        parts.append(
            _turned(middle + 4, margin - 6, degrees, label, "start", name, size)
        )
    parts.append(_turned(16, (margin + end) / 2, -90, matrix.row_label, "middle"))
    parts.append(_text((margin + end) / 2, end + 22, matrix.column_label, "middle"))
    return _svg(matrix.title, end + margin / 2, end + 32, parts)


def _style(place: int) -> _Style:
    return _STYLES[place % len(_STYLES)]


def _is_finite(point: tuple[float, float]) -> bool:
    return math.isfinite(point[0]) and math.isfinite(point[1])


def _grid(across: Axis, up: Axis) -> Iterable[str]:
    for tick in up.ticks:
        y = up.place(tick)
        yield (
            f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" '
            f'stroke="{LINE}"/>'
        )
        yield _text(LEFT - 8, y + 4, f"{tick:.6g}", "end")
    for tick in across.ticks:
        x, foot = across.place(tick), HEIGHT - BOTTOM
        yield (
            f'<line x1="{x:.1f}" y1="{foot}" x2="{x:.1f}" y2="{foot + 5}" '
            f'stroke="{INK}"/>'
        )
        yield _text(x, foot + 19, f"{tick:.6g}", "middle")


def _line(series: Series, across: Axis, up: Axis, style: _Style) -> str:
    line = series.drawn == "line"
    step = math.ceil(len(series.points) / MOST_MARKERS) if line else 1
    parts = []
    for run in _finite_runs(series.points):
        places = [(across.place(x), up.place(y)) for x, y in run]
        parts += [_stroke(places, style)] if line else []
        parts.extend(_marker(x, y, style) for x, y in places[::step])
    label = escaped(series.label)
    # A cloud lets through what lies under it.
    seen = "" if line else ' fill-opacity="0.4"'
    return f"<g{seen}><title>{label}</title>{''.join(parts)}</g>"


def _finite_runs(
    points: Sequence[tuple[float, float]],
) -> list[list[tuple[float, float]]]:
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if _is_finite(point):
            runs[-1].append(point)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _stroke(places: Sequence[tuple[float, float]], style: _Style) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return (
        f'<polyline points="{path}" fill="none" stroke="{style.color}" '
        f'stroke-width="2" stroke-dasharray="{style.dashes}"/>'
    )


def _marker(x: float, y: float, style: _Style) -> str:
    return (
        f'<path class="marker" transform="translate({x:.1f} {y:.1f})" '
        f'd="{style.marker}" fill="{style.color}"/>'
    )


def _legend(drawn: Sequence[Series]) -> tuple[list[str], int]:
    """The keys, in as many rows as they need, and the height of these rows."""
    parts: list[str] = []
    x, y = LEFT, KEY_ROW // 2
    for place, series in enumerate(drawn):
        full = series.label
        label = shortened(printable(full), MOST_LABEL)
        wide = KEY + LETTER * columns_of(label) + KEY_GAP
        if x > LEFT and x + wide > WIDTH:
            x, y = LEFT, y + KEY_ROW
        style = _style(place)
        if series.drawn == "line":
            parts.append(_stroke([(x, y), (x + KEY - 6, y)], style))
        parts.append(_marker(x + KEY / 2 - 3, y, style))
        parts.append(_text(x + KEY, y + 4, label, "start", full))
        x += wide
    return parts, y + KEY_ROW // 2


def _cells(matrix: Matrix, row: int, margin: float, cell: float) -> str:
    total = sum(matrix.counts[row])
    parts = []
    for column, count in enumerate(matrix.counts[row]):
        x, y = margin + cell * column, margin + cell * row
        share = count / total if total else 0.0
        parts.append(_square(x, y, cell, share, _cell_title(matrix, row, column)))
        if count and len(matrix.names) <= MOST_NUMBERED:
            parts.append(_count(x + cell / 2, y + cell / 2, cell, count, share))
    return "".join(parts)


def _cell_title(matrix: Matrix, row: int, column: int) -> str:
    is_class = f"{matrix.row_label} {matrix.names[row]}"
    answered = f"{matrix.column_label} {matrix.names[column]}"
    return f"{is_class}, {answered}: {matrix.counts[row][column]:,}"


def _square(x: float, y: float, side: float, share: float, title: str) -> str:
    # The square root lets a few mistakes among thousands be seen.
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{side:.1f}" height="{side:.1f}" '
        f'fill="{ACCENT}" fill-opacity="{math.sqrt(share):.3f}" stroke="{LINE}">'
        f"<title>{escaped(title)}</title></rect>"
    )


def _count(x: float, y: float, side: float, count: int, share: float) -> str:
    size = min(12.0, 1.6 * side / len(str(count)))
    color = ON_ACCENT if share > 0.3 else INK
    return (
        f'<text x="{x:.1f}" y="{y + size / 3:.1f}" font-size="{size:.1f}" '
        f'text-anchor="middle" fill="{color}" pointer-events="none">{count}</text>'
    )


def _text(
    x: float, y: float, text: str, anchor: str, full: str = "", size: float = 12
) -> str:
    """Words at a place; `full` is told to who points at them, when they are cut."""
    cut = full and printable(full) != text
    title = f"<title>{escaped(full)}</title>" if cut else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:.1f}" '
        f'text-anchor="{anchor}" fill="{INK}">{title}{escaped(text)}</text>'
    )


def _turned(
    x: float,
    y: float,
    degrees: int,
    text: str,
    anchor: str,
    full: str = "",
    size: float = 12,
) -> str:
    inner = _text(0, 0, text, anchor, full, size)
    move = f"translate({x:.1f} {y:.1f}) rotate({degrees})"
    return f'<g transform="{move}">{inner}</g>'


def _svg(title: str, width: float, height: float, parts: Iterable[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" '
        f'aria-label="{escaped(title)}" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" '
        f'font-family="system-ui,sans-serif">{"".join(parts)}</svg>'
    )
