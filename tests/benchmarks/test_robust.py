"""The arithmetic of the benchmark of robustness."""

import math

import numpy as np
import pytest
from benchmarks.robust import AKIN, corruption_figures, gain, share

from visus.data.corruptions import CORRUPTIONS


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


def test_means_without_the_akin_leave_them_out():
    hits = {name: np.array([0.2, 0.4]) for name in AKIN} | {
        "frost": np.array([1.0, 0.8])
    }
    found = {m["figure"]: m for m in corruption_figures("none", hits)}
    assert found["corrupted, without the akin"]["value"] == pytest.approx(0.9)
    mean = (6 * 0.3 + 0.9) / 7
    assert found["corrupted"]["value"] == pytest.approx(mean)
    assert found["under fog"]["value"] == pytest.approx(0.3)
    assert {m["pictures"] for m in found.values()} == {2}


def test_what_is_akin_is_a_corruption():
    assert {*CORRUPTIONS.names()} >= AKIN
