"""Charts are well-formed XML that shows every number."""

import math
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visus.core.report import Chart, Matrix, Series
from visus.reporting.charts import line_chart, matrix_chart

SVG = "{http://www.w3.org/2000/svg}"


def chart(*series, label="a"):
    return Chart(
        title="Loss",
        x_label="epoch",
        y_label="loss (nats)",
        series=tuple(
            Series(label=f"{label}{n}", points=points)
            for n, points in enumerate(series)
        ),
    )


def matrix(counts, names=None):
    names = names or [f"class {number}" for number in range(len(counts))]
    return Matrix(
        title="Confusion matrix",
        row_label="is",
        column_label="answered",
        names=tuple(names),
        counts=tuple(map(tuple, counts)),
    )


def texts(root):
    return [element.text for element in root.iter(f"{SVG}text")]


def markers(root):
    return [e for e in root.iter(f"{SVG}path") if e.get("class") == "marker"]


def lines(root):
    return [
        [tuple(map(float, place.split(","))) for place in e.get("points").split()]
        for e in root.iter(f"{SVG}polyline")
    ]


def test_a_line_chart_names_its_axes_and_series():
    root = ElementTree.fromstring(line_chart(chart([(1, 2.0), (2, 1.0)], [(1, 3.0)])))
    assert root.get("role") == "img"
    assert root.get("aria-label") == "Loss"
    assert {"epoch", "loss (nats)", "a0", "a1"} <= set(texts(root))


def test_points_lie_where_their_values_say():
    root = ElementTree.fromstring(line_chart(chart([(0, 0.0), (5, 10.0), (10, 20.0)])))
    (left, bottom), (middle, half), (right, top) = lines(root)[-1]
    assert left < right and top < bottom
    assert middle == pytest.approx((left + right) / 2, abs=0.1)
    assert half == pytest.approx((top + bottom) / 2, abs=0.1)


def test_series_differ_without_color():
    root = ElementTree.fromstring(line_chart(chart(*([(1, n), (2, n)] for n in "01"))))
    dashes = {e.get("stroke-dasharray") for e in root.iter(f"{SVG}polyline")}
    assert len(dashes) == 2
    assert len({marker.get("d") for marker in markers(root)}) == 2


def test_a_single_point_is_marked_inside_the_plot():
    root = ElementTree.fromstring(line_chart(chart([(1, 0.5)])))
    ((x, y),) = lines(root)[-1]
    assert 72 <= x <= 540 and 12 <= y <= 250
    assert len(markers(root)) == 2  # one in the legend, one in the plot


def test_values_that_are_not_finite_leave_a_gap():
    points = [(1, 1.0), (2, math.nan), (3, 2.0), (4, 1.0), (5, math.inf)]
    drawn = line_chart(chart(points))
    assert [len(run) for run in lines(ElementTree.fromstring(drawn))[1:]] == [1, 2]
    assert "nan" not in drawn and "inf" not in drawn


@pytest.mark.parametrize("series", [[], [[]], [[(1, math.nan)]]])
def test_a_chart_without_points_is_empty(series):
    assert line_chart(chart(*series)) == ""


@given(
    st.lists(
        st.lists(st.tuples(st.floats(width=64), st.floats(width=64)), max_size=6),
        max_size=7,
    )
)
def test_every_chart_is_well_formed_and_in_its_frame(series):
    drawn = line_chart(chart(*series, label="a long label of a series "))
    if drawn:
        width, height = map(
            int, ElementTree.fromstring(drawn).get("viewBox").split()[2:]
        )
        for line in lines(ElementTree.fromstring(drawn)):
            assert all(0 <= x <= width and -1 <= y <= height + 1 for x, y in line)


def test_a_matrix_shows_counts_names_and_shares():
    root = ElementTree.fromstring(matrix_chart(matrix([[90, 10], [0, 0]])))
    assert {"90", "10", "class 0", "class 1", "is", "answered"} <= set(texts(root))
    cells = list(root.iter(f"{SVG}rect"))
    assert [float(cell.get("fill-opacity")) ** 2 for cell in cells] == pytest.approx(
        [0.9, 0.1, 0, 0], abs=1e-3
    )
    assert cells[1].find(f"{SVG}title").text == "is class 0, answered class 1: 10"


def test_long_names_are_cut_and_told_in_full():
    names = ["a very long name of a class indeed", "字" * 40]
    root = ElementTree.fromstring(matrix_chart(matrix([[1, 2], [3, 4]], names)))
    shown = [e for e in root.iter(f"{SVG}text") if e.find(f"{SVG}title") is not None]
    assert {e.find(f"{SVG}title").text for e in shown} == set(names)
    assert names[0] not in texts(root)


@pytest.mark.parametrize(("count", "numbered"), [(30, True), (31, False), (100, False)])
def test_numbers_are_left_out_above_thirty_classes(count, numbered):
    counts = [[777] * count] * count
    root = ElementTree.fromstring(matrix_chart(matrix(counts)))
    assert ("777" in texts(root)) is numbered
    assert len(list(root.iter(f"{SVG}rect"))) == count**2
    assert {f"class {number}" for number in range(count)} <= set(texts(root))


def test_names_do_not_run_into_each_other_with_a_hundred_classes():
    root = ElementTree.fromstring(matrix_chart(matrix([[1] * 100] * 100)))
    cell = float(next(root.iter(f"{SVG}rect")).get("height"))
    names = [e for e in root.iter(f"{SVG}text") if e.text.startswith("class")]
    assert all(float(name.get("font-size")) <= cell for name in names)


def test_a_matrix_without_classes_is_empty():
    assert matrix_chart(matrix([])) == ""


def test_hostile_text_stays_text(hostile, hostile_report):
    line, confusion, _ = hostile_report.figures
    for drawn in (line_chart(line), matrix_chart(confusion)):
        tags = {e.tag.removeprefix(SVG) for e in ElementTree.fromstring(drawn).iter()}
        assert tags <= {"svg", "g", "line", "text", "title", "polyline", "path", "rect"}
