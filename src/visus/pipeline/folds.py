"""visus train --folds: one training a fold, each tested on another part of the data.

The folder of all is a run whose `config.toml` says how many folds there are; each fold
is an ordinary run below it, told by `data.fold` which one it is. So a fold is resumed
as any run is, and what is finished is not trained again.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.bundles import Predictions
from visus.core.files import write_json
from visus.core.progress import Progress
from visus.core.report import Fact, Finding, Report, Table
from visus.core.run import Run
from visus.core.settings import merge_into
from visus.pipeline.holding import held_run, holding_run, require_holding
from visus.pipeline.plan import make_plan
from visus.pipeline.report import REPORT, predictions_path
from visus.pipeline.spread import (
    joint_fact,
    joint_interval,
    main_figure,
    plain,
    runs_table,
    spread_facts,
    spread_summary,
)
from visus.pipeline.stopped import begun_or_gone, resumable
from visus.pipeline.train import Request, free_folder
from visus.pipeline.trained import TrainedRun, finished_run
from visus.reporting.view import save_report


def train_folds(request: Request, progress: Progress) -> TrainedRun:
    """One run a fold, and a run that holds their summary.

    Raises:
        VisusError: as `train_run`.
    """
    started = time.monotonic()
    require_holding(request, "fold")
    folds = request.choices["folds"]
    first = merge_into(plain(request.choices), {"data": {"fold": [1, folds]}})
    plan = make_plan(request.source, first, progress)
    data = plan.config.data.model_copy(update={"fold": None})
    config = plan.config.model_copy(update={"data": data})
    place = request.out or free_folder(plan)
    run = holding_run(place, config, "fold", force=request.force)
    with run.locked(), begun_or_gone(run), resumable(run, progress):
        asked = replace(request, choices=run.config())
        return each_fold(run, asked, progress, started)


def each_fold(
    run: Run, request: Request, progress: Progress, started: float
) -> TrainedRun:
    """Train the folds that are not finished, and sum up.

    Args:
        run: that holds them.
        request: with its choices.
        progress: who is told.
        started: `time.monotonic()` when it was called.
    """
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
    choices = plain(request.choices)
    del choices["folds"]
    merge_into(choices, {"data": {"fold": [number, folds]}})
    folder = run.folder / f"fold-{number:02d}"
    return held_run(folder, request, choices, progress)


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
    yield from spread_facts(trained, "folds")
    how = "each answered by the fold that tested it"
    yield joint_fact("out_of_fold", main_figure(trained), pooled, how)


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
    return runs_table(
        trained,
        "fold",
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
    figure = main_figure(trained)
    found = joint_interval(figure, pooled)
    return {
        **spread_summary(run, trained, "fold", pictures=len(pooled.ids), page=page),
        "out_of_fold": {figure: found.value, "interval": [found.low, found.high]},
        "total_seconds": round(seconds, 3),
        "notes": [finding.message for finding in _findings(trained)],
    }
