"""What a person reads when a run is stopped: how it goes on."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager

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
