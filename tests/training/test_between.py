"""Networks between two: their weights, and which of them is kept."""

import numpy as np
import pytest

from visus.training.between import SHARES, keep_best_between, weights_between
from visus.training.steps import Totals


class Bowl:
    """An engine of one weight, whose loss is its squared distance from 1."""

    def __init__(self, weight):
        self.weights = {"0000": np.array([weight], np.float32)}

    def network_weights(self):
        return self.weights

    def finish(self, weights):
        self.weights = weights

    def evaluate_network(self, held, batch_size):
        away = float(self.weights["0000"][0]) - 1
        return Totals(loss=held * away**2, figure=0.0, weight=held)


def test_weights_lie_on_the_straight_line():
    before = {"a": np.array([1.0, 2.0], np.float32), "b": np.array([7])}
    after = {"a": np.array([3.0, -2.0], np.float32), "b": np.array([9])}
    half = weights_between(before, after, 0.5)
    np.testing.assert_allclose(half["a"], [2.0, 0.0])
    assert half["a"].dtype == np.float32
    # A counter has no middle.
    assert half["b"].tolist() == [9]
    whole = weights_between(before, after, 1.0)
    assert all(np.array_equal(whole[name], after[name]) for name in after)


@pytest.mark.parametrize("share", SHARES)
def test_the_best_of_the_way_is_kept(share):
    # From 0 towards what is too far, unless it goes but a part of the way.
    steps = Bowl(1 / share)
    before = {"0000": np.zeros(1, np.float32)}
    best = keep_best_between(steps, before, 7, 16)
    assert best.share == share
    assert best.totals.mean_loss == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(steps.weights["0000"], 1.0)
