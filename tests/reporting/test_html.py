"""The page is self-contained, shows everything, and runs nothing."""

import base64
import re
from html.parser import HTMLParser

import pytest

from visus.core.report import Fact, Finding, Gallery, Interval, Report, Table, Tile
from visus.reporting.html import report_fragment, report_html
from visus.reporting.wording import printable

VOID = {"meta", "img"}


class Page(HTMLParser):
    """Every tag with its attributes, all text, and whether tags close in order."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.words, self._open = [], [], []
        self.feed(html)
        self.close()
        assert not self._open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def text(self):
        return " ".join(self.words)


NUMBERS = (
    "97.12% 96.68% 97.51% 0.1013 0.9876 0.5000 1.0000 1,234 31 "
    "980 1124 1013 11 17 5 3 2"
).split()


@pytest.mark.parametrize("name", ["sample_report", "hostile_report"])
def test_every_number_is_on_the_page(name, request):
    page = Page(report_html(request.getfixturevalue(name)))
    assert set(NUMBERS) <= set(re.findall(r"[\d.,]*\d%?", page.text))


def test_the_page_shows_every_part(sample_report):
    page = Page(report_html(sample_report))
    for words in ("Accuracy", "Warning", "Error", "Broken.", "precision", "epoch"):
        assert words in page.text
    assert len(page.all("figure")) == 10
    assert len(page.all("table")) == 1
    assert "and 3 more" in page.text  # pictures of the finding


def test_the_page_forbids_scripts_and_requests(sample_report):
    html = report_html(sample_report)
    policies = [m for m in Page(html).all("meta") if "http-equiv" in m]
    assert policies == [
        {
            "http-equiv": "Content-Security-Policy",
            "content": "default-src 'none'; img-src data:; style-src 'unsafe-inline'",
        }
    ]
    assert "://" not in html.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert "url(" not in html and "@import" not in html


def test_hostile_text_stays_text(hostile_report, sample_report):
    page, plain = (Page(report_html(r)) for r in (hostile_report, sample_report))
    assert {tag for tag, _ in page.tags} <= {tag for tag, _ in plain.tags}
    names = {name for _, attributes in page.tags for name in attributes}
    assert not [name for name in names if name.startswith("on")]
    assert "<script>alert(1)</script>" in page.text
    assert not re.search("[\0\x1b\u202e]", report_html(hostile_report))
    report_html(hostile_report).encode()


def test_a_picture_that_is_no_png_is_not_put_on_the_page(gray_png):
    good = gray_png(28, 28)
    bad = ["", "!", '"><script>', base64.b64encode(b"<svg onload=x>").decode(), "é"]
    tiles = [Tile(image_id="i", caption="c", png_base64=text) for text in [good, *bad]]
    page = Page(
        report_html(Report(title="t", figures=(Gallery(title="g", tiles=tiles),)))
    )
    assert [image["src"] for image in page.all("img")] == [
        f"data:image/png;base64,{good}"
    ]
    assert page.text.count("cannot be shown") == len(bad)


def test_a_hostile_file_name_stays_in_its_attribute(hostile, gray_png):
    tile = Tile(image_id=hostile, caption="", png_base64=gray_png(8, 8))
    report = Report(title="t", figures=(Gallery(title="g", tiles=(tile,)),))
    (image,) = Page(report_html(report)).all("img")
    assert set(image) == {"class", "alt", "src"}
    assert image["alt"] == printable(hostile)


def test_only_small_pictures_are_enlarged_as_squares(gray_png):
    tiles = [
        Tile(image_id=f"{side}", caption="", png_base64=gray_png(side, side))
        for side in (8, 300)
    ]
    report = Report(title="t", figures=(Gallery(title="g", tiles=tiles),))
    small, large = Page(report_html(report)).all("img")
    assert small["class"] == "small" and "class" not in large


def test_numbers_are_aligned_at_the_right(sample_report):
    cells = Page(report_html(sample_report)).all("td")
    assert [cell.get("class") for cell in cells[:3]] == [None, "number", "number"]


@pytest.mark.parametrize(
    ("interval", "left", "wide"),
    [
        (Interval(value=0.5, low=0.4, high=0.6), 40, 20),
        (Interval(value=20, low=10, high=40), 100 / 3, 100 / 3),
        (Interval(value=-2, low=-2, high=-2), 50, 0.4),
    ],
)
def test_intervals_are_drawn_in_their_own_unit(interval, left, wide):
    fact = Fact(name="a", value=interval.value, text="", interval=interval)
    bar = Page(report_html(Report(title="t", facts=(fact,)))).all("rect")[1]
    assert float(bar["x"]) == pytest.approx(left, abs=0.01)
    assert float(bar["width"]) == pytest.approx(wide, abs=0.01)


def test_an_interval_without_ends_has_no_bar():
    interval = Interval(value=0.5, low=float("nan"), high=0.6)
    fact = Fact(name="a", value=0.5, text="half", interval=interval)
    assert not Page(report_html(Report(title="t", facts=(fact,)))).all("svg")


def test_a_report_of_nothing_is_a_page():
    report = Report(title="t", tables=(Table(title="e", columns=("a",), rows=()),))
    page = Page(report_html(report))
    assert page.text.count("t") >= 1 and not page.all("img")


def test_the_fragment_has_no_page_around_it(sample_report):
    fragment = report_fragment(sample_report)
    tags = {tag for tag, _ in Page(fragment).tags}
    assert not tags & {"html", "head", "body", "meta"}
    assert fragment in report_html(sample_report)


def test_styles_stay_below_their_own_class(sample_report):
    style = re.search("<style>(.*?)</style>", report_fragment(sample_report), re.S)[1]
    selectors = re.findall(r"([^{}]+)\{", style)
    assert all(
        part.strip().startswith((".visus", "@media"))
        for selector in selectors
        for part in selector.split(",")
    )


def test_leading_figures_stand_above_the_findings():
    gallery = Gallery(title="Maps", tiles=())
    finding = Finding(severity="info", message="Read me.")
    report = Report(title="a", findings=(finding,), figures=(gallery,))
    first, later = report_html(report, leading=1), report_html(report)
    assert first.index("Maps") < first.index("Read me.")
    assert later.index("Maps") > later.index("Read me.")
