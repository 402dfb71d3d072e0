"""visus data: what a source holds, every file accounted for."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from visus.core.progress import Progress, SilentProgress
from visus.data.records import SPLITS
from visus.pipeline.plan import make_plan
from visus.pipeline.prepare import PreparedData, prepare_data


def describe_data(
    source: Any, choices: Mapping[str, Any], progress: Progress | None = None
) -> dict[str, Any]:
    """Read, decode and split as training would, and say what came of it."""
    progress = progress or SilentProgress()
    data = prepare_data(make_plan(source, choices, progress), progress)
    return {**data.to_json(), **_totals(data), "notes": data.notes()}


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
