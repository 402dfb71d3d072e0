"""The arithmetic of the benchmark of robustness."""

import math

import numpy as np
import pytest
from benchmarks.robust import gain, share


def under(side, right, of):
    flags = np.arange(of) < right
    return share("adversarial", side, "under pgd", flags)


def test_the_ratio_is_of_pictures_that_withstand():
    assert gain([under("quick", 5, 200), under("adversarial", 100, 200)]) == (
        pytest.approx(20)
    )
    # None right is counted as one picture, so that there is a ratio.
    assert gain([under("quick", 0, 200), under("adversarial", 100, 200)]) == 100
    assert math.isnan(gain([under("quick", 0, 200)]))


def test_a_share_has_its_interval():
    found = under("quick", 50, 200)
    assert found["value"] == 0.25 and found["measured"] == "25.00% (19.51% to 31.43%)"
