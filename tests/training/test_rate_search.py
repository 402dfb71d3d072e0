"""The learning-rate search: what it suggests, and that it leaves nothing behind."""

from dataclasses import replace

import numpy as np
import pytest

from visus.core.progress import SilentProgress
from visus.models.backend import select_backend
from visus.training.epochs import EpochPlan
from visus.training.rate_search import MOST_STEPS, curve_of, search_rate

select_backend()


def fall(rates, at, depth=1.6):
    """A loss that falls around one rate, and leaps away from ten times that on."""
    distance = np.log10(rates / at)
    leap = np.clip(np.exp(4 * (distance - 1.5)) - 1, 0, 9)
    return 2.3 - depth / (1 + np.exp(-4 * distance)) + leap


@pytest.mark.parametrize("at", [1e-3, 1e-2, 1e-1])
def test_the_suggestion_follows_the_fall(at):
    rates = np.geomspace(at * 1e-4, at * 1e2, MOST_STEPS)
    noise = np.random.default_rng(1).normal(0, 0.05, MOST_STEPS)
    found = curve_of(rates, fall(rates, at) + noise).suggestion
    assert at / 2 < found < at * 2


def test_a_loss_that_only_rises_suggests_nothing():
    rates = np.geomspace(1e-5, 1, 60)
    assert curve_of(rates, np.linspace(1, 2, 60)).suggestion is None
    assert curve_of(rates[:2], np.array([1.0, 0.9])).suggestion is None
    assert curve_of(rates[:0], np.array([])).suggestion is None


def test_noise_alone_suggests_nothing():
    rates = np.geomspace(1e-5, 1, 120)
    rng = np.random.default_rng(0)
    curves = [curve_of(rates, 2.3 + rng.normal(0, 0.3, 120)) for _ in range(20)]
    assert sum(curve.suggestion is not None for curve in curves) <= 1


def test_lines_are_least_squares_fits():
    rates = np.geomspace(1e-5, 1, 60)
    losses = np.random.default_rng(0).normal(size=60)
    lines = [np.polyfit(np.arange(21), losses[n : n + 21], 1) for n in range(40)]
    middles = [np.polyval(line, 10) for line in lines]
    smooth = curve_of(rates, losses).smooth
    assert np.allclose(smooth[10:-10], middles)
    assert np.isnan(smooth[:10]).all() and np.isnan(smooth[-10:]).all()


@pytest.fixture
def search(lesson, network):
    """Makes the steps and the first epoch's plan of a small network."""
    from visus.training.steps_tensorflow import TensorFlowSteps

    taught = lesson(learning_rate=0.05, optimizer="sgd")

    def make():
        steps = TensorFlowSteps(network(), taught.config, scaling="unit", towers=1)
        return steps, EpochPlan(
            taught.train, taught.config, taught.seed, 0, 16, taught.class_weights
        )

    return make


def test_the_search_puts_everything_back(search):
    steps, plan = search()
    before = steps.state()
    curve = search_rate(steps, plan, SilentProgress())
    after = steps.state()
    assert all(np.array_equal(before[name], after[name]) for name in before)
    assert len(curve.rates) == len(curve.losses) == len(curve.smooth)
    assert np.all(np.diff(curve.rates) > 0)
    assert curve.rates[0] == pytest.approx(0.05e-4)


def test_the_suggested_rate_learns(search):
    steps, plan = search()
    rate = search_rate(steps, plan, SilentProgress()).suggestion
    assert rate is not None

    def loss_after_an_epoch(rate):
        steps, plan = search()
        work = plan.work(plan.order(), 0, plan.steps)
        steps.train(replace(work, rates=np.full(plan.steps, rate, np.float32)))
        return steps.evaluate(plan.pictures, 16).mean_loss

    assert loss_after_an_epoch(rate) < 0.8 * loss_after_an_epoch(rate / 100)
