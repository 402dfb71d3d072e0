"""What is remembered of each epoch, and of the whole training."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class EpochLog:
    """One line of `log.jsonl`; losses in nats a picture, shares from 0 to 1."""

    epoch: int
    loss: float
    accuracy: float
    validation_loss: float | None
    validation_accuracy: float | None
    learning_rate: float
    seconds: float
    images_per_second: float

    def to_json(self) -> dict[str, Any]:
        """The fields as plain data."""
        return asdict(self)


@dataclass(frozen=True)
class History:
    """What a training did, for the log, the report and the answer on the screen.

    Args:
        epochs: one entry an epoch, those before a resume included.
        kept_epoch: number of the epoch, from 1, whose weights were kept.
        training_seconds: wall time inside the epochs, validation included.
        preparing_seconds: wall time of compiling and of the checks before.
        batch_size: at the end; less than asked for when memory ran out.
        notes: sentences a person should read.
    """

    epochs: tuple[EpochLog, ...]
    kept_epoch: int
    training_seconds: float
    preparing_seconds: float
    batch_size: int
    notes: tuple[str, ...] = ()
