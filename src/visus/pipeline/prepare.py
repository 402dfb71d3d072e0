"""From a plan to pictures in memory, split and accounted for: the data's half."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.bundles.bundle import WITHOUT_LABEL
from visus.core.errors import DataError
from visus.core.files import write_json
from visus.core.progress import Progress
from visus.core.report import Finding
from visus.core.run import Run
from visus.data.batches import Batch, split_batch
from visus.data.config import DataConfig
from visus.data.described import Described
from visus.data.leaks import Leak, find_leaks
from visus.data.ledger import Ledger
from visus.data.preprocess import PreprocessSpec
from visus.data.records import SPLITS, ImageDataset, Split
from visus.data.scan import Scan, scan_pictures
from visus.data.splits import assign_splits, fold_split
from visus.data.twins import Twins, find_twins
from visus.pipeline.plan import Plan
from visus.pipeline.shares import TEST_SHARE, VALIDATION_SHARE
from visus.tasks.base import Task

# Pairs that a refusal names; the report of a run that is allowed names all.
NAMED_LEAKS = 3
# The check of the audit that says the same; whoever allows it allows leaks.
LEAK_CHECK = "twins-across-splits"


@dataclass(frozen=True)
class Unlabelled:
    """Pictures without a label that a network learns from too.

    Args:
        source: where they are.
        pictures: those that are not among the labelled ones.
        fingerprint: of all that could be read.
        left_out: pictures that are labelled already, or come again.
        quarantined: files that could not be read.
    """

    source: str
    pictures: Batch
    fingerprint: str
    left_out: int
    quarantined: int


@dataclass(frozen=True)
class PreparedData:
    """Everything that learning and evaluating need of the data.

    Args:
        dataset: the usable records, each in its split.
        ledger: what became of every file.
        spec: how the pictures were prepared.
        pictures: all of them, in the order of the records, with the task's targets;
            mapped from the cache where they are too many for memory.
        twins: which of them are one picture more than once.
        leaks: what a given split has on two sides.
        task: after a look at the training targets.
        changed: ids of the pictures that were changed to be read, by what was changed.
        described: their features, where a backbone described them; `None` elsewhere.
        unlabelled: pictures without a label, where a network learns from such too.
        without_label: content hashes of the pictures without a label that were learned
            from, by epochs or by a head.
    """

    dataset: ImageDataset
    ledger: Ledger
    spec: PreprocessSpec
    pictures: Batch
    twins: Twins
    leaks: tuple[Leak, ...]
    task: Task
    changed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    described: Described | None = None
    unlabelled: Unlabelled | None = None
    without_label: tuple[str, ...] = ()

    @property
    def small(self) -> Batch:
        """The pictures as small as simple baselines need them, in memory if possible.

        Of described pictures these are the thumbnails; to decode all only for a
        baseline would take longer than the rest.
        """
        if self.described is None:
            return self.pictures
        return replace(self.pictures, pixels=self.described.looks.thumbnails[..., None])

    def rows(self, split: Split) -> NDArray[np.intp]:
        """Where the pictures of one split stand."""
        records = enumerate(self.dataset.records)
        return np.array([r for r, record in records if record.split == split], np.intp)

    def split(self, split: Split) -> Batch | None:
        """The pictures of one split; `None` when it has none."""
        batch = split_batch(self.pictures, self.dataset, split)
        return batch if len(batch) else None

    def to_json(self) -> dict[str, Any]:
        """What `data.json` holds."""
        return {
            "name": self.dataset.name,
            "fingerprint": self.dataset.fingerprint,
            "task": self.task.kind,
            "class_names": list(self.dataset.class_names),
            "pictures": self.dataset.sizes(),
            "counts": self.dataset.counts(),
            "ledger": self.ledger.to_json(),
            "twins": {
                "clusters": len(self.twins.clusters),
                "pictures": sum(map(len, self.twins.clusters)),
                "leaks": len(self.leaks),
            },
            **({"unlabelled": self.unlabelled.fingerprint} if self.unlabelled else {}),
        }

    def content_hashes(self) -> Mapping[str, tuple[str, ...]]:
        """Content hashes of the pictures, by split, and of those without a label."""
        hashes: dict[str, tuple[str, ...]] = {
            split: tuple(
                record.content_hash
                for record in self.dataset.records
                if record.split == split
            )
            for split in SPLITS
        }
        if self.without_label:
            return {**hashes, WITHOUT_LABEL: self.without_label}
        return hashes

    def findings(self) -> list[Finding]:
        """What a person should know of the data, with the pictures it is about."""
        found = [
            _of_ledger(self.ledger),
            _of_leaks(self.leaks),
            _of_refused(self),
            _of_enlarged(self),
        ]
        return [
            *(finding for finding in found if finding is not None),
            *_of_changed(self.changed, len(self.dataset)),
        ]

    def notes(self) -> list[str]:
        """The same, as sentences."""
        return [finding.message for finding in self.findings()]


def prepare_data(plan: Plan, progress: Progress) -> PreparedData:
    """Decode every picture once, account for every file, and split what is usable.

    Raises:
        DataError: too little is usable, or the given test leaks.
    """
    scan = scan_pictures(
        plan.dataset,
        plan.ledger,
        plan.spec,
        progress=progress,
        most_bytes=int(plan.config.data.memory_gigabytes * 1e9),
        measured=False,
    )
    return prepare_scanned(plan, scan, progress)


def prepare_scanned(
    plan: Plan, scan: Scan | Described, progress: Progress
) -> PreparedData:
    """Split what one pass through the pictures found to be usable.

    Raises:
        DataError: too little is usable, or the given test leaks.
    """
    if len(scan.dataset) < len(plan.dataset):
        plan.task.require(scan.dataset)
    twins = _find_twins(scan, plan, progress)
    chosen = plan.config.data
    dataset = _split(scan.dataset, twins, chosen, plan.task)
    # Folds tear nothing apart; what the source's own split does plays no part in them.
    leaks = () if chosen.fold else find_leaks(dataset, twins)
    if not (plan.published or chosen.allow_leak or LEAK_CHECK in chosen.allow):
        _refuse_leaks(dataset, leaks)
    _require_training(dataset)
    pictures = replace(scan.pictures, targets=plan.task.targets(dataset))
    train = split_batch(pictures, dataset, "train")
    task = plan.task.learned_from(train.targets, train.weights)
    return PreparedData(
        dataset,
        scan.ledger,
        plan.spec,
        pictures,
        twins,
        leaks,
        task,
        changed=scan.changed,
        described=scan if isinstance(scan, Described) else None,
    )


def _split(
    dataset: ImageDataset, twins: Twins, config: DataConfig, task: Task
) -> ImageDataset:
    validation = _share(config.validation_share, VALIDATION_SHARE)
    if config.fold is not None:
        return fold_split(
            dataset,
            *config.fold,
            validation_share=validation,
            seed=config.split_seed,
            clusters=twins.clusters,
            strata=task.strata(dataset),
        )
    return assign_splits(
        dataset,
        validation_share=validation,
        test_share=_share(config.test_share, TEST_SHARE),
        seed=config.split_seed,
        clusters=twins.clusters,
        strata=task.strata(dataset),
    )


def _share(chosen: float | None, default: float) -> float:
    # Unset where the split is given; should none of it be readable, one is carved.
    return default if chosen is None else chosen


def _find_twins(scan: Scan | Described, plan: Plan, progress: Progress) -> Twins:
    hashes = [record.content_hash for record in scan.dataset.records]
    # A published data set is used as it was published, so that results compare.
    if plan.published:
        return find_twins(hashes, None)
    with progress.stage("Looking for twins"):
        return find_twins(hashes, scan.looks)


def _refuse_leaks(dataset: ImageDataset, leaks: tuple[Leak, ...]) -> None:
    tested = [leak for leak in leaks if leak.tested]
    if not tested:
        return
    named = "; ".join(str(leak) for leak in tested[:NAMED_LEAKS])
    more = len(tested) - NAMED_LEAKS
    raise DataError(
        received=f"The given split of {dataset.name} leaks into its test: {named}"
        + (f"; and {more} more pairs." if more > 0 else "."),
        expected="no picture, and no group, both in the test and outside of it; such a "
        "test flatters.",
        remedy="Remove them from one side, or leave the split to Visus; or train all "
        "the same with --allow-leak, and the report will say so.",
    )


def _of_ledger(ledger: Ledger) -> Finding | None:
    bad = ledger.quarantined
    if not bad:
        return None
    return Finding(
        severity="warning",
        message=f"{len(bad)} of {ledger.found} files are not used; the first, "
        f"{bad[0].id}: {bad[0].reason}",
        image_ids=tuple(entry.id for entry in bad),
    )


def _of_leaks(leaks: tuple[Leak, ...]) -> Finding | None:
    if not leaks:
        return None
    tested = sum(leak.tested for leak in leaks)
    flatters = f"; {tested} of them with the test, whose accuracy flatters"
    return Finding(
        severity="warning",
        message=f"The given split has {len(leaks)} pairs on two sides that belong on "
        f"one{flatters if tested else ''}; the first: {leaks[0]}.",
        image_ids=tuple(
            record.id for leak in leaks for record in (leak.first, leak.second)
        ),
    )


def _of_refused(data: PreparedData) -> Finding | None:
    clusters = data.twins.refused
    if not clusters:
        return None
    rows = [row for cluster in clusters for row in cluster]
    return Finding(
        severity="info",
        message=f"{len(rows)} pictures look so much alike, in {len(clusters)} clusters "
        "too large to be twins, that splits do not keep them together.",
        image_ids=tuple(data.dataset.records[row].id for row in rows),
    )


def _of_enlarged(data: PreparedData) -> Finding | None:
    """Photographs smaller than a backbone sees; gray ones too."""
    if data.described is None:
        return None
    height, width = data.spec.image_size
    looks, share = data.described.looks, data.spec.crop_share
    small = (looks.heights * share < height) | (looks.widths * share < width)
    if not small.any():
        return None
    return Finding(
        severity="info",
        message=f"{small.sum():,} of {len(small):,} pictures are smaller than what the "
        f"backbone looks at ({height} x {width} pixels of the middle); they are "
        "enlarged, which adds no detail.",
        image_ids=tuple(data.dataset.records[row].id for row in small.nonzero()[0]),
    )


def _of_changed(changed: Mapping[str, tuple[str, ...]], total: int) -> list[Finding]:
    return [
        Finding(
            severity="info",
            message=f"{len(ids):,} of {total:,} pictures, to be read: {note}.",
            image_ids=ids,
        )
        for note, ids in changed.items()
    ]


def record_data(run: Run, data: PreparedData) -> None:
    """Write `data.json`."""
    write_json(run.data_path, data.to_json())


def _require_training(dataset: ImageDataset) -> None:
    for split, wanted in (("train", "learn from"), ("test", "test on")):
        if not dataset.sizes().get(split):
            raise DataError(
                received=f"{dataset.name} leaves no picture to {wanted}.",
                expected=f"at least one usable picture in the {split} split.",
                remedy="Add pictures, or give a data.test_share above 0.",
            )
    unseen = [name for name, n in dataset.counts()["train"].items() if not n]
    if unseen:
        raise DataError(
            received=f"The class {unseen[0]!r} has no training picture.",
            expected="every class of the test to be in the training pictures too.",
            remedy="Check the names of the class folders in train/ and test/: they "
            "must be the same.",
        )
