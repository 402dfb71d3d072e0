"""Sections hold no pictures and no numbers that are none; limits are in words."""

import math

from visus.certifying.limits import limits_of
from visus.certifying.sections import MOST_ROWS, measured
from visus.core.report import Chart, Fact, Gallery, Interval, Matrix, Series, Table


def test_what_is_no_number_stays_out():
    endless = Interval(value=0.5, low=-math.inf, high=math.inf)
    facts = [
        Fact(name="mean", value=0.5, text="0.5", interval=endless),
        Fact(name="odd", value=math.nan, text="nan"),
    ]
    table = Table(title="T", columns=("a",), rows=((math.nan,),) * (MOST_ROWS + 5))
    points = ((0.0, math.nan), (1.0, 1.0))
    chart = Chart(title="C", x_label="x", y_label="y", series=[_line(points)])
    big = Matrix(
        title="M",
        row_label="r",
        column_label="c",
        names=tuple(map(str, range(31))),
        counts=((0,) * 31,) * 31,
    )
    gallery = Gallery(title="G", tiles=())
    section = measured(
        "a", "A", pictures=1, facts=facts, tables=[table], figures=[chart, big, gallery]
    )
    (fact,) = section.facts
    assert fact.interval is None
    assert "odd cannot be computed" in section.findings[0].message
    assert section.tables[0].rows[0] == (None,)
    assert "5 more rows" in section.tables[0].note
    (drawn,) = section.figures
    assert drawn.series[0].points == ((1.0, 1.0),)


def _line(points):
    return Series(label="l", points=points)


def test_limits_name_what_is_not_known(make):
    certificate = make()
    limits = " ".join(certificate.limits)
    assert "No test picture shows '| <b>*bad*</b>'" in limits
    assert "Attacks: not measured. Nobody attacked it." in limits
    assert "no group was named" in limits
    assert "1 of the 101 files" in limits
    one = certificate.data.model_copy(update={"by_class": {"cat": 9}, "of": 500})
    limits = " ".join(limits_of(certificate.model, one, certificate.sections))
    assert "All test pictures are of one class" in limits
    assert "100 of the 500 test pictures; these were drawn" in limits
    assert "Of 'cat' there are fewer than 30" in limits
