"""A run that holds others: one a fold, or one a seed."""

import shutil
from pathlib import Path
from typing import Any

from visus.core.progress import Progress
from visus.core.run import Run
from visus.pipeline.config import RunConfig
from visus.pipeline.spread import needs_new_networks
from visus.pipeline.train import Request, resume_run, train_run
from visus.pipeline.trained import TrainedRun


def require_holding(request: Request, word: str) -> None:
    """Refuse what cannot become several runs, before a picture is looked at.

    Args:
        request: what was asked for.
        word: what each of them is called, such as "fold".

    Raises:
        ConfigError: a network that has learned already, or a folder that is not free.
    """
    if request.model is not None:
        raise needs_new_networks(f"{word}s")
    if request.out is not None:
        Run.require_free(request.out, force=request.force)


def holding_run(place: Path, config: RunConfig, word: str, *, force: bool) -> Run:
    """The run that holds several, without those of an earlier one."""
    run = Run.create(place, config, force=force)
    for folder in run.folder.glob(f"{word}-*"):
        # Only with --force, and only what is a run: others would not be replaced.
        if (folder / "config.toml").is_file():
            shutil.rmtree(folder)
    return run


def held_run(
    folder: Path, request: Request, choices: dict[str, Any], progress: Progress
) -> TrainedRun:
    """One of them: trained, or gone on with where it was stopped."""
    if (folder / "config.toml").is_file():
        return resume_run(folder, progress, source=request.source, part=True)
    callbacks = request.callbacks
    one = Request(request.source, choices, folder, callbacks=callbacks, part=True)
    return train_run(one, progress)
