"""visus data: what a source holds, every file accounted for."""

from collections.abc import Mapping
from typing import Any

from visus.core.progress import Progress, SilentProgress
from visus.pipeline.plan import make_plan
from visus.pipeline.prepare import PreparedData, prepare_data


def describe_data(
    source: Any, choices: Mapping[str, Any], progress: Progress | None = None
) -> dict[str, Any]:
    """Read, decode and split as training would, and say what came of it."""
    progress = progress or SilentProgress()
    data = prepare_data(make_plan(source, choices, progress), progress)
    notes = [finding.model_dump(mode="json") for finding in data.findings()]
    return {**data.to_json(), **_totals(data), "notes": notes}


def _totals(data: PreparedData) -> dict[str, Any]:
    ledger = data.ledger
    return {
        "found": ledger.found,
        "used": len(ledger.used),
        "quarantined": len(ledger.quarantined),
        "image_size": list(data.spec.image_size),
        "channels": data.spec.channels,
    }
