"""visus train --minutes: how many epochs fit into the time that is left."""

import json
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from visus.core.files import write_json
from visus.core.run import Run
from visus.training.epochs import EpochPlan
from visus.training.fit import Lesson

if TYPE_CHECKING:
    from visus.training.steps import Steps

FILE = "budget.json"
# Enough to average over, few enough to be quick.
STEPS = 3
# Saving, proving and reporting, beside what answering the test pictures takes.
SECONDS_AFTERWARDS = 10.0


@dataclass(frozen=True)
class Allotted:
    """What part of the planned epochs fits.

    Args:
        epochs: that fit; 0: not one.
        planned: that the settings ask for.
        epoch_seconds: that one takes, about.
        seconds_left: that there were.
    """

    epochs: int
    planned: int
    epoch_seconds: float
    seconds_left: float

    def in_words(self) -> str:
        """For the report."""
        return (
            f"{self.epochs} of {self.planned} epochs fit into the "
            f"{max(0.0, self.seconds_left):.0f} s that were left, at "
            f"{self.epoch_seconds:.1f} s each"
        )


def allot_epochs(
    run: Run | None,
    steps: "Steps",
    lesson: Lesson,
    *,
    minutes: float,
    started: float,
    judging_seconds: float,
    answered_later: int,
) -> Allotted:
    """Time a few steps and see how many epochs the budget still has.

    A run that is resumed keeps to what it was allotted when it began.

    Args:
        run: where that is written down; `None`: nowhere.
        steps: with the weights it begins with, which it has again afterwards.
        lesson: the training pictures and settings.
        minutes: from `started` to the end of all.
        started: `time.monotonic()` when the run was called.
        judging_seconds: that going through the validation pictures takes.
        answered_later: pictures that will be answered for the report.
    """
    place = None if run is None else run.folder / FILE
    if place is not None and place.is_file():
        return Allotted(**json.loads(place.read_text(encoding="utf-8")))
    a_step = _seconds_a_step(steps, lesson)
    config = lesson.config
    size = min(config.batch_size, len(lesson.train))
    an_epoch = a_step * -(-len(lesson.train) // size) + judging_seconds
    # Going forward only takes about a third of a step.
    afterwards = SECONDS_AFTERWARDS + answered_later * a_step / size / 3
    left = started + 60 * minutes - time.monotonic() - afterwards
    epochs = int(min(config.epochs, max(0.0, left / an_epoch)))
    allotted = Allotted(epochs, config.epochs, an_epoch, left)
    if place is not None:
        write_json(place, vars(allotted))
    return allotted


def _seconds_a_step(steps: "Steps", lesson: Lesson) -> float:
    before = steps.state()
    size = min(lesson.config.batch_size, len(lesson.train))
    plan = EpochPlan(
        lesson.train, lesson.config, lesson.seed, 0, size, lesson.class_weights
    )
    order = plan.order()
    work = plan.work(order, 0, 1)
    still = replace(work, rates=np.zeros_like(work.rates))
    steps.train(still)  # This one compiles.
    begun = time.monotonic()
    for _ in range(STEPS):
        steps.train(still)
    seconds = (time.monotonic() - begun) / STEPS
    steps.restore(before)
    steps.reset_totals()
    return seconds
