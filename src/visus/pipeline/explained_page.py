"""visus explain --all: every method on one page, each with its tests."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from visus.core.files import write_text
from visus.core.progress import Progress
from visus.core.report import (
    Chart,
    Fact,
    Figure,
    Finding,
    Gallery,
    Report,
    Series,
    Table,
    Tile,
)
from visus.data.encode import png_base64
from visus.data.names import printable_name
from visus.explanation import EXPLAINERS
from visus.explanation.base import HeatMap, Pixels, Plates
from visus.explanation.faithfulness import Curves, Faith
from visus.pipeline.explained_place import free_place, require_free
from visus.pipeline.judge import BASELINE, Judge, Judged
from visus.pipeline.question import (
    Opened,
    Question,
    open_question,
    require_used,
    score_text,
)
from visus.reporting.explained import explained_html
from visus.reporting.heat import heat_over, shares, shown_large

SIDE = 300


@dataclass(frozen=True)
class ExplainedPage:
    """A page of all methods, written.

    Args:
        opened: what was asked and answered.
        judged: each method, in the order of the registry.
        report: what the page shows.
        out: the HTML file.
    """

    opened: Opened
    judged: tuple[Judged, ...]
    report: Report
    out: Path

    def to_json(self) -> dict[str, Any]:
        """As `visus explain --all --json` prints it."""
        return {
            **self.opened.to_json(),
            "methods": [one.to_json() for one in self.judged],
            "out": str(self.out),
        }


def write_explained(
    question: Question,
    *,
    method: str | None = None,
    out: Path | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> ExplainedPage:
    """Explain by all methods, test the maps, and write the page.

    Args:
        question: the model, the picture, and what is asked of them.
        method: the only method; `None`: all.
        out: an HTML file; `None`: the first free
            `explanations/<picture>-all-<number>.html`.
        force: replace a file that is there.
        progress: who is told; nobody by default.

    Raises:
        VisusError: with what was received, what was expected, and what to do.
    """
    if out is not None:
        require_free(out, ".html", force=force)
    if method is not None:
        # Sources are used by every map here: it is held against what is marked in them.
        require_used(replace(question, data=None), EXPLAINERS.part(method))
    opened = open_question(question, progress)
    if question.layer is not None:
        # Else each method would only say that it does not apply.
        opened.network.call(question.layer)
    out = out or free_place(question.picture, method or "all", ".html")
    return page_of(opened, method, out)


def page_of(opened: Opened, method: str | None, out: Path) -> ExplainedPage:
    """Write the page of all methods, or of one of them."""
    judged = tuple(Judge(opened).all(None if method is None else (method, BASELINE)))
    report = page_report(opened, judged)
    write_text(out, explained_html(report))
    return ExplainedPage(opened, judged, report, out)


def page_report(opened: Opened, judged: Sequence[Judged]) -> Report:
    """What the page shows: the maps, how they stood their tests, and the plates."""
    maps = [one for one in judged if isinstance(one.found, HeatMap)]
    plates = [one for one in judged if isinstance(one.found, Plates)]
    return Report(
        title=f"Why {opened.said()}?",
        facts=_facts(opened, maps),
        findings=tuple(_findings(judged)),
        tables=(_tests(maps),),
        figures=(
            _gallery(opened, maps),
            *(_chart(one.part.name, one.faith) for one in maps if one.faith),
            *(figure for one in plates for figure in _plates(one)),
        ),
    )


def _facts(opened: Opened, maps: Sequence[Judged]) -> tuple[Fact, ...]:
    bundle = opened.bundle
    answer = next(iter(bundle.predictions(("",), opened.scores[np.newaxis])))
    score = float(opened.scores[opened.output])
    tested = [one for one in maps if one.part.name != BASELINE]
    trusted = sum(not one.faults for one in tested)
    name = printable_name(opened.question.picture.name)
    return (
        Fact(name="picture", value=name, text=name),
        Fact(name="answer", value=answer.label, text=answer.label or "none"),
        Fact(
            name="explained",
            value=score,
            text=f"{opened.class_name} {score_text(bundle, score)}",
        ),
        Fact(
            name="maps_that_passed_their_tests",
            value=trusted,
            text=f"{trusted} of {len(tested)}",
        ),
    )


def _findings(judged: Sequence[Judged]) -> list[Finding]:
    found = [
        Finding(
            severity="warning",
            message=f"{one.part.name} is untrustworthy on this picture: "
            f"{', and '.join(one.faults)}.",
        )
        for one in judged
        if one.faults
    ]
    without: dict[str, list[str]] = {}
    for one in judged:
        if one.found is None:
            without.setdefault(one.reason, []).append(one.part.name)
    # Several methods want the same of a network; it is said once.
    found += [
        Finding(severity="info", message=f"{', '.join(names)}: {reason}")
        for reason, names in without.items()
    ]
    return found


def _tests(maps: Sequence[Judged]) -> Table:
    pointing = any(one.hit is not None for one in maps)
    rows = tuple(
        (
            one.part.name,
            faith.curves.deletion_area,
            faith.curves.insertion_area,
            f"{faith.beaten}/{len(faith.random)}",
            sanity.likeness,
            *(({True: "hit", False: "miss", None: ""}[one.hit],) if pointing else ()),
            _verdict(one),
        )
        for one in maps
        if (faith := one.faith) and (sanity := one.sanity)
    )
    columns = (
        "method",
        "deletion",
        "insertion",
        "chance",
        "shuffled",
        *(("pointing",) if pointing else ()),
        "verdict",
    )
    return Table(
        title="Tests of the maps",
        columns=columns,
        rows=rows,
        note="Deletion: mean score while the most important pixels are covered first; "
        "less is better. Insertion: while they appear first in a blurred picture; more "
        "is better. Chance: how many maps drawn by chance do worse in insertion less "
        "deletion; all must. Shuffled: how alike the map stays when the weights of the "
        "network are shuffled (rank correlation); 0.5 at most. One picture is one try: "
        "this says nothing of others.",
    )


def _verdict(one: Judged) -> str:
    if one.part.name == BASELINE:
        return "baseline"
    return "untrustworthy" if one.faults else "passed"


def _gallery(opened: Opened, maps: Sequence[Judged]) -> Gallery:
    picture = shown_large(opened.pixels, SIDE)
    tiles = [_tile("what the network sees", "", picture)]
    for one in maps:
        if isinstance(one.found, HeatMap):
            drawn = heat_over(picture, shares(one.found.values)[0])
            mark = " (untrustworthy here)" if one.faults else ""
            tiles.append(_tile(one.part.name + mark, one.part.summary, drawn))
    return Gallery(
        title="Maps",
        tiles=tuple(tiles),
        note="Bright speaks for the class, most of all inside the white line; blue and "
        "hatched speaks against it, where a method tells both apart.",
    )


def _chart(name: str, faith: Faith) -> Chart:
    return Chart(
        title=f"{name}: score as pixels go and come",
        x_label="share of pixels, the most important first",
        y_label="score",
        series=(
            _line("deletion", faith.curves, "deletion"),
            _line("insertion", faith.curves, "insertion"),
            _mean("deletion, random maps", faith.random, "deletion"),
            _mean("insertion, random maps", faith.random, "insertion"),
        ),
    )


def _line(label: str, curves: Curves, which: str) -> Series:
    points = zip(curves.shares.tolist(), getattr(curves, which).tolist(), strict=True)
    return Series(label=label, points=tuple(points))


def _mean(label: str, random: Sequence[Curves], which: str) -> Series:
    mean = np.mean([getattr(curves, which) for curves in random], axis=0)
    points = zip(random[0].shares.tolist(), mean.tolist(), strict=True)
    return Series(label=label, points=tuple(points))


def _plates(one: Judged) -> list[Figure]:
    if not isinstance(one.found, Plates):
        return []
    return [
        Gallery(
            title=f"{one.part.name}: {name}",
            tiles=tuple(
                _tile(
                    plate.heading, ", ".join(filter(None, plate.caption)), plate.pixels
                )
                for plate in plates
            ),
            note=" ".join(one.found.notes) if place == 0 else "",
        )
        for place, (name, plates) in enumerate(one.found.rows)
    ]


def _tile(heading: str, caption: str, pixels: Pixels) -> Tile:
    # Galleries print the id small and the caption above it.
    return Tile(image_id=caption, caption=heading, png_base64=png_base64(pixels, SIDE))
