"""visus data: what a source holds, every file accounted for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from visus.core.progress import Progress, SilentProgress
from visus.data.records import SPLITS
from visus.pipeline.contact_sheet import write_contact_sheet
from visus.pipeline.flattered import flattery_fact
from visus.pipeline.plan import make_plan
from visus.pipeline.plot_place import require_free_plot
from visus.pipeline.prepare import PreparedData, prepare_data


def describe_data(
    source: Any,
    choices: Mapping[str, Any],
    progress: Progress | None = None,
    *,
    augment: bool = False,
    plot: Path | None = None,
    force: bool = False,
) -> dict[str, Any]:
    """Read, decode and split as training would, and say what came of it.

    Args:
        source: as `read_source` takes it.
        choices: nested settings that win over the recipe's.
        progress: who is told.
        augment: whether to draw a contact sheet of pictures as training changes them.
        plot: the sheet's file; `None`: the first free `sheets/<data>-<number>.png`.
        force: replace a sheet that is there.

    Raises:
        ConfigError: a setting is unknown, or the sheet's place is taken.
        DataError: nothing can be learned from the source.
    """
    if plot is not None:
        require_free_plot(plot, force=force)
    progress = progress or SilentProgress()
    # What training by epochs does to pictures is asked for; frozen features do nothing.
    plan = make_plan(source, choices, progress, by_epochs=augment)
    data = prepare_data(plan, progress)
    seed = plan.config.data.split_seed
    fact = flattery_fact(data.dataset, data.pictures, data.twins, seed)
    told = {
        **data.to_json(),
        **_totals(data),
        "flattery": None if fact is None else fact.model_dump(mode="json"),
        "notes": [finding.model_dump(mode="json") for finding in data.findings()],
    }
    if augment:
        told["sheet"] = write_contact_sheet(plan, data, plot)
    return told


def _totals(data: PreparedData) -> dict[str, Any]:
    ledger = data.ledger
    return {
        "found": ledger.found,
        "used": len(ledger.used),
        "quarantined": len(ledger.quarantined),
        "image_size": list(data.spec.image_size),
        "channels": data.spec.channels,
        "numbers": _numbers(data) if data.task.kind == "numeric" else {},
    }


def _numbers(data: PreparedData) -> dict[str, list[float]]:
    """Smallest, middle, mean and largest of the targets, by split."""
    splits = [data.split(split) for split in SPLITS]
    numbers = [s.targets[:, 0].astype(float) for s in splits if s is not None]
    figures = ("smallest", np.min), ("median", np.median), ("mean", np.mean)
    return {
        name: [round(float(figure(split)), 6) for split in numbers]
        for name, figure in (*figures, ("largest", np.max))
    }
