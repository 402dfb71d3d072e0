"""From a source to pictures in memory, split and accounted for: the data's half."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from visus.core.files import write_json
from visus.core.progress import Progress
from visus.core.run import Run
from visus.data.batches import Batch, split_batch
from visus.data.config import DataConfig
from visus.data.ledger import Ledger
from visus.data.preprocess import PreprocessSpec, Scaling
from visus.data.records import SPLITS, ImageDataset, Split
from visus.data.scan import scan_pictures
from visus.data.splits import assign_splits
from visus.data.survey import Survey


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


def choose_spec(
    config: DataConfig, survey: Survey, scaling: Scaling, preferred: tuple[int, int]
) -> PreprocessSpec:
    """How pictures will be prepared: as asked, else as they are, else as preferred.

    Args:
        config: the settings; what they leave open is chosen here.
        survey: sizes and colours of the pictures.
        scaling: what the network takes.
        preferred: `(height, width)` for pictures of many or large sizes.
    """
    gray = survey.all_gray if config.colour == "auto" else config.colour == "gray"
    return PreprocessSpec(
        image_size=config.image_size or survey.common_size() or preferred,
        channels=1 if gray else 3,
        fit=config.fit,
        interpolation=config.interpolation,
        scaling=scaling,
    )


def prepare_data(
    dataset: ImageDataset,
    ledger: Ledger,
    spec: PreprocessSpec,
    config: DataConfig,
    *,
    seed: int,
    progress: Progress,
) -> PreparedData:
    """Decode every picture once, account for every file, and split what is usable."""
    scan = scan_pictures(dataset, ledger, spec, progress=progress)
    split = assign_splits(
        scan.dataset,
        validation_share=config.validation_share,
        test_share=config.test_share,
        seed=seed,
    )
    return PreparedData(split, scan.ledger, spec, scan.pictures)


def record_data(run: Run, data: PreparedData) -> None:
    """Write `data.json`."""
    write_json(run.data_path, data.to_json())
