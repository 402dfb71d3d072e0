"""Trust: whether what models say of their own sureness holds, each figure a target.

    python -m benchmarks.trust [--quick] [--only PIECE ...]

- cats_dogs: frozen features (1,000 test pictures): calibration error before and after
  scaling; conformal coverage over 20 splits of the test; what answering several views
  gains; how well flowers are told apart (AUROC), and how many pictures of the test are
  called unknown;
- mnist: the same with the recipe `quick`, against 900 pictures of Fashion-MNIST;
- cifar: calibration and coverage of the course's convnet on CIFAR-10, as
  `benchmarks.cifar` trains it (15 epochs), a fifth held out as the test;
- translation: accuracy against shift in pixels of `dense`, `convnet` and `quick` on
  MNIST, with the plot (`results/trust-translation.png`); dense and convnet by the
  course's first listing.

The short form trains on a part of the pictures (cats and dogs, CIFAR-10), and the
course's networks for one epoch; its figures are no claims.

ratio: targets that were met over targets that were measured.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.data import shared_archive, unpack
from benchmarks.measure import (
    RESULTS,
    Measurement,
    describe_machine,
    last_line,
    machine_lines,
    table,
    tell_progress,
    write_results,
)
from benchmarks.pieces import ask, measure, results_name
from visus.bundles import Bundle
from visus.bundles.calibration import tempered
from visus.bundles.runtime import Outputs
from visus.core.report import Chart, Series
from visus.core.seeds import random_generator
from visus.data.batches import Batch
from visus.evaluation.conformal import fit_sets
from visus.evaluation.held import Held
from visus.evaluation.robustness.translation import SHIFTS, right_when_shifted
from visus.evaluation.temperature import fit_temperatures
from visus.tasks.intervals import difference_interval, mcnemar, wilson_interval
from visus.tasks.ranking import area_under_roc

SPLITS = 20
LEVELS = (0.9, 0.95)
MOST_ERROR, MOST_OFF, LEAST_AREA, MOST_OF_DENSE = 0.02, 0.01, 0.95, 1 / 3
NETWORKS = {
    "dense": {"recipe": "course-rmsprop", "network": "dense"},
    "convnet": {"recipe": "course-rmsprop", "network": "convnet"},
    "quick": {"recipe": "quick"},
}


def main() -> None:
    """Measure, print, keep."""
    asked = ask("Trust in answers.", "smaller trainings", PIECES)
    machine = describe_machine()
    measurements = measure(asked, PIECES)
    print(told(measurements))
    print()
    print(machine_lines(machine))
    judged = [m for m in measurements if m["met"] is not None]
    met = sum(bool(m["met"]) for m in judged) / max(1, len(judged))
    write_results(
        results_name("trust", asked),
        quick=asked.quick,
        machine=machine,
        ratios={"targets met": met},
        measurements=measurements,
    )
    print(last_line("trust", met))


def told(measurements: list[Measurement]) -> str:
    """All figures, with their targets."""
    rows = [
        (
            str(m["piece"]),
            str(m["figure"]),
            str(m["text"]),
            str(m["target"]),
            {True: "met", False: "MISSED", None: ""}[m["met"]],
        )
        for m in measurements
    ]
    return table(("piece", "figure", "measured", "target", ""), rows)


def figure(
    piece: str, name: str, value: float, text: str, target: str, met: bool | None
) -> Measurement:
    """One figure."""
    return {
        "piece": piece,
        "figure": name,
        "value": value,
        "text": text,
        "target": target,
        "met": None if met is None else bool(met),
    }


def cats_dogs(folder: Path, quick: bool) -> list[Measurement]:
    """Frozen features of EfficientNet-Lite0."""
    for archive in ("cats_dogs_180.zip", "flowers_128.zip"):
        unpack(shared_archive(archive), folder, every=4 if quick else 1)
    return known_and_foreign(
        "cats_dogs", folder / "cats_dogs", folder / "flowers", {}, folder
    )


def mnist(folder: Path, quick: bool) -> list[Measurement]:
    """The recipe `quick` from scratch, whole in both forms."""
    unpack(shared_archive("fashion_mnist_900.zip"), folder)
    source = mnist_source(folder)
    return known_and_foreign("mnist", source, folder / "fashion900", {}, folder)


def cifar(folder: Path, quick: bool) -> list[Measurement]:
    """The course's convnet, as `benchmarks.cifar` trains it."""
    archive = shared_archive("cifar10_jpg_train.tar.xz")
    unpack(archive, folder, every=10 if quick else 1)
    choices = {
        "recipe": "course-adam",
        "network": "convnet",
        "settings": {"data.test_share": 0.2},
    }
    return known_and_foreign(
        "cifar", folder / "cifar10_jpg" / "train", None, choices, folder
    )


def translation(folder: Path, quick: bool) -> list[Measurement]:
    """The course's claim that convnets do not mind where a pattern stands."""
    import visus

    source = mnist_source(folder)
    drops, series, found = {}, [], []
    for name, choices in NETWORKS.items():
        tell_progress(f"translation: {name}")
        settings: dict[str, Any] = {}
        if quick and name != "quick":
            settings["training.epochs"] = 1
        run = visus.train(source, out=folder / name, settings=settings, **choices)
        test = test_of(source, run.bundle)
        hits = {
            by: right_when_shifted(run.bundle.answer, test.pixels, test.targets, by)
            for by in SHIFTS
        }
        points = {by: float(hits[by].mean()) for by in SHIFTS}
        drops[name] = {by: points[0] - points[by] for by in SHIFTS}
        series.append(Series(label=name, points=tuple(points.items())))
        text = ", ".join(f"{by}: {share:.2%}" for by, share in points.items())
        found.append(
            figure("translation", f"{name}, by shift", points[2], text, "", None)
        )
    draw(series)
    share = drops["convnet"][2] / drops["dense"][2]
    text = (
        f"{share:.3f} ({100 * drops['convnet'][2]:.2f} of "
        f"{100 * drops['dense'][2]:.2f} points)"
    )
    met = share <= MOST_OF_DENSE
    return [
        *found,
        figure("translation", "drop at 2, of dense's", share, text, "<= 1/3", met),
    ]


PIECES: dict[str, Callable[[Path, bool], list[Measurement]]] = {
    "cats_dogs": cats_dogs,
    "mnist": mnist,
    "cifar": cifar,
    "translation": translation,
}


def known_and_foreign(
    piece: str, source: Any, foreign: Path | None, choices: dict[str, Any], folder: Path
) -> list[Measurement]:
    """Train once, and hold what the model says of itself against the test."""
    import visus

    run = visus.train(source, out=folder / "run", **choices)
    bundle = run.bundle
    found = [*calibration_error(piece, run.report)]
    predictions, calibration = run.predictions, bundle.calibration
    if calibration is None or calibration.sets is None:
        raise SystemExit(f"{piece}: {bundle.uncalibrated or calibration.missing}")
    raw = calibration.raw_scores(predictions.scores)
    held = Held(raw, predictions.targets, np.ones(len(raw), np.float32))
    found += coverages(piece, held)
    reached = run.report.fact("set_coverage")
    asked = calibration.sets.coverage
    met = reached.value >= asked - MOST_OFF
    target = f">= {asked - MOST_OFF:.2f}"
    found.append(
        figure(
            piece, "coverage of the bundle", reached.value, reached.text, target, met
        )
    )
    answered = run.report.fact("answered")
    found.append(figure(piece, "answered", answered.value, answered.text, "", None))
    found += views(piece, bundle, source)
    if foreign is not None:
        found += told_apart(piece, bundle, source, foreign)
    return found


def views(piece: str, bundle: Bundle, source: Any) -> list[Measurement]:
    """What answering several views of a test picture gains."""
    test, found = test_of(source, bundle), []
    pixels = np.asarray(test.pixels[:])
    plain = bundle.scores(pixels).argmax(axis=1) == test.targets
    for name in ("flip", "shifts"):
        seen = bundle.looking(name).answer(pixels)[0].argmax(axis=1) == test.targets
        lost, won = int((plain & ~seen).sum()), int((seen & ~plain).sum())
        gain = difference_interval(lost, won, len(plain))
        text = (
            f"{100 * gain.value:+.2f} points ({100 * gain.low:+.2f} to "
            f"{100 * gain.high:+.2f}, p = {mcnemar(lost, won):.2g})"
        )
        found.append(figure(piece, f"views, {name}", gain.value, text, "", None))
    return found


def calibration_error(piece: str, report: Any) -> list[Measurement]:
    """Without what chance adds, and the table beside it."""
    fact = report.fact("calibration_error")
    (table_,) = [t for t in report.report.tables if t.title == "Calibration"]
    plain = table_.rows[0]
    text = f"{fact.text}; plain ECE {plain[1]} before, {plain[2]} after"
    met = fact.value <= MOST_ERROR
    return [figure(piece, "calibration error", fact.value, text, "<= 0.02", met)]


def coverages(piece: str, test: Held) -> list[Measurement]:
    """Coverage as the mean of 20 splits of the test into halves."""
    found = []
    for level in LEVELS:
        exact, kept = [], []
        for split in range(SPLITS):
            order = random_generator(split, "trust splits").permutation(len(test))
            fit, rest = np.array_split(order, 2)
            ours, others = test.take(fit), test.take(rest)
            temperatures = fit_temperatures(ours.scores, ours.targets)
            rule = fit_sets(ours, temperatures, level, seed=split)
            scores = tempered(others.scores, temperatures, "softmax")
            draws = random_generator(split, "trust draws").random(len(others))
            rows = np.arange(len(others))
            exact.append(rule.randomised(scores, draws)[rows, others.targets].mean())
            kept.append(rule.sets(scores)[rows, others.targets].mean())
        mean, error = np.mean(exact), np.std(exact, ddof=1) / SPLITS**0.5
        text = f"{mean:.4f} (standard error of the splits {error:.4f})"
        met = abs(mean - level) <= MOST_OFF
        target = f"{level} +- 0.01"
        found.append(
            figure(piece, f"randomised sets, {level}", mean, text, target, met)
        )
        mean, low = np.mean(kept), level - MOST_OFF
        met = mean >= low
        found.append(
            figure(
                piece, f"best kept, {level}", mean, f"{mean:.4f}", f">= {low:.2f}", met
            )
        )
    return found


def told_apart(
    piece: str, bundle: Bundle, source: Any, foreign: Path
) -> list[Measurement]:
    """The test against pictures of another kind, which nothing was chosen by."""
    rule = bundle.calibration and bundle.calibration.foreign
    if not rule:
        raise SystemExit(f"{piece}: nothing tells foreign pictures")
    own = outputs_of(bundle, test_of(source, bundle))
    others = outputs_of(bundle, batch_of(foreign, bundle))
    ours, theirs = rule.strangeness(own), rule.strangeness(others)
    area = area_under_roc(ours, theirs)
    rejected = [rule.typicality(values) <= rule.rejected for values in (ours, theirs)]
    shares = [wilson_interval(int(r.sum()), len(r)) for r in rejected]
    texts = [f"{s.value:.4f} ({s.low:.4f} to {s.high:.4f})" for s in shares]
    compared = ", ".join(f"{n} {a:.3f}" for n, a in rule.compared.items())
    text = f"{area:.4f} by {rule.method} (on stand-ins: {compared})"
    met = area >= LEAST_AREA
    return [
        figure(piece, "foreign, AUROC", area, text, ">= 0.95", met),
        figure(piece, "false rejections", shares[0].value, texts[0], "stated", None),
        figure(piece, "foreign called unknown", shares[1].value, texts[1], "", None),
    ]


def outputs_of(bundle: Bundle, pictures: Batch) -> Outputs:
    """What the graph gives."""
    return bundle.session.everything(pictures.pixels)


def test_of(source: Any, bundle: Bundle) -> Batch:
    """The pictures of the source that the bundle has not learned from."""
    pictures, hashes = scanned(source, bundle)
    return pictures.take(np.flatnonzero(~bundle.trained_on(hashes)))


def batch_of(source: Any, bundle: Bundle) -> Batch:
    """All pictures of a source, whatever they show."""
    return scanned(source, bundle)[0]


def scanned(source: Any, bundle: Bundle) -> tuple[Batch, list[str]]:
    """Prepared as the bundle wants them, with class numbers and content hashes."""
    from visus.data.scan import scan_pictures
    from visus.data.sources import read_source
    from visus.data.sources.base import Access

    dataset, ledger = read_source(source, Access(offline=True))
    scan = scan_pictures(dataset, ledger, bundle.spec, measured=False)
    return scan.pictures, [record.content_hash for record in scan.dataset.records]


def mnist_source(folder: Path) -> str:
    """MNIST under its name, from the shared data."""
    from benchmarks.data import place_mnist
    from visus.data.home import visus_home

    place = visus_home() / "data" / "mnist"
    if not place.is_dir():
        place_mnist(place)
    return "mnist"


def draw(series: list[Series]) -> None:
    """Accuracy against shift, as a PNG."""
    from visus.data.encode import encode_png
    from visus.reporting.plot import plot_chart

    chart = Chart(
        title="MNIST: accuracy against shift",
        x_label="shift (pixels)",
        y_label="accuracy (share)",
        series=tuple(series),
    )
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "trust-translation.png").write_bytes(encode_png(plot_chart(chart)))


if __name__ == "__main__":
    main()
