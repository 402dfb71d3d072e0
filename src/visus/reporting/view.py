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

    In a notebook it shows itself; printed, it is plain text.

    Args:
        report: what was found.
        page: its HTML page, when there is one on disk.

    Example:
        >>> view = ReportView(Report(title="Test"))
        >>> print(view)
        Test
        ====
    """

    report: Report
    page: Path | None = None

    @property
    def facts(self) -> tuple[Fact, ...]:
        """The named figures, in reading order."""
        return self.report.facts

    def fact(self, name: str) -> Fact:
        """The fact of that name; raises `KeyError` when there is none."""
        return self.report.fact(name)

    def to_json(self) -> dict[str, Any]:
        """The report as plain data that `json.dumps` takes."""
        return self.report.to_json()

    def show(self) -> Path:
        """Open the page in a browser; returns where it lies.

        A report without a page on disk gets one, if need be in a temporary folder.

        Raises:
            MachineError: the page cannot be written.
        """
        page = self.page or Path(tempfile.mkdtemp(prefix="visus-"), "report.html")
        if not page.is_file():
            write_text(page, report_html(self.report))
        webbrowser.open(page.resolve().as_uri())
        return page

    def __str__(self) -> str:
        return report_text(self.report).rstrip("\n")

    def _repr_html_(self) -> str:
        return report_fragment(self.report)


def save_report(report: Report, folder: Path, name: str) -> ReportView:
    """Write a report as JSON and as a page, side by side, and return its view.

    Args:
        report: what to write.
        folder: made when it does not exist.
        name: of both files, without an ending.

    Raises:
        MachineError: the folder cannot be written.
    """
    report.save(folder / f"{name}.json")
    page = folder / f"{name}.html"
    write_text(page, report_html(report))
    return ReportView(report, page)
