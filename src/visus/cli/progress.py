"""Live progress on a terminal's standard error; silence when output is piped."""

import sys
from typing import TYPE_CHECKING

from visus.cli.output import say
from visus.core.progress import Progress, SilentProgress

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID


def terminal_progress(*, quiet: bool) -> Progress:
    """Bars where a person watches; sentences only where nobody does."""
    if quiet:
        return SilentProgress()
    return RichProgress() if sys.stderr.isatty() else SpokenProgress()


class SpokenProgress(SilentProgress):
    """Draws nothing, but passes on what a person should read."""

    def say(self, message: str) -> None:
        """One line on standard error."""
        say(message)


class RichProgress(Progress):
    """One bar a stage, with its figures and the time left."""

    def __init__(self) -> None:
        self.bars: Bars | None = None
        self.task: TaskID | None = None

    def start(self, label: str, total: float | None = None) -> None:
        """Show a bar for a new stage."""
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            TaskProgressColumn,
            TextColumn,
            TimeRemainingColumn,
        )
        from rich.progress import Progress as Bars
        from rich.table import Column

        self.finish()
        self.bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(bar_width=6),
            TaskProgressColumn(),
            TimeRemainingColumn(compact=True, table_column=Column(min_width=5)),
            TextColumn("{task.fields[figures]}"),
            console=Console(stderr=True),
        )
        self.bars.start()
        self.task = self.bars.add_task(label, total=total, figures="")

    def advance(self, amount: float = 1, **figures: float | str) -> None:
        """Move the bar and renew the figures beside it."""
        if self.bars is None or self.task is None:
            return
        text = " ".join(_worded(name, value) for name, value in figures.items())
        self.bars.update(self.task, advance=amount, figures=text)

    def finish(self) -> None:
        """Leave the bar as it stands."""
        if self.bars is not None:
            self.bars.stop()
        self.bars = self.task = None

    def say(self, message: str) -> None:
        """One line above the bar."""
        if self.bars is not None:
            self.bars.console.print(message, markup=False, highlight=False)
        else:
            say(message)


# Short enough that a bar, its time left and all figures fit into 80 columns.
_FORMS = {
    "step": "{}",
    "accuracy": "acc {:.3f}",
    "images_per_second": "{:,.0f} img/s",
}


def _worded(name: str, value: float | str) -> str:
    form = _FORMS.get(name, "{} {:.3f}" if isinstance(value, float) else "{} {}")
    return form.format(value) if name in _FORMS else form.format(name, value)
