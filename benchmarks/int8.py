"""Convolutions in eight bits beside float, in the same runtime.

The photo backbone, EfficientNet-Lite0 with a head trained on 2,000 cats and dogs by
`visus train`, is brought to eight bits by `visus export --int8`, as anybody would:
calibrated on training pictures, the budget of 0.5 point kept on validation pictures.
Both graphs then run in ONNX Runtime, each time in a fresh process, in turn, so that a
slow minute of the machine falls on both; accuracy is that on the 1,000 pictures of
`val`, which neither training nor calibrating nor choosing has seen.

    python -m benchmarks.int8 [--quick]

ratio: images a second in eight bits over those in float, batches of 16 on all cores.
Shown too: by processor time, one picture at a time, points of accuracy lost, bytes, and
where the time goes, operator by operator, on one core.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.data import own_home, scratch_folder, shared_archive, unpack
from benchmarks.measure import (
    Measurement,
    Spread,
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
FLOAT, INT8 = "float", "int8"
ROUNDS, QUICK_ROUNDS = 7, 2
QUICK = "every fourth picture, two rounds."
# What a processor needs to add four products of bytes in one step.
HELPFUL = ("avx512_vnni", "avx_vnni", "amx_int8")


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description="INT8 beside float.")
    parser.add_argument("--quick", action="store_true", help=QUICK)
    quick = parser.parse_args().quick
    archive = shared_archive(ARCHIVE)
    machine = describe_machine() | {"helpful_flags": helpful_flags()}
    with scratch_folder() as folder, own_home(folder):
        unpack(archive, folder, every=4 if quick else 1)
        graphs = _graphs(folder)
        rounds = QUICK_ROUNDS if quick else ROUNDS
        measurements = _measure(graphs, folder / "cats_dogs", rounds)
    ratios = int8_ratios(measurements)
    _tell(measurements)
    print()
    print(machine_lines(machine))
    print(f"helpful to eight bits: {', '.join(machine['helpful_flags']) or 'nothing'}")
    if quick:
        print(f"Short form: {QUICK}")
    for label, ratio in ratios.items():
        print(f"{label}: {ratio:.3f}")
    write_results(
        "int8", quick=quick, machine=machine, ratios=ratios, measurements=measurements
    )
    print(last_line("int8", next(iter(ratios.values()))))


def helpful_flags() -> list[str]:
    """Which of the instructions for bytes this processor has."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return []
    lines = [line for line in text.splitlines() if line.startswith("flags")]
    return [flag for flag in HELPFUL if lines and flag in lines[0].split()]


def int8_ratios(measurements: Sequence[Measurement]) -> dict[str, float]:
    """How many times as fast, and what is lost."""

    def ratio(field: str) -> float:
        # Seconds a picture: float's cost over ours.
        costs = [values_of(measurements, field, side=s) for s in (FLOAT, INT8)]
        return ratio_of_means(*costs)

    before, after = (_first(measurements, side)["accuracy"] for side in (FLOAT, INT8))
    sizes = [values_of(measurements, "bytes", side=s)[0] for s in (FLOAT, INT8)]
    return {
        "images a second, int8 / float": ratio("wall_seconds_an_image"),
        "the same by processor time": ratio("cpu_seconds_an_image"),
        "one picture at a time, wall": ratio("wall_seconds_alone"),
        "points of accuracy lost": 100 * (before - after),
        "bytes, float / int8": sizes[0] / sizes[1],
    }


def _first(measurements: Sequence[Measurement], side: str) -> Measurement:
    """The one that has accuracy and profile too."""
    return next(measured for measured in measurements if measured["side"] == side)


def _graphs(folder: Path) -> dict[str, Path]:
    """Both graphs, made by the commands that anybody would use."""
    bundle, int8, plain = (folder / n for n in ("run/model.visus", "8.onnx", "32.onnx"))
    photos = folder / "cats_dogs"
    _visus("train", photos, "--out", folder / "run", "--offline", "--json")
    asked = ("export", bundle, "--to", "onnx", "--json")
    _visus(*asked, "--int8", "--data", photos, "--out", int8)
    _visus(*asked, "--out", plain)
    return {FLOAT: plain, INT8: int8}


def _visus(*words: object) -> None:
    cost = time_command([sys.executable, "-m", "visus.cli.app", *map(str, words)])
    tell_progress(f"visus {words[0]}: {cost['wall_seconds']:.1f} s")


def _measure(graphs: dict[str, Path], photos: Path, rounds: int) -> list[Measurement]:
    found = []
    for number in range(rounds):
        for side, graph in graphs.items():
            # Accuracy and profile once; they are the same every time.
            whole = ("--photos", photos) if number == 0 else ()
            measured = run_side("int8_graph", "--graph", graph, *whole)
            found.append({"side": side, "bytes": graph.stat().st_size, **measured})
            tell_progress(f"{side}: {measured['images_per_second']:.1f} images/s")
    return found


def _tell(measurements: Sequence[Measurement]) -> None:
    rows = []
    for side in (FLOAT, INT8):
        speeds = values_of(measurements, "images_per_second", side=side)
        costs = values_of(measurements, "cpu_seconds_an_image", side=side)
        alone = values_of(measurements, "wall_seconds_alone", side=side)
        first = _first(measurements, side)
        rows.append(
            (
                side,
                Spread.of(speeds).range("images/s"),
                Spread.of([1000 * cost for cost in costs]).around_mean("ms"),
                Spread.of([1000 * cost for cost in alone]).around_mean("ms"),
                f"{first['accuracy']:.2%} of {first['pictures']}",
                f"{first['bytes'] / 1e6:.2f} MB",
            )
        )
    columns = (
        "side",
        "speed (low / median / high)",
        "CPU an image",
        "alone, wall",
        "accuracy",
        "size",
    )
    print(table(columns, rows))
    for side in (FLOAT, INT8):
        profile = _first(measurements, side)["profile"]
        slowest = sorted(profile.items(), key=lambda pair: -pair[1])[:6]
        told = ", ".join(f"{kind} {ms:.2f}" for kind, ms in slowest)
        print(f"{side}, ms an image on one core: {told}")


if __name__ == "__main__":
    main()
