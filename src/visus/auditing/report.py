"""What an audit found, as a report: facts, sentences, a table, a gallery a check."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from visus.auditing.evidence import Evidence
from visus.auditing.run import Checked
from visus.core.report import Fact, Gallery, Report, Table, Tile
from visus.data.decode import DecodeFailure, decode_image
from visus.data.encode import png_base64
from visus.data.locations import read_location

MOST_TILES = 24
TILE_SIZE = (128, 128)
# Pictures that a row of the table of changes names.
MOST_NAMED = 3
SEVERITIES = ("error", "warning", "info")


def audit_report(evidence: Evidence, checked: Sequence[Checked]) -> Report:
    """Blocking findings first, then warnings, then notes; galleries in the same order.

    Args:
        evidence: what was looked at.
        checked: what came of each check.
    """
    order = sorted(checked, key=_rank)
    return Report(
        title=f"Audit of {evidence.dataset.name}",
        facts=tuple(_facts(evidence, checked)),
        findings=tuple(finding for check in order for finding in check.findings),
        tables=(_table(checked), *_changes(evidence)),
        figures=tuple(_gallery(evidence, check) for check in order if len(check.rows)),
    )


def _rank(check: Checked) -> int:
    worst = [SEVERITIES.index(finding.severity) for finding in check.findings]
    return min(worst, default=len(SEVERITIES))


def _facts(evidence: Evidence, checked: Sequence[Checked]) -> list[Fact]:
    flagged = np.zeros(len(evidence), dtype=bool)
    for check in checked:
        flagged[check.rows] = True
    blocking = ", ".join(check.name for check in checked if check.blocks)
    count = int(flagged.sum())
    return [
        _count("files_found", evidence.ledger.found),
        _count("usable_pictures", len(evidence)),
        _count("classes", len(evidence.dataset.class_names)),
        Fact(
            name="flagged_pictures",
            value=count,
            text=f"{count:,} ({count / len(evidence):.1%})",
        ),
        Fact(name="blocking", value=blocking, text=blocking or "nothing"),
    ]


def _count(name: str, value: int) -> Fact:
    return Fact(name=name, value=value, text=f"{value:,}")


def _table(checked: Sequence[Checked]) -> Table:
    return Table(
        title="Checks",
        columns=("check", "verdict", "pictures", "looks for"),
        rows=tuple(
            (check.name, check.verdict, _found(check), check.summary)
            for check in checked
        ),
        note="Scores run from 0, bad, to 1, fine; a picture below 0.5 is flagged.",
    )


def _changes(evidence: Evidence) -> tuple[Table, ...]:
    """What was changed to read pictures; no table where nothing was."""
    changed = changed_pictures(evidence)
    if not changed:
        return ()
    table = Table(
        title="Changed to be read",
        columns=("what", "pictures", "such as"),
        rows=tuple(
            (note, len(ids), ", ".join(ids[:MOST_NAMED]))
            for note, ids in changed.items()
        ),
        note="Networks see the pictures so; --json names them all.",
    )
    return (table,)


def changed_pictures(evidence: Evidence) -> dict[str, tuple[str, ...]]:
    """Ids of the pictures that were changed to be read, by what was changed."""
    return evidence.looks.by_note([record.id for record in evidence.dataset.records])


def _found(check: Checked) -> int | None:
    if check.opinion is None or check.opinion.scores is None:
        return None
    return len(check.rows)


def _gallery(evidence: Evidence, check: Checked) -> Gallery:
    rows = check.rows[:MOST_TILES]
    shown = f"the worst {len(rows)} of " if len(check.rows) > len(rows) else ""
    return Gallery(
        title=check.title,
        tiles=tuple(_tile(evidence, check, int(row)) for row in rows),
        note=f"{check.summary.capitalize()}: {shown}{len(check.rows):,}.",
    )


def _tile(evidence: Evidence, check: Checked, row: int) -> Tile:
    caption = check.opinion.caption(row) if check.opinion else ""
    return Tile(
        image_id=evidence.id(row),
        caption=caption,
        png_base64=png_base64(_pixels(evidence, row)),
    )


def _pixels(evidence: Evidence, row: int) -> NDArray[np.uint8]:
    """As in its file; a picture that has gone since is shown as the probe saw it."""
    record = evidence.dataset.records[row]
    if record.pixels is not None:
        return record.pixels
    small: NDArray[np.uint8] = evidence.pixels[row]
    if record.location is None:
        return small
    try:
        content = read_location(record.location)
        return decode_image(content, at_least=TILE_SIZE).pixels
    except DecodeFailure:
        return small
