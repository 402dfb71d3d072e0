"""The arithmetic of the benchmark of few labels, on made features."""

import numpy as np
import pytest
from benchmarks.few_labels import (
    CHANCE,
    CHOICE,
    FROM_FIRST,
    Pictures,
    active_ratios,
    active_table,
    hundred_lines,
    measure_active,
    measure_hundred,
    measure_semi,
    semi_line,
)

from benchmarks import few_labels
from visus.training.head.draws import Described


def active(side: str, **accuracies: float) -> dict[str, object]:
    shares = {count.removeprefix("n"): share for count, share in accuracies.items()}
    return {
        "part": "active",
        "side": side,
        "accuracies": shares,
        "with_unlabelled": 0.5,
    }


def test_the_ratio_is_of_labels_for_the_same_mean_accuracy():
    found = [
        active(CHANCE, n40=0.5, n400=0.7),
        active(CHANCE, n40=0.5, n400=0.8),
        active(CHOICE, n40=0.5, n200=0.74, n240=0.74),
        active(FROM_FIRST, n40=0.6, n160=0.7, n200=0.76),
        active(FROM_FIRST, n40=0.6, n160=0.75, n200=0.76),
    ]
    assert active_ratios(found) == {CHOICE: 0.0, FROM_FIRST: 2.0}
    assert "and unlabelled" in active_table(found)


def made(count: int, seed: int) -> Described:
    generator = np.random.default_rng(seed)
    targets = (np.arange(count) % 2).astype(np.int32)
    features = generator.normal(0, 1, (count, 8)) + targets[:, None]
    return Described(features.astype(np.float32), targets, np.arange(count))


@pytest.fixture
def pictures(monkeypatch):
    monkeypatch.setattr(few_labels, "FIRST", 6)
    monkeypatch.setattr(few_labels, "ROUND", 4)
    monkeypatch.setattr(few_labels, "SIDES", {CHANCE: 14, CHOICE: 10, FROM_FIRST: 10})
    return Pictures("made", made(80, 0), made(100, 1), ("a", "b"))


def test_two_backbones_are_compared_on_the_same_draws(pictures):
    found = measure_hundred(pictures, "one", 3, 20)
    found += measure_hundred(pictures, "other", 3, 20)
    assert found[0]["accuracies"] == found[1]["accuracies"]
    assert all(0.5 < share <= 1 for share in found[0]["accuracies"])
    assert hundred_lines(found).endswith("gain, paired: 0.00 (0.00 to 0.00)")


def test_all_sides_are_measured_alike(pictures):
    found = measure_active(pictures, 2)
    counts = {m["side"]: list(m["accuracies"]) for m in found}
    assert counts[CHANCE] == ["6", "10", "14"]
    assert counts[CHOICE] == counts[FROM_FIRST] == ["6", "10"]
    # Chance and choice begin with the same pictures.
    first = {(m["side"], m["draw"]): m["accuracies"]["6"] for m in found}
    assert all(first[CHANCE, draw] == first[CHOICE, draw] for draw in (0, 1))


def test_semi_supervised_draws_are_paired(pictures):
    found = measure_semi(pictures, 3)
    assert [m["labels"] for m in found] == [20] * 3
    assert [m["unlabelled"] for m in found] == [60] * 3
    assert "gain, paired" in semi_line(found)
