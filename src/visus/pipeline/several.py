"""visus train: one run, one a fold, or one a seed; and how each goes on."""

import time
from pathlib import Path
from typing import Any

from visus.core.errors import ConfigError
from visus.core.progress import Progress, SilentProgress
from visus.core.run import Run
from visus.pipeline.folds import each_fold, train_folds
from visus.pipeline.seeds import each_seed, train_seeds
from visus.pipeline.stopped import resumable
from visus.pipeline.train import Request, resume_run, train_run
from visus.pipeline.trained import TrainedRun

WAYS = {"folds": (train_folds, each_fold), "seeds": (train_seeds, each_seed)}


def train_asked(request: Request, progress: Progress | None = None) -> TrainedRun:
    """One run, or one a fold or a seed where these are asked for.

    Raises:
        VisusError: as `train_run`.
    """
    several = [name for name in WAYS if request.choices.get(name) is not None]
    if len(several) > 1:
        raise ConfigError(
            received="--folds and --seeds.",
            expected="one of them: folds differ in their test, seeds in their draws.",
            remedy="Leave one out.",
        )
    if not several:
        return train_run(request, progress)
    begin, _ = WAYS[several[0]]
    return begin(request, progress or SilentProgress())


def resume_begun(
    folder: Path,
    progress: Progress | None = None,
    *,
    source: Any = None,
    model: Any = None,
) -> TrainedRun:
    """Go on with a run, or with all folds or seeds of one; as `resume_run`."""
    run = Run.open(folder)
    choices = run.config()
    several = [name for name in WAYS if choices.get(name) is not None]
    if not several or run.summary_path.is_file():
        return resume_run(folder, progress, source=source, model=model)
    pictures = choices["source"] if source is None else source
    progress, (_, go_on) = progress or SilentProgress(), WAYS[several[0]]
    with run.locked(), resumable(run, progress):
        request = Request(pictures, choices, model=model)
        return go_on(run, request, progress, time.monotonic())
