"""Recipes of Visus beside the course's listing: `mnist` and `fashion` share this.

For each seed every side is measured once, in turn, each in a fresh process. In the
short form the listing runs one epoch, and its times are scaled up to five.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import (
    Measurement,
    Spread,
    ratio_of_means,
    run_side,
    table,
    tell_progress,
    values_of,
)

LISTING = "listing"
LISTING_EPOCHS = 5
SEEDS = 5
COLUMNS = (
    "side",
    "clock",
    "epochs",
    "runs",
    "accuracy %",
    "wall mean ± sd",
    "wall min/median/max",
    "CPU mean ± sd",
    "CPU min/median/max",
)


@dataclass(frozen=True)
class Contender:
    """One row of ours: a recipe and what is measured of it.

    Args:
        name: what the table calls it.
        recipe: of Visus.
        clocks: "training" alone, "call" to finished, or both.
        epochs: in place of the recipe's; 0 keeps them.
    """

    name: str
    recipe: str
    clocks: tuple[str, ...] = ("training", "call")
    epochs: int = 0


def arguments(description: str) -> argparse.Namespace:
    """--quick, --seeds and --pictures."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="one seed, one epoch")
    parser.add_argument("--seeds", type=int, default=0, help="default 5, quick 1")
    parser.add_argument(
        "--pictures",
        type=int,
        default=0,
        help="only so many training pictures: to try the script; keeps no results",
    )
    asked = parser.parse_args()
    asked.seeds = asked.seeds or (1 if asked.quick else SEEDS)
    return asked


def measure_all(
    data: Path, contenders: Sequence[Contender], asked: argparse.Namespace
) -> list[Measurement]:
    """Every side once a seed, in turn."""
    common = ("--data", data, "--pictures", asked.pictures)
    measurements = []
    for seed in range(1, asked.seeds + 1):
        for side, name, clock, options in _calls(contenders, asked.quick):
            found = run_side(
                side, *common, *options, "--measure", clock, "--seed", seed
            )
            measurement = {"side": name, "clock": clock, "seed": seed, **found}
            measurements.append(measurement)
            _tell(measurement)
    return measurements


def _calls(
    contenders: Sequence[Contender], quick: bool
) -> Iterator[tuple[str, str, str, tuple[object, ...]]]:
    listing_epochs = 1 if quick else LISTING_EPOCHS
    for clock in ("training", "call"):
        yield "listing", LISTING, clock, ("--epochs", listing_epochs)
        for one in contenders:
            if clock in one.clocks:
                options = ("--recipe", one.recipe, "--epochs", one.epochs)
                yield "recipe", one.name, clock, options


def costs(
    measurements: Sequence[Measurement], name: str, clock: str, field: str
) -> list[float]:
    """Seconds by seed; the listing's as of five epochs, however many were run."""
    values = values_of(measurements, field, side=name, clock=clock)
    if name != LISTING:
        return values
    alone = values_of(measurements, field, side=LISTING, clock="training")
    epochs = values_of(measurements, "epochs", side=LISTING, clock="training")
    return [
        value + training * (LISTING_EPOCHS / run - 1)
        for value, training, run in zip(values, alone, epochs, strict=True)
    ]


def epoch_costs(
    measurements: Sequence[Measurement], name: str, field: str
) -> list[float]:
    """Seconds an epoch of training alone, by seed."""
    seconds = values_of(measurements, field, side=name, clock="training")
    epochs = values_of(measurements, "epochs", side=name, clock="training")
    return [value / run for value, run in zip(seconds, epochs, strict=True)]


def ratios_of(
    measurements: Sequence[Measurement], contender: Contender
) -> dict[str, float]:
    """The listing's five epochs over ours, for each clock, wall and CPU."""
    return {
        f"{contender.name} {clock} {label}": ratio_of_means(
            costs(measurements, LISTING, clock, field),
            costs(measurements, contender.name, clock, field),
        )
        for clock in contender.clocks
        for label, field in (("wall", "wall_seconds"), ("CPU", "cpu_seconds"))
    }


def costs_table(
    measurements: Sequence[Measurement], contenders: Sequence[Contender]
) -> str:
    """Both sides, one row a side and clock, accuracies beside."""
    rows = [
        _row(measurements, name, clock)
        for clock in ("training", "call")
        for name, clocks in [
            (LISTING, ("training", "call")),
            *((one.name, one.clocks) for one in contenders),
        ]
        if clock in clocks
    ]
    return table(COLUMNS, rows)


def _row(measurements: Sequence[Measurement], name: str, clock: str) -> list[str]:
    wall = Spread.of(costs(measurements, name, clock, "wall_seconds"))
    processor = Spread.of(costs(measurements, name, clock, "cpu_seconds"))
    accuracies = values_of(measurements, "accuracy", side=name, clock=clock)
    return [
        name,
        "training alone" if clock == "training" else "call to finished",
        _epochs(measurements, name),
        str(len(accuracies)),
        Spread.of([100 * value for value in accuracies]).around_mean("").rstrip(),
        wall.around_mean(),
        wall.range(),
        processor.around_mean(),
        processor.range(),
    ]


def _epochs(measurements: Sequence[Measurement], name: str) -> str:
    run = int(values_of(measurements, "epochs", side=name)[0])
    if name == LISTING and run != LISTING_EPOCHS:
        return f"{run}, scaled to {LISTING_EPOCHS}"
    return str(run)


def quick_note(quick: bool) -> str:
    """What the short form did differently; empty for the long one."""
    if not quick:
        return ""
    return (
        "Short form: one seed. The listing ran 1 epoch; its times are scaled up to 5, "
        "and its accuracy is that of 1 epoch."
    )


def _tell(measurement: Measurement) -> None:
    tell_progress(
        f"seed {measurement['seed']}  {measurement['side']:<16} "
        f"{measurement['clock']:<8}  {measurement['wall_seconds']:7.2f} s wall  "
        f"{measurement['cpu_seconds']:7.2f} s CPU  {measurement['accuracy']:.2%}"
    )
