"""What a person reads or finds when a run stops before its end."""

import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from visus.core.errors import VisusError
from visus.core.progress import Progress
from visus.core.run import Run


@contextmanager
def resumable(run: Run, progress: Progress) -> Iterator[None]:
    """Say how the run goes on when Ctrl-C or SIGTERM ends what is done in here."""
    try:
        yield
    except KeyboardInterrupt:
        place = shlex.quote(str(run.folder))
        progress.say(f"Stopped. To go on: visus train --resume {place}")
        raise


@contextmanager
def begun_or_gone(run: Run) -> Iterator[None]:
    """What fails before it has its pictures leaves no folder in the way of the next.

    Whoever mends the pictures or the weights asks for the same again, without --force.
    """
    try:
        yield
    except VisusError:
        first = {run.config_path, run.environment_path, run.folder / ".lock"}
        if first.issuperset(run.folder.iterdir()):
            shutil.rmtree(run.folder)
        raise
