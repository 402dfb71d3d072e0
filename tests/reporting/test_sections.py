"""Several reports on one page: closed tags, links that lead somewhere, no scripts."""

import re

from visus.core.report import Report
from visus.reporting.sections import sections_html


def test_sections_stand_below_one_head(sample_report, hostile_report):
    page = sections_html(
        sample_report, [hostile_report, Report(title="<Last>")], by_hand=["<name>"]
    )
    assert page.count("<h1>") == 1 and page.count("<section ") == 2
    links = re.findall(r'href="#([^"]+)"', page)
    assert links == re.findall(r'<section id="([^"]+)"', page)
    assert "&lt;Last&gt;" in page and "<Last>" not in page
    assert "<span>&lt;name&gt;</span>" in page
    assert "<script" not in page and "://" not in page.replace(
        'xmlns="http://www.w3.org/2000/svg"', ""
    )
