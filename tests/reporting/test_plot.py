"""Charts as pixels: lines lie where the axes say, and can be told apart in gray."""

import numpy as np

from visus.core.report import Chart, Series
from visus.data.encode import Stroke, with_strokes
from visus.reporting.plot import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, plot_chart


def chart(*series: Series) -> Chart:
    return Chart(title="Loss", x_label="power of ten", y_label="loss", series=series)


def test_a_line_runs_from_corner_to_corner():
    rising = Series(label="rising", points=((0.0, 0.0), (4.0, 8.0)))
    blank = plot_chart(chart(Series(label="", points=((0.0, 0.0), (4.0, 8.0)))))
    assert blank.shape == (HEIGHT, WIDTH, 3) and blank.dtype == np.uint8
    drawn = plot_chart(chart(Series(label="", points=((0.0, 0.0),)), rising))
    inside = drawn[TOP:-BOTTOM, LEFT:-RIGHT, 0] < 40
    rows, columns = np.nonzero(inside)
    height, width = inside.shape
    expected = (height - 1) * (1 - columns / (width - 1))
    assert len(rows) > width
    assert np.abs(rows - expected).max() < 4


def test_dashes_leave_gaps_and_solid_lines_none():
    blank = np.full((20, 200, 3), 255, np.uint8)
    ends = ((10.0, 10.0), (190.0, 10.0))
    solid = with_strokes(blank, [Stroke(ends, 3)])[10, 12:188, 0]
    dashed = with_strokes(blank, [Stroke(ends, 3, 0, (10, 6))])[10, 12:188, 0]
    assert (solid < 60).all()
    assert 0.5 < (dashed < 60).mean() < 0.75
    assert (dashed > 200).any()
    assert (blank == 255).all()
