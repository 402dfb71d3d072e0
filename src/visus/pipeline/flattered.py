"""What a split that tears twins and groups apart would have pretended, as a fact."""

import numpy as np

from visus.core.report import Fact, Report
from visus.data.splits import make_units
from visus.evaluation.flattery import flattery
from visus.pipeline.prepare import PreparedData

NAME = "flattery"


def with_flattery(report: Report, data: PreparedData, seed: int) -> Report:
    """The report with one more fact, where there are twins or groups at all."""
    fact = flattery_fact(data, seed)
    if fact is None:
        return report
    return report.model_copy(update={"facts": (*report.facts, fact)})


def flattery_fact(data: PreparedData, seed: int) -> Fact | None:
    """Points of accuracy that a naive random split would have added on this data."""
    if data.task.kind != "single-label":
        return None
    grouped = any(record.group is not None for record in data.dataset.records)
    if not (data.twins.clusters or grouped):
        return None
    units = np.empty(len(data.dataset), dtype=np.intp)
    for number, unit in enumerate(make_units(data.dataset, data.twins.clusters)):
        units[list(unit.rows)] = number
    gain = flattery(data.pictures, units, seed=seed)
    if gain is None:
        return None
    points, low, high = (100 * share for share in (gain.value, gain.low, gain.high))
    text = (
        f"a naive random split would have flattered a nearest-neighbour probe by "
        f"{points:+.2f} points ({low:+.2f} to {high:+.2f}, {gain.confidence:.0%})"
    )
    return Fact(name=NAME, value=gain.value, text=text, interval=gain)
