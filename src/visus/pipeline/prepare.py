"""From a plan to pictures in memory, split and accounted for: the data's half."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from visus.core.errors import DataError
from visus.core.files import write_json
from visus.core.progress import Progress
from visus.core.run import Run
from visus.data.batches import Batch, split_batch
from visus.data.checks import require_classes
from visus.data.ledger import Ledger
from visus.data.preprocess import PreprocessSpec
from visus.data.records import SPLITS, ImageDataset, Split
from visus.data.scan import scan_pictures
from visus.data.splits import assign_splits, shared_content
from visus.pipeline.plan import Plan


@dataclass(frozen=True)
class PreparedData:
    """Everything that learning and evaluating need of the data.

    Args:
        dataset: the usable records, each in its split.
        ledger: what became of every file.
        spec: how the pictures were prepared.
        pictures: all of them, in the order of the records.
    """

    dataset: ImageDataset
    ledger: Ledger
    spec: PreprocessSpec
    pictures: Batch

    def split(self, split: Split) -> Batch | None:
        """The pictures of one split; `None` when it has none."""
        batch = split_batch(self.pictures, self.dataset, split)
        return batch if len(batch) else None

    def to_json(self) -> dict[str, Any]:
        """What `data.json` holds."""
        return {
            "name": self.dataset.name,
            "fingerprint": self.dataset.fingerprint,
            "class_names": list(self.dataset.class_names),
            "counts": self.dataset.counts(),
            "ledger": self.ledger.to_json(),
        }

    def content_hashes(self) -> Mapping[str, tuple[str, ...]]:
        """Content hashes of the pictures, by split."""
        return {
            split: tuple(
                record.content_hash
                for record in self.dataset.records
                if record.split == split
            )
            for split in SPLITS
        }

    def notes(self) -> list[str]:
        """What a person should know of the data."""
        notes = []
        bad = self.ledger.quarantined
        if bad:
            first = bad[0]
            notes.append(
                f"{len(bad)} of {self.ledger.found} files are not used; the first, "
                f"{first.id}: {first.reason}"
            )
        shared = shared_content(self.dataset)
        if shared:
            notes.append(
                f"{len(shared)} training pictures are in the test too, byte for byte, "
                f"such as {shared[0]}; the test accuracy flatters."
            )
        return notes


def prepare_data(plan: Plan, progress: Progress) -> PreparedData:
    """Decode every picture once, account for every file, and split what is usable.

    Raises:
        DataError: too little is usable.
    """
    scan = scan_pictures(plan.dataset, plan.ledger, plan.spec, progress=progress)
    if len(scan.dataset) < len(plan.dataset):
        require_classes(scan.dataset)
    dataset = assign_splits(
        scan.dataset,
        validation_share=plan.config.data.validation_share,
        test_share=plan.config.data.test_share,
        seed=plan.config.data.split_seed,
    )
    data = PreparedData(dataset, scan.ledger, plan.spec, scan.pictures)
    _require_training(dataset)
    return data


def record_data(run: Run, data: PreparedData) -> None:
    """Write `data.json`."""
    write_json(run.data_path, data.to_json())


def _require_training(dataset: ImageDataset) -> None:
    counts = dataset.counts()
    for split, wanted in (("train", "learn from"), ("test", "test on")):
        if not sum(counts.get(split, {}).values()):
            raise DataError(
                received=f"{dataset.name} leaves no picture to {wanted}.",
                expected=f"at least one usable picture in the {split} split.",
                remedy="Add pictures, or give a data.test_share above 0.",
            )
    unseen = [name for name, count in counts["train"].items() if not count]
    if unseen:
        raise DataError(
            received=f"The class {unseen[0]!r} has no training picture.",
            expected="every class of the test to be in the training pictures too.",
            remedy="Check the names of the class folders in train/ and test/: they "
            "must be the same.",
        )
