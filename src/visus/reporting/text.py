"""Reports as plain text that fits a terminal of 80 columns."""

from collections.abc import Iterator
from io import StringIO
from typing import TYPE_CHECKING

from visus.core.report import (
    Chart,
    Figure,
    Finding,
    Gallery,
    Matrix,
    Report,
    Series,
    Table,
)
from visus.reporting.wording import (
    columns_of,
    fact_title,
    number_columns,
    printable,
    shortened,
    table_texts,
    value_text,
)

if TYPE_CHECKING:
    from rich.console import RenderableType

MOST_ROWS = 20
MOST_TILES = 8
MOST_IDS = 5
MOST_CLASSES = 12
# A class name shorter than this tells little.
LEAST_NAME = 6
# Between two columns of a grid, as rich draws it.
GAP = 3
SIGNS = {"info": "note", "warning": "warning", "error": "ERROR"}


def report_text(report: Report, *, width: int = 80) -> str:
    """The report as text, facts first; no line is wider than `width` columns.

    Args:
        report: what to write.
        width: of the terminal, in columns; CJK characters fill two.
    """
    title = printable(report.title)
    page = _Page(width)
    page.write(title)
    page.write("=" * min(columns_of(title), width))
    for fact in report.facts:
        page.write(f"{fact_title(fact)}: {fact.text}")
    for finding in report.findings:
        page.write(_finding(finding))
    for table in report.tables:
        page.write("")
        page.write_table(table, MOST_ROWS)
    for figure in report.figures:
        page.write("")
        _write_figure(page, figure)
    return page.text()


def table_text(table: Table, *, width: int = 80) -> str:
    """One table as text, with all its rows, no line wider than `width` columns."""
    page = _Page(width)
    page.write_table(table, len(table.rows))
    return page.text()


class _Page:
    """Text that is being written, folded to a width."""

    def __init__(self, width: int) -> None:
        from rich.console import Console

        self.width = width
        self._file = StringIO()
        # Without force_jupyter rich would show its output in the notebook at once.
        self._console = Console(
            file=self._file,
            width=width,
            color_system=None,
            force_jupyter=False,
            legacy_windows=False,
        )

    def write(self, text: str, *, indent: int = 0) -> None:
        """Write a paragraph."""
        from rich.padding import Padding
        from rich.text import Text

        self._draw(Padding(Text(printable(text)), (0, 0, 0, indent)))

    def write_table(self, table: Table, most_rows: int) -> None:
        """Write a table, its title above it and its note below."""
        self.write(table.title)
        shown = table.model_copy(update={"rows": table.rows[:most_rows]})
        if _least_width(shown) <= self.width:
            self._draw(_grid(shown))
        else:
            for line in _listed(shown):
                self.write(line, indent=2)
        if len(table.rows) > most_rows:
            self.write(f"... and {len(table.rows) - most_rows:,} more rows")
        if table.note:
            self.write(table.note)

    def text(self) -> str:
        """All that was written."""
        lines = self._file.getvalue().splitlines()
        return "\n".join(line.rstrip() for line in lines) + "\n"

    def _draw(self, content: "RenderableType") -> None:
        self._console.print(content, markup=False, highlight=False, emoji=False)


def _least_width(table: Table) -> int:
    """The columns a grid needs so that no number is folded or cut."""
    texts = [tuple(map(printable, table.columns)), *table_texts(table)]
    wide = 0
    for numeric, column in zip(
        number_columns(table), zip(*texts, strict=True), strict=True
    ):
        widest = max(map(columns_of, column))
        wide += (widest if numeric else min(widest, LEAST_NAME)) + GAP
    return wide


def _grid(table: Table) -> "RenderableType":
    from rich import box
    from rich.table import Table as Grid
    from rich.text import Text

    grid = Grid(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name, numeric in zip(table.columns, number_columns(table), strict=True):
        grid.add_column(
            Text(printable(name)),
            justify="right" if numeric else "left",
            no_wrap=numeric,
            overflow="fold",
        )
    for row in table_texts(table):
        grid.add_row(*map(Text, row))
    return grid


def _listed(table: Table) -> Iterator[str]:
    for row in table_texts(table):
        cells = zip(table.columns, row, strict=True)
        yield "; ".join(f"{name} {text}".strip() for name, text in cells)


def _finding(finding: Finding) -> str:
    ids = ", ".join(finding.image_ids[:MOST_IDS])
    left = len(finding.image_ids) - MOST_IDS
    more = f" and {left:,} more" if left > 0 else ""
    pictures = f" ({ids}{more})" if ids else ""
    return f"{SIGNS[finding.severity]}: {finding.message}{pictures}"


def _write_figure(page: _Page, figure: Figure) -> None:
    page.write(figure.title)
    if isinstance(figure, Matrix):
        lines = _matrix(figure, page.width - 2)
    elif isinstance(figure, Chart):
        lines = _chart(figure)
    else:
        lines = _gallery(figure)
    for line in lines:
        page.write(line, indent=2)


def _matrix(matrix: Matrix, width: int) -> list[str]:
    """One row a class; columns bear the numbers of the rows, in the same order."""
    count = len(matrix.names)
    cells = [f"{number:,}" for row in matrix.counts for number in row]
    digits = max(map(len, [*cells, str(count)]))
    room = width - count * (digits + 1) - 3
    if count > MOST_CLASSES or room < LEAST_NAME:
        return [f"{count:,} classes: too wide for text; the page draws it."]
    names = [shortened(printable(name), room) for name in matrix.names]
    wide = max(map(columns_of, names), default=0)
    head = " ".join(f"{number:>{digits}}" for number in range(1, count + 1))
    lines = [
        f"rows: {matrix.row_label}; columns: {matrix.column_label}, by number of row",
        " " * (wide + 3) + " " + head,
    ]
    for place, (name, row) in enumerate(zip(names, matrix.counts, strict=True)):
        label = f"{place + 1:>2} {name}" + " " * (wide - columns_of(name))
        lines.append(f"{label} " + " ".join(f"{number:>{digits},}" for number in row))
    return lines


def _chart(chart: Chart) -> list[str]:
    drawn = [series for series in chart.series if series.points]
    return [_series(series, chart) for series in drawn]


def _series(series: Series, chart: Chart) -> str:
    if series.drawn == "points":
        return f"{series.label}: {len(series.points):,} points; the page draws them"
    (start, first), (end, last) = series.points[0], series.points[-1]
    across = f"{chart.x_label} {value_text(start)} to {value_text(end)}"
    return (
        f"{series.label}: {value_text(first)} -> {value_text(last)} "
        f"{chart.y_label}, {across}"
    )


def _gallery(gallery: Gallery) -> list[str]:
    tiles = gallery.tiles[:MOST_TILES]
    lines = [gallery.note] if gallery.note else []
    lines += [f"{tile.image_id}: {tile.caption}" for tile in tiles]
    left = len(gallery.tiles) - MOST_TILES
    return [*lines, f"... and {left:,} more on the page"] if left > 0 else lines
