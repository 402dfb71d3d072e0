"""visus train: pictures in; a trained, evaluated, saved model out.

The story in order: read, survey, choose, scan, split, build, fit, pack, evaluate.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from visus.core.errors import ConfigError
from visus.core.files import write_json
from visus.core.progress import Progress, SilentProgress
from visus.core.run import Run
from visus.core.settings import read_settings
from visus.data.sources import Access, read_source
from visus.pipeline.config import RunConfig, check_choices
from visus.pipeline.environment import describe_environment
from visus.pipeline.learn import Learned, learn
from visus.pipeline.pack import pack_bundle
from visus.pipeline.plan import Plan, make_plan
from visus.pipeline.prepare import prepare_data, record_data
from visus.pipeline.report import report_run
from visus.pipeline.trained import TrainedRun, finished_run


@dataclass(frozen=True)
class Request:
    """What was asked of `train`.

    Args:
        source: a registered name, a folder, a CSV file, or pictures from Python.
        choices: nested settings that win over the recipe's.
        out: the run folder; `None`: the first free one under `runs/`.
        start_from: a bundle whose weights the network starts with.
        force: replace the run that is in `out`.
        network: the user's own `keras.Model`, in place of a name.
        callbacks: Keras callbacks, from Python.
    """

    source: Any
    choices: Mapping[str, Any] = field(default_factory=dict)
    out: Path | None = None
    start_from: Path | None = None
    force: bool = False
    network: Any = None
    callbacks: Sequence[Any] = ()


def train(request: Request, progress: Progress | None = None) -> TrainedRun:
    """Train, evaluate and save; everything is in the run folder when it returns.

    Raises:
        ConfigError: a setting, name or place cannot be used.
        DataError: the pictures cannot be used.
        ModelError: the network cannot be used, or did not learn.
        MachineError: the disk, the network or a package failed.
    """
    progress = progress or SilentProgress()
    started = time.monotonic()
    plan = plan_training(request, progress)
    run = Run.create(request.out or free_run_folder(plan), plan.config, force=request.force)
    with run.locked():
        return _carry_out(run, plan, request, progress, started)


def resume(
    folder: Path, progress: Progress | None = None, source: Any = None
) -> TrainedRun:
    """Go on with a run that was stopped, as if it never had been.

    Args:
        folder: the run folder.
        progress: who is told.
        source: the pictures again, when they came from Python.

    Raises:
        ConfigError: the folder is no run, or its data changed since.
    """
    progress = progress or SilentProgress()
    started = time.monotonic()
    run = Run.open(folder)
    if run.bundle_path.is_file() and run.summary_path.is_file():
        progress.say(f"{folder} is finished; nothing is left to do.")
        return finished_run(run)
    config = read_settings(RunConfig, run.config())
    request = Request(source=source or config.source, choices=run.config())
    with run.locked():
        plan = make_plan(*_read(request, config.offline, progress), request.choices)
        return _carry_out(run, plan, request, progress, started)
