"""A view shows the page that lies on disk, or makes one."""

import json
import webbrowser
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest

from visus.core.errors import MachineError
from visus.core.report import Report
from visus.reporting.html import report_fragment, report_html
from visus.reporting.view import ReportView, save_report


@pytest.fixture
def opened(monkeypatch):
    """The addresses that a browser was asked to open."""
    addresses: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda url: addresses.append(url) or True)
    return addresses


def test_a_saved_report_is_json_and_page_side_by_side(sample_report, tmp_path):
    view = save_report(sample_report, tmp_path / "reports", "evaluation")
    assert Report.load(tmp_path / "reports" / "evaluation.json") == sample_report
    assert view.page == tmp_path / "reports" / "evaluation.html"
    assert view.page.read_text(encoding="utf-8") == report_html(sample_report)


def test_a_folder_that_cannot_be_made_is_told(sample_report, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(MachineError):
        save_report(sample_report, tmp_path / "file", "evaluation")


def test_show_opens_the_saved_page(sample_report, tmp_path, opened):
    page = save_report(sample_report, tmp_path / "a b", "evaluation").show()
    assert [Path(unquote(urlparse(url).path)) for url in opened] == [page]


def test_show_leaves_a_page_as_it_is(sample_report, tmp_path, opened):
    page = tmp_path / "page.html"
    page.write_text("mine")
    assert ReportView(sample_report, page).show() == page
    assert page.read_text() == "mine"


def test_show_writes_a_page_that_is_missing(sample_report, tmp_path, opened):
    ReportView(sample_report, tmp_path / "gone.html").show()
    assert (tmp_path / "gone.html").read_text("utf-8") == report_html(sample_report)


def test_show_without_a_page_writes_one_aside(
    sample_report, tmp_path, monkeypatch, opened
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    page = ReportView(sample_report).show()
    assert tmp_path in page.parents
    assert page.read_text(encoding="utf-8") == report_html(sample_report)


def test_a_view_is_its_report(sample_report):
    view = ReportView(sample_report)
    assert view.facts == sample_report.facts
    assert view.fact("accuracy").value == 0.9712
    assert Report.model_validate(json.loads(json.dumps(view.to_json()))) == view.report
    assert view._repr_html_() == report_fragment(sample_report)
    assert str(view).startswith("convnet on digits\n====")
    with pytest.raises(KeyError):
        view.fact("nothing")
