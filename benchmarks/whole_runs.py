"""Whole runs of Visus beside each other, by test accuracy: `cats_dogs` and `cifar`.

All rows see the same pictures and the same splits, which depend on seed and content
alone. For each seed every row is trained once, in turn, each in a fresh process.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.measure import (
    Measurement,
    Spread,
    last_line,
    machine_lines,
    ratio_of_means,
    run_side,
    table,
    tell_progress,
    values_of,
    write_results,
)

COLUMNS = (
    "row",
    "network",
    "epochs",
    "runs",
    "accuracy % mean ± sd",
    "95 % interval",
    "training minutes",
    "whole run minutes",
    "CPU minutes",
)


@dataclass(frozen=True)
class Row:
    """One way to train.

    Args:
        name: what the table calls it.
        recipe: of Visus; `None`: the one it chooses by the pictures.
        network: in place of the recipe's.
        settings: dotted names, laid over the recipe.
    """

    name: str
    recipe: str | None = None
    network: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    def options(self) -> list[object]:
        """As the side takes them."""
        options: list[object] = ["--settings", json.dumps(dict(self.settings))]
        for name in ("recipe", "network"):
            if getattr(self, name) is not None:
                options += [f"--{name}", getattr(self, name)]
        return options


def arguments(description: str, quick: str) -> argparse.Namespace:
    """--quick and --seeds."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.add_argument("--seeds", type=int, default=1, help="runs of each row")
    return parser.parse_args()


def measure_rows(
    rows: Sequence[Row], source: Path, folder: Path, seeds: int
) -> list[Measurement]:
    """Every row once a seed, in turn."""
    measurements = []
    for seed in range(1, seeds + 1):
        for number, row in enumerate(rows):
            place = ("--source", source, "--out", folder / f"run-{number}-{seed}")
            found = run_side("whole_run", *place, *row.options(), "--seed", seed)
            measurements.append({"side": row.name, "seed": seed, **found})
            tell_progress(
                f"seed {seed}  {row.name}: {found['accuracy']:.2%}, "
                f"{found['wall_seconds'] / 60:.1f} minutes"
            )
    return measurements


def error_ratio(measurements: Sequence[Measurement], peer: str, ours: str) -> float:
    """The peer's mean share of wrong answers over ours."""
    return ratio_of_means(_errors(measurements, peer), _errors(measurements, ours))


def tell_results(
    name: str,
    rows: Sequence[Row],
    measurements: Sequence[Measurement],
    ratios: Mapping[str, float],
    *,
    machine: Mapping[str, Any],
    quick: str,
) -> None:
    """Print the table and the ratios, and keep everything; the first ratio counts.

    Args:
        name: of the benchmark.
        rows: in the order of the table.
        measurements: of all rows.
        ratios: by what they compare.
        machine: as it was before the measuring.
        quick: what the short form did differently; empty for the long one.
    """
    print(table(COLUMNS, [_cells(measurements, row.name) for row in rows]))
    print()
    print(machine_lines(machine))
    if quick:
        print(f"Short form: {quick}")
    for label, ratio in ratios.items():
        print(f"{label}: {ratio:.2f}")
    write_results(
        name,
        quick=bool(quick),
        machine=machine,
        ratios=ratios,
        measurements=measurements,
    )
    print(last_line(name, next(iter(ratios.values()))))


def _errors(measurements: Sequence[Measurement], name: str) -> list[float]:
    return [1 - share for share in values_of(measurements, "accuracy", side=name)]


def _cells(measurements: Sequence[Measurement], name: str) -> list[str]:
    runs = [one for one in measurements if one["side"] == name]
    accuracies = [100 * one["accuracy"] for one in runs]
    # Of a mean of runs on the same pictures: the mean of their bounds.
    low, high = (mean(100 * one["interval"][end] for one in runs) for end in (0, 1))
    minutes = [
        Spread.of([value / 60 for value in values_of(runs, clock)]).around_mean("")
        for clock in ("training_seconds", "wall_seconds", "cpu_seconds")
    ]
    return [
        name,
        runs[0]["network"],
        str(runs[0]["epochs"]),
        str(len(runs)),
        Spread.of(accuracies).around_mean(""),
        f"{low:.2f} to {high:.2f}",
        *minutes,
    ]
