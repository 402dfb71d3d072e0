"""Where a training stands: what the loop itself remembers, and its checkpoints."""

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from visus.core.run import Run
from visus.training.checkpoint import (
    Checkpoint,
    load_newest_checkpoint,
    save_checkpoint,
)
from visus.training.history import EpochLog
from visus.training.steps import State, Steps

# Long enough that calling costs nothing, short enough for Ctrl-C and a live display.
SECONDS_A_PIECE = 0.3


@dataclass
class Position:
    """The loop's own memory; all of it is in every checkpoint.

    Args:
        epoch: the epoch under way, from 0.
        epoch_first_step: steps that were done when it began.
        batch_size: pictures a step; less than the config's after a halving.
        seconds: wall time of the epochs that are over.
        kept_epoch: the best epoch so far, from 1; 0 before there is one.
        kept_score: its validation accuracy and negated loss.
        epochs: the log lines of the epochs that are over.
        notes: sentences a person should read.
    """

    batch_size: int
    epoch: int = 0
    epoch_first_step: int = 0
    seconds: float = 0.0
    kept_epoch: int = 0
    kept_score: tuple[float, float] | None = None
    epochs: list[EpochLog] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The fields as plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Position":
        """Read what `to_json` gave."""
        score = values["kept_score"]
        return cls(
            **values
            | {
                "epochs": [EpochLog(**entry) for entry in values["epochs"]],
                "kept_score": None if score is None else tuple(score),
            }
        )


class Keeper:
    """Saves and finds the checkpoints of one run; without a run it keeps nothing."""

    def __init__(self, run: Run | None, seconds_between: float) -> None:
        self.run = run
        self.seconds_between = seconds_between
        self.saved_at = time.monotonic()

    def save(self, steps: Steps, position: Position, best: State | None) -> None:
        """Write a checkpoint now."""
        if self.run is None:
            return
        checkpoint = Checkpoint(
            steps.steps_done(), steps.state(), position.to_json(), best
        )
        save_checkpoint(self.run.checkpoints, checkpoint)
        self.saved_at = time.monotonic()

    def save_if_due(self, steps: Steps, position: Position, best: State | None) -> None:
        """Write a checkpoint if the last one is old enough."""
        if time.monotonic() - self.saved_at >= self.seconds_between:
            self.save(steps, position, best)

    def restore(self, steps: Steps) -> tuple[Position, State | None] | None:
        """Put the newest checkpoint back; `None` when there is none.

        The log is cut to what the checkpoint knows: epochs after it are done again.
        """
        if self.run is None:
            return None
        checkpoint = load_newest_checkpoint(self.run.checkpoints)
        if checkpoint is None:
            return None
        steps.restore(checkpoint.state)
        position = Position.from_json(checkpoint.loop)
        self.run.keep_log([entry.to_json() for entry in position.epochs])
        return position, checkpoint.best


class Pace:
    """How many steps to take at once, learned from how long the last ones took."""

    def __init__(self) -> None:
        self.at_once = 1
        self.started = time.monotonic()

    def sizes(self) -> Iterator[int]:
        """The number of steps to take next, for ever."""
        while True:
            self.started = time.monotonic()
            yield self.at_once

    def took(self, steps: int) -> float:
        """Note that so many steps are done; returns the seconds they took."""
        seconds = max(time.monotonic() - self.started, 1e-6)
        wanted = SECONDS_A_PIECE * steps / seconds
        # Grow slowly: the first call of a kind also compiles.
        self.at_once = max(1, min(int(wanted), 4 * self.at_once))
        return seconds
