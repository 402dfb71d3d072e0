"""Reports as one self-contained HTML page: no scripts, no requests, nothing hidden."""

import base64
import binascii
from html import escape

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
    Value,
)
from visus.reporting.charts import line_chart, matrix_chart

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
NAMES = {
    "accuracy": "Accuracy",
    "loss": "Loss",
    "top_5_accuracy": "Top-5 accuracy",
    "pictures": "Test pictures",
    "baseline_majority": "Baseline: most frequent class",
    "baseline_nearest_centroid": "Baseline: nearest mean picture",
}
STYLE = """
.visus{--ink:#1d2125;--muted:#68707a;--line:#d9dee3;--paper:#fff;--card:#f5f7f9;
--accent:#1f5f9e;color:var(--ink);background:var(--paper);max-width:60rem;margin:0 auto;
padding:1.5rem;font:16px/1.5 system-ui,sans-serif}
@media (prefers-color-scheme:dark){.visus{--ink:#e7eaee;--muted:#9aa4af;--line:#3a424b;
--paper:#16191d;--card:#20252b;--accent:#6aaef2}}
.visus h1{font-size:1.6rem;margin:0 0 1rem}
.visus h2{font-size:1.15rem;margin:2rem 0 .5rem}
.visus .facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));
gap:.75rem}
.visus .fact{background:var(--card);border-radius:.5rem;padding:.75rem 1rem}
.visus .fact b{display:block;font-size:.85rem;color:var(--muted);font-weight:600}
.visus .bar{display:block;width:100%;height:10px;margin-top:.4rem}
.visus .finding{border-left:4px solid var(--muted);padding:.4rem .8rem;margin:.5rem 0;
background:var(--card)}
.visus .finding.warning{border-color:#c77700}.visus .finding.error{border-color:#c02626}
.visus table{border-collapse:collapse;display:block;overflow-x:auto}
.visus th,.visus td{padding:.25rem .8rem;border-bottom:1px solid var(--line);
text-align:left}
.visus td.number{text-align:right;font-variant-numeric:tabular-nums}
.visus svg{max-width:100%;height:auto}
.visus .note{color:var(--muted);font-size:.9rem;max-width:45rem}
.visus .tiles{display:flex;flex-wrap:wrap;gap:1rem}
.visus figure{margin:0;width:9rem;font-size:.85rem;overflow-wrap:anywhere}
.visus figure img{width:100%;image-rendering:pixelated;border-radius:.25rem;
background:var(--card)}
.visus figure small{color:var(--muted);display:block}
@media print{.visus{max-width:none}.visus figure,.visus table,.visus svg
{break-inside:avoid}}
"""


def report_html(report: Report) -> str:
    """The whole page of a report."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_safe(report.title)}</title>"
        "<style>body{margin:0;background:#fff}@media (prefers-color-scheme:dark)"
        "{body{background:#16191d}}</style></head>"
        f"<body>{report_fragment(report)}</body></html>\n"
    )


def report_fragment(report: Report) -> str:
    """The report without the page around it, for notebooks."""
    parts = [
        f"<h1>{_safe(report.title)}</h1>",
        f'<div class="facts">{"".join(map(_fact, report.facts))}</div>',
        *map(_finding, report.findings),
        *map(_figure, _first_charts(report)),
        *map(_table, report.tables),
        *map(_figure, [f for f in report.figures if not isinstance(f, Chart)]),
    ]
    return f'<style>{STYLE}</style><div class="visus">{"".join(parts)}</div>'


def _first_charts(report: Report) -> list[Figure]:
    return [figure for figure in report.figures if isinstance(figure, Chart)]


def _fact(fact: Fact) -> str:
    name = NAMES.get(fact.name, fact.name.replace("_", " ").capitalize())
    bar = _interval_bar(fact.interval) if fact.interval else ""
    return f'<div class="fact"><b>{_safe(name)}</b>{_safe(fact.text)}{bar}</div>'


def _interval_bar(interval: Interval) -> str:
    low, value, high = (
        100 * part for part in (interval.low, interval.value, interval.high)
    )
    return (
        '<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" '
        f'aria-label="{low:.2f} to {high:.2f} per cent">'
        '<rect x="0" y="4" width="100" height="2" fill="var(--line)"/>'
        f'<rect x="{low:.2f}" y="2" width="{max(high - low, 0.4):.2f}" height="6" '
        'fill="var(--accent)" fill-opacity="0.45"/>'
        f'<rect x="{min(value, 99.6):.2f}" y="0" width="0.4" height="10" '
        'fill="var(--ink)"/></svg>'
    )


def _finding(finding: Finding) -> str:
    ids = ", ".join(map(_safe, finding.image_ids[:10]))
    more = f" and {len(finding.image_ids) - 10} more" if finding.image_ids[10:] else ""
    pictures = f'<div class="note">{ids}{more}</div>' if ids else ""
    return (
        f'<div class="finding {finding.severity}"><b>{finding.severity}:</b> '
        f"{_safe(finding.message)}{pictures}</div>"
    )


def _table(table: Table) -> str:
    head = "".join(f"<th>{_safe(name)}</th>" for name in table.columns)
    rows = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in table.rows)
    note = f'<p class="note">{_safe(table.note)}</p>' if table.note else ""
    return (
        f"<h2>{_safe(table.title)}</h2><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table>{note}"
    )


def _cell(value: Value) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"<td>{_safe('' if value is None else str(value))}</td>"
    text = f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
    return f'<td class="number">{text}</td>'


def _figure(figure: Figure) -> str:
    if isinstance(figure, Gallery):
        note = f'<p class="note">{_safe(figure.note)}</p>' if figure.note else ""
        tiles = "".join(map(_tile, figure.tiles))
        return f'<h2>{_safe(figure.title)}</h2>{note}<div class="tiles">{tiles}</div>'
    drawn = matrix_chart(figure) if isinstance(figure, Matrix) else line_chart(figure)
    return f"<h2>{_safe(figure.title)}</h2>{drawn}" if drawn else ""


def _tile(tile: Tile) -> str:
    try:
        picture = base64.b64encode(base64.b64decode(tile.png_base64, validate=True))
    except (binascii.Error, ValueError):
        picture = b""
    return (
        f'<figure><img alt="{_safe(tile.image_id)}" '
        f'src="data:image/png;base64,{picture.decode("ascii")}">'
        f"<figcaption>{_safe(tile.caption)}<small>{_safe(tile.image_id)}</small>"
        "</figcaption></figure>"
    )


def _safe(text: str) -> str:
    return escape(text.replace("\0", "\ufffd"))
