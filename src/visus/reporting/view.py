"""A report in the hand of somebody in Python: shown, printed, or in a notebook."""

import tempfile
import webbrowser
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from visus.core.files import write_text
from visus.core.report import Fact, Report
from visus.reporting.html import report_fragment, report_html
from visus.reporting.text import report_text


@dataclass(frozen=True)
class ReportView:
    """A report that can be looked at.

    Args:
        report: what was found.
        page: its HTML page, when there is one on disk.
    """

    report: Report
    page: Path | None = None

    def show(self) -> Path:
        """Open the page in a browser; returns where it lies."""
        page = self.page or Path(tempfile.mkdtemp(), "report.html")
        if not page.is_file():
            write_text(page, report_html(self.report))
        webbrowser.open(page.resolve().as_uri())
        return page

    def fact(self, name: str) -> Fact:
        """The fact of that name; raises `KeyError` when there is none."""
        return self.report.fact(name)

    def to_json(self) -> dict[str, Any]:
        """The report as plain data."""
        return self.report.to_json()

    def __str__(self) -> str:
        return report_text(self.report)

    def _repr_html_(self) -> str:
        return report_fragment(self.report)


def save_report(report: Report, folder: Path, name: str) -> ReportView:
    """Write a report as JSON and as a page, side by side, and return its view."""
    report.save(folder / f"{name}.json")
    page = folder / f"{name}.html"
    write_text(page, report_html(report))
    return ReportView(report, page)
