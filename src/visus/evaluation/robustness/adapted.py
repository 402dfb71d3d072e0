"""What an adaptation without labels gains elsewhere, and what it costs at home."""

import numpy as np

from visus.core.report import Fact, Finding, Table
from visus.evaluation.parts import Parts
from visus.evaluation.robustness.shifted import Floats, Side
from visus.tasks.intervals import difference_interval, mcnemar


def measure_adaptation(
    own: Side, other: Side, *, own_after: Floats, other_after: Floats, how: str
) -> Parts:
    """Accuracy on both sides before and after, where there are labels.

    Args:
        own: pictures of the model's kind, as it was.
        other: pictures from elsewhere, which it was adapted to.
        own_after: scores of the adapted model `(num_images, num_classes)`.
        other_after: the like of the others.
        how: it was adapted, a sentence without its end.
    """
    sides = (
        ("own", "adapted_cost", own, own_after),
        ("from elsewhere", "adapted_gain", other, other_after),
    )
    facts: list[Fact] = []
    rows: list[tuple[str, ...]] = []
    for name, fact, side, after in sides:
        changed = (side.scores.argmax(axis=1) != after.argmax(axis=1)).mean()
        row: tuple[str, ...] = (name, f"{changed:.1%}")
        if len(side.labelled):
            gain = _gain(fact, side, after)
            row += (
                f"{side.right().mean():.2%}",
                f"{side.right(after).mean():.2%}",
                f"{100 * float(gain.value or 0):+.2f}",
            )
            facts.insert(0, gain)
        rows.append((*row, *([""] * (5 - len(row)))))
    table = Table(
        title="Adapted without labels",
        columns=("pictures", "other answers", "before", "after", "points"),
        rows=tuple(rows),
        note=f"{how}; no label was looked at. Classes should be about as frequent "
        "there as in training.",
    )
    return Parts(facts, findings=_findings(other), tables=(table,))


def _gain(name: str, side: Side, after: Floats) -> Fact:
    first, second = side.right(), side.right(after)
    lost, won = int(np.sum(first & ~second)), int(np.sum(second & ~first))
    interval = difference_interval(lost, won, len(first))
    where = "elsewhere" if name == "adapted_gain" else "on its own pictures"
    text = (
        f"{100 * interval.value:+.2f} points of accuracy {where} (95 % interval "
        f"{100 * interval.low:+.2f} to {100 * interval.high:+.2f}, "
        f"p = {mcnemar(lost, won):.2g})"
    )
    return Fact(name=name, value=interval.value, text=text, interval=interval)


def _findings(other: Side) -> list[Finding]:
    if len(other.labelled):
        return []
    message = (
        "Whether the adapted model is better was not measured: the pictures from "
        "elsewhere have no labels. Label some hundred of them and evaluate on these."
    )
    return [Finding(severity="warning", message=message)]
