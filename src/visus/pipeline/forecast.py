"""visus train --dry-run: what would be done, and about how long it takes."""

import time
from typing import Any

import numpy as np

from visus.core.progress import Progress
from visus.core.settings import merge_into
from visus.data.batches import Batch
from visus.data.preprocess import PreprocessSpec
from visus.data.records import ImageDataset
from visus.data.scan import scan_pictures
from visus.pipeline.learn import prepare_steps
from visus.pipeline.plan import Plan, make_plan, training_pictures
from visus.pipeline.train import Request, free_folder
from visus.training.epochs import EpochPlan

# Enough to average over, few enough to be quick.
STEPS = 3
PICTURES = 32


def forecast(request: Request, progress: Progress) -> dict[str, Any]:
    """Make every choice, time a few pictures and steps, and multiply.

    Nothing is written but caches.
    """
    choices = merge_into({}, request.choices)
    if choices.get("folds") is not None:
        merge_into(choices, {"data": {"fold": [1, choices["folds"]]}})
    plan = make_plan(request.source, choices, progress, model=request.model)
    folds = plan.config.folds or 1
    training = training_pictures(plan.dataset, plan.config.data)
    reading = _seconds_to_read(plan)
    with progress.stage("Timing a few steps"):
        parameters, a_step = _time_steps(plan)
    steps = -(-training // plan.config.training.batch_size)
    seconds = reading + folds * a_step * steps * plan.config.training.epochs
    height, width, channels = plan.spec.input_shape
    return {
        "data": plan.dataset.name,
        "pictures": len(plan.dataset),
        "task": plan.task.kind,
        "classes": len(plan.dataset.class_names),
        "training_pictures": training,
        "network": plan.network.name,
        "parameters": parameters,
        "input": f"{height}x{width}x{channels}",
        "recipe": plan.config.recipe,
        "epochs": plan.config.training.epochs,
        "batch_size": plan.config.training.batch_size,
        "reading_minutes": reading / 60,
        "minutes": seconds / 60,
        "out": str(request.out or free_folder(plan)),
        "config": plan.config.model_dump(mode="json"),
    }


def _seconds_to_read(plan: Plan) -> float:
    sample = plan.dataset.with_records(plan.dataset.records[:PICTURES])
    started = time.monotonic()
    _scan(sample, plan.spec, plan)
    return (time.monotonic() - started) * len(plan.dataset) / len(sample)


def _scan(sample: ImageDataset, spec: PreprocessSpec, plan: Plan) -> None:
    scan_pictures(sample, plan.ledger, spec, use_cache=False, measured=False)


def _time_steps(plan: Plan) -> tuple[int, float]:
    model, steps = prepare_steps(plan, plan.task.head)
    size = plan.config.training.batch_size
    rows = np.arange(size * STEPS) % len(plan.dataset)
    blank = Batch(
        pixels=np.zeros((size * STEPS, *plan.spec.input_shape), dtype=np.uint8),
        targets=plan.task.targets(plan.dataset)[rows],
        weights=np.ones(size * STEPS, dtype=np.float32),
        ids=("",) * (size * STEPS),
    )
    epoch = EpochPlan(blank, plan.config.training, plan.config.seed, 0, size, None)
    steps.train(epoch.work(epoch.order(), 0, 1))  # This one compiles.
    started = time.monotonic()
    steps.train(epoch.work(epoch.order(), 0, STEPS))
    return model.count_params(), (time.monotonic() - started) / STEPS
