"""MNIST: the recipes of Visus against the course's listing.

The peer is Keras `fit` on TensorFlow: convnet, rmsprop, batch 64, 5 epochs, all 60,000
pictures. Ours keep to their recipes, validation pictures carved out included.

    python -m benchmarks.mnist [--quick]

ratio: the listing's training time over that of the recipe `quick`, wall clock.
"""

import argparse
from collections.abc import Sequence

from benchmarks.against_listing import (
    LISTING,
    Contender,
    arguments,
    costs_table,
    epoch_costs,
    measure_all,
    quick_note,
    ratios_of,
)
from benchmarks.data import mnist_files, own_home, scratch_folder
from benchmarks.measure import (
    CLOCKS,
    Measurement,
    Spread,
    describe_machine,
    last_line,
    machine_lines,
    ratio_of_means,
    table,
    write_results,
)

SAME_CONVNET = "same convnet"
QUICK = Contender("quick", "quick")
THOROUGH = Contender("thorough", "thorough")


def main() -> None:
    """Measure, print, keep."""
    asked = arguments("MNIST: Visus against the course's listing.")
    machine = describe_machine()
    contenders = _contenders(asked)
    with scratch_folder() as folder:
        data = mnist_files(folder)
        with own_home(folder):
            measurements = measure_all(data, contenders, asked)
    ratios = _ratios(measurements, contenders)
    print(costs_table(measurements, contenders))
    print()
    print(_epoch_table(measurements))
    print()
    print(machine_lines(machine))
    print(quick_note(asked.quick))
    for label, ratio in ratios.items():
        print(f"listing / {label}: {ratio:.2f}")
    if not asked.pictures:
        write_results(
            "mnist",
            quick=asked.quick,
            machine=machine,
            ratios=ratios,
            measurements=measurements,
        )
    print(last_line("mnist", ratios["quick training wall"]))


def _contenders(asked: argparse.Namespace) -> list[Contender]:
    from visus.training.recipes import RECIPES

    epochs = 1 if asked.quick else 0
    convnet = Contender(SAME_CONVNET, "course-rmsprop", ("training",), epochs)
    if THOROUGH.recipe not in RECIPES:
        print("The recipe 'thorough' does not exist; its rows are left out.")
        return [QUICK, convnet]
    if asked.quick:
        print("Short form: the rows of the recipe 'thorough' are left out.")
        return [QUICK, convnet]
    return [QUICK, THOROUGH, convnet]


def _ratios(
    measurements: Sequence[Measurement], contenders: Sequence[Contender]
) -> dict[str, float]:
    ratios = {}
    for contender in contenders:
        if contender.name != SAME_CONVNET:
            ratios |= ratios_of(measurements, contender)
    for label, field in CLOCKS.items():
        ratios[f"{SAME_CONVNET}, one epoch {label}"] = ratio_of_means(
            epoch_costs(measurements, LISTING, field),
            epoch_costs(measurements, SAME_CONVNET, field),
        )
    return ratios


def _epoch_table(measurements: Sequence[Measurement]) -> str:
    rows = []
    for name in (LISTING, SAME_CONVNET):
        wall, processor = (
            Spread.of(epoch_costs(measurements, name, field))
            for field in CLOCKS.values()
        )
        side = "Visus" if name == SAME_CONVNET else name
        rows.append([side, wall.around_mean(), wall.range(), processor.around_mean()])
    columns = (
        "one epoch of the very same convnet, batch 64",
        "wall mean ± sd",
        "wall min/median/max",
        "CPU mean ± sd",
    )
    return table(columns, rows)


if __name__ == "__main__":
    main()
