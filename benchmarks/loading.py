"""From JPEG files to training batches: Visus against Keras's tf.data on the same cores.

Both sides list a folder and make shuffled batches of 64 pictures of 180 by 180 pixels.
The first pass of Visus is the whole of what `visus train` does before and in its first
epoch: it hashes every file, decodes, prepares, makes thumbnails, keeps the pixels on
disk (with fsync), finds twins and lays out the batches. The second pass is the second
epoch; a later run begins with what the first has kept. Keras decodes every time. Its
batches are float32, ours uint8, which the compiled step casts.

    python -m benchmarks.loading [--quick]

Then the pictures changed by a whole policy of augmentation, from cached pixels, as
`python -m benchmarks.augmenting` has them.

ratio: wall seconds of Keras's first pass over ours, cats and dogs. Above 1 we are
quicker. Before it: the same for the other passes, for full-size photographs and in
processor seconds, and the most anonymous memory where the pixels are ten times what
memory may hold.
"""

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

from benchmarks.augmenting import (
    augmenting_ratios,
    augmenting_table,
    measure_augmenting,
)
from benchmarks.data import own_home, scratch_folder, shared_archive, unpack
from benchmarks.measure import (
    CLOCKS,
    Measurement,
    Spread,
    describe_machine,
    last_line,
    machine_lines,
    ratio_of_means,
    run_side,
    table,
    tell_progress,
    values_of,
    write_results,
)

SIDE = 180
BATCH_SIZE = 64
RUNS = 7
QUICK_RUNS = 2
QUICK_EVERY = 3
WARM_UP_PICTURES = 32
PEER, OURS = "Keras tf.data", "Visus"
SIDES = {PEER: "loading_keras", OURS: "loading_visus"}
ARCHIVES = {"cats and dogs": "cats_dogs_180", "full size": "imagenet_samples_200"}
PASSES = {"first": "first pass", "second": "second pass", "again": "a later run"}
PARTS = ("list", "scan", "twins", "batches")
# The promise: anonymous memory stays under the budget and this.
SPARE_BYTES = 100e6
TIMES_THE_BUDGET = 10


def main() -> None:
    """Measure, print, keep."""
    quick = _arguments().quick
    machine = describe_machine()
    with scratch_folder() as folder, own_home(folder):
        folders = {name: _pictures(folder, name, quick) for name in ARCHIVES}
        runs = QUICK_RUNS if quick else RUNS
        measurements = [
            _measure(side, name, folders[name], folder, run)
            for run in range(runs)
            for name in ARCHIVES
            for side in SIDES
        ]
        streamed = _stream(folders, folder)
    changed = measure_augmenting(quick=quick)
    ratios = _ratios(measurements) | {
        f"a whole policy of augmentation, {clock}": ratio
        for clock, ratio in augmenting_ratios(changed).items()
    }
    print(_table(measurements))
    print()
    print(augmenting_table(changed))
    print()
    print(machine_lines(machine))
    print(_parts(measurements))
    for label, ratio in ratios.items():
        print(f"Keras / Visus, {label}: {ratio:.2f}")
    print(_memory(streamed))
    write_results(
        "loading",
        quick=quick,
        machine=machine,
        ratios=ratios,
        measurements=[*measurements, streamed, *changed],
    )
    print(last_line("loading", ratios["cats and dogs, first pass, wall"]))


def _pictures(folder: Path, name: str, quick: bool) -> Path:
    """The pictures in two class folders, with a few apart to warm up on."""
    packed, made = folder / "packed", folder / name.replace(" ", "-")
    every = QUICK_EVERY if quick and name == "cats and dogs" else 1
    unpack(shared_archive(f"{ARCHIVES[name]}.zip"), packed, every)
    paths = sorted(
        path
        for path in packed.rglob("*")
        if path.suffix.lower() in (".jpg", ".jpeg") and path.is_file()
    )
    for place, chosen in (("all", paths), ("few", paths[:WARM_UP_PICTURES])):
        for number, path in enumerate(chosen):
            target = made / place / "ab"[number % 2] / f"{number:05d}.jpg"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    shutil.rmtree(packed)
    return made


def _measure(
    side: str, name: str, pictures: Path, folder: Path, run: int
) -> Measurement:
    # Without what the last run has kept, the first pass is a first one again.
    shutil.rmtree(folder / "home", ignore_errors=True)
    found = run_side(SIDES[side], *_words(pictures))
    tell_progress(f"{name}, {side}, run {run + 1}: {_rate(found, 'first'):,.0f}/s")
    return {"side": side, "archive": name, "run": run, **found}


def _stream(folders: dict[str, Path], folder: Path) -> Measurement:
    """Pixels ten times the budget: what is held in memory, and what streams."""
    shutil.rmtree(folder / "home", ignore_errors=True)
    pictures = folders["cats and dogs"]
    count = sum(1 for _ in (pictures / "all").rglob("*.jpg"))
    budget = count * SIDE * SIDE * 3 // TIMES_THE_BUDGET
    found = run_side(SIDES[OURS], *_words(pictures), "--budget", budget)
    return {"side": f"{OURS}, streamed", "budget_bytes": budget, **found}


def _words(pictures: Path) -> tuple[object, ...]:
    places = ("--folder", pictures / "all", "--warm-up", pictures / "few")
    return (*places, "--side", SIDE, "--batch-size", BATCH_SIZE)


def _rate(found: Measurement, which: str, clock: str = "wall_seconds") -> float:
    return float(found["pictures"] / found[f"{which}_{clock}"])


def _ratios(measurements: Sequence[Measurement]) -> dict[str, float]:
    return {
        f"{name}, {label}, {clock}": ratio_of_means(
            *(
                values_of(measurements, f"{which}_{field}", side=side, archive=name)
                for side in SIDES
            )
        )
        for name in ARCHIVES
        for which, label in PASSES.items()
        for clock, field in CLOCKS.items()
    }


def _table(measurements: Sequence[Measurement]) -> str:
    rows = []
    for name in ARCHIVES:
        for which, label in PASSES.items():
            for side in SIDES:
                chosen = [
                    found
                    for found in measurements
                    if found["side"] == side and found["archive"] == name
                ]
                wall = Spread.of([_rate(found, which) for found in chosen])
                clocks = [
                    Spread.of([1e3 / _rate(found, which, field) for found in chosen])
                    for field in CLOCKS.values()
                ]
                rate = f"{wall.low:,.0f} / {wall.median:,.0f} / {wall.high:,.0f}"
                each = (spread.around_mean("ms") for spread in clocks)
                rows.append([name, label, side, str(len(chosen)), rate, *each])
    columns = ("pictures", "pass", "side", "runs", "a second: min/median/max")
    return table((*columns, "wall a picture", "CPU a picture"), rows)


def _parts(measurements: Sequence[Measurement]) -> str:
    """Where the wall time of Visus goes."""
    lines = []
    for name in ARCHIVES:
        for which in ("first", "again"):
            wanted = {"side": OURS, "archive": name}
            pictures = sum(values_of(measurements, "pictures", **wanted))
            shares = []
            for part in PARTS:
                seconds = sum(values_of(measurements, f"{which}_{part}", **wanted))
                shares.append(f"{part} {1e3 * seconds / pictures:.3f}")
            shown = ", ".join(shares)
            lines.append(f"{OURS}, {name}, {PASSES[which]}, ms a picture: {shown}")
    fast = all(found.get("fast", True) for found in measurements)
    lines.append(f"plain JPEG decoded by {'simplejpeg' if fast else 'Pillow'}")
    return "\n".join(lines)


def _memory(streamed: Measurement) -> str:
    budget, most = streamed["budget_bytes"], streamed["anonymous_bytes"]
    held = "within" if most < budget + SPARE_BYTES else "ABOVE"
    return (
        f"anonymous memory for {streamed['bytes'] / 1e6:,.0f} MB of pixels, "
        f"{budget / 1e6:,.0f} MB of them held: {most / 1e6:,.0f} MB above the imports, "
        f"{held} the budget and {SPARE_BYTES / 1e6:,.0f} MB"
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Loading: Visus against tf.data.")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="2 runs instead of 7, a third of the cats and dogs",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
