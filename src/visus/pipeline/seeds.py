"""visus train --seeds: the same training with several seeds, on the same pictures.

The folder of all is a run whose `config.toml` says how many seeds there are, and each
is an ordinary run below it. Splits have a seed of their own (`data.split_seed`), so all
learn from, choose by and are tested on the same pictures: what differs is chance alone.
"""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from visus.bundles import Predictions
from visus.core.files import write_json
from visus.core.progress import Progress
from visus.core.report import Fact, Finding, Report
from visus.core.run import Run
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


def train_seeds(request: Request, progress: Progress) -> TrainedRun:
    """One run a seed, and a run that holds their summary.

    Raises:
        VisusError: as `train_run`.
    """
    started = time.monotonic()
    require_holding(request, "seed")
    plan = make_plan(request.source, plain(request.choices), progress)
    place = request.out or free_folder(plan)
    run = holding_run(place, plan.config, "seed", force=request.force)
    with run.locked(), begun_or_gone(run), resumable(run, progress):
        asked = replace(request, choices=run.config())
        return each_seed(run, asked, progress, started)


def each_seed(
    run: Run, request: Request, progress: Progress, started: float
) -> TrainedRun:
    """Train with the seeds that are not finished, and sum up.

    Args:
        run: that holds them.
        request: with its choices.
        progress: who is told.
        started: `time.monotonic()` when it was called.
    """
    seeds = request.choices["seeds"]
    trained = []
    for number in range(1, seeds + 1):
        progress.say(f"Seed {number} of {seeds}")
        trained.append(_one_seed(run, request, number, progress))
    joined = _joined([one.predictions for one in trained])
    joined.save(predictions_path(run, "test"))
    page = save_report(_report(request, trained, joined), run.reports, REPORT).page
    figure = main_figure(trained)
    found = joint_interval(figure, joined)
    summary = {
        **spread_summary(run, trained, "seed", pictures=len(joined.ids), page=page),
        "joined": {figure: found.value, "interval": [found.low, found.high]},
        "total_seconds": round(time.monotonic() - started, 3),
        "notes": [finding.message for finding in _findings(trained)],
    }
    write_json(run.summary_path, summary)
    return finished_run(run)


def _one_seed(
    run: Run, request: Request, number: int, progress: Progress
) -> TrainedRun:
    choices: dict[str, Any] = plain(request.choices)
    del choices["seeds"]
    choices["seed"] = choices.get("seed", 0) + number - 1
    folder = run.folder / f"seed-{number:02d}"
    return held_run(folder, request, choices, progress)


def _joined(answers: list[Predictions]) -> Predictions:
    """The mean scores of all seeds, to the same pictures.

    Lakshminarayanan, Pritzel and Blundell, "Simple and scalable predictive uncertainty
    estimation using deep ensembles" (2017).
    """
    first = answers[0]
    mean = np.stack([one.scores for one in answers]).mean(axis=0, dtype=np.float64)
    return Predictions(
        ids=first.ids,
        scores=np.asarray(mean, dtype=np.float32),
        class_names=first.class_names,
        targets=first.targets,
        task=first.task,
        groups=first.groups,
    )


def _report(request: Request, trained: list[TrainedRun], joined: Predictions) -> Report:
    name = Path(request.choices["source"]).name
    table = runs_table(
        trained,
        "seed",
        note="The same pictures learned, chosen by and tested on; low and high bound "
        "each run's 95 % interval. The spread is what chance in training does, beside "
        "which a smaller difference of two recipes means nothing.",
    )
    return Report(
        title=f"{trained[0].summary['network']} on {name}: {len(trained)} seeds",
        facts=tuple(_facts(trained, joined)),
        findings=tuple(_findings(trained)),
        tables=(table,),
    )


def _facts(trained: list[TrainedRun], joined: Predictions) -> Iterator[Fact]:
    yield from spread_facts(trained, "seeds")
    how = "answered by the mean scores of all"
    yield joint_fact("joined", main_figure(trained), joined, how)


def _findings(trained: list[TrainedRun]) -> Iterator[Finding]:
    for note in dict.fromkeys(n for one in trained for n in one.summary["notes"]):
        yield Finding(severity="warning", message=note)
