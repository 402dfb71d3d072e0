"""Ticks are round, few, and hold every value."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visus.reporting.axes import Axis, round_ticks

finite = st.floats(allow_nan=False, allow_infinity=False, width=64)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 19, [0, 5, 10, 15, 20]),
        (0.0, 1.0, [0, 0.5, 1]),
        (0.02, 0.31, [0, 0.1, 0.2, 0.3, 0.4]),
        (-3, 5, [-4, -2, 0, 2, 4, 6]),
    ],
)
def test_ticks_are_round(low, high, ticks):
    assert round_ticks(low, high) == pytest.approx(ticks)


@given(finite, finite)
def test_ticks_hold_the_values_and_rise(one, other):
    low, high = sorted((one, other))
    ticks = round_ticks(low, high)
    slack = 1e-9 * max(abs(low), abs(high))
    assert 2 <= len(ticks) <= 8
    assert all(a < b for a, b in zip(ticks, ticks[1:], strict=False))
    assert ticks[0] <= min(max(low, -1e300), 1e300) + slack
    assert min(max(high, -1e300), 1e300) - slack <= ticks[-1]


@given(st.integers(-1000, 1000), st.integers(0, 1000))
def test_whole_values_get_whole_ticks(low, spread):
    ticks = Axis.around([low, low + spread], 0, 100).ticks
    assert all(tick == round(tick) for tick in ticks)


def test_places_run_from_start_to_end():
    axis = Axis.around([0.0, 10.0, math.nan, math.inf], 300, 20)
    assert axis.place(axis.ticks[0]) == 300
    assert axis.place(axis.ticks[-1]) == 20
    assert axis.place(5) == pytest.approx(160)
