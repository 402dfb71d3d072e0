"""The certificate's data and its audit; and what one gets without learning from it."""

from dataclasses import dataclass, replace

import numpy as np

from visus.auditing import CHECKS
from visus.auditing.evidence import Evidence
from visus.auditing.report import audit_report
from visus.auditing.run import run_checks
from visus.bundles import Bundle
from visus.bundles.bundle import short_hashes
from visus.certifying.certificate import Section
from visus.certifying.sections import measured
from visus.core.errors import VisusError
from visus.core.progress import Progress
from visus.core.report import Fact, Finding
from visus.data.batches import Batch, make_batch
from visus.pipeline.audit import gather_evidence
from visus.pipeline.certificate.answered import AnsweredTest, drawn
from visus.pipeline.certificate.clock import TIME_IS_OVER, Clock
from visus.pipeline.certificate.work import Work, count_fact

TITLE = "Data and its audit"
# Of the time that is left.
SHARE = 0.25
# An audit of more is timed with so many first.
PILOT = 300
# What it takes to begin an audit.
LEAST_SECONDS = 10.0
PURPOSE = "certificate audit"
# They count pictures, and would complain of a drawn part.
COUNTING = frozenset({"too-few-pictures", "class-imbalance"})


@dataclass(frozen=True)
class Audited:
    """What an audit looked at.

    Args:
        evidence: the pictures; `None` where not one could be looked at.
        whole: whether these are all that the source has.
        of: how many it has.
        reason: why there is none.
    """

    evidence: Evidence | None
    whole: bool
    of: int
    reason: str = ""


def look_at_data(test: AnsweredTest, clock: Clock, progress: Progress) -> Audited:
    """Look at as many pictures of the source as the time allows."""
    dataset = test.dataset
    if clock.left < LEAST_SECONDS:
        return Audited(None, False, len(dataset), TIME_IS_OVER)
    some = drawn(dataset, _most(test, clock), PURPOSE)
    whole = len(some) == len(dataset)
    try:
        evidence = gather_evidence(
            some, test.ledger, published=test.published, progress=progress
        )
    except VisusError as error:
        return Audited(None, whole, len(dataset), error.received)
    return Audited(evidence, whole, len(dataset))


def data_section(work: Work, audited: Audited) -> Section:
    """Which pictures these are, and what the audit says of them."""
    test = work.test
    sizes = [
        count_fact("test_pictures", work.count),
        count_fact("left_out", test.left_out),
    ]
    evidence = audited.evidence
    if evidence is None:
        finding = _warning(f"There is no audit: {audited.reason}")
        return measured(
            "data", TITLE, pictures=work.count, facts=sizes, findings=[finding]
        )
    checked = run_checks(evidence, names=None if audited.whole else _of_a_part())
    report = audit_report(evidence, checked)
    blocking = [check.name for check in checked if check.blocks]
    text = ", ".join(blocking) or "nothing"
    part = (
        f"The audit looked at {len(evidence):,} of {audited.of:,} pictures, drawn, and "
        f"did not ask {' and '.join(sorted(COUNTING))}."
    )
    return measured(
        "data",
        TITLE,
        pictures=len(evidence),
        facts=[
            *sizes,
            count_fact("audited", len(evidence)),
            report.fact("flagged_pictures"),
            Fact(name="blocking_checks", value=len(blocking), text=text),
        ],
        findings=[
            *([] if audited.whole else [_warning(part)]),
            *(found for found in report.findings if found.severity != "info"),
        ],
        tables=report.tables,
    )


def small_pictures(
    bundle: Bundle, audited: Audited, ids: tuple[str, ...]
) -> tuple[Batch, Batch] | None:
    """The training pictures in the data and the tested ones, as the audit has them.

    Args:
        bundle: knows what it learned from.
        audited: the small pictures.
        ids: of the tested pictures.

    Returns:
        `None` where either are not there.
    """
    evidence = audited.evidence
    learned = bundle.contents.content_hashes.get("train")
    if evidence is None or learned is None:
        return None
    dataset, targets = evidence.dataset, bundle.task.targets(evidence.dataset)
    pictures = replace(make_batch(evidence.pixels, dataset), targets=targets)
    hashes = short_hashes(record.content_hash for record in dataset.records)
    rows = np.flatnonzero(np.isin(hashes, learned) & bundle.task.known(targets))
    place = {record.id: row for row, record in enumerate(dataset.records)}
    if not len(rows) or not all(image_id in place for image_id in ids):
        return None
    return pictures.take(rows), pictures.take([place[image_id] for image_id in ids])


def _most(test: AnsweredTest, clock: Clock) -> int:
    dataset = test.dataset
    if len(dataset) <= 2 * PILOT:
        return len(dataset)

    def some(count: int) -> int:
        part = drawn(dataset, count, PURPOSE)
        try:
            run_checks(gather_evidence(part, test.ledger), names=_of_a_part())
        except VisusError:
            # Not one of these can be read; the audit itself will say so, or not.
            return count
        return count

    # What is loaded once is not part of the pace.
    some(PILOT // 10)
    # The pilot may have been looked at before, and its features be known.
    a_picture = max(test.seconds_each, clock.pace(some, PILOT, PILOT))
    return max(PILOT, clock.fits(SHARE, a_picture))


def _of_a_part() -> list[str]:
    return [name for name in CHECKS.names() if name not in COUNTING]


def _warning(message: str) -> Finding:
    return Finding(severity="warning", message=message)
