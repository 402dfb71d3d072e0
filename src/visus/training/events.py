"""TensorBoard event files beside `log.jsonl`; view them with `tensorboard --logdir`."""

from visus.core.run import Run
from visus.training.history import EpochLog


class EventWriter:
    """Writes each epoch's figures; without a run it writes nothing."""

    def __init__(self, run: Run | None) -> None:
        self.run = run

    def write(self, entry: EpochLog) -> None:
        """Add one epoch and close the file, so that a kill loses no earlier one."""
        if self.run is None:
            return
        from tensorboardX import SummaryWriter

        figures = entry.to_json()
        epoch = figures.pop("epoch")
        with SummaryWriter(str(self.run.events), filename_suffix=f".{epoch}") as writer:
            for name, value in figures.items():
                if value is not None:
                    writer.add_scalar(
                        name.replace("validation_", "validation/"), value, epoch
                    )
