"""Whether probabilities hold on the test, before and after calibration."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visus.core.report import Chart, Fact, Finding, Interval, Series, Table
from visus.evaluation.calibration_error import (
    BINS,
    Reliability,
    brier,
    debiased_error,
    enough,
    reliability,
)
from visus.evaluation.parts import Parts, Tested
from visus.evaluation.temperature import binary_log_loss
from visus.tasks.base import Floats
from visus.tasks.metrics import log_loss

# Fewer pictures in a bin of the diagram tell nothing.
FEWEST_DRAWN = 5
# A share of the scale; probabilities that are off by more mislead.
MISLEADING = 0.05


@dataclass(frozen=True)
class _Measured:
    """One set of scores against the truth."""

    plain: Reliability
    adaptive: Reliability
    debiased: Interval
    brier: float
    loss: float

    def column(self) -> tuple[str, ...]:
        low, high = self.debiased.low, self.debiased.high
        return (
            f"{self.plain.error:.4f}",
            f"{self.adaptive.error:.4f}",
            f"{self.debiased.value:.4f} ({low:.4f} to {high:.4f})",
            f"{self.brier:.4f}",
            f"{self.loss:.4f}",
        )


ROWS = (
    f"calibration error (ECE, {BINS} bins)",
    "adaptive calibration error",
    "calibration error without chance",
    "Brier score",
    "loss (nats)",
)


def measure_calibration(tested: Tested) -> Parts:
    """Facts, a table before and after, and the reliability diagram."""
    if not enough(tested.test.weights):
        message = (
            f"The test has too few pictures ({len(tested.test):,}) to say whether "
            f"probabilities hold; it takes {2 * BINS}."
        )
        return Parts((), findings=(Finding(severity="info", message=message),))
    after = _measured(tested, tested.predictions.scores)
    before = None
    if tested.calibration is not None:
        raw = tested.calibration.raw_scores(tested.predictions.scores)
        before = _measured(tested, raw)
    return Parts(
        facts=(_fact(after, before),),
        findings=_findings(tested, after),
        tables=(_table(tested, after, before),),
        figures=(_diagram(tested, after, before),),
    )


def _measured(tested: Tested, scores: Floats) -> _Measured:
    targets, weights = tested.test.targets, tested.test.weights
    if targets.ndim > 1:
        truth = targets > 0
        # Each label of each picture is a probability of its own.
        sure, right = scores.ravel(), truth.ravel()
        counts = np.repeat(weights, scores.shape[1])
        loss = binary_log_loss(scores, truth, weights)
    else:
        sure, right = scores.max(axis=1), scores.argmax(axis=1) == targets
        counts, loss = weights, log_loss(scores, targets, weights)
    adaptive = reliability(sure, right, counts, adaptive=True)
    return _Measured(
        plain=reliability(sure, right, counts),
        adaptive=adaptive,
        debiased=debiased_error(adaptive),
        brier=brier(scores, targets, weights),
        loss=loss,
    )


def _fact(after: _Measured, before: _Measured | None) -> Fact:
    error = after.debiased
    value, low, high = (100 * x for x in (error.value, error.low, error.high))
    text = f"{value:.2f} points (95 % interval {low:.2f} to {high:.2f})"
    if before is not None:
        text += f"; {100 * before.debiased.value:.2f} before calibration"
    return Fact(name="calibration_error", value=error.value, text=text, interval=error)


def _findings(tested: Tested, after: _Measured) -> list[Finding]:
    found = []
    if tested.calibration is None:
        reason = tested.uncalibrated or "nobody said why"
        message = f"Probabilities are not calibrated: {reason}."
        found.append(Finding(severity="info", message=message))
    if after.debiased.low > MISLEADING:
        message = (
            f"Probabilities mislead: they are off by {100 * after.debiased.value:.1f} "
            "points on average."
        )
        found.append(Finding(severity="warning", message=message))
    return found


def _table(tested: Tested, after: _Measured, before: _Measured | None) -> Table:
    note = (
        "ECE: mean distance of confidence and accuracy over bins of equal width; "
        "adaptive: over bins of as many pictures; without chance: what the adaptive "
        "one is above what chance alone gives, with its 95 % interval."
    )
    calibration = tested.calibration
    if before is None or calibration is None:
        rows = tuple(zip(ROWS, after.column(), strict=True))
        return Table(
            title="Calibration", columns=("figure", "value"), rows=rows, note=note
        )
    told = ", ".join(f"{t:.3g}" for t in calibration.temperatures[:5])
    more = " ..." if len(calibration.temperatures) > 5 else ""
    return Table(
        title="Calibration",
        columns=("figure", "before", "after"),
        rows=tuple(zip(ROWS, before.column(), after.column(), strict=True)),
        note=f"{note} Temperature {told}{more}, fitted on {calibration.learned_from} "
        f"({calibration.pictures:,} in all), never on the test.",
    )


def _diagram(tested: Tested, after: _Measured, before: _Measured | None) -> Chart:
    drawn = [("before", before)] if before is not None else []
    labels = tested.test.targets.ndim > 1
    return Chart(
        title="Reliability",
        x_label="score of a label" if labels else "confidence",
        y_label="share that has it" if labels else "accuracy",
        series=(
            Series(label="perfect", points=((0.0, 0.0), (1.0, 1.0))),
            *(
                Series(label=label, points=_points(found.plain))
                for label, found in (*drawn, ("after" if drawn else "model", after))
            ),
        ),
    )


def _points(found: Reliability) -> tuple[tuple[float, float], ...]:
    seen: NDArray[np.bool_] = found.number >= FEWEST_DRAWN
    pairs = zip(found.confidence[seen], found.accuracy[seen], strict=True)
    return tuple((float(x), float(y)) for x, y in pairs)
