"""visus train --dry-run: what would be done, and about how long it takes."""

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from visus.core.progress import Progress
from visus.core.settings import merge_into
from visus.data.batches import Batch
from visus.data.described import seconds_to_describe
from visus.data.opening import Opened, open_record
from visus.data.preprocess import PreprocessSpec
from visus.data.records import ImageDataset
from visus.data.scan import scan_pictures
from visus.models.joined import HeadWeights
from visus.pipeline.features import ReadyBackbone, ready_backbone
from visus.pipeline.fine_tune import tuning_steps
from visus.pipeline.learn import prepare_steps
from visus.pipeline.plan import Plan, make_plan, training_pictures
from visus.pipeline.train import Request, free_folder
from visus.training.fixmatch import plan_epoch, steps_an_epoch
from visus.training.recipes import find_recipe

if TYPE_CHECKING:
    from visus.training.steps import Steps

# Enough to average over, few enough to be quick.
STEPS = 3
PICTURES = 32
# All that frozen features take beside looking: reading, splits, head, report.
SECONDS_AROUND = 3.0


def forecast(request: Request, progress: Progress) -> dict[str, Any]:
    """Make every choice, time a few pictures and steps, and multiply.

    Nothing is written but caches.
    """
    choices = merge_into({}, request.choices)
    if choices.get("folds") is not None:
        merge_into(choices, {"data": {"fold": [1, choices["folds"]]}})
    plan = make_plan(request.source, choices, progress, model=request.model)
    runs = runs_of(plan)
    training = training_pictures(plan.dataset, plan.config.data)
    out = str(request.out or free_folder(plan))
    if plan.backbone is not None:
        backbone, told = _with_head(plan, progress)
        if find_recipe(plan.config.recipe).tuned:
            told |= _with_tuning(plan, backbone, training, told["seconds"], progress)
        return {**_told_of(plan, training), **told, "out": out}
    reading = _seconds_to_read(plan)
    with progress.stage("Timing a few steps"):
        parameters, a_step = _time_steps(plan)
    more = len(plan.unlabelled[0]) if plan.unlabelled else 0
    steps = steps_an_epoch(training, more, plan.config.training)
    seconds = reading + runs * a_step * steps * plan.config.training.epochs
    return {
        **_told_of(plan, training),
        "parameters": parameters,
        "epochs": plan.config.training.epochs,
        "batch_size": plan.config.training.batch_size,
        "reading_minutes": reading / 60,
        "minutes": seconds / 60,
        "out": out,
    }


def runs_of(plan: Plan) -> int:
    """How many trainings it is: folds, seeds, or one."""
    return plan.config.folds or plan.config.seeds or 1


def _told_of(plan: Plan, training: int) -> dict[str, Any]:
    height, width, channels = plan.spec.input_shape
    return {
        "data": plan.dataset.name,
        "pictures": len(plan.dataset),
        "task": plan.task.kind,
        "classes": len(plan.dataset.class_names),
        "training_pictures": training,
        "network": plan.network.name,
        "input": f"{height}x{width}x{channels}",
        "recipe": plan.config.recipe,
        "config": plan.config.model_dump(mode="json"),
    }


def _with_head(plan: Plan, progress: Progress) -> tuple[ReadyBackbone, dict[str, Any]]:
    """Frozen features: which pictures are known is asked of a few, and their speed."""
    started = time.monotonic()
    backbone = ready_backbone(plan, progress)
    making = time.monotonic() - started
    describer = backbone.describer()
    known = describer.cache.load().places
    places = np.linspace(0, len(plan.dataset) - 1, PICTURES).astype(int)
    records = [plan.dataset.records[row] for row in np.unique(places)]
    with progress.stage("Timing a few pictures"):
        opened = [open_record(record, plan.spec, known=known) for record in records]
        share = sum(isinstance(o, Opened) and o.pixels is None for o in opened)
        sample = plan.dataset.with_records(records)
        a_picture = seconds_to_describe(sample, describer)
    unknown = len(plan.dataset) * (1 - share / len(records))
    looking = unknown * a_picture
    runs = runs_of(plan)
    return backbone, {
        "parameters": backbone.joined.parameters,
        "backbone": f"{backbone.card.name} ({backbone.card.licence})",
        "features_to_compute": round(unknown),
        "images_per_second": 1 / a_picture,
        "making_seconds": making,
        "seconds": looking + runs * SECONDS_AROUND,
        "minutes": (looking + runs * SECONDS_AROUND) / 60,
    }


def _with_tuning(
    plan: Plan,
    backbone: ReadyBackbone,
    training: int,
    before: float,
    progress: Progress,
) -> dict[str, Any]:
    """What the epochs take that follow frozen features."""
    config, head = plan.config.training, plan.task.head
    nothing = HeadWeights(
        np.zeros((backbone.card.feature_count, head.outputs), np.float32),
        np.zeros(head.outputs, np.float32),
        head,
    )
    with progress.stage("Timing a few steps"):
        _, steps = tuning_steps(plan, head, backbone, nothing)
        a_step = _seconds_a_step(plan, steps)
    an_epoch = a_step * -(-training // config.batch_size)
    seconds = before + _seconds_to_read(plan) + runs_of(plan) * an_epoch * config.epochs
    return {
        "epochs": config.epochs,
        "batch_size": config.batch_size,
        "seconds": seconds,
        "minutes": seconds / 60,
    }


def _seconds_to_read(plan: Plan) -> float:
    sample = plan.dataset.with_records(plan.dataset.records[:PICTURES])
    started = time.monotonic()
    _scan(sample, plan.spec, plan)
    return (time.monotonic() - started) * len(plan.dataset) / len(sample)


def _scan(sample: ImageDataset, spec: PreprocessSpec, plan: Plan) -> None:
    scan_pictures(sample, plan.ledger, spec, use_cache=False, measured=False)


def _time_steps(plan: Plan) -> tuple[int, float]:
    views = plan.config.training.unlabelled if plan.unlabelled else None
    model, steps = prepare_steps(plan, plan.task.head, views)
    return model.count_params(), _seconds_a_step(plan, steps)


def _seconds_a_step(plan: Plan, steps: "Steps") -> float:
    size = plan.config.training.batch_size
    rows = np.arange(size * STEPS) % len(plan.dataset)
    blank = Batch(
        pixels=np.zeros((size * STEPS, *plan.spec.input_shape), dtype=np.uint8),
        targets=plan.task.targets(plan.dataset)[rows],
        weights=np.ones(size * STEPS, dtype=np.float32),
        ids=("",) * (size * STEPS),
    )
    epoch = plan_epoch(
        blank if plan.unlabelled else None,
        pictures=blank,
        config=plan.config.training,
        seed=plan.config.seed,
        epoch=0,
        batch_size=size,
        class_weights=None,
    )
    steps.train(epoch.work(epoch.order(), 0, 1))  # This one compiles.
    started = time.monotonic()
    steps.train(epoch.work(epoch.order(), 0, STEPS))
    return (time.monotonic() - started) / STEPS
