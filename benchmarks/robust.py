"""Robustness: what training for it gains, what it costs, and what adapting mends.

    python -m benchmarks.robust [--quick] [--only PIECE ...]

- adversarial: the recipe `quick` and the recipe `adversarial` side by side: accuracy as
  pictures are, with noise, under FGSM and under PGD within 76 of 255 levels, and the
  seconds of training;
- policies: the recipe `quick` as it is and with `training.augment.strength` 5 and 10,
  and the recipe `corruptions`: accuracy as pictures are, under each of the fifteen
  common corruptions at five severities, their mean, the mean of the nine that are not
  akin to what that recipe does to pictures, and the seconds of training;
- adapt: `quick` on corrupted test pictures (severity 3), which stand for pictures from
  elsewhere: how surely they are told apart, and accuracy before and after batch
  normalizations were measured on them, or features aligned, without labels;
- photographs: the same of cats and dogs by frozen features;
- groups: pictures whose class a look nearly tells (gray cats, colored dogs; inverted
  digits): accuracy where the look misleads, as it is and with groups that count alike.

MNIST; the short form takes `digits`, a part of it, a quarter of the cats and dogs, and
its figures are no claims.

ratio: accuracy under PGD of the recipe `adversarial`, over that of `quick` where both
have any right (at least one picture is counted).
"""

from collections.abc import Callable
from math import isnan, nan
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import unfair
from benchmarks.data import shared_archive, unpack
from benchmarks.measure import (
    Measurement,
    describe_machine,
    last_line,
    machine_lines,
    table,
    tell_progress,
    write_results,
)
from benchmarks.pieces import ask, measure, results_name
from benchmarks.trust import mnist_source, test_of
from visus.bundles import Bundle
from visus.data.batches import Batch
from visus.data.corruptions import CORRUPTIONS, SEVERITIES, corrupted
from visus.evaluation.robustness.attacks import Attacks
from visus.evaluation.robustness.corruptions import sampled
from visus.tasks.intervals import mean_share_interval, wilson_interval

SEVERITY = 3
SHIFTS = (
    "brightness",
    "contrast",
    "defocus-blur",
    "fog",
    "gaussian-noise",
    "impulse-noise",
    "motion-blur",
    "pixelate",
)
# The recipe of each side, and the strength of its changes.
POLICIES: dict[str, tuple[str, int | None]] = {
    "none": ("quick", None),
    "strength 5": ("quick", 5),
    "strength 10": ("quick", 10),
    "corruptions": ("corruptions", None),
}
# The recipe `corruptions` adds noise, moves all values, and lowers contrast.
AKIN = frozenset(
    (
        "gaussian-noise",
        "shot-noise",
        "impulse-noise",
        "fog",
        "brightness",
        "contrast",
    )
)
ATTACKED, CORRUPTED = 1_000, 500
ATTACKED_QUICK, CORRUPTED_QUICK = 200, 100


def main() -> None:
    """Measure, print, keep."""
    asked = ask("Robustness.", "digits, fewer pictures", PIECES)
    machine = describe_machine()
    measurements = measure(asked, PIECES)
    rows = [tuple(str(m[name]) for name in COLUMNS) for m in measurements]
    print(table(COLUMNS, rows))
    print()
    print(machine_lines(machine))
    ratio = gain(measurements)
    write_results(
        results_name("robust", asked),
        quick=asked.quick,
        machine=machine,
        ratios={} if isnan(ratio) else {"PGD accuracy, adversarial over quick": ratio},
        measurements=measurements,
    )
    print(last_line("robust", ratio))


COLUMNS = ("piece", "side", "figure", "measured")


def gain(measurements: list[Measurement]) -> float:
    """How many times as many pictures withstand PGD; nan: not measured."""
    right = {
        m["side"]: float(m["value"]) * int(m["pictures"])
        for m in measurements
        if m["figure"] == "under pgd"
    }
    if len(right) < 2:
        return nan
    return right["adversarial"] / max(1.0, right["quick"])


def figure(
    piece: str, side: str, name: str, value: float, text: str, pictures: int
) -> Measurement:
    """One figure."""
    return {
        "piece": piece,
        "side": side,
        "figure": name,
        "value": value,
        "measured": text,
        "pictures": pictures,
    }


def share(piece: str, side: str, name: str, right: np.ndarray) -> Measurement:
    """A share of pictures with its interval."""
    found = wilson_interval(int(right.sum()), len(right))
    text = f"{found.value:.2%} ({found.low:.2%} to {found.high:.2%})"
    return figure(piece, side, name, found.value, text, len(right))


def adversarial(folder: Path, quick: bool) -> list[Measurement]:
    """Both recipes, attacked with the same pictures."""
    found = []
    for recipe in ("quick", "adversarial"):
        run = trained(folder, recipe, quick, recipe=recipe)
        pictures = test_of(source_of(folder, quick), run.bundle)
        found += attacked(recipe, run.bundle, pictures, quick)
        seconds = float(run.summary["training_seconds"])
        text = f"{seconds:.1f} s of training"
        found.append(figure("adversarial", recipe, "time", seconds, text, 0))
    return found


def attacked(
    side: str, bundle: Bundle, pictures: Batch, quick: bool
) -> list[Measurement]:
    """Accuracy of one bundle as pictures are, and under each attack."""
    from visus.core.progress import SilentProgress
    from visus.evaluation.robustness.adversarial import fights_of
    from visus.pipeline.attacked import victim_of

    tell_progress(f"attacking {side}")
    victim = victim_of(bundle, SilentProgress())
    clean = bundle.scores(pictures.pixels).argmax(axis=1) == pictures.targets
    found = [share("adversarial", side, "as they are", clean)]
    most = ATTACKED_QUICK if quick else ATTACKED
    attacks = Attacks(("fgsm", "pgd"), pictures=most)
    fights = fights_of(pictures, victim, attacks)
    found.append(
        share("adversarial", side, "the same pictures as they are", fights.right_as_is)
    )
    for name in fights.found:
        found.append(share("adversarial", side, f"under {name}", fights.right(name)))
    return found


def policies(folder: Path, quick: bool) -> list[Measurement]:
    """Changes of training pictures, against corruptions."""
    found: list[Measurement] = []
    runs = {}
    for side, (recipe, strength) in POLICIES.items():
        settings = {} if strength is None else {"training.augment.strength": strength}
        runs[side] = trained(folder, side, quick, recipe=recipe, settings=settings)
    # Their splits are the same, and so are the pictures that they have not seen.
    pictures = test_of(source_of(folder, quick), runs["none"].bundle)
    for side, run in runs.items():
        clean = run.bundle.scores(pictures.pixels).argmax(axis=1) == pictures.targets
        found.append(share("policies", side, "as they are", clean))
        seconds = float(run.summary["training_seconds"])
        text = f"{seconds:.1f} s of training"
        found.append(figure("policies", side, "time", seconds, text, 0))
    some = sampled(pictures, CORRUPTED_QUICK if quick else CORRUPTED)
    bundles = {side: run.bundle for side, run in runs.items()}
    for side, hits in corruption_hits(bundles, some).items():
        found += corruption_figures(side, hits)
    return found


def corruption_hits(
    bundles: dict[str, Bundle], some: Batch
) -> dict[str, dict[str, np.ndarray]]:
    """By side and corruption, at how many of five severities each picture is right."""
    names = [n for n in CORRUPTIONS.names() if CORRUPTIONS.part(n).facts.get("common")]
    pixels = np.asarray(some.pixels[:])
    hits: dict[str, dict[str, np.ndarray]] = {side: {} for side in bundles}
    for name in names:
        tell_progress(f"corrupting by {name}")
        # Made once: it takes longer than the answers.
        changed = [corrupted(pixels, name, severity) for severity in SEVERITIES]
        for side, bundle in bundles.items():
            right = [bundle.scores(p).argmax(axis=1) == some.targets for p in changed]
            hits[side][name] = np.mean(right, axis=0)
    return hits


def corruption_figures(side: str, hits: dict[str, np.ndarray]) -> list[Measurement]:
    """The mean of all, of those that are not akin to the training, and each.

    Args:
        side: whose answers.
        hits: by corruption, the share of the severities at which each picture is
            answered right `(num_images,)`.
    """
    means = {
        "corrupted": list(hits.values()),
        "corrupted, without the akin": [h for n, h in hits.items() if n not in AKIN],
        **{f"under {name}": [shares] for name, shares in hits.items()},
    }
    found = []
    for name, parts in means.items():
        # A picture is one witness, however often it was corrupted.
        mean = mean_share_interval(np.mean(parts, axis=0))
        text = f"{mean.value:.2%} ({mean.low:.2%} to {mean.high:.2%})"
        found.append(figure("policies", side, name, mean.value, text, len(parts[0])))
    return found


def adapt(folder: Path, quick: bool) -> list[Measurement]:
    """A network from scratch on corrupted digits."""
    run = trained(folder, "quick", quick, recipe="quick")
    pictures = test_of(source_of(folder, quick), run.bundle)
    return adapted("adapt", run.bundle, pictures)


def photographs(folder: Path, quick: bool) -> list[Measurement]:
    """Frozen features on corrupted cats and dogs."""
    import visus

    archive = shared_archive("cats_dogs_180.zip")
    unpack(archive, folder, every=4 if quick else 1)
    source = folder / "cats_dogs"
    tell_progress("training cats and dogs")
    run = visus.train(source, out=folder / "run")
    return adapted("photographs", run.bundle, test_of(source, run.bundle))


def adapted(piece: str, bundle: Bundle, pictures: Batch) -> list[Measurement]:
    """Corrupted pictures as those from elsewhere; labels only to count with."""
    from visus.evaluation.robustness.shifted import told_apart
    from visus.pipeline.adapting import ADAPTATIONS, features_of
    from visus.tasks.ranking import area_under_roc

    # What is adapted to and what it is held against are other pictures.
    seen, held = (pictures.take(np.arange(n, len(pictures), 2)) for n in range(2))
    own = np.asarray(seen.pixels[:])
    features = features_of(bundle, own)
    found = []
    for name in (None, *SHIFTS):
        side = name or "as they are"
        tell_progress(f"adapting to {side}")
        theirs, asked = (
            np.asarray(half.pixels[:])
            if name is None
            else corrupted(np.asarray(half.pixels[:]), name, SEVERITY)
            for half in (seen, held)
        )
        if name is not None:
            rows, told = told_apart(features, features_of(bundle, asked))
            area = area_under_roc(told[: len(rows)], told[len(rows) :])
            found.append(
                figure(piece, side, "told apart", area, f"{area:.3f}", len(rows))
            )
        answers = {"before": bundle.scores} | {
            f"after, {by}": fitting(bundle, theirs, own, by) for by in ADAPTATIONS
        }
        for when, answer in answers.items():
            right = answer(asked).argmax(axis=1) == held.targets
            found.append(share(piece, side, when, right))
    return found


def fitting(bundle: Bundle, pixels: Any, own: Any, by: str) -> Callable[[Any], Any]:
    """What answers once the network was adapted so."""
    from visus.bundles.runtime import Session
    from visus.core.progress import SilentProgress
    from visus.data.sources.base import Access
    from visus.models.onnx_graph import build_onnx
    from visus.pipeline.adapting import adaptation_of
    from visus.pipeline.question import opened_network

    opened = opened_network(bundle, Access(offline=True))
    adaptation_of(by).adapt(opened, bundle, pixels, own, SilentProgress())
    return Session(build_onnx(opened.model, scaling=bundle.spec.scaling)).scores


def groups(folder: Path, quick: bool) -> list[Measurement]:
    """A look that nearly tells the class, and what groups that count alike gain."""
    archive = shared_archive("cats_dogs_180.zip")
    unpack(archive, folder, every=4 if quick else 1)
    cats = unfair.photographs(folder / "cats_dogs")
    firsts = tuple("01234")
    place = folder / "gray"
    found = balanced(
        "cats and dogs", unfair.write_unfair(cats, ("cats",), unfair.gray, place)
    )
    table_ = unfair.write_unfair(
        unfair.digits(), firsts, unfair.inverted, folder / "inverted"
    )
    return found + balanced("digits", table_, firsts, epochs=True)


def balanced(
    side: str,
    source: Path,
    firsts: tuple[str, ...] = ("cats",),
    *,
    epochs: bool = False,
) -> list[Measurement]:
    """Accuracy of all, and of the worst of the four cells, by remedy."""
    import visus

    cells = unfair.cells_of(source, firsts)
    found = []
    for remedy in ("none", "weights", "sampling") if epochs else ("none", "weights"):
        tell_progress(f"groups: {side}, {remedy}")
        settings = {}
        if remedy != "none":
            settings = {
                "training.groups.column": unfair.COLUMN,
                "training.groups.by": remedy,
            }
        choices = {"recipe": "quick"} if epochs else {}
        place = source.parent / f"run-{remedy}"
        run = visus.train(source, out=place, settings=settings, **choices)
        answers = run.predictions
        right = answers.scores.argmax(axis=1) == answers.targets
        found.append(share("groups", side, f"{remedy}, all", right))
        of = [cells[Path(image_id).name] for image_id in answers.ids]
        parts = [right[[c == cell for c in of]] for cell in sorted(set(of))]
        worst = min(parts, key=lambda part: float(part.mean()))
        found.append(share("groups", side, f"{remedy}, worst of four", worst))
    return found


def trained(folder: Path, name: str, quick: bool, **choices: Any) -> Any:
    """A finished run on the pictures of this form."""
    import visus

    tell_progress(f"training {name}")
    place = folder / name.replace(" ", "-")
    return visus.train(source_of(folder, quick), out=place, **choices)


def source_of(folder: Path, quick: bool) -> str:
    """What is learned."""
    return "digits" if quick else mnist_source(folder)


PIECES: dict[str, Callable[[Path, bool], list[Measurement]]] = {
    "adversarial": adversarial,
    "policies": policies,
    "adapt": adapt,
    "photographs": photographs,
    "groups": groups,
}


if __name__ == "__main__":
    main()
