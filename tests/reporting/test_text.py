"""Text fits its width, begins with the facts, and loses no number."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from visus.core.report import Chart, Fact, Finding, Gallery, Matrix, Report, Table, Tile
from visus.reporting.text import report_text, table_text

GOLDEN = """\
convnet on digits
=================
Accuracy: 97.12% (96.68% to 97.51%) The test has few pictures.
One: 0.1013 nats
warning: The test has few pictures. (zero, zero, zero, zero, zero and 8 more)
ERROR: Broken.

convnet on digits
zero   precision   pictures
───────────────────────────
zero      0.9876      1,234
one       0.5000         31
          1.0000          0
The test has few pictures.

convnet on digits
  zero: 2.3 -> 0.25 The test has few pictures., epoch 1 to 3
  one: 2.5 -> 2.5 The test has few pictures., epoch 1 to 1

convnet on digits
  rows: is; columns: answered, by number of row
              1     2     3
   1 zero   980     3     0
   2 one     11 1,124     5
   3 two      2    17 1,013

convnet on digits
  The test has few pictures.
"""


def widest(text):
    return max(map(cell_len, text.splitlines()))


def matrix(count, value=7, name="class"):
    return Matrix(
        title="Confusion matrix",
        row_label="is",
        column_label="answered",
        names=tuple(f"{name} {number}" for number in range(count)),
        counts=((value,) * count,) * count,
    )


def test_a_report_reads_so(sample_report):
    assert report_text(sample_report).startswith(GOLDEN)


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("name", ["sample_report", "hostile_report"])
def test_no_line_is_wider_than_asked(name, width, request):
    assert widest(report_text(request.getfixturevalue(name), width=width)) <= width


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.text(max_size=50), min_size=1, max_size=14),
    st.one_of(st.integers(0, 10**9), st.floats()),
)
def test_tables_of_anything_fit(names, number):
    row = tuple(number if place % 2 else name for place, name in enumerate(names))
    table = Table(title="t", columns=tuple(names), rows=(row, row), note=names[0])
    counts = ((abs(hash(number)) % 10**6,) * len(names),) * len(names)
    drawn = matrix(len(names)).model_copy(update={"names": names, "counts": counts})
    report = Report(title=names[0], tables=(table,), figures=(drawn,))
    assert widest(report_text(report)) <= 80


def test_hostile_text_drives_no_terminal_and_no_markup(hostile_report):
    text = report_text(hostile_report)
    assert not re.search("[\0\x1b\r\u202e]", text)
    assert "[bold]" in text and ":smile:" in text


def test_colors_asked_of_other_programs_are_not_ours(sample_report, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "30")
    assert report_text(sample_report).startswith(GOLDEN)


def test_text_made_in_a_notebook_is_returned_and_not_displayed(
    sample_report, monkeypatch
):
    displayed = []
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    monkeypatch.setattr("rich.jupyter.display", lambda *a: displayed.append(a))
    assert report_text(sample_report).startswith(GOLDEN)
    assert not displayed


@pytest.mark.parametrize("width", range(60, 90, 3))
@pytest.mark.parametrize("columns", [3, 6, 7, 8, 30])
def test_no_number_of_a_table_is_folded_or_cut(columns, width):
    numbers = range(1234567, 1234566 + columns)
    row = ("a name that is long enough to be folded", *numbers)
    table = Table(title="t", columns=tuple("c" * columns), rows=(row,))
    text = table_text(table, width=width)
    assert widest(text) <= width
    assert all(f"{number:,}" in text for number in numbers)


def test_long_tables_are_cut_in_reports_and_whole_alone():
    table = Table(title="t", columns=("n",), rows=tuple((n,) for n in range(100, 1145)))
    text = report_text(Report(title="r", tables=(table,)))
    assert "119" in text and "120" not in text
    assert "... and 1,025 more rows" in text
    assert "1,144" in table_text(table)


@pytest.mark.parametrize(("count", "drawn"), [(12, True), (13, False)])
def test_small_matrices_are_drawn(count, drawn):
    text = report_text(Report(title="r", figures=(matrix(count, 123),)))
    assert ("123 123" in text) is drawn
    assert (f"{count} classes: too wide" in text) is not drawn


def test_a_matrix_too_wide_for_its_numbers_is_not_drawn():
    text = report_text(Report(title="r", figures=(matrix(12, 10**9),)))
    assert "12 classes: too wide" in text and widest(text) <= 80


def test_columns_of_a_matrix_stay_aligned_with_wide_names():
    text = report_text(Report(title="r", figures=(matrix(3, 55, name="猫" * 40),)))
    rows = [line for line in text.splitlines() if line.endswith("55 55 55")]
    assert len(rows) == 3 and len(set(map(cell_len, rows))) == 1


def test_galleries_list_eight_pictures():
    tiles = tuple(
        Tile(image_id=f"picture-{n}", caption=f"caption-{n}", png_base64="")
        for n in range(11)
    )
    text = report_text(Report(title="r", figures=(Gallery(title="g", tiles=tiles),)))
    assert "picture-7: caption-7" in text and "picture-8" not in text
    assert "... and 3 more" in text


def test_empty_parts_are_no_trouble():
    empty = Chart(title="c", x_label="x", y_label="y", series=())
    report = Report(
        title="",
        facts=(Fact(name="", value=None, text=""),),
        findings=(Finding(severity="info", message="m"),),
        tables=(Table(title="t", columns=(), rows=()),),
        figures=(empty, matrix(0), Gallery(title="g", tiles=())),
    )
    assert "note: m" in report_text(report)
