"""All figures of the audit: planted twins, planted label errors, and how fast.

Copies of real pictures (exact, re-encoded, resized, cropped, flipped, recolored) are
put among all of them. What is found besides was there before; the pairs are printed, to
be looked at: the flowers do have twins, and so do cats and dogs.

    python -m benchmarks.audit [--quick] [--pairs]

Then the labels, as `python -m benchmarks.planted_labels` has them.

ratio: 10 seconds over the wall seconds in which the hashes of 100,000 pictures were
compared, which is the promise; thumbnails of CIFAR-10 and of its halves.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.data import scratch_folder, shared_archive, unpack
from benchmarks.measure import (
    Measurement,
    describe_machine,
    last_line,
    machine_lines,
    stopwatch,
    table,
    tell_progress,
    write_results,
)
from benchmarks.planted_labels import label_ratios, labels_table, measure_labels
from benchmarks.planting import CHANGES, opened
from visus.data.looks import Looks, join_looks, look_at
from visus.data.sketches import near_pairs, sketch
from visus.data.twins import ALIKE, CHANGED, CROPS, find_twins

ARCHIVES = ("cats_dogs_180", "flowers_128", "imagenet_samples_200")
PLANTED = 200
QUICK_PLANTED = 40
PROMISED_SECONDS = 10
MANY = 100_000
PICTURES = (".jpg", ".jpeg", ".png")


def main() -> None:
    """Measure, print, keep."""
    arguments = _arguments()
    machine = describe_machine()
    measurements = []
    for archive in ARCHIVES:
        with scratch_folder() as folder:
            unpack(
                shared_archive(f"{archive}.zip"), folder, 8 if arguments.quick else 1
            )
            planted = QUICK_PLANTED if arguments.quick else PLANTED
            measurements += _plant(archive, folder, planted, tell=arguments.pairs)
    with scratch_folder() as folder:
        unpack(shared_archive("cifar10_jpg_train.tar.xz"), folder)
        measurements.append(_compare_many(_paths(folder)))
    compared, cpu = (measurements[-1][f"{clock}_seconds"] for clock in ("wall", "cpu"))
    labels = measure_labels(quick=arguments.quick)
    print(_table(measurements))
    print()
    print(labels_table(labels))
    print()
    print(machine_lines(machine))
    print(f"hashes of {MANY:,} pictures compared in {compared:.2f} s, CPU {cpu:.2f} s")
    ratios = {"promised / measured": PROMISED_SECONDS / compared}
    ratios |= {f"labels, {name}": r for name, r in label_ratios(labels).items()}
    write_results(
        "audit",
        quick=arguments.quick,
        machine=machine,
        ratios=ratios,
        measurements=[*measurements, *labels],
    )
    print(last_line("audit", ratios["promised / measured"]))


def _plant(
    archive: str, folder: Path, planted: int, *, tell: bool
) -> list[Measurement]:
    paths = _paths(folder)
    tell_progress(f"{archive}: {len(paths)} pictures")
    names = [f"{number}" for number in range(len(paths))]
    looks = [look_at(np.asarray(image)) for image in opened(paths)]
    chosen = np.linspace(0, len(paths) - 1, min(planted, len(paths))).astype(int)
    found = []
    for change, changed in CHANGES.items():
        draws = np.random.default_rng(0)
        images = opened([paths[row] for row in chosen])
        copies = [look_at(np.asarray(changed(image, draws))) for image in images]
        contents = [
            names[row] if change == "exact" else f"copy {row}" for row in chosen
        ]
        pairs = _pairs(names + contents, join_looks(looks + copies))
        rows = [{int(row), len(paths) + place} for place, row in enumerate(chosen)]
        share = np.mean([frozenset(pair) in pairs for pair in rows])
        found.append(
            {"pictures": archive, "what": change, "count": len(rows), "share": share}
        )
    before = _pairs(names, join_looks(looks))
    involved = {row for pair in before for row in pair}
    share = len(involved) / len(paths)
    what = "twins that nobody planted"
    found.append(
        {"pictures": archive, "what": what, "count": len(involved), "share": share}
    )
    for pair in sorted(map(sorted, before)) if tell else ():
        print(" = ".join(str(paths[row].relative_to(folder)) for row in pair))
    return found


def _pairs(contents: Sequence[str], looks: Looks) -> set[frozenset[int]]:
    twins = find_twins(contents, looks)
    return {frozenset((pair.first, pair.second)) for pair in twins.pairs}


def _compare_many(paths: Sequence[Path]) -> Measurement:
    tell_progress(f"hashes of {MANY:,} pictures")
    whole = np.stack([look_at(np.asarray(image)).thumbnail for image in opened(paths)])
    halves = whole[: MANY - len(whole), :, :16].repeat(2, axis=2)
    thumbnails = np.concatenate([whole, halves])[:MANY]
    plain = sketch(thumbnails)
    changed = [sketch(thumbnails, window) for window in CROPS]
    changed.append(sketch(thumbnails, mirrored=True))
    with stopwatch() as cost:
        proposed = len(near_pairs(plain, plain, ALIKE)[0])
        for sketches in changed:
            proposed += len(near_pairs(sketches, plain, CHANGED)[0])
    what = "hashes compared, in all variants"
    return {"pictures": "CIFAR-10", "what": what, "count": len(thumbnails), **cost}


def _paths(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in PICTURES)


def _table(measurements: Sequence[Measurement]) -> str:
    rows = [
        [m["pictures"], m["what"], f"{m['count']:,}", f"{m['share']:.2%}"]
        for m in measurements
        if "share" in m
    ]
    return table(("pictures", "what", "count", "share"), rows)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Planted twins and label errors: found, and how fast."
    )
    parser.add_argument(
        "--quick", action="store_true", help="an eighth of the pictures"
    )
    parser.add_argument(
        "--pairs", action="store_true", help="print what was not planted"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
