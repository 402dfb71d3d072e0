"""visus label next: which pictures to label, so that the next model learns most."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.bundles import Bundle, load_bundle
from visus.bundles.inner import InnerSession
from visus.bundles.predictions import Answer
from visus.core.errors import DataError
from visus.core.files import write_bytes
from visus.core.progress import Progress, SilentProgress
from visus.data.encode import encode_png
from visus.data.ledger import Ledger
from visus.data.records import ImageDataset
from visus.data.scan import Scan, scan_pictures
from visus.data.sources import read_pictures
from visus.data.sources.base import Access
from visus.labelling.choose import Basis, Candidates, choose_next
from visus.labelling.settle import Surveyed
from visus.labelling.worth import uncertainties
from visus.pipeline.plot_place import require_free_plot
from visus.reporting.contact_sheet import Cell, contact_sheet

COLUMNS = 5
# Pictures with a label that are looked at: what more of them tell is known too.
MOST_KNOWN = 2_000
# Of the answers that are told of each picture.
MOST_SCORES = 3
# Words of the report for what pictures are told apart by.
BASES: dict[Basis, str] = {
    "features": "the model's own features",
    "thumbnails": "thumbnails, since the model's graph gives scores only",
    "backbone": "the features of a backbone",
}


@dataclass(frozen=True)
class Chosen:
    """Pictures worth labelling, the worthiest first.

    Args:
        dataset: their records.
        answers: what the model says of each, with its best scores; empty without one.
        uncertainties: of each, 0 to 1; `None` where the task has none.
        basis: what they were told apart by.
        considered: among how many pictures.
        left_out: pictures that the model has learned from or was chosen by.
        labelled: pictures left out because they have a label already.
        copies: pictures left out because another has the same content.
        ledger: what became of every file.
        notes: sentences a person should read.
        sheet: the contact sheet, where one was asked for.
    """

    dataset: ImageDataset
    answers: Sequence[dict[str, Any]]
    uncertainties: NDArray[np.float32] | None
    basis: Basis
    considered: int
    left_out: int
    labelled: int
    copies: int
    ledger: Ledger
    notes: tuple[str, ...]
    sheet: Path | None = None

    def to_json(self) -> dict[str, Any]:
        """As `visus label next --json` prints it."""
        return {
            "next": [self._entry(row) for row in range(len(self.dataset))],
            "considered": self.considered,
            "left_out": self.left_out,
            "labelled": self.labelled,
            "copies": self.copies,
            "found": self.ledger.found,
            "quarantined": len(self.ledger.quarantined),
            "told_apart_by": self.basis,
            "notes": list(self.notes),
            "sheet": None if self.sheet is None else str(self.sheet),
        }

    def _entry(self, row: int) -> dict[str, Any]:
        unsure = self.uncertainties
        answer = {k: v for k, v in self.answers[row].items() if k != "id"}
        return {
            "id": self.dataset.records[row].id,
            **answer,
            "uncertainty": None if unsure is None else round(float(unsure[row]), 4),
        }


def choose_pictures(
    model: Path,
    source: Any,
    *,
    count: int,
    seed: int = 0,
    plot: Path | None = None,
    offline: bool = False,
    force: bool = False,
    progress: Progress | None = None,
) -> Chosen:
    """Rank the pictures without a label that are worth having one.

    Args:
        model: a bundle.
        source: as `read_pictures` takes it; what it says of pictures is not looked at,
            but for whether it says anything.
        count: how many to choose.
        seed: of the grouping.
        plot: a PNG file for a contact sheet of them.
        offline: never open a connection.
        force: replace a sheet that is there.
        progress: who is told.

    Raises:
        ModelError: the bundle cannot be used.
        DataError: no picture is left to choose from.
        ConfigError: the sheet's place is taken.
    """
    if plot is not None:
        require_free_plot(plot, force=force)
    progress = progress or SilentProgress()
    bundle = load_bundle(model)
    dataset, ledger = read_pictures(source, Access(offline, progress))
    scan = scan_pictures(
        dataset, ledger, bundle.spec, progress=progress, measured=False
    )
    open_rows = _rows_to_choose_from(bundle, scan.dataset)
    rows, notes = open_rows.rows, [*open_rows.notes]
    inner = InnerSession(bundle.contents.graph)
    with progress.stage("Looking at pictures"):
        scores, points = _look(bundle, inner, scan, rows)
        unsure = uncertainties(scores, bundle.task)
        labelled = None
        if unsure is None:
            notes.append(
                "A number does not tell how sure the model is of it; pictures are "
                "chosen to be unlike each other."
            )
        else:
            labelled = _survey(bundle, inner, scan, open_rows.known)
    basis: Basis = "thumbnails" if points.dtype == np.uint8 else "features"
    with progress.stage("Choosing"):
        order = choose_next(Candidates(points, unsure, labelled), count, seed=seed)
    chosen = scan.dataset.with_records(scan.dataset.records[r] for r in rows[order])
    ids = tuple(record.id for record in chosen.records)
    answers = [_best(a) for a in bundle.predictions(ids, scores[order])]
    found = Chosen(
        dataset=chosen,
        answers=answers,
        uncertainties=None if unsure is None else unsure[order],
        basis=basis,
        considered=len(rows),
        left_out=open_rows.left_out,
        labelled=open_rows.labelled,
        copies=open_rows.copies,
        ledger=scan.ledger,
        notes=tuple(notes),
        sheet=plot,
    )
    if plot is not None:
        draw_chosen(found, scan.pictures.take(rows[order]).pixels[:], plot)
    return found


def _look(
    bundle: Bundle, inner: InnerSession, scan: Scan, rows: NDArray[np.intp]
) -> tuple[NDArray[np.float32], NDArray[np.floating] | NDArray[np.uint8]]:
    """Scores of pictures, and by what they are told apart, a row each."""
    raw, features = inner.answer(scan.pictures.take(rows).pixels)
    points: NDArray[np.floating] | NDArray[np.uint8] = (
        scan.looks.thumbnails[rows].reshape(len(rows), -1)
        if features is None
        else features
    )
    return bundle.calibrated(raw), points


def _survey(
    bundle: Bundle, inner: InnerSession, scan: Scan, rows: NDArray[np.intp]
) -> Surveyed | None:
    if not len(rows):
        return None
    scores, points = _look(bundle, inner, scan, rows)
    unsure = uncertainties(scores, bundle.task)
    return None if unsure is None else Surveyed(points, unsure)


@dataclass(frozen=True)
class _OpenRows:
    """Rows to choose from, rows that have a label, and why the others are neither."""

    rows: NDArray[np.intp]
    known: NDArray[np.intp]
    left_out: int
    labelled: int
    copies: int
    notes: tuple[str, ...] = ()


def _rows_to_choose_from(bundle: Bundle, dataset: ImageDataset) -> _OpenRows:
    hashes = [record.content_hash for record in dataset.records]
    seen = bundle.trained_on(hashes, labelled=True)
    known = np.array([record.target is not None for record in dataset.records])
    first = first_copies(dataset)
    # A label at any copy is a label of all.
    told = {digest for digest, is_known in zip(hashes, known, strict=True) if is_known}
    has_label = np.array([digest in told for digest in hashes])
    wanted, notes = ~seen & ~has_label, []
    if not wanted.any() and (~seen).any():
        wanted, has_label = ~seen, np.zeros_like(has_label)
        notes.append(
            "Every picture has a label; these are among those that the model has not "
            "learned from."
        )
    if not wanted.any():
        raise DataError(
            received=f"The model has learned from all {len(seen):,} pictures of "
            f"{dataset.name}.",
            expected="pictures that it has not learned from.",
            remedy="Give a folder with other pictures, without class folders or beside "
            "them.",
        )
    return _OpenRows(
        rows=np.flatnonzero(wanted & first),
        known=_some(np.flatnonzero((seen | has_label) & first)),
        left_out=int(seen.sum()),
        labelled=int((~seen & has_label).sum()),
        copies=int((wanted & ~first).sum()),
        notes=tuple(notes),
    )


def _some(rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """At most `MOST_KNOWN` of them, from all over."""
    return rows[:: max(1, -(-len(rows) // MOST_KNOWN))]


def _best(answer: Answer) -> dict[str, Any]:
    """As `visus predict --json` has it, with the best scores only."""
    told = answer.to_json()
    if "scores" in told:
        ranked = sorted(answer.scores.items(), key=lambda entry: -entry[1])
        told["scores"] = dict(ranked[:MOST_SCORES])
    return told


def first_copies(dataset: ImageDataset) -> NDArray[np.bool_]:
    """Which pictures are the first of their content `(num_images,)`."""
    hashes = [record.content_hash for record in dataset.records]
    first = np.zeros(len(hashes), dtype=bool)
    first[np.unique(hashes, return_index=True)[1]] = True
    return first


def draw_chosen(chosen: Chosen, pixels: NDArray[np.uint8], path: Path) -> None:
    """Write a contact sheet of the chosen, of which `pixels` has a row each."""
    cells = [
        Cell(picture, f"{place}. {_said(answer)}".rstrip(" ."), (record.id,))
        for place, (picture, answer, record) in enumerate(
            zip(pixels, chosen.answers, chosen.dataset.records, strict=True), 1
        )
    ]
    blank = Cell(np.full_like(pixels[0], 255), "")
    cells += [blank] * (-len(cells) % COLUMNS)
    says = "; below each what the model says now" if chosen.answers[0] else ""
    sheet = contact_sheet(
        f"{chosen.dataset.name}: worth labelling next",
        (
            f"{len(chosen.dataset):,} of {chosen.considered:,} pictures, told apart by "
            f"{BASES[chosen.basis]}{says}.",
            *chosen.notes,
        ),
        [""] * COLUMNS,
        [cells[n : n + COLUMNS] for n in range(0, len(cells), COLUMNS)],
    )
    write_bytes(path, encode_png(sheet))


def _said(answer: dict[str, Any]) -> str:
    if not isinstance(answer.get("answer"), str):
        return str(answer.get("answer", ""))
    best = next(iter(answer["scores"].items()))
    return f"{best[0]} {best[1]:.0%}"
