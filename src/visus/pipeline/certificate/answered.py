"""The pictures that a certificate stands on: read, drawn if need be, and answered."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from visus.bundles import Bundle, Predictions
from visus.core.errors import DataError
from visus.core.progress import Progress
from visus.core.seeds import random_generator
from visus.data.batches import Batch
from visus.data.ledger import Ledger
from visus.data.records import ImageDataset
from visus.data.scan import Scan, scan_pictures
from visus.data.sources import SOURCES, read_source
from visus.data.sources.base import Access
from visus.pipeline.certificate.clock import Clock
from visus.pipeline.evaluate import as_asked, tested_of, unseen
from visus.pipeline.report import answer
from visus.pipeline.traits import groups_of

# Of the time that is left: reading and answering the test comes first of all.
SHARE = 0.4
PILOT = 32
# Fewer prove nothing, however short the time is.
FEWEST = 50


@dataclass(frozen=True)
class AnsweredTest:
    """The test pictures with the answers of the model.

    Args:
        dataset: the whole source, with targets as the model knows them.
        ledger: what became of every file of it.
        scan: of the pictures that were read for the test.
        pictures: those of them that the model has not learned from.
        predictions: its answers to these.
        left_out: those that it has learned from.
        of: how many the source has for a test.
        seconds_each: that reading and answering one picture took; 0: not timed.
        published: whether the split is that of a registered data set.
    """

    dataset: ImageDataset
    ledger: Ledger
    scan: Scan
    pictures: Batch
    predictions: Predictions
    left_out: int
    of: int
    seconds_each: float
    published: bool

    @property
    def records(self) -> ImageDataset:
        """The records of the pictures, for what is to be known of them."""
        kept = set(self.pictures.ids)
        return self.scan.dataset.select(lambda record: record.id in kept)


def answer_test(
    bundle: Bundle,
    source: Any,
    clock: Clock,
    *,
    target: str | None,
    group: str | None,
    offline: bool,
    progress: Progress,
) -> AnsweredTest:
    """Read the test of a source, as much of it as the time allows, and answer it.

    Raises:
        DataError: the source cannot be read, has other classes, no column of groups, no
            picture that can be read, or none that the model has not learned from.
    """
    dataset, ledger = read_source(source, Access(offline, progress))
    dataset, ledger = as_asked(dataset, ledger, bundle, target)
    test = tested_of(dataset)
    if group is not None:
        groups_of(test, group)
    seconds_each = _pace(bundle, test, ledger, clock)
    most = max(FEWEST, clock.fits(SHARE, seconds_each))
    some = drawn(test, most, "certificate test")
    scan = scan_pictures(some, ledger, bundle.spec, progress=progress, measured=False)
    known = replace(scan.pictures, targets=bundle.task.targets(scan.dataset))
    pictures, left_out = unseen(bundle, scan.dataset, known)
    with progress.stage("Answering the test"):
        predictions = answer(bundle, pictures, scan.dataset)
    return AnsweredTest(
        dataset,
        scan.ledger,
        scan,
        pictures,
        predictions,
        left_out,
        len(test),
        seconds_each,
        isinstance(source, str) and source in SOURCES,
    )


def drawn(dataset: ImageDataset, most: int, purpose: str) -> ImageDataset:
    """At most so many records, drawn, in their order; the same ones every time."""
    if len(dataset) <= most:
        return dataset
    order = random_generator(0, purpose).permutation(len(dataset))[:most]
    return _some(dataset, np.sort(order).tolist())


def _pace(bundle: Bundle, test: ImageDataset, ledger: Ledger, clock: Clock) -> float:
    """Seconds that reading and answering one picture takes, without any cache."""
    order = random_generator(0, "certificate pilot").permutation(len(test)).tolist()

    def some(count: int) -> int:
        try:
            scan = scan_pictures(
                _some(test, sorted(order[:count])),
                ledger,
                bundle.spec,
                use_cache=False,
                measured=False,
            )
        except DataError:
            # None of these can be read; the whole test will say so, or not.
            return count
        bundle.answer(scan.pictures.pixels[:])
        return count

    if len(test) <= FEWEST:
        return 0.0
    return clock.pace(some, PILOT, min(len(test), 8 * PILOT))


def _some(dataset: ImageDataset, rows: Sequence[int]) -> ImageDataset:
    return dataset.with_records(dataset.records[row] for row in rows)
