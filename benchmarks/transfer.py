"""Learning from 2,000 photographs with a pretrained network: Visus beside Keras.

Cats and dogs: the 2,000 of `train` to learn from (a tenth of them held for choices),
the 1,000 of `val` as the test, seen once. Both sides use the same EfficientNet-Lite0.

- **the guide's way**: Keras's transfer-learning guide; the frozen network inside `fit`,
  `image_dataset_from_directory`, augmentation layers, 10 epochs;
- **by hand**: a Keras user who computes the features once and fits a head on them;
- **Visus**: `visus train` on a folder that it has never seen, to the saved and
  evaluated bundle; then 20 pictures are relabelled, and it is trained again.

    python -m benchmarks.transfer [--quick]

ratio: wall seconds of the guide's way over ours. Shown too: the ratio against features
by hand; images a second of the features alone, each side at its best batch size and
with decoding; the refit; whether the joined graph answers 200 pictures as backbone and
head one after the other; and how many of 5 % flipped labels the audit's probe finds in
the first 10 % of its ranking.
"""

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.data import own_home, scratch_folder, shared_archive, unpack
from benchmarks.measure import (
    CLOCKS,
    Measurement,
    describe_machine,
    last_line,
    machine_lines,
    ratio_of_means,
    run_side,
    table,
    tell_progress,
    time_command,
    values_of,
    write_results,
)

ARCHIVE = "cats_dogs_180.zip"
EPOCHS, QUICK_EPOCHS = 10, 1
QUICK = "one epoch of the guide's way, whose fitting time is multiplied by ten."
OURS, GUIDE, BY_HAND, REFIT = "Visus", "the guide's way", "by hand", "Visus, refit"
TUNED = "Keras, oneDNN switched on"
WHOLE, FEATURES = "whole way", "features"
RELABELLED = 20
REFITS = 3


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description="Transfer learning, frozen features.")
    parser.add_argument("--quick", action="store_true", help=QUICK)
    quick = parser.parse_args().quick
    archive = shared_archive(ARCHIVE)
    machine = describe_machine()
    with scratch_folder() as folder, own_home(folder):
        unpack(archive, folder / "pictures")
        measurements = _measure(folder / "pictures" / "cats_dogs", folder, quick)
    ratios = transfer_ratios(measurements)
    _tell(measurements, ratios)
    print()
    print(machine_lines(machine))
    if quick:
        print(f"Short form: {QUICK}")
    for label, ratio in ratios.items():
        print(f"{label}: {ratio:.2f}")
    write_results(
        "transfer",
        quick=quick,
        machine=machine,
        ratios=ratios,
        measurements=measurements,
    )
    print(last_line("transfer", next(iter(ratios.values()))))


def scaled_to_all_epochs(measured: Measurement, epochs: int = EPOCHS) -> Measurement:
    """The costs with the fitting of all epochs, where fewer were run."""
    more = epochs / measured["epochs"] - 1
    wall = measured["wall_seconds"] + more * measured["fit_seconds"]
    share = wall / measured["wall_seconds"]
    return {
        **measured,
        "wall_seconds": wall,
        "cpu_seconds": measured["cpu_seconds"] * share,
        "scaled_from_epochs": measured["epochs"],
    }


def transfer_ratios(measurements: Sequence[Measurement]) -> dict[str, float]:
    """The peers' costs over ours, and our speed over theirs."""
    speeds = {
        side: values_of(measurements, "images_per_second", side=side, part=FEATURES)
        for side in (OURS, GUIDE, TUNED)
    }
    costs = {
        f"{peer} / {OURS}, {clock}": ratio_of_means(
            values_of(measurements, field, side=peer, part=WHOLE),
            values_of(measurements, field, side=OURS, part=WHOLE),
        )
        for clock, field in CLOCKS.items()
        for peer in (GUIDE, BY_HAND)
    }
    return {
        **costs,
        "features a second, Visus / Keras predict": ratio_of_means(
            speeds[OURS], speeds[GUIDE]
        ),
        f"the same / {TUNED}": ratio_of_means(speeds[OURS], speeds[TUNED]),
    }


def _measure(pictures: Path, folder: Path, quick: bool) -> list[Measurement]:
    place = ("--folder", pictures)
    found: list[Measurement] = []

    def add(side: str, name: str, *words: object, **more: object) -> Measurement:
        measured = {"side": side, **more, **run_side(name, *place, *words)}
        found.append(measured)
        tell_progress(f"{side} {more.get('part', '')}: {_in_short(measured)}")
        return measured

    epochs = QUICK_EPOCHS if quick else EPOCHS
    run = ("--measure", "run", "--out", folder / "run")
    add(OURS, "transfer_visus", *run, part=WHOLE)
    found += _refits(pictures, folder)
    add(OURS, "transfer_visus", "--measure", "extract", part=FEATURES)
    add(GUIDE, "transfer_keras", "--way", "predict", part=FEATURES)
    add(TUNED, "transfer_keras", "--way", "predict", "--onednn", part=FEATURES)
    by_hand = ("--way", "by-hand", "--out", folder / "hand.keras")
    add(BY_HAND, "transfer_keras", *by_hand, part=WHOLE)
    guide = ("--way", "guide", "--epochs", epochs, "--out", folder / "guide.keras")
    measured = add(GUIDE, "transfer_keras", *guide, part=WHOLE)
    if quick:
        found[-1] = scaled_to_all_epochs(measured)
    add(OURS, "transfer_visus", "--measure", "labels", part="planted label errors")
    return found


def _refits(pictures: Path, folder: Path) -> list[Measurement]:
    """Fresh processes, each after 20 training pictures have changed their label."""
    found = []
    for number in range(REFITS):
        moved = _relabel(pictures, number)
        out = folder / f"refit-{number}"
        words = ["train", str(pictures), "--out", str(out), "--offline", "--json"]
        cost = time_command([sys.executable, "-m", "visus.cli.app", *words])
        found.append({"side": REFIT, "part": "refit", **cost})
        tell_progress(f"{REFIT}: {_in_short(found[-1])}")
        for source, target in moved:
            shutil.move(target, source)
    return found


def _relabel(pictures: Path, number: int) -> list[tuple[Path, Path]]:
    moved = []
    for name, other in (("cats", "dogs"), ("dogs", "cats")):
        paths = sorted((pictures / "train" / name).iterdir())
        half = RELABELLED // 2
        for path in paths[number * half : (number + 1) * half]:
            target = pictures / "train" / other / f"moved-{path.name}"
            shutil.move(path, target)
            moved.append((path, target))
    return moved


def _in_short(measured: Measurement) -> str:
    forms = {
        "wall_seconds": "{:.1f} s",
        "accuracy": "accuracy {:.2%}",
        "images_per_second": "{:.1f} images/s",
        "found": "{:.1%} found",
    }
    return ", ".join(
        form.format(measured[name]) for name, form in forms.items() if name in measured
    )


def _tell(measurements: Sequence[Measurement], ratios: dict[str, float]) -> None:
    rows = []
    for one in measurements:
        low, high = one.get("interval", (None, None))
        rows.append(
            (
                one["side"],
                one["part"],
                _cell(one, "wall_seconds", "{:.2f}"),
                _cell(one, "cpu_seconds", "{:.1f}"),
                _cell(one, "images_per_second", "{:.1f}"),
                _cell(one, "accuracy", "{:.2%}"),
                "" if low is None else f"{low:.2%} to {high:.2%}",
            )
        )
    columns = ("side", "what", "wall s", "CPU s", "images/s", "accuracy", "interval")
    print(table(columns, rows))
    ours = next(m for m in measurements if m["side"] == OURS and "accuracy" in m)
    print(
        f"joined graph and two steps on {ours['compared']} pictures: "
        f"{ours['worst_difference']:.1e} apart, {ours['same_answers']:.0%} of the "
        "answers the same"
    )
    labels = next(m for m in measurements if "found" in m)
    print(
        f"{labels['planted']} flipped labels of {labels['pictures']:,}: "
        f"{labels['found']:.1%} in the first 10 % of the ranking"
    )


def _cell(measured: Measurement, name: str, form: str) -> str:
    return form.format(measured[name]) if name in measured else ""


if __name__ == "__main__":
    main()
