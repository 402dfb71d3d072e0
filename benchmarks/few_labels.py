"""Few labels: what a handful of pictures teaches, and how to make more of it.

Frozen features of the default backbone, on cats and dogs (the 1,000 of `val` are the
test) and on flowers (a fifth is the test; twins stay on one side). All draws are of the
training pictures; the test is answered and never chosen by.

    python -m benchmarks.few_labels [--quick]

- few shots: 1, 5, 10, 20 pictures a class, both heads, means over draws;
- 100 pictures a class of flowers, by the default backbone and by the one whose features
  are of several depths; the head and its strength as `visus train` finds them;
- semi-supervised: 10 labels a class of cats and dogs, with and without the other
  training pictures as unlabelled ones, paired over draws;
- active: flowers, features of several depths, in rounds of 20 labels from 40 on:
  pictures chosen by chance; by `visus label next` from the same 40 on; and by it from
  the beginning, the first 40 without a model. All have the same features and the same
  head. At the end each fits once more with the pictures that have no label as
  unlabelled ones.

Features are kept under VISUS_HOME, so a second call takes a minute less.

ratio: 400 labels by chance over the labels with which choice from the beginning reaches
their mean accuracy; 0 where 240 labels, 60 %, do not.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

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
from visus.core.seeds import random_generator
from visus.labelling.choose import Candidates, choose_next
from visus.labelling.settle import Surveyed
from visus.labelling.typical import choose_typical
from visus.labelling.worth import uncertainties
from visus.models.joined import HeadWeights
from visus.tasks.base import Head
from visus.tasks.intervals import mean_interval
from visus.tasks.single_label import SingleLabel
from visus.training.head.config import FrozenConfig
from visus.training.head.draws import Described, few_shots, fit_plainly
from visus.training.head.fit import Pupils, fit_head
from visus.training.head.pseudo import fit_with_unlabelled

ARCHIVES = {"cats_dogs": "cats_dogs_180.zip", "flowers": "flowers_128.zip"}
QUICK_EVERY = 4
SHOT_DRAWS, SEMI_DRAWS, ACTIVE_DRAWS, HUNDRED_DRAWS = 20, 20, 10, 10
HUNDRED = 100
USUAL, DEPTHS = "efficientnet-lite0", "efficientnet-lite0-depths"
QUICK_DRAWS = 3
LABELS_A_CLASS = 10
FIRST, ROUND, MOST_BY_CHANCE = 40, 20, 400
# 60 % of what chance gets.
MOST_BY_CHOICE = 240
# Of the penalty, for all heads of the active part.
STRENGTH = 1.0
CHANCE, CHOICE, FROM_FIRST = "chance", "choice", "choice from the first"
SIDES = {CHANCE: MOST_BY_CHANCE, CHOICE: MOST_BY_CHOICE, FROM_FIRST: MOST_BY_CHOICE}
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Pictures:
    """One data set as features: what may be labelled, and the test."""

    name: str
    pool: Described
    tests: Described
    class_names: tuple[str, ...]

    @property
    def classes(self) -> int:
        """How many there are."""
        return len(self.class_names)

    def accuracy(self, head: HeadWeights) -> float:
        """On the test, a share."""
        answers = head.scores(self.tests.features).argmax(axis=1)
        return float((answers == self.tests.targets).mean())


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description="Few labels.")
    parser.add_argument("--quick", action="store_true", help="a quarter; 3 draws")
    quick = parser.parse_args().quick
    machine = describe_machine()
    with scratch_folder() as folder:
        sets = {name: _pictures(name, folder, quick=quick) for name in ARCHIVES}
        deep = _pictures("flowers", folder, quick=quick, backbone=DEPTHS)
    measurements: list[Measurement] = []
    for pictures in sets.values():
        measurements += measure_shots(pictures, QUICK_DRAWS if quick else SHOT_DRAWS)
    for backbone, pictures in ((USUAL, sets["flowers"]), (DEPTHS, deep)):
        draws = QUICK_DRAWS if quick else HUNDRED_DRAWS
        measurements += measure_hundred(pictures, backbone, draws)
    measurements += measure_semi(
        sets["cats_dogs"], QUICK_DRAWS if quick else SEMI_DRAWS
    )
    measurements += measure_active(deep, QUICK_DRAWS if quick else ACTIVE_DRAWS)
    print(shots_table(measurements))
    print()
    print(hundred_lines(measurements))
    print()
    print(semi_line(measurements))
    print()
    print(active_table(measurements))
    print()
    print(machine_lines(machine))
    ratios = active_ratios(measurements)
    write_results(
        "few_labels",
        quick=quick,
        machine=machine,
        ratios=ratios,
        measurements=measurements,
    )
    print(last_line("few_labels", ratios[FROM_FIRST]))


def _pictures(
    name: str, folder: Path, *, quick: bool, backbone: str = USUAL
) -> Pictures:
    from visus.core.progress import SilentProgress
    from visus.pipeline.features import prepare_described, ready_backbone
    from visus.pipeline.growth import described_split
    from visus.pipeline.plan import make_plan

    tell_progress(f"{name}: features of {backbone}")
    if not (folder / name).exists():
        every = QUICK_EVERY if quick else 1
        unpack(shared_archive(ARCHIVES[name]), folder / name, every=every)
    choices = {
        "recipe": "frozen",
        "data": {"validation_share": 0.0},
        "frozen": {"backbone": backbone},
    }
    progress = SilentProgress()
    plan = make_plan(folder / name / name, choices, progress)
    data = prepare_described(plan, ready_backbone(plan, progress), progress)
    return Pictures(
        name,
        described_split(data, "train"),
        described_split(data, "test"),
        data.task.names,
    )


def measure_shots(pictures: Pictures, draws: int) -> list[Measurement]:
    """Accuracies of both heads at every number of pictures a class."""
    tell_progress(f"{pictures.name}: few shots")
    drawn = few_shots(pictures.pool, pictures.tests, pictures.classes, draws=draws)
    return [
        {
            "part": "shots",
            "data": pictures.name,
            "pictures_a_class": one.pictures,
            "head": one.head,
            "accuracies": [round(share, 6) for share in one.accuracies],
        }
        for one in drawn
    ]


def measure_hundred(
    pictures: Pictures, backbone: str, draws: int, a_class: int = HUNDRED
) -> list[Measurement]:
    """Accuracy with so many pictures of each class; strength by cross-validation."""
    tell_progress(f"{pictures.name}: {a_class} a class, {backbone}")
    head, shares = Head(pictures.classes), []
    for draw in range(draws):
        generator = random_generator(draw, "few labels, hundred")
        rows = _labels(pictures, a_class, generator)
        pupils = _pupils(pictures.pool.take(rows))
        fitted = fit_head(pupils, head, FrozenConfig(), draw)
        shares.append(pictures.accuracy(fitted.weights))
    return [
        {
            "part": "hundred",
            "data": pictures.name,
            "backbone": backbone,
            "pictures_a_class": a_class,
            "accuracies": [round(share, 6) for share in shares],
        }
    ]


def measure_semi(pictures: Pictures, draws: int) -> list[Measurement]:
    """Accuracy with the same labels, without and with the unlabelled rest."""
    found = []
    for draw in range(draws):
        tell_progress(f"{pictures.name}: semi-supervised, draw {draw + 1}")
        generator = random_generator(draw, "few labels, semi")
        rows = _labels(pictures, LABELS_A_CLASS, generator)
        pupils = _pupils(pictures.pool.take(rows))
        head = Head(pictures.classes)
        with stopwatch() as cost:
            first = fit_head(pupils, head, FrozenConfig(), draw)
            rest = _rest(pictures, rows)
            second = fit_with_unlabelled(
                pupils, first.weights, first.strength, pictures.pool.features[rest]
            )
        found.append(
            {
                "part": "semi",
                "data": pictures.name,
                "draw": draw,
                "labels": len(rows),
                "unlabelled": len(rest),
                "taken": int(second.taken.sum()),
                "supervised": pictures.accuracy(first.weights),
                "semi_supervised": pictures.accuracy(second.weights),
                **cost,
            }
        )
    return found


def measure_active(pictures: Pictures, draws: int) -> list[Measurement]:
    """Accuracy by number of labels, chosen by chance and by `visus label next`.

    Args:
        pictures: with labels that are looked at only once they were asked for.
        draws: of chance, and of the seeds of choice.
    """
    found = []
    for draw in range(draws):
        for side, most in SIDES.items():
            tell_progress(f"{pictures.name}: {side}, draw {draw + 1}")
            rows, curve = _in_rounds(
                pictures, side, min(most, len(pictures.pool)), draw
            )
            found.append(
                {
                    "part": "active",
                    "data": pictures.name,
                    "side": side,
                    "draw": draw,
                    "accuracies": {str(n): share for n, share in curve.items()},
                    "with_unlabelled": pictures.accuracy(_with_rest(pictures, rows)),
                }
            )
    return found


def _in_rounds(
    pictures: Pictures, side: str, most: int, draw: int
) -> tuple[Rows, dict[int, float]]:
    generator = random_generator(draw, "few labels, active")
    order = generator.permutation(len(pictures.pool)).astype(np.intp)
    rows, curve = order[:FIRST], {}
    if side == FROM_FIRST:
        none = np.zeros(len(order), dtype=bool)
        rows = choose_typical(pictures.pool.features, none, FIRST, draw)
    while True:
        head = fit_plainly(pictures.pool.take(rows), pictures.classes, STRENGTH)
        curve[len(rows)] = pictures.accuracy(head)
        if len(rows) >= most:
            return rows, curve
        if side == CHANCE:
            rows = order[: len(rows) + ROUND]
        else:
            rows = np.concatenate([rows, _next(pictures, head, rows, draw)])


def _next(pictures: Pictures, head: HeadWeights, rows: Rows, draw: int) -> Rows:
    rest = _rest(pictures, rows)
    task = SingleLabel(pictures.class_names)
    pool, labelled = (pictures.pool.features[some] for some in (rest, rows))
    unsure, known = (
        uncertainties(head.scores(some), task) for some in (pool, labelled)
    )
    candidates = Candidates(pool, unsure, Surveyed(labelled, known))
    return rest[choose_next(candidates, ROUND, seed=draw)]


def _with_rest(pictures: Pictures, rows: Rows) -> HeadWeights:
    """The head that learns from all other pictures too, without their labels."""
    labelled = pictures.pool.take(rows)
    head = fit_plainly(labelled, pictures.classes, STRENGTH)
    unlabelled = pictures.pool.features[_rest(pictures, rows)]
    return fit_with_unlabelled(_pupils(labelled), head, STRENGTH, unlabelled).weights


def _rest(pictures: Pictures, rows: Rows) -> Rows:
    return np.setdiff1d(np.arange(len(pictures.pool)), rows)


def _labels(pictures: Pictures, a_class: int, generator: np.random.Generator) -> Rows:
    """So many of each class, at most one of twins."""
    alone = generator.permutation(np.unique(pictures.pool.units, return_index=True)[1])
    targets = pictures.pool.targets[alone]
    return np.concatenate(
        [alone[targets == number][:a_class] for number in range(pictures.classes)]
    )


def _pupils(labelled: Described) -> Pupils:
    return Pupils(
        features=labelled.features,
        targets=labelled.targets,
        weights=np.ones(len(labelled), dtype=np.float32),
        # Class after class, so that every fold has each.
        folds=np.arange(len(labelled), dtype=np.intp) % 5,
        views={},
    )


def shots_table(measurements: list[Measurement]) -> str:
    """Means and intervals by pictures a class."""
    rows = [
        (
            m["data"],
            str(m["pictures_a_class"]),
            m["head"],
            str(len(m["accuracies"])),
            _told(m["accuracies"]),
        )
        for m in measurements
        if m["part"] == "shots"
    ]
    columns = ("pictures", "a class", "head", "draws", "accuracy % (95 % interval)")
    return table(columns, rows)


def hundred_lines(measurements: list[Measurement]) -> str:
    """Means of each backbone, and what the second gains, paired."""
    found = [m for m in measurements if m["part"] == "hundred"]
    lines = [
        f"{m['data']}, {m['pictures_a_class']} a class, {len(m['accuracies'])} draws, "
        f"{m['backbone']}: {_told(m['accuracies'])}"
        for m in found
    ]
    usual, deep = (m["accuracies"] for m in found)
    gains = [b - a for a, b in zip(usual, deep, strict=True)]
    return "\n".join([*lines, f"gain, paired: {_told(gains)}"])


def semi_line(measurements: list[Measurement]) -> str:
    """Both means, and the paired gain."""
    found = [m for m in measurements if m["part"] == "semi"]
    before = [m["supervised"] for m in found]
    after = [m["semi_supervised"] for m in found]
    gains = [b - a for a, b in zip(before, after, strict=True)]
    return (
        f"{found[0]['data']}, {found[0]['labels']} labels, {len(found)} draws: "
        f"supervised {_told(before)}, with {found[0]['unlabelled']:,} unlabelled "
        f"{_told(after)}; gain, paired, {_told(gains)}"
    )


def active_table(measurements: list[Measurement]) -> str:
    """Mean accuracies by labels, and what unlabelled pictures add at the end."""
    means = {side: _means(measurements, side) for side in SIDES}
    counts = sorted({count for mean in means.values() for count in mean})
    rows = [
        (
            str(count),
            *(
                f"{100 * means[side][count]:.2f}" if count in means[side] else ""
                for side in SIDES
            ),
        )
        for count in counts
    ]
    last = [
        _told([m["with_unlabelled"] for m in _active(measurements, side)])
        for side in SIDES
    ]
    return table(("labels", *SIDES), [*rows, ("and unlabelled", *last)])


def active_ratios(measurements: list[Measurement]) -> dict[str, float]:
    """Labels by chance over labels by choice for the same mean accuracy."""
    chance = _means(measurements, CHANCE)
    return {
        side: _ratio(chance, _means(measurements, side))
        for side in SIDES
        if side != CHANCE
    }


def _ratio(chance: dict[int, float], choice: dict[int, float]) -> float:
    most = max(chance)
    enough = [count for count, mean in choice.items() if mean >= chance[most]]
    return most / min(enough) if enough else 0.0


def _means(measurements: list[Measurement], side: str) -> dict[int, float]:
    curves = [m["accuracies"] for m in _active(measurements, side)]
    return {int(n): float(np.mean([c[n] for c in curves])) for n in curves[0]}


def _active(measurements: list[Measurement], side: str) -> list[Measurement]:
    return [m for m in measurements if m["part"] == "active" and m["side"] == side]


def _told(shares: list[float]) -> str:
    mean = mean_interval(shares)
    return f"{100 * mean.value:.2f} ({100 * mean.low:.2f} to {100 * mean.high:.2f})"


if __name__ == "__main__":
    main()
