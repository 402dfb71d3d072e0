"""A report of explanations as a page: as any report, with larger pictures."""

from visus.core.report import Report
from visus.reporting.html import report_html

LARGER = (
    ".visus .finding{font-size:.92rem;padding:.35rem .9rem;margin:.35rem 0}"
    ".visus figure small{max-width:13rem}"
    ".visus .tiles{grid-template-columns:repeat(auto-fill,minmax(13rem,1fr))}"
    ".visus img{width:13rem}"
)


def explained_html(report: Report) -> str:
    """The whole page, self-contained: maps come first, and need room."""
    # After the report's own style, which it must win over.
    before, wrapper, after = report_html(report, leading=1).partition(
        '<div class="visus">'
    )
    return f"{before}<style>{LARGER}</style>{wrapper}{after}"
