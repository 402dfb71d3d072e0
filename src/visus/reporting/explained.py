"""A report of explanations as a page: as any report, with larger pictures."""

from visus.core.report import Report
from visus.reporting.html import report_html

LARGER = (
    ".visus .tiles{grid-template-columns:repeat(auto-fill,minmax(13rem,1fr))}"
    ".visus img{width:13rem}"
)


def explained_html(report: Report) -> str:
    """The whole page, self-contained: maps need more room than thumbnails."""
    # After the report's own style, which it must win over.
    before, wrapper, after = report_html(report).partition('<div class="visus">')
    return f"{before}<style>{LARGER}</style>{wrapper}{after}"
