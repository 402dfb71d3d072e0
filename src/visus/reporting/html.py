"""Reports as one self-contained HTML page: no scripts, no requests, nothing hidden."""

import base64
import binascii
import math
import struct
from collections.abc import Iterable

from visus.core.report import (
    Chart,
    Fact,
    Figure,
    Finding,
    Gallery,
    Interval,
    Matrix,
    Report,
    Table,
    Tile,
)
from visus.reporting.charts import line_chart, matrix_chart
from visus.reporting.page_style import PAGE_STYLE, STYLE
from visus.reporting.wording import (
    escaped,
    fact_title,
    number_columns,
    table_texts,
)

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
MOST_IDS = 10
# Up to this side a picture is enlarged, and its pixels stay squares.
SMALL_SIDE = 144
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def report_html(report: Report, *, leading: int = 0) -> str:
    """The whole page of a report, which needs nothing but itself.

    All text of the report is escaped, and a Content-Security-Policy forbids scripts
    and requests even so.

    Args:
        report: what to show.
        leading: so many of its first figures stand right below the facts, and then
            tables above charts.
    """
    return page_html(report.title, report_fragment(report, leading=leading))


def page_html(title: str, fragment: str) -> str:
    """A whole page around a fragment, in which nothing can run or ask.

    Args:
        title: of the page, not yet escaped.
        fragment: HTML in which everything from outside is.
    """
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escaped(title)}</title>"
        f"<style>{PAGE_STYLE}</style></head>\n"
        f"<body>{fragment}</body></html>\n"
    )


def report_fragment(report: Report, *, leading: int = 0) -> str:
    """The report without the page around it, for notebooks."""
    content = report_content(report, leading=leading)
    return f'<style>{STYLE}</style><div class="visus">\n{content}\n</div>'


def report_content(report: Report, *, leading: int = 0, heading: str = "h1") -> str:
    """The report without its style, to stand among others on one page."""
    first, rest = report.figures[:leading], report.figures[leading:]
    charts = [figure for figure in rest if isinstance(figure, Chart)]
    others = [figure for figure in rest if not isinstance(figure, Chart)]
    tables = [*map(_table, report.tables)]
    parts = [
        f"<{heading}>{escaped(report.title)}</{heading}>",
        _wrapped("facts", map(_fact, report.facts)),
        *map(_figure, first),
        *map(_finding, report.findings),
        *(tables if first else ()),
        _wrapped("charts", map(_figure, charts)),
        *(() if first else tables),
        *map(_figure, others),
    ]
    return "\n".join(part for part in parts if part)


def _wrapped(name: str, parts: Iterable[str]) -> str:
    content = "".join(parts)
    return f'<div class="{name}">{content}</div>' if content else ""


def _note(text: str) -> str:
    return f'<p class="note">{escaped(text)}</p>' if text else ""


def _fact(fact: Fact) -> str:
    bar = _interval_bar(fact.interval) if fact.interval else ""
    return (
        f'<div class="fact"><b>{escaped(fact_title(fact))}</b>'
        f"{escaped(fact.text)}{bar}</div>"
    )


def _interval_bar(interval: Interval) -> str:
    bounds = (interval.low, interval.value, interval.high)
    if not all(map(math.isfinite, bounds)):
        return ""
    start, end = _bar_ends(interval)
    low, value, high = (100 * (bound - start) / (end - start) for bound in bounds)
    label = (
        f"{interval.value:.4g}, {interval.confidence:.0%} interval "
        f"from {interval.low:.4g} to {interval.high:.4g}"
    )
    return (
        '<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" '
        f'aria-label="{label}">'
        '<rect x="0" y="4" width="100" height="2" fill="var(--line)"/>'
        f'<rect x="{low:.2f}" y="2" width="{max(high - low, 0.4):.2f}" height="6" '
        'fill="var(--accent)" fill-opacity="0.45"/>'
        f'<rect x="{min(value, 99.4):.2f}" y="0" width="0.6" height="10" '
        'fill="var(--ink)"/></svg>'
    )


def _bar_ends(interval: Interval) -> tuple[float, float]:
    """From 0 to 1 for shares; else with as much again on both sides."""
    low = min(interval.low, interval.value)
    high = max(interval.high, interval.value)
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    margin = (high - low) or 1.0
    return low - margin, high + margin


def _finding(finding: Finding) -> str:
    ids = ", ".join(map(escaped, finding.image_ids[:MOST_IDS]))
    left = len(finding.image_ids) - MOST_IDS
    more = f" and {left:,} more" if left > 0 else ""
    pictures = f'<div class="note">{ids}{more}</div>' if ids else ""
    return (
        f'<div class="finding {finding.severity}" role="note">'
        f"<b>{finding.severity.capitalize()}</b> "
        f"{escaped(finding.message)}{pictures}</div>"
    )


def _table(table: Table) -> str:
    styles = [' class="number"' if right else "" for right in number_columns(table)]
    head = "".join(
        f'<th scope="col"{style}>{escaped(name)}</th>'
        for style, name in zip(styles, table.columns, strict=True)
    )
    rows = "".join(f"<tr>{_cells(row, styles)}</tr>" for row in table_texts(table))
    return (
        '<div class="scroll"><table>'
        f"<caption>{escaped(table.title)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>{_note(table.note)}"
    )


def _cells(texts: tuple[str, ...], styles: list[str]) -> str:
    return "".join(
        f"<td{style}>{escaped(text)}</td>"
        for style, text in zip(styles, texts, strict=True)
    )


def _figure(figure: Figure) -> str:
    heading = f"<h2>{escaped(figure.title)}</h2>"
    if isinstance(figure, Gallery):
        tiles = _wrapped("tiles", map(_tile, figure.tiles))
        return heading + _note(figure.note) + tiles
    if isinstance(figure, Matrix):
        return heading + _wrapped("scroll", [matrix_chart(figure)])
    drawn = line_chart(figure) or _note("There are no points to draw.")
    return f'<div class="chart">{heading}{drawn}</div>'


def _tile(tile: Tile) -> str:
    return (
        f"<figure>{_picture(tile)}<figcaption>{escaped(tile.caption)}"
        f"<small>{escaped(tile.image_id)}</small></figcaption></figure>"
    )


def _picture(tile: Tile) -> str:
    content = _png_bytes(tile.png_base64)
    if content is None:
        return '<div class="missing">This picture cannot be shown.</div>'
    style = ' class="small"' if max(_png_size(content)) <= SMALL_SIDE else ""
    data = base64.b64encode(content).decode("ascii")
    return (
        f'<img{style} alt="{escaped(tile.image_id)}" '
        f'src="data:image/png;base64,{data}">'
    )


def _png_bytes(text: str) -> bytes | None:
    """The PNG behind the base64 text; `None` when it is not one."""
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    whole = content.startswith(PNG_SIGNATURE) and len(content) >= 24
    return content if whole else None


def _png_size(content: bytes) -> tuple[int, int]:
    """Width and height from the IHDR chunk (PNG specification, 11.2.1)."""
    width, height = struct.unpack(">II", content[16:24])
    return width, height
