"""visus data: what a source holds, every file accounted for."""

from collections.abc import Mapping
from typing import Any

from visus.core.progress import Progress, SilentProgress
from visus.pipeline.flattered import flattery_fact
from visus.pipeline.plan import make_plan
from visus.pipeline.prepare import PreparedData, prepare_data


def describe_data(
    source: Any, choices: Mapping[str, Any], progress: Progress | None = None
) -> dict[str, Any]:
    """Read, decode and split as training would, and say what came of it."""
    progress = progress or SilentProgress()
    plan = make_plan(source, choices, progress)
    data = prepare_data(plan, progress)
    seed = plan.config.data.split_seed
    fact = flattery_fact(data.dataset, data.pictures, data.twins, seed)
    flattery = None if fact is None else fact.model_dump(mode="json")
    notes = [finding.model_dump(mode="json") for finding in data.findings()]
    return {**data.to_json(), **_totals(data), "flattery": flattery, "notes": notes}


def _totals(data: PreparedData) -> dict[str, Any]:
    ledger = data.ledger
    return {
        "found": ledger.found,
        "used": len(ledger.used),
        "quarantined": len(ledger.quarantined),
        "image_size": list(data.spec.image_size),
        "channels": data.spec.channels,
    }
