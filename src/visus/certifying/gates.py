"""Gates: what a model must reach, set in a file before it is measured."""

import math
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from visus.certifying.certificate import GateResult
from visus.core.errors import ConfigError
from visus.core.report import Fact
from visus.core.settings import Settings, read_settings


class Bounds(Settings):
    """What one figure must reach, and what it may not pass."""

    min: float | None = Field(None, allow_inf_nan=False, description="at least this")
    max: float | None = Field(None, allow_inf_nan=False, description="at most this")

    @model_validator(mode="after")
    def _room_between(self) -> Self:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is above max")
        return self


def _metric(description: str) -> Bounds:
    bounds: Bounds = Field(Bounds(), description=description)
    return bounds


class Gates(Settings):
    """What may be asked for: a table a metric, each with `min`, `max` or both."""

    accuracy: Bounds = _metric("share of the test pictures answered right")
    top_5_accuracy: Bounds = _metric("share with the truth among the five best")
    loss: Bounds = _metric("mean cross-entropy, in nats")
    mean_average_precision: Bounds = _metric("of labels, by how they are ranked")
    macro_f1: Bounds = _metric("mean F1 of the labels")
    micro_f1: Bounds = _metric("F1 over all labels")
    subset_accuracy: Bounds = _metric("share of pictures with all labels right")
    mean_absolute_error: Bounds = _metric("of numbers, in the target's unit")
    r_squared: Bounds = _metric("of numbers: share of the spread that is explained")
    calibration_error: Bounds = _metric("without what chance adds, as a share")
    answered: Bounds = _metric("share of the pictures that get a label")
    answered_accuracy: Bounds = _metric("share of these that are right")
    set_coverage: Bounds = _metric("share of the prediction sets that hold the truth")
    false_rejections: Bounds = _metric("share of the test pictures called unknown")
    corrupted_accuracy: Bounds = _metric("mean accuracy under common corruptions")
    shift_drop: Bounds = _metric("accuracy lost by a shift of two pixels, a share")
    fgsm_accuracy: Bounds = _metric("accuracy under attack by one step")
    pgd_accuracy: Bounds = _metric("accuracy under attack by many steps")
    accuracy_gap: Bounds = _metric("largest gap between two groups, a share")
    export_difference: Bounds = _metric("largest difference of a score as ONNX")
    blocking_checks: Bounds = _metric("checks of the audit that should stop a training")

    def set(self) -> Iterator[tuple[str, Bounds]]:
        """Those that were set, in the order above."""
        for name in type(self).model_fields:
            bounds: Bounds = getattr(self, name)
            if bounds.min is not None or bounds.max is not None:
                yield name, bounds

    def check(
        self, facts: Mapping[str, Fact], absent: Mapping[str, str]
    ) -> tuple[GateResult, ...]:
        """Hold what was measured against what was set.

        A gate holds when the whole 95 % interval is on the right side of its limit:
        what is only probable is not proved. A figure without an interval counts as it
        is. What was not measured fails.

        Args:
            facts: by name.
            absent: by metric, why it was not measured, where that is known.
        """
        return tuple(
            _result(name, bound, limit, facts.get(name), absent.get(name, ""))
            for name, bounds in self.set()
            for bound, limit in (("min", bounds.min), ("max", bounds.max))
            if limit is not None
        )


def read_gates(path: Path) -> Gates:
    """Read `gates.toml`.

    Raises:
        ConfigError: it cannot be read, names a metric that does not exist, or sets
            nothing.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(
            received=f"The gates {path} cannot be read: "
            f"{getattr(error, 'strerror', None) or error}.",
            expected="a UTF-8 TOML file with a table a metric.",
            remedy="Write, for example: [accuracy] and below it min = 0.9",
        ) from error
    gates = read_settings(Gates, values)
    idle = [name for name in values if name not in dict(gates.set())]
    if idle or not values:
        raise ConfigError(
            received=f"[{idle[0]}] in {path} sets nothing."
            if idle
            else f"{path} sets nothing.",
            expected="min, max or both of every metric that it names.",
            remedy="Write, for example: [accuracy] and below it min = 0.9",
        )
    return gates


def _result(
    name: str, bound: str, limit: float, fact: Fact | None, absent: str
) -> GateResult:
    lower = bound == "min"
    value = _number(fact)
    judged = _judged(fact, value, lower)
    if value is None or judged is None:
        passed, reason = False, f"not measured: {absent or 'nothing says why'}"
    else:
        passed = judged >= limit if lower else judged <= limit
        words = "at least" if lower else "at most"
        which = ("the lower end of " if lower else "the upper end of ") + "its interval"
        exact = judged == value
        said = f"{value:.4g}" if exact else f"{value:.4g}, {which} {judged:.4g}"
        reason = f"{said}; must be {words} {limit:g}"
    return GateResult(
        metric=name,
        bound="min" if lower else "max",
        limit=limit,
        value=value,
        judged=judged,
        passed=passed,
        reason=reason,
    )


def _number(fact: Fact | None) -> float | None:
    if fact is None or not isinstance(fact.value, int | float):
        return None
    return float(fact.value) if math.isfinite(fact.value) else None


def _judged(fact: Fact | None, value: float | None, lower: bool) -> float | None:
    if fact is None or fact.interval is None:
        return value
    return fact.interval.low if lower else fact.interval.high
