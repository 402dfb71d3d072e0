"""Checks that cost a second before the first epoch: is this network able to learn?

After Karpathy, "A Recipe for Training Neural Networks" (2019): the first loss should be
that of a network that knows nothing, ln(classes), and one batch must be learnable by
heart.
"""

import math
import time
from dataclasses import replace

import numpy as np

from visus.tasks.base import Head
from visus.training.epochs import EpochPlan
from visus.training.steps import Steps, Work

MOST_STEPS = 20
MOST_SECONDS = 5.0


def check_before_training(steps: Steps, plan: EpochPlan) -> list[str]:
    """Train on one batch, then put everything back; returns what a person should read.

    The compiled steps are the ones of the run, so this also compiles them.
    """
    before = steps.state()
    work = plan.work(plan.order(), 0, 1)
    first = _loss(steps, _at_rate(work, 0.0))
    _learn_by_heart(steps, work, plan.config.learning_rate)
    last = _loss(steps, _at_rate(work, 0.0))
    steps.restore(before)
    return _first_loss_notes(first, steps.head) + _heart_notes(first, last)


def _learn_by_heart(steps: Steps, work: Work, rate: float) -> None:
    started = time.monotonic()
    # A gentle start: the peak rate without its warm-up may leap out of any valley.
    for rise in np.linspace(0.1, 0.5, MOST_STEPS):
        steps.train(_at_rate(work, rate * rise))
        if time.monotonic() - started > MOST_SECONDS:
            return


def _loss(steps: Steps, work: Work) -> float:
    steps.reset_totals()
    steps.train(work)
    return steps.training_totals().mean_loss


def _at_rate(work: Work, rate: float) -> Work:
    return replace(work, rates=np.full_like(work.rates, rate))


def _first_loss_notes(first: float, head: Head) -> list[str]:
    expected = head.ignorant_loss
    if math.isfinite(first) and first < 2 * expected + 1:
        return []
    formula = f"ln({head.outputs}) = " if head.activation == "softmax" else ""
    return [
        f"The first loss is {first:.2f}; a network that knows nothing has about "
        f"{formula}{expected:.2f}. Look at the scaling of the pictures and "
        "at the last layer."
    ]


def _heart_notes(first: float, last: float) -> list[str]:
    if last < first:
        return []
    return [
        f"One batch could not be learned by heart: its loss went from {first:.2f} to "
        f"{last:.2f} in {MOST_STEPS} steps. The learning rate may be too high."
    ]
