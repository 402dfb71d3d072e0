"""Intervals and tests against SciPy, against other exact sums, and by simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from visus.tasks.intervals import (
    bootstrap,
    difference_interval,
    effective_number,
    mcnemar,
    mean_interval,
    mean_share_interval,
    student_quantile,
    wilson_interval,
)


@given(st.integers(1, 10_000), st.floats(0, 1), st.sampled_from([0.8, 0.95, 0.99]))
def test_wilson_is_that_of_scipy(total, share, confidence):
    right = round(share * total)
    ours = wilson_interval(right, total, confidence)
    theirs = stats.binomtest(right, total).proportion_ci(confidence, method="wilson")
    assert ours.value == right / total
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
    assert 0 <= ours.low <= ours.value <= ours.high <= 1
    assert ours.confidence == confidence


@pytest.mark.parametrize("right, total", [(0, 0), (3, 2), (-1, 2)])
def test_no_interval_without_a_share(right, total):
    with pytest.raises(ValueError, match="is no share"):
        wilson_interval(right, total)


@given(st.integers(0, 3000), st.integers(0, 3000))
def test_mcnemar_is_the_exact_binomial_test_of_scipy(only_first, only_second):
    total = only_first + only_second
    expected = stats.binomtest(only_first, total).pvalue if total else 1.0
    assert mcnemar(only_first, only_second) == pytest.approx(expected, rel=1e-8)
    assert mcnemar(only_first, only_second) == mcnemar(only_second, only_first)


@given(st.integers(0, 200), st.integers(0, 200), st.integers(0, 200))
def test_the_difference_lies_in_its_interval(only_first, only_second, agreed):
    total = only_first + only_second + agreed + 1
    found = difference_interval(only_first, only_second, total)
    assert -1 <= found.low <= found.value <= found.high <= 1
    turned = difference_interval(only_second, only_first, total)
    assert (-turned.high, -turned.low) == pytest.approx((found.low, found.high))


@pytest.mark.parametrize("share", [0.8, 0.95, 0.975, 0.995, 0.9999])
@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 9, 19, 200])
def test_students_quantiles_are_those_of_scipy(share, freedom):
    expected = stats.t.ppf(share, freedom)
    assert student_quantile(share, freedom) == pytest.approx(expected, rel=1e-5)


def test_the_interval_of_a_mean_is_that_of_scipy():
    values = [0.91, 0.94, 0.90, 0.97, 0.93]
    found = mean_interval(values)
    expected = stats.t.interval(0.95, 4, np.mean(values), stats.sem(values))
    assert (found.low, found.high) == pytest.approx(expected, rel=1e-4)
    assert found.value == pytest.approx(0.93)
    assert mean_interval([0.5]).low == -np.inf


def test_the_interval_of_mean_shares_stays_within_0_and_1():
    values = [0.2, 1.0, 0.9, 1.0]
    found, plain = mean_share_interval(values), mean_interval(values)
    assert plain.high > 1 and found.high == 1
    assert (found.value, found.low) == (plain.value, plain.low)
    alike = mean_share_interval([1.0] * 50)
    assert alike == wilson_interval(50, 50)
    assert (mean_share_interval([0.5]).low, mean_share_interval([0.5]).high) == (
        pytest.approx(0.0546, abs=1e-3),
        pytest.approx(0.9454, abs=1e-3),
    )


def test_with_many_pictures_the_bootstrap_finds_the_same_interval():
    differences = np.repeat([1, -1, 0], [180, 90, 1730])
    bootstrap = stats.bootstrap(
        (differences,), np.mean, n_resamples=2000, method="percentile", random_state=0
    ).confidence_interval
    found = difference_interval(90, 180, 2000)
    assert found.value == pytest.approx(differences.mean())
    assert (found.low, found.high) == pytest.approx(tuple(bootstrap), abs=1.5e-3)


@pytest.mark.parametrize("total", [30, 300])
def test_the_interval_of_a_difference_covers_the_truth_as_often_as_it_says(total):
    shares = [0.1, 0.2, 0.7]
    draws = np.random.default_rng(0).multinomial(total, shares, size=3000)
    found = [difference_interval(first, second, total) for first, second, _ in draws]
    covered = np.mean([interval.low <= 0.1 <= interval.high for interval in found])
    assert 0.93 <= covered <= 0.98


@pytest.mark.parametrize("total", [1, 10, 10_000])
def test_equal_answers_leave_room_for_a_difference(total):
    # Agresti and Min with two empty cells: half a picture each, z / (total + 2).
    found = difference_interval(0, 0, total)
    reach = stats.norm.ppf(0.975) / (total + 2)
    assert (found.low, found.value, found.high) == pytest.approx((-reach, 0, reach))


def test_bootstrap_is_scipys_and_draws_units_whole():
    values = np.random.default_rng(3).normal(10, 4, 80)
    ones, alone = np.ones(80), np.arange(80)

    def mean(weights):
        return {"mean": float(np.average(values, weights=weights))}

    found = bootstrap(mean, ones, alone)["mean"]
    theirs = stats.bootstrap(
        (values,), np.mean, n_resamples=4000, method="percentile", random_state=0
    ).confidence_interval
    assert found.value == values.mean()
    assert [found.low, found.high] == pytest.approx([*theirs], abs=0.15)
    # Four copies of each are no more witnesses than one.
    copied = np.tile(values, 4)
    together = bootstrap(
        lambda w: {"mean": float(np.average(copied, weights=w))},
        np.ones(320),
        np.tile(alone, 4),
    )["mean"]
    assert [together.low, together.high] == pytest.approx([found.low, found.high])
    assert bootstrap(mean, ones, alone)["mean"] == found


def test_unequal_weights_tell_as_much_as_fewer_pictures():
    assert effective_number(np.ones(9)) == 9
    assert effective_number([1, 1, 0, 0]) == 2
    assert 1 < effective_number([10, 1, 1]) < 2
