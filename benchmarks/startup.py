"""Start-up: how long a person waits for help, and for the answer to one picture.

The peers are `python -c "import keras"` and a Keras script that loads the same network,
reads the picture and predicts. Whole processes are timed from outside, in turn, after
one uncounted call of each that fills the machine's file cache.

    python -m benchmarks.startup [--quick]

ratio: median wall time of the Keras script over that of `visus predict`.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.data import own_home, scratch_folder
from benchmarks.measure import (
    CLOCKS,
    ROOT,
    Measurement,
    Spread,
    describe_machine,
    last_line,
    machine_lines,
    run_side,
    table,
    tell_progress,
    time_command,
    values_of,
    write_results,
)

RUNS = 11
QUICK_RUNS = 5
PAIRS = {
    "help": ('python -c "import keras"', "visus --help"),
    "predict": ("Keras script", "visus predict"),
}


def main() -> None:
    """Measure, print, keep."""
    quick = _arguments().quick
    machine = describe_machine()
    with scratch_folder() as folder, own_home(folder):
        measurements = _measure(folder, QUICK_RUNS if quick else RUNS)
    ratios = {
        f"{pair} {label}": _ratio(measurements, pair, field)
        for pair in PAIRS
        for label, field in CLOCKS.items()
    }
    print(_table(measurements))
    print()
    print(machine_lines(machine))
    for label, ratio in ratios.items():
        print(f"Keras / Visus, {label}: {ratio:.2f}")
    write_results(
        "startup",
        quick=quick,
        machine=machine,
        ratios=ratios,
        measurements=measurements,
    )
    print(last_line("startup", ratios["predict wall"]))


def _measure(folder: Path, runs: int) -> list[Measurement]:
    commands = _commands(folder)
    # Keras says on its own what it thinks of the processor; nobody reads it here.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    measurements = []
    for run in range(runs + 1):
        for side, command in commands.items():
            found = time_command(command)
            if run:
                measurements.append({"side": side, "run": run, **found})
        tell_progress(f"round {run} of {runs}" if run else "caches filled")
    return measurements


def _commands(folder: Path) -> dict[str, list[str]]:
    made = run_side("startup_files", "--folder", folder)
    script = ROOT / "benchmarks" / "sides" / "keras_predict.py"
    keras_help, visus_help = PAIRS["help"]
    keras_predict, visus_predict = PAIRS["predict"]
    return {
        keras_help: [sys.executable, "-c", "import keras"],
        visus_help: [*_visus(), "--help"],
        keras_predict: [sys.executable, str(script), made["network"], made["picture"]],
        visus_predict: [*_visus(), "predict", made["bundle"], made["picture"]],
    }


def _visus() -> list[str]:
    # The installed command, as a person calls it.
    command = Path(sys.executable).with_name("visus")
    if command.is_file():
        return [str(command)]
    return [sys.executable, "-m", "visus.cli.app"]


def _ratio(measurements: Sequence[Measurement], pair: str, field: str) -> float:
    peer, ours = (
        median(values_of(measurements, field, side=side)) for side in PAIRS[pair]
    )
    return peer / ours


def _table(measurements: Sequence[Measurement]) -> str:
    rows = []
    for sides in PAIRS.values():
        for side in sides:
            spreads = [
                Spread.of(values_of(measurements, field, side=side))
                for field in CLOCKS.values()
            ]
            runs = str(len(values_of(measurements, "run", side=side)))
            rows.append([side, runs, *(spread.range() for spread in spreads)])
    columns = ("process", "runs", "wall min/median/max", "CPU min/median/max")
    return table(columns, rows)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Start-up: Visus against Keras.")
    parser.add_argument("--quick", action="store_true", help="5 runs instead of 11")
    return parser.parse_args()


if __name__ == "__main__":
    main()
