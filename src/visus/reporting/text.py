"""Reports as plain text that fits a terminal of 80 columns."""

from io import StringIO
from typing import TYPE_CHECKING

from visus.core.report import Chart, Figure, Gallery, Matrix, Report, Table, Value

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

MOST_ROWS = 20
MOST_TILES = 8
MOST_CLASSES = 12
SIGNS = {"info": "note", "warning": "warning", "error": "ERROR"}


def report_text(report: Report, *, width: int = 80) -> str:
    """The report as text; no line is longer than `width` columns."""
    console = _console(width)
    _write(console, report.title)
    _write(console, "=" * min(len(report.title), width))
    for fact in report.facts:
        _write(console, f"{fact.name.replace('_', ' ')}: {fact.text}")
    for finding in report.findings:
        _write(console, f"{SIGNS[finding.severity]}: {finding.message}")
    for table in report.tables:
        _write(console, "")
        _write_table(console, table)
    for figure in report.figures:
        _write(console, "")
        _write_figure(console, figure)
    file = console.file
    return file.getvalue() if isinstance(file, StringIO) else ""


def table_text(table: Table, *, width: int = 80) -> str:
    """One table as text, all its rows."""
    console = _console(width)
    _write_table(console, table, most_rows=len(table.rows))
    file = console.file
    return file.getvalue() if isinstance(file, StringIO) else ""


def _console(width: int) -> "Console":
    from rich.console import Console

    return Console(file=StringIO(), width=width, color_system=None, soft_wrap=False)


def _write(console: "Console", content: "RenderableType") -> None:
    console.print(content, markup=False, highlight=False, emoji=False)


def _write_table(console: "Console", table: Table, most_rows: int = MOST_ROWS) -> None:
    from rich import box
    from rich.table import Table as Grid
    from rich.text import Text

    grid = Grid(box=box.SIMPLE_HEAD, pad_edge=False)
    for number, name in enumerate(table.columns):
        numeric = all(isinstance(row[number], int | float) for row in table.rows)
        grid.add_column(Text(name), justify="right" if numeric else "left")
    for row in table.rows[:most_rows]:
        grid.add_row(*(Text(_worded(value)) for value in row))
    _write(console, table.title)
    _write(console, grid)
    if len(table.rows) > most_rows:
        _write(console, f"... and {len(table.rows) - most_rows} more rows")
    if table.note:
        _write(console, table.note)


def _write_figure(console: "Console", figure: Figure) -> None:
    if isinstance(figure, Matrix):
        _write_matrix(console, figure)
        return
    _write(console, figure.title)
    lines = _chart(figure) if isinstance(figure, Chart) else _gallery(figure)
    for line in lines:
        _write(console, f"  {line}")


def _write_matrix(console: "Console", matrix: Matrix) -> None:
    if len(matrix.names) > MOST_CLASSES:
        _write(console, f"{matrix.title}: {len(matrix.names)} classes, see the page")
        return
    shortened = tuple(name[:9] for name in matrix.names)
    rows = tuple(
        (name, *counts) for name, counts in zip(shortened, matrix.counts, strict=True)
    )
    corner = f"{matrix.row_label} \\ {matrix.column_label}"
    title = f"{matrix.title} ({corner})"
    _write_table(console, Table(title=title, columns=("", *shortened), rows=rows))


def _chart(chart: Chart) -> list[str]:
    return [
        f"{series.label}: {series.points[0][1]:.4g} -> {series.points[-1][1]:.4g}"
        for series in chart.series
        if series.points
    ]


def _gallery(gallery: Gallery) -> list[str]:
    lines = [f"{t.image_id}: {t.caption}" for t in gallery.tiles[:MOST_TILES]]
    left = len(gallery.tiles) - MOST_TILES
    return [*lines, f"... and {left} more on the page"] if left > 0 else lines


def _worded(value: Value) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "" if value is None else str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
