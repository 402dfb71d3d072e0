"""How many epochs fit into the time that is left."""

import json
import time

import numpy as np
import pytest

from visus.core.run import Run
from visus.data.batches import Batch
from visus.pipeline.budget import allot_epochs
from visus.training.config import TrainingConfig
from visus.training.fit import Lesson


class SlowSteps:
    """Every step takes a hundredth of a second, and its weights count them."""

    def __init__(self) -> None:
        self.taken = 0

    def train(self, work) -> None:
        assert not work.rates.any()
        self.taken += 1
        time.sleep(0.01)

    def state(self):
        return {"taken": self.taken}

    def restore(self, state) -> None:
        self.taken = state["taken"]

    def reset_totals(self) -> None:
        pass


@pytest.fixture
def lesson():
    pixels = np.zeros((100, 4, 4, 1), np.uint8)
    batch = Batch(
        pixels, np.zeros(100, np.int32), np.ones(100, np.float32), ("",) * 100
    )
    config = TrainingConfig(epochs=6, batch_size=10)
    return Lesson(batch, None, None, config, seed=1)


def allot(lesson, minutes, run=None, **more):
    choices = {"judging_seconds": 0.0, "answered_later": 0} | more
    steps = SlowSteps()
    allotted = allot_epochs(
        run, steps, lesson, minutes=minutes, started=time.monotonic(), **choices
    )
    assert steps.taken == 0
    return allotted


def test_epochs_are_counted_by_measured_steps(lesson):
    # Ten steps of a hundredth of a second an epoch, and ten seconds for the rest.
    allotted = allot(lesson, 10.45 / 60)
    assert allotted.epochs in (2, 3, 4)
    assert 0.1 <= allotted.epoch_seconds < 0.2
    assert allot(lesson, 10.0).epochs == 6
    assert allot(lesson, 0.001).epochs == 0


def test_judging_and_answering_count(lesson):
    assert allot(lesson, 10.45 / 60, judging_seconds=1.0).epochs == 0
    assert allot(lesson, 10.45 / 60, answered_later=10_000).epochs == 0


def test_a_resumed_run_keeps_to_what_it_was_allotted(lesson, tmp_path):
    run = Run(tmp_path)
    first = allot(lesson, 10.0, run)
    assert json.loads((tmp_path / "budget.json").read_text())["epochs"] == 6
    assert allot(lesson, 0.001, run) == first
