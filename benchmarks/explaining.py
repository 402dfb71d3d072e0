"""Do the maps beat chance? Deletion and insertion on cats and dogs.

A model of frozen features, as `visus train` makes it, answers pictures of `val`; every
method that gives maps explains its answers. A map's curve is compared with the mean
curve of maps drawn by chance on the same picture, and the means of these differences
have their 95 % intervals (bootstrap over pictures).

Maps drawn by chance are others for each picture: the same few for all would be luck.

    python -m benchmarks.explaining [--quick] [--pictures N] [--only METHOD ...]

ratio: the least, over the methods of which it is promised, of the random maps' mean
area under the deletion curve over theirs; above 1 beats chance.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.data import own_home, scratch_folder, shared_archive, unpack
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
from benchmarks.pieces import results_name

ARCHIVE = "cats_dogs_180.zip"
PICTURES, QUICK_PICTURES = 20, 4
# Of these it is promised that they beat chance in deletion.
PROMISED = ("grad-cam", "integrated-gradients", "occlusion", "rise")
RANDOM = 5
DRAWS = 2000


def main() -> None:
    """Measure, print, keep."""
    arguments = _arguments()
    machine = describe_machine()
    with scratch_folder() as folder, own_home(folder):
        unpack(shared_archive(ARCHIVE), folder / "pictures")
        source = folder / "pictures" / "cats_dogs"
        model = _trained(source, folder)
        count = arguments.pictures or (QUICK_PICTURES if arguments.quick else PICTURES)
        measurements = _measured(model, _chosen(source, count), arguments.only)
    rows = _rows(measurements)
    print(table(("method", "deletion", "random", "gain", "insertion gain"), rows))
    print(machine_lines(machine))
    asked = arguments.only or PROMISED
    ratios = {name: _ratio(measurements, name) for name in asked}
    write_results(
        results_name("explaining", arguments),
        quick=arguments.quick,
        machine=machine,
        ratios=ratios,
        measurements=measurements,
    )
    print(last_line("explaining", min(ratios.values())))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few pictures")
    parser.add_argument("--pictures", type=int, help="how many")
    parser.add_argument("--only", nargs="+", help="these methods")
    return parser.parse_args()


def _trained(source: Path, folder: Path) -> Path:
    import visus

    run = visus.train(source, out=folder / "run", seed=0)
    return Path(run.bundle.path)


def _chosen(source: Path, count: int) -> list[Path]:
    """Pictures of `val`, both classes in turn, spread over the folders."""
    kinds = [sorted((source / "val" / name).glob("*.jpg")) for name in ("cats", "dogs")]
    rows = [
        kind[place]
        for kind in kinds
        for place in np.linspace(0, len(kind) - 1, -(-count // 2)).astype(int)
    ]
    return rows[:count]


def _measured(
    model: Path, pictures: list[Path], only: list[str] | None
) -> list[Measurement]:
    from visus.explanation import EXPLAINERS
    from visus.explanation.faithfulness import curves_of, random_curves
    from visus.pipeline.question import Question, make_explainer, open_question

    parts = map(EXPLAINERS.part, only) if only else EXPLAINERS
    maps = [part for part in parts if part.facts["gives"] == "map"]
    found: list[Measurement] = []
    first = None
    for number, picture in enumerate(pictures):
        opened = open_question(Question(model, picture))
        # Opened with Keras once, not once a picture.
        first = first or opened
        opened.__dict__["network"] = first.network
        subject = replace(opened.subject(), seed=number)
        random = random_curves(subject, RANDOM)
        chance = _areas(random)
        for part in maps:
            with stopwatch() as spent:
                values = make_explainer(part, {}).explain(subject).values
            found.append(
                {
                    "picture": picture.name,
                    "method": part.name,
                    **_areas([curves_of(subject, values)]),
                    **{f"random_{name}": area for name, area in chance.items()},
                    **spent,
                }
            )
        tell_progress(f"{number + 1} of {len(pictures)} pictures")
    return found


def _areas(curves: Any) -> dict[str, float]:
    return {
        "deletion": float(np.mean([one.deletion_area for one in curves])),
        "insertion": float(np.mean([one.insertion_area for one in curves])),
    }


def _rows(measurements: list[Measurement]) -> list[tuple[str, ...]]:
    names = dict.fromkeys(str(entry["method"]) for entry in measurements)
    rows = []
    for name in names:
        own = [entry for entry in measurements if entry["method"] == name]
        deletion, chance = (
            np.mean([entry[key] for entry in own])
            for key in ("deletion", "random_deletion")
        )
        gains = (
            _interval([e["random_deletion"] - e["deletion"] for e in own]),
            _interval([e["insertion"] - e["random_insertion"] for e in own]),
        )
        rows.append((name, f"{deletion:.3f}", f"{chance:.3f}", *gains))
    return rows


def _interval(values: list[float]) -> str:
    """The mean and its 95 % interval (percentile bootstrap)."""
    draws = np.random.default_rng(0).choice(values, (DRAWS, len(values)))
    low, high = np.percentile(draws.mean(axis=1), [2.5, 97.5])
    return f"{np.mean(values):+.3f} ({low:+.3f} to {high:+.3f})"


def _ratio(measurements: list[Measurement], name: str) -> float:
    own = [entry for entry in measurements if entry["method"] == name]
    deletion, chance = (
        float(np.mean([entry[key] for entry in own]))
        for key in ("deletion", "random_deletion")
    )
    return chance / max(deletion, 1e-9)


if __name__ == "__main__":
    main()
