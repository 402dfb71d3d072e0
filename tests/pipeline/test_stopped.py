"""What a person reads who presses Ctrl-C."""

import pytest

from visus.core.progress import SilentProgress
from visus.pipeline.several import train_asked
from visus.pipeline.train import Request

CHOICES = {
    "network": {"name": "dense"},
    "training": {"epochs": 2, "batch_size": 16, "preflight": False},
}


class Stopping(SilentProgress):
    """Presses Ctrl-C once training has begun, and keeps what is said."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def start(self, label, total=None):
        if label == "Training":
            raise KeyboardInterrupt

    def say(self, message):
        self.told.append(message)


@pytest.mark.parametrize("folds", [None, 2])
def test_a_stopped_run_says_how_it_goes_on(stripes_folder, tmp_path, folds):
    progress, out = Stopping(), tmp_path / "my runs"
    choices = CHOICES if folds is None else {**CHOICES, "folds": folds}
    with pytest.raises(KeyboardInterrupt):
        train_asked(Request(stripes_folder, choices, out), progress)
    words = f"Stopped. To go on: visus train --resume '{out}'"
    assert [said for said in progress.told if "Stopped" in said] == [words]
