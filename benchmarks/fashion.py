"""Fashion-MNIST: the recipe that Visus chooses against the course's listing.

The full 70,000 pictures come from the cache or a public mirror; where neither can be
reached, this says so, measures nothing and keeps nothing.

    python -m benchmarks.fashion [--quick]

ratio: the listing's training time, five epochs, over ours, wall clock.
"""

from math import nan
from pathlib import Path

from benchmarks.against_listing import (
    Contender,
    arguments,
    costs_table,
    measure_all,
    quick_note,
    ratios_of,
)
from benchmarks.data import own_home, scratch_folder, source_files
from benchmarks.measure import (
    describe_machine,
    last_line,
    machine_lines,
    write_results,
)

OURS = Contender("default recipe", "auto")


def main() -> None:
    """Measure, print, keep; or say why not."""
    asked = arguments("Fashion-MNIST: Visus against the course's listing.")
    from visus.core.errors import MachineError

    machine = describe_machine()
    with scratch_folder() as folder:
        try:
            data = source_files("fashion-mnist", folder, offline=False)
        except MachineError as error:
            print(f"Not measured: {type(error).__name__}: {_brief(error)}")
            print(last_line("fashion", nan))
            return
        with own_home(folder):
            measurements = measure_all(data, [OURS], asked)
    ratios = ratios_of(measurements, OURS)
    print(costs_table(measurements, [OURS]))
    print()
    print(machine_lines(machine))
    print(quick_note(asked.quick))
    for label, ratio in ratios.items():
        print(f"listing / {label}: {ratio:.2f}")
    if not asked.pictures:
        write_results(
            "fashion",
            quick=asked.quick,
            machine=machine,
            ratios=ratios,
            measurements=measurements,
        )
    print(last_line("fashion", ratios[f"{OURS.name} training wall"]))


def _brief(error: Exception) -> str:
    # The person's own folder is nobody's business in a log.
    return str(error).replace(str(Path.home()), "~")


if __name__ == "__main__":
    main()
