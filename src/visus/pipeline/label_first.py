"""visus label next without a model: typical pictures, as a backbone sees them."""

from pathlib import Path
from typing import Any

import numpy as np

from visus.core.errors import DataError
from visus.core.progress import Progress, SilentProgress
from visus.data.described import describe_pictures
from visus.data.ledger import Ledger
from visus.data.records import ImageDataset
from visus.data.sources import read_pictures
from visus.data.sources.base import Access
from visus.labelling.typical import choose_typical
from visus.pipeline.backbone import card_of, frozen_network
from visus.pipeline.config import RunConfig
from visus.pipeline.features import ready_backbone
from visus.pipeline.label import Chosen, draw_chosen, first_copies
from visus.pipeline.plan import Plan
from visus.pipeline.plot_place import require_free_plot
from visus.tasks.single_label import SingleLabel
from visus.training.head.config import FrozenConfig

# A head is joined to every backbone; how many classes it has plays no part here.
SOME_CLASSES = ("one", "other")


def choose_first(
    source: Any,
    *,
    count: int,
    seed: int = 0,
    backbone: str | None = None,
    weights: Path | None = None,
    plot: Path | None = None,
    offline: bool = False,
    force: bool = False,
    progress: Progress | None = None,
) -> Chosen:
    """Choose what to label before there is a model; labels that are there count.

    Args:
        source: as `read_pictures` takes it.
        count: how many to choose.
        seed: of the grouping.
        backbone: by whose features pictures are grouped; `None`: the default.
        weights: a file or folder of its weights; `None`: found.
        plot: a PNG file for a contact sheet of them.
        offline: never open a connection.
        force: replace a sheet that is there.
        progress: who is told.

    Raises:
        DataError: every picture has a label.
        ConfigError: nobody knows the backbone, or the sheet's place is taken.
        MachineError: the backbone's weights are nowhere.
    """
    if plot is not None:
        require_free_plot(plot, force=force)
    progress = progress or SilentProgress()
    dataset, ledger = read_pictures(source, Access(offline, progress))
    plan = _plan(dataset, ledger, backbone, weights, offline=offline)
    describer = ready_backbone(plan, progress).describer()
    described = describe_pictures(dataset, ledger, describer, progress)
    records = described.dataset.records
    told = {record.content_hash for record in records if record.target is not None}
    known = np.array([record.content_hash in told for record in records])
    first = first_copies(described.dataset)
    if known.all():
        raise DataError(
            received=f"Every picture of {dataset.name} has a label.",
            expected="pictures in no class folder, or of which a table says nothing.",
            remedy="Train on them, and name the model with --model to see which of "
            "others to label.",
        )
    rows = np.flatnonzero(first)
    with progress.stage("Choosing"):
        chosen = rows[
            choose_typical(described.features[rows], known[rows], count, seed)
        ]
    found = Chosen(
        dataset=described.dataset.with_records(records[row] for row in chosen),
        answers=[{}] * len(chosen),
        uncertainties=None,
        basis="backbone",
        considered=int((first & ~known).sum()),
        left_out=0,
        labelled=int(known.sum()),
        copies=int((~first & ~known).sum()),
        ledger=described.ledger,
        notes=("There is no model yet: typical pictures, one of each kind.",),
        sheet=plot,
    )
    if plot is not None:
        draw_chosen(found, described.pictures.take(chosen).pixels[:], plot)
    return found


def _plan(
    dataset: ImageDataset,
    ledger: Ledger,
    backbone: str | None,
    weights: Path | None,
    *,
    offline: bool,
) -> Plan:
    """As far as a backbone needs one."""
    frozen = FrozenConfig(
        backbone=backbone or FrozenConfig().backbone,
        weights=None if weights is None else str(weights),
    )
    card = card_of(frozen.backbone)
    return Plan(
        config=RunConfig(source=dataset.name, offline=offline, frozen=frozen),
        dataset=dataset,
        ledger=ledger,
        spec=card.spec,
        network=frozen_network(card),
        task=SingleLabel(SOME_CLASSES),
        backbone=card,
    )
