"""visus train: pictures in; a trained, evaluated, saved model out.

The story in order: plan, prepare, learn, pack, report.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from visus.bundles import Bundle
from visus.core.errors import ConfigError, DataError
from visus.core.files import write_json
from visus.core.progress import Progress, SilentProgress
from visus.core.run import Run
from visus.pipeline.blocking import refuse_blocked
from visus.pipeline.environment import describe_environment
from visus.pipeline.features import (
    ReadyBackbone,
    prepare_described,
    ready_backbone,
    weights_of,
)
from visus.pipeline.fine_tune import pack_better, tune
from visus.pipeline.fixmatch import told_with_unlabelled, with_unlabelled
from visus.pipeline.flattered import flattery_begun
from visus.pipeline.frozen import pack_head, teach_head, told_by_head
from visus.pipeline.growth import require_classes_to_curve, with_growth
from visus.pipeline.learn import learn
from visus.pipeline.pack import pack_bundle
from visus.pipeline.plan import Plan, make_plan
from visus.pipeline.prepare import PreparedData, prepare_data, record_data
from visus.pipeline.report import report_run, summarise
from visus.pipeline.stopped import begun_or_gone, resumable
from visus.pipeline.told import Told, told_by
from visus.pipeline.trained import TrainedRun, finished_run
from visus.pipeline.unlabelled import (
    TaughtFurther,
    require_classes_to_guess,
    teach_further,
)
from visus.training.checkpoint import clear_checkpoints
from visus.training.recipes import find_recipe

RUNS = Path("runs")
# From a plan to what was learned: the data, the bundle, and how it went.
Way = Callable[[Run, Plan, "Request", Progress], tuple[PreparedData, Bundle, Told]]


@dataclass(frozen=True)
class Request:
    """What was asked of `train`.

    Args:
        source: a registered name, a folder, a CSV file, or pictures from Python.
        choices: nested settings that win over the recipe's.
        out: the run folder; `None`: the first free one under `runs/`.
        force: replace the run that is in `out`.
        model: the user's own `keras.Model`, in place of a name.
        callbacks: Keras callbacks, from Python.
        part: whether it is one of several that go on together.
    """

    source: Any
    choices: Mapping[str, Any] = field(default_factory=dict)
    out: Path | None = None
    force: bool = False
    model: Any = None
    callbacks: Sequence[Any] = ()
    part: bool = False


def train_run(request: Request, progress: Progress | None = None) -> TrainedRun:
    """Train, evaluate and save; everything is in the run folder when it returns.

    Raises:
        ConfigError: a setting, name or place cannot be used.
        DataError: the pictures cannot be used.
        ModelError: the network cannot be used, or did not learn.
        MachineError: the disk, the network or a package failed.
    """
    progress = progress or SilentProgress()
    started = time.monotonic()
    if request.out is not None:
        Run.require_free(request.out, force=request.force)
    plan = make_plan(request.source, request.choices, progress, model=request.model)
    _require_classes(plan)
    if plan.backbone is not None:
        _refuse_callbacks(request)
        # Before there is a folder: a run without weights would come to nothing.
        weights_of(plan, progress)
    run = Run.create(request.out or free_folder(plan), plan.config, force=request.force)
    with run.locked(), begun_or_gone(run), _resumable(run, request, progress):
        return _carry_out(run, plan, request, progress, started)


def resume_run(
    folder: Path,
    progress: Progress | None = None,
    *,
    source: Any = None,
    model: Any = None,
    part: bool = False,
) -> TrainedRun:
    """Go on with a run that was stopped, as if it never had been.

    Args:
        folder: the run folder.
        progress: who is told.
        source: the pictures again, when they came from Python.
        model: the network again, when it came from Python.
        part: whether it is one of several that go on together.

    Raises:
        ConfigError: the folder is no run.
        DataError: the pictures are not those the run began with.
    """
    progress = progress or SilentProgress()
    started = time.monotonic()
    run = Run.open(folder)
    if run.summary_path.is_file():
        progress.say(f"{folder} is finished; nothing is left to do.")
        return finished_run(run)
    choices = run.config()
    # A value, not `source or`: an array has no truth.
    pictures = choices["source"] if source is None else source
    request = Request(source=pictures, choices=choices, model=model, part=part)
    with run.locked():
        plan = make_plan(pictures, choices, progress, model=model)
        with _resumable(run, request, progress):
            return _carry_out(run, plan, request, progress, started)


def _resumable(
    run: Run, request: Request, progress: Progress
) -> AbstractContextManager[None]:
    # Of folds and seeds, what goes on is the run that holds them.
    return nullcontext() if request.part else resumable(run, progress)


def free_folder(plan: Plan, parent: Path = RUNS) -> Path:
    """The first free `runs/<data>-<network>-<number>`."""
    stem = f"{_file_name(plan.dataset.name)}-{_file_name(plan.network.name)}"
    number = 1
    while (parent / f"{stem}-{number:03d}").exists():
        number += 1
    return parent / f"{stem}-{number:03d}"


def _carry_out(
    run: Run, plan: Plan, request: Request, progress: Progress, started: float
) -> TrainedRun:
    write_json(run.environment_path, describe_environment())
    by: Way = _by_epochs
    if plan.backbone is not None:
        tuned = find_recipe(plan.config.recipe).tuned
        by = partial(_by_tuning, started=started) if tuned else _by_head
    data, bundle, told = by(run, plan, request, progress)
    with progress.stage("Evaluating"):
        view = report_run(run, plan, data, bundle, told)
    seconds = time.monotonic() - started
    summary = summarise(run, plan, data, bundle, told, view, seconds)
    clear_checkpoints(run.checkpoints)
    return TrainedRun(run, summary)


def _by_epochs(
    run: Run, plan: Plan, request: Request, progress: Progress
) -> tuple[PreparedData, Bundle, Told]:
    data = with_unlabelled(plan, prepare_data(plan, progress), progress)
    _accept(run, plan, data, progress)
    learned = learn(plan, data, run, progress, callbacks=request.callbacks)
    bundle = pack_bundle(run, plan, data, learned)
    return data, bundle, told_with_unlabelled(told_by(learned.history), data)


def _by_head(
    run: Run, plan: Plan, request: Request, progress: Progress
) -> tuple[PreparedData, Bundle, Told]:
    backbone = ready_backbone(plan, progress)
    data = prepare_described(plan, backbone, progress)
    _accept(run, plan, data, progress)
    seed = plan.config.data.split_seed
    flattery = flattery_begun(data.dataset, data.small, data.twins, seed)
    further = _further(plan, data, backbone, progress)
    data, taught = further.seen(data), further.taught
    bundle = pack_head(run, plan, data, backbone, taught)
    told = further.added_to(told_by_head(data, backbone, taught))
    told = with_growth(told, plan, data, taught, progress)
    return data, bundle, replace(told, flattery=flattery)


def _further(
    plan: Plan, data: PreparedData, backbone: ReadyBackbone, progress: Progress
) -> TaughtFurther:
    taught = teach_head(plan, data, backbone, progress)
    return teach_further(plan, data, backbone, taught, progress)


def _by_tuning(
    run: Run, plan: Plan, request: Request, progress: Progress, *, started: float
) -> tuple[PreparedData, Bundle, Told]:
    backbone = ready_backbone(plan, progress)
    data = prepare_described(plan, backbone, progress)
    _accept(run, plan, data, progress)
    further = _further(plan, data, backbone, progress)
    data, taught = further.seen(data), further.taught
    data, tuned = tune(run, plan, data, backbone, taught, progress, started=started)
    bundle, told = pack_better(run, plan, data, backbone, taught, tuned)
    told = with_growth(further.added_to(told), plan, data, taught, progress)
    return data, bundle, told


def _accept(run: Run, plan: Plan, data: PreparedData, progress: Progress) -> None:
    """Refuse data that cannot be learned from; else write down what it is."""
    refuse_blocked(plan, data)
    _check_same_data(run, data)
    record_data(run, data)
    for note in data.notes():
        progress.say(note)


def _check_same_data(run: Run, data: PreparedData) -> None:
    if not run.data_path.is_file():
        return
    before = json.loads(run.data_path.read_text(encoding="utf-8"))
    now, names = data.to_json(), [data.dataset.name]
    if data.unlabelled is not None:
        names.append(data.unlabelled.source)
    same = [before.get(k) == now.get(k) for k in ("fingerprint", "unlabelled")]
    if not all(same):
        name = names[same.index(False)] if len(names) > 1 else names[0]
        raise DataError(
            received=f"The pictures of {name} have changed since the run "
            f"{run.folder} began.",
            expected="the same files with the same content and labels.",
            remedy="Bring them back, or begin a new run.",
        )


def _require_classes(plan: Plan) -> None:
    if plan.config.frozen.curve:
        require_classes_to_curve(plan.task)
    unlabelled = plan.config.data.unlabelled
    require_classes_to_guess(unlabelled, plan.config.frozen, plan.task)


def _refuse_callbacks(request: Request) -> None:
    if request.callbacks:
        raise ConfigError(
            received=f"{len(request.callbacks)} Keras callbacks for frozen features.",
            expected="none: nothing is trained by epochs, so nobody would call them.",
            remedy="Leave them out, or train from scratch: recipe='photographs'.",
        )


def _file_name(name: str) -> str:
    words = "".join(letter if letter.isalnum() else "-" for letter in name)
    return words.strip("-")[:40] or "run"
