"""An explanation as one picture: a panel of a map, or a sheet of plates."""

import numpy as np

from visus.data.names import printable_name
from visus.explanation import EXPLAINERS
from visus.explanation.base import HeatMap, Pixels, Plates
from visus.pipeline.question import Opened
from visus.reporting.contact_sheet import Cell, contact_sheet
from visus.reporting.panel import heat_panel


def drawn(opened: Opened, method: str, found: HeatMap | Plates) -> Pixels:
    """An explanation as pixels: a panel of a map, or a sheet of plates."""
    title = f"{opened.said()}: {method}"
    lines = (*_lines(opened, method, found), *found.notes)
    if isinstance(found, HeatMap):
        return heat_panel(
            opened.pixels,
            found.values,
            signed=found.signed,
            title=title,
            lines=lines,
            unit=found.unit,
        )
    return plates_sheet(title, lines, found)


def plates_sheet(title: str, lines: tuple[str, ...], found: Plates) -> Pixels:
    """Rows of plates as one sheet; short rows are filled up with blanks."""
    widest = max(len(plates) for _, plates in found.rows)
    rows = []
    for name, plates in found.rows:
        first = plates[0].pixels
        blank = np.full_like(first, 255)
        cells = [Cell(p.pixels, p.heading, p.caption) for p in plates]
        cells += [Cell(blank, "", ())] * (widest - len(cells))
        cells[0] = Cell(
            cells[0].pixels, f"{name}: {plates[0].heading}", plates[0].caption
        )
        rows.append(cells)
    return contact_sheet(title, lines, [""] * widest, rows)


def _lines(opened: Opened, method: str, found: HeatMap | Plates) -> tuple[str, ...]:
    answer = next(
        iter(opened.bundle.predictions(("",), opened.scores[np.newaxis]))
    ).label
    asked = opened.class_name
    other = "" if answer == asked or not answer else f" The model answers {answer}."
    layer = f" Layer: {found.layer}." if found.layer else ""
    name = printable_name(opened.question.picture.name)
    what = opened.bundle.origin.get("network", "network")
    summary = EXPLAINERS.part(method).summary
    return (f"{name}, seen by {what}.{other}{layer}", f"{method}: {summary}")
