"""visus train --unlabelled, by epochs: pixels of pictures without a label, prepared."""

from dataclasses import replace

from visus.core.progress import Progress
from visus.data.scan import scan_pictures
from visus.pipeline.plan import Plan
from visus.pipeline.prepare import PreparedData, Unlabelled
from visus.pipeline.told import Told
from visus.pipeline.unlabelled import new_rows


def with_unlabelled(plan: Plan, data: PreparedData, progress: Progress) -> PreparedData:
    """The data with the pictures without a label, where some were given.

    Those whose content is among the labelled ones (test and validation too) are left
    out.

    Raises:
        DataError: none is left, or none can be read.
    """
    source = plan.config.data.unlabelled
    if plan.unlabelled is None or source is None:
        return data
    others, ledger = plan.unlabelled
    scan = scan_pictures(
        others,
        ledger,
        plan.spec,
        progress=progress,
        most_bytes=int(plan.config.data.memory_gigabytes * 1e9),
        measured=False,
    )
    rows = new_rows(source, scan.dataset, data.dataset)
    unlabelled = Unlabelled(
        source=source,
        pictures=scan.pictures.take(rows),
        fingerprint=scan.dataset.fingerprint,
        left_out=len(scan.dataset) - len(rows),
        quarantined=len(scan.ledger.quarantined),
    )
    hashes = tuple(scan.dataset.records[row].content_hash for row in rows)
    return replace(data, unlabelled=unlabelled, without_label=hashes)


def told_with_unlabelled(told: Told, data: PreparedData) -> Told:
    """What is told of the run, with the pictures without a label."""
    unlabelled = data.unlabelled
    if unlabelled is None:
        return told
    count = len(unlabelled.pictures)
    kept = told.epochs[(told.figures["kept_epoch"] or len(told.epochs)) - 1]
    row = (
        f"{count:,} learned from by FixMatch; in the epoch that is kept, "
        f"{kept['taken']:.1%} had an answer that passed for a label"
    )
    figures = {
        "source": unlabelled.source,
        "pictures": count,
        "left_out": unlabelled.left_out,
        "quarantined": unlabelled.quarantined,
        "taken_share": kept["taken"],
    }
    return replace(
        told,
        rows=(*told.rows, ("unlabelled pictures", row)),
        figures={**told.figures, "unlabelled": figures},
    )
