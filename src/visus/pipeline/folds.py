"""visus train --folds: one training a fold, each tested on another part of the data.

The folder of all is a run whose `config.toml` says how many folds there are; each fold
is an ordinary run below it, told by `data.fold` which one it is. So a fold is resumed
as any run is, and what is finished is not trained again.
"""

import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.bundles import Predictions
from visus.core.errors import ConfigError
from visus.core.files import write_json
from visus.core.progress import Progress, SilentProgress
from visus.core.report import Fact, Finding, Interval, Report, Table
from visus.core.run import Run
from visus.core.settings import merge_into
from visus.pipeline.plan import make_plan
from visus.pipeline.report import REPORT, predictions_path
from visus.pipeline.stopped import resumable
from visus.pipeline.train import Request, free_folder, resume_run, train_run
from visus.pipeline.trained import TrainedRun, finished_run
from visus.reporting.view import save_report
from visus.tasks.intervals import bootstrap, wilson_interval

# Figures from 0 to 1 that people read in percent.
SHARES = ("accuracy", "mean_average_precision")


def train_asked(request: Request, progress: Progress | None = None) -> TrainedRun:
    """One run, or one a fold where folds are asked for.

    Raises:
        VisusError: as `train_run`.
    """
    if request.choices.get("folds") is None:
        return train_run(request, progress)
    return _train_folds(request, progress or SilentProgress())


def resume_begun(
    folder: Path,
    progress: Progress | None = None,
    *,
    source: Any = None,
    model: Any = None,
) -> TrainedRun:
    """Go on with a run, or with all folds of one; as `resume_run`."""
    run = Run.open(folder)
    choices = run.config()
    if choices.get("folds") is None or run.summary_path.is_file():
        return resume_run(folder, progress, source=source, model=model)
    pictures = choices["source"] if source is None else source
    progress = progress or SilentProgress()
    with run.locked(), resumable(run, progress):
        request = Request(pictures, choices, model=model)
        return _each_fold(run, request, progress, time.monotonic())


def _train_folds(request: Request, progress: Progress) -> TrainedRun:
    started = time.monotonic()
    if request.model is not None:
        raise _needs_new_networks()
    if request.out is not None:
        Run.require_free(request.out, force=request.force)
    folds = request.choices["folds"]
    first = merge_into(_plain(request.choices), {"data": {"fold": [1, folds]}})
    plan = make_plan(request.source, first, progress)
    data = plan.config.data.model_copy(update={"fold": None})
    config = plan.config.model_copy(update={"data": data})
    run = Run.create(request.out or free_folder(plan), config, force=request.force)
    for folder in run.folder.glob("fold-*"):
        # Only with --force, and only what is a run: other folds would not be replaced.
        if (folder / "config.toml").is_file():
            shutil.rmtree(folder)
    with run.locked(), resumable(run, progress):
        asked = replace(request, choices=run.config())
        return _each_fold(run, asked, progress, started)


def _each_fold(
    run: Run, request: Request, progress: Progress, started: float
) -> TrainedRun:
    folds = request.choices["folds"]
    trained = []
    for number in range(1, folds + 1):
        progress.say(f"Fold {number} of {folds}")
        trained.append(_one_fold(run, request, number, folds, progress))
    pooled = _pooled([fold.predictions for fold in trained])
    pooled.save(predictions_path(run, "test"))
    report = _report(request.choices, trained, pooled)
    page = save_report(report, run.reports, REPORT).page
    seconds = time.monotonic() - started
    summary = _summary(run, trained, pooled, page, seconds)
    write_json(run.summary_path, summary)
    return finished_run(run)


def _one_fold(
    run: Run, request: Request, number: int, folds: int, progress: Progress
) -> TrainedRun:
    folder = run.folder / f"fold-{number:02d}"
    if (folder / "config.toml").is_file():
        return resume_run(folder, progress, source=request.source)
    choices = _plain(request.choices)
    del choices["folds"]
    merge_into(choices, {"data": {"fold": [number, folds]}})
    return train_run(
        Request(request.source, choices, folder, callbacks=request.callbacks), progress
    )


def _plain(choices: Mapping[str, Any]) -> dict[str, Any]:
    """A copy that may be changed."""
    return merge_into({}, choices)


def _pooled(answers: list[Predictions]) -> Predictions:
    """Every picture's answer, from the fold that had it in its test."""
    first = answers[0]
    groups = [name for fold in answers for name in fold.groups or ()]
    return Predictions(
        ids=tuple(name for fold in answers for name in fold.ids),
        scores=np.concatenate([fold.scores for fold in answers]),
        class_names=first.class_names,
        targets=np.concatenate([_targets(fold) for fold in answers]),
        task=first.task,
        groups=tuple(groups) or None,
    )


def _targets(answers: Predictions) -> NDArray[Any]:
    # A test that was scored has targets.
    return np.asarray(answers.targets)


def _main_figure(trained: list[TrainedRun]) -> str:
    """The figure that counts for the task, which a test names first."""
    return str(next(iter(trained[0].summary["test"])))


def _reached(trained: list[TrainedRun]) -> list[float]:
    figure = _main_figure(trained)
    return [float(fold.summary["test"][figure]) for fold in trained]


def _in_words(figure: str, value: float) -> str:
    return f"{value:.2%}" if figure in SHARES else f"{value:,.4g}"


def _spread_in_words(figure: str, spread: float) -> str:
    return f"{100 * spread:.2f} points" if figure in SHARES else f"{spread:,.4g}"


def _out_of_fold(figure: str, pooled: Predictions) -> Interval:
    """The figure over all pictures, each answered by the fold that tested it.

    Every picture counts alike, whatever its weight was in its fold.
    """
    known = pooled.meaning.known(_targets(pooled))
    scores, targets = pooled.scores[known], _targets(pooled)[known]
    if figure == "accuracy":
        right = int((scores.argmax(axis=1) == targets).sum())
        return wilson_interval(right, len(scores))
    of = pooled.groups or pooled.ids
    units = [name or pooled.ids[row] for row, name in enumerate(of) if known[row]]
    measure = pooled.meaning.measure(scores, targets)
    columns = scores.shape[1]
    return bootstrap(measure, np.ones(len(scores)), units, columns=columns)[figure]


def _report(
    choices: Mapping[str, Any], trained: list[TrainedRun], pooled: Predictions
) -> Report:
    summary = trained[0].summary
    return Report(
        title=f"{summary['network']} on {Path(choices['source']).name}: "
        f"{len(trained)} folds",
        facts=tuple(_facts(trained, pooled)),
        findings=tuple(_findings(trained)),
        tables=(_table(trained),),
    )


def _facts(trained: list[TrainedRun], pooled: Predictions) -> Iterator[Fact]:
    figure, reached = _main_figure(trained), _reached(trained)
    mean, spread = fmean(reached), stdev(reached)
    yield Fact(name=f"mean_{figure}", value=mean, text=_in_words(figure, mean))
    text = (
        f"{_spread_in_words(figure, spread)} (standard deviation of {len(reached)} "
        "folds)"
    )
    yield Fact(name="spread", value=spread, text=text)
    low, high = min(reached), max(reached)
    text = f"{_in_words(figure, low)} to {_in_words(figure, high)}"
    yield Fact(name="range", value=high - low, text=text)
    found = _out_of_fold(figure, pooled)
    value, lowest, highest = (
        _in_words(figure, number) for number in (found.value, found.low, found.high)
    )
    text = (
        f"{value} ({lowest} to {highest}, {found.confidence:.0%}) of "
        f"{len(pooled.ids):,} pictures, each answered by the fold that tested it"
    )
    yield Fact(
        name=f"out_of_fold_{figure}", value=found.value, text=text, interval=found
    )


def _findings(trained: list[TrainedRun]) -> Iterator[Finding]:
    unsplit = trained[0].summary["counts"].get("unsplit", 0)
    if unsplit:
        message = (
            f"{unsplit:,} pictures of the test that the source gives took no part: no "
            "fold learned from them or was tested on them."
        )
        yield Finding(severity="info", message=message)
    for note in dict.fromkeys(n for fold in trained for n in fold.summary["notes"]):
        yield Finding(severity="warning", message=note)


def _table(trained: list[TrainedRun]) -> Table:
    rows, figure = [], _main_figure(trained)
    for number, fold in enumerate(trained, 1):
        test = fold.summary["test"]
        values = (test[figure], *test["interval"])
        told = (_in_words(figure, value) for value in values)
        epoch = fold.summary["kept_epoch"] or ""
        rows.append((number, test["pictures"], *told, epoch))
    name = figure.replace("_", " ")
    return Table(
        title="Folds",
        columns=("fold", "test pictures", name, "low", "high", "kept epoch"),
        rows=tuple(rows),
        note="Low and high bound each fold's 95 % interval. Folds learn from mostly "
        "the same pictures, so their spread says how much one split can mislead; "
        "it is no standard error of the mean.",
    )


def _summary(
    run: Run,
    trained: list[TrainedRun],
    pooled: Predictions,
    page: Path | None,
    seconds: float,
) -> dict[str, Any]:
    figure, reached = _main_figure(trained), _reached(trained)
    mean, spread = fmean(reached), stdev(reached)
    found = _out_of_fold(figure, pooled)
    first = trained[0].summary
    alike = ("task", "network", "parameters", "recipe", "seed", "batch_size", "found")
    return {
        "run": str(run.folder),
        "report": str(page),
        "folds": [
            {
                "fold": number,
                "run": fold.summary["run"],
                "headline": fold.headline,
                **fold.summary["test"],
            }
            for number, fold in enumerate(trained, 1)
        ],
        "test": {
            figure: mean,
            "spread": spread,
            "pictures": len(pooled.ids),
        },
        "headline": f"mean {figure.replace('_', ' ')} {_in_words(figure, mean)} "
        f"({len(trained)} folds, spread {_spread_in_words(figure, spread)})",
        "out_of_fold": {figure: found.value, "interval": [found.low, found.high]},
        **{name: first[name] for name in alike},
        "quarantined": first["quarantined"],
        "training_seconds": round(
            sum(fold.summary["training_seconds"] for fold in trained), 3
        ),
        "total_seconds": round(seconds, 3),
        "notes": [finding.message for finding in _findings(trained)],
    }


def _needs_new_networks() -> ConfigError:
    return ConfigError(
        received="A Keras model for several folds.",
        expected="what builds a new network for every fold; one that has learned from "
        "the other folds' tests would recite.",
        remedy="Give a name of `visus models`, or a Python file with build().",
    )
