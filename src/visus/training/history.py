"""What is remembered of each epoch, and of the whole training."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class EpochLog:
    """One line of `log.jsonl`.

    Losses are in nats a picture (of labels: a label; of numbers: squared spreads),
    accuracies are shares from 0 to 1 of right answers or labels, and errors are the
    mean absolute ones of numbers, in their unit; a training has one or the other.
    `taken` is the share of the pictures without a label whose answer passed for one.
    """

    epoch: int
    loss: float
    validation_loss: float | None
    learning_rate: float
    seconds: float
    images_per_second: float
    accuracy: float | None = None
    validation_accuracy: float | None = None
    error: float | None = None
    validation_error: float | None = None
    taken: float | None = None

    def to_json(self) -> dict[str, Any]:
        """The fields as plain data, without those of another task."""
        other = "error" if self.error is None else "accuracy"
        figures = {k: v for k, v in asdict(self).items() if not k.endswith(other)}
        if self.taken is None:
            del figures["taken"]
        return figures


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
