"""Sections of what was measured, without what a signed file should not hold.

Pictures stay out: a certificate is made to be passed on, the pictures may not be. So do
numbers that are none: an interval without an end is no interval.
"""

import math
from collections.abc import Sequence

from visus.certifying.certificate import Section
from visus.core.report import (
    Chart,
    Fact,
    Figure,
    Finding,
    Interval,
    Matrix,
    Series,
    Table,
    Value,
)

# A matrix of more classes is a megabyte, and nobody reads it.
MOST_CLASSES = 30
MOST_ROWS = 200
# Ids of pictures that a finding names.
MOST_IDS = 20


def measured(
    name: str,
    title: str,
    *,
    pictures: int | None,
    facts: Sequence[Fact],
    findings: Sequence[Finding] = (),
    tables: Sequence[Table] = (),
    figures: Sequence[Figure] = (),
) -> Section:
    """A section of what was found.

    Args:
        name: by which programs find it.
        title: what a person calls it.
        pictures: on how many its figures stand; `None`: on none.
        facts: those whose value is no number are left out, and said to be.
        findings: sentences.
        tables: long ones are cut.
        figures: charts and small matrices stay.
    """
    whole = [fact for fact in facts if _is_whole(fact.value)]
    undone = [
        Finding(severity="warning", message=f"{fact.name} cannot be computed here.")
        for fact in facts
        if not _is_whole(fact.value)
    ]
    return Section(
        name=name,
        title=title,
        pictures=pictures,
        facts=tuple(_fact(fact) for fact in whole),
        findings=tuple(map(_finding, (*findings, *undone))),
        tables=tuple(_table(table) for table in tables if table.rows),
        figures=tuple(_figure(figure) for figure in figures if _stays(figure)),
    )


def absent(name: str, title: str, reason: str) -> Section:
    """A section of which nothing was measured, and why, in sentences."""
    sentence = reason[:1].upper() + reason[1:]
    return Section(name=name, title=title, absent=sentence)


def _is_whole(value: Value) -> bool:
    return not isinstance(value, float) or math.isfinite(value)


def _fact(fact: Fact) -> Fact:
    known = fact.interval is not None and _has_ends(fact.interval)
    return fact if known else fact.model_copy(update={"interval": None})


def _has_ends(interval: Interval) -> bool:
    return all(map(math.isfinite, (interval.value, interval.low, interval.high)))


def _finding(finding: Finding) -> Finding:
    return finding.model_copy(update={"image_ids": finding.image_ids[:MOST_IDS]})


def _table(table: Table) -> Table:
    rows = tuple(
        tuple(value if _is_whole(value) else None for value in row)
        for row in table.rows[:MOST_ROWS]
    )
    more = len(table.rows) - MOST_ROWS
    note = f"{table.note} {more:,} more rows.".strip() if more > 0 else table.note
    return table.model_copy(update={"rows": rows, "note": note})


def _stays(figure: Figure) -> bool:
    if isinstance(figure, Matrix):
        return len(figure.names) <= MOST_CLASSES
    return isinstance(figure, Chart)


def _figure(figure: Figure) -> Chart | Matrix:
    if isinstance(figure, Matrix):
        return figure
    if not isinstance(figure, Chart):
        raise TypeError("pictures have no place in a certificate")
    series = tuple(
        Series(
            label=line.label,
            drawn=line.drawn,
            points=tuple(p for p in line.points if all(map(math.isfinite, p))),
        )
        for line in figure.series
    )
    return figure.model_copy(update={"series": series})
