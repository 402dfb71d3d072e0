"""Slices: tests and corrections as SciPy has them, and a planted weakness found."""

import numpy as np
import pytest
from scipy.stats import false_discovery_control, fisher_exact

from visus.bundles.predictions import Predictions
from visus.evaluation.slices import (
    benjamini_hochberg,
    find_slices,
    fisher_fewer,
    measure_slices,
    right_answers,
)
from visus.tasks.multi_label import MultiLabel


@pytest.mark.parametrize(
    "right, total, all_right, everything",
    [(3, 10, 60, 100), (0, 5, 5, 50), (20, 20, 90, 100), (1, 30, 70, 80)],
)
def test_the_test_is_fishers(right, total, all_right, everything):
    table = [
        [right, total - right],
        [all_right - right, everything - total - all_right + right],
    ]
    if min(map(min, table)) < 0:
        pytest.skip("no such table")
    expected = fisher_exact(table, alternative="less").pvalue
    found = fisher_fewer(right, total, all_right, everything)
    assert found == pytest.approx(expected, rel=1e-8)


def test_the_correction_is_that_of_benjamini_and_hochberg():
    p_values = np.random.default_rng(0).uniform(0, 0.2, 25)
    expected = false_discovery_control(p_values)
    assert benjamini_hochberg(list(p_values)) == pytest.approx(list(expected))
    assert benjamini_hochberg([]) == []


def planted(count: int = 600):
    """Pictures of three cameras; those of the third are answered worse."""
    generator = np.random.default_rng(1)
    cameras = generator.choice(["a", "b", "c"], count)
    right = generator.random(count) < np.where(cameras == "c", 0.6, 0.95)
    traits = {
        "camera": tuple(cameras),
        "day": tuple(generator.choice(["mo", "tu", "we", ""], count)),
    }
    return right, traits


def test_a_planted_weakness_is_found_and_the_rest_is_left_alone():
    right, traits = planted()
    parts = find_slices(right, traits)
    assert (parts[0].trait, parts[0].value) == ("camera", "c")
    assert parts[0].q_value < 1e-6
    assert all(part.q_value > 0.05 for part in parts[1:])
    assert parts[0].total == traits["camera"].count("c")
    assert "" not in {part.value for part in parts}
    told = measure_slices(right, traits)
    (finding,) = told.findings
    assert finding.severity == "warning" and "camera is c" in finding.message
    assert told.tables[0].rows[0][:2] == ("camera", "c")


def test_equal_parts_are_not_accused():
    generator = np.random.default_rng(2)
    accused = 0
    for _ in range(30):
        right = generator.random(300) < 0.8
        traits = {"part": tuple(generator.choice(list("abcdefgh"), 300))}
        accused += any(part.q_value < 0.05 for part in find_slices(right, traits))
    assert accused <= 5


def test_small_parts_and_the_whole_tell_nothing():
    right = np.ones(50, bool)
    assert find_slices(right, {"all": ("x",) * 50}) == []
    assert find_slices(right, {"few": ("x",) * 19 + ("y",) * 31}) == []
    assert measure_slices(right, {}).tables == ()


def test_right_is_what_the_task_calls_right():
    scores = np.array([[0.9, 0.2], [0.9, 0.9]], np.float32)
    targets = np.array([[1, 0], [1, 0]], np.float32)
    labels = MultiLabel(("a", "b"), (0.5, 0.5))
    answered = Predictions(("p", "q"), scores, ("a", "b"), targets, labels)
    assert right_answers(answered, targets).tolist() == [True, False]
    classes = Predictions(("p", "q"), scores, ("a", "b"))
    assert right_answers(classes, np.array([0, 1])).tolist() == [True, False]
