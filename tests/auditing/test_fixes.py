"""What --fix would do: only what is proven, and labels only when asked."""

import numpy as np

from visus.auditing.fixes import plan_fixes


def actions(fixes) -> dict[int, tuple[str, str]]:
    return {row: (fix.action, fix.check) for row, fix in fixes.items()}


def test_copies_are_dropped_and_the_one_that_tests_stays(shapes, evidence):
    splits = [None] * 60
    splits[0], splits[4], splits[9] = "train", "test", "train"
    pairs = [(0, 4, "exact"), (4, 9, "exact")]
    seen = evidence(shapes[0], ["disc"] * 60, splits=splits, pairs=pairs)
    assert actions(plan_fixes(seen)) == {
        0: ("drop", "exact-duplicates"),
        9: ("drop", "exact-duplicates"),
    }
    assert plan_fixes(seen)[0].reason == "It is picture-4 again, byte for byte."


def test_contradictions_and_the_training_side_of_leaks_are_set_aside(shapes, evidence):
    pictures, labels = shapes
    splits = ["train", "test"] * 30
    pairs = [(0, 1, "exact"), (2, 3, "near"), (4, 6, "near")]
    fixes = plan_fixes(evidence(pictures, labels, splits=splits, pairs=pairs))
    assert actions(fixes) == {
        0: ("quarantine", "twins-with-two-labels"),
        1: ("quarantine", "twins-with-two-labels"),
        2: ("quarantine", "twins-across-splits"),
    }


def test_labels_change_only_when_asked_and_beyond_doubt(evidence):
    generator = np.random.default_rng(0)
    pictures, labels = [], []
    for row in range(300):
        bars = np.zeros((32, 32), np.uint8)
        bars[::4] = bars[1::4] = 200
        bars = bars if row % 2 else bars.T
        noisy = bars[..., None] + generator.integers(0, 55, (32, 32, 3))
        pictures.append(noisy.astype(np.uint8))
        labels.append("across" if row % 2 else "upright")
    wrong = {20: "upright", 81: "across", 150: "upright"}
    for row in wrong:
        labels[row] = "across" if labels[row] == "upright" else "upright"
    seen = evidence(pictures, labels)
    assert plan_fixes(seen) == {}
    fixes = plan_fixes(seen, relabel=True)
    assert {row: fix.label for row, fix in fixes.items()} == wrong
    assert {fix.action for fix in fixes.values()} == {"relabel"}


def test_a_probe_that_is_often_wrong_changes_no_label(shapes, evidence):
    generator = np.random.default_rng(0)
    noise = list(generator.integers(0, 256, (200, 32, 32, 3), dtype=np.uint8))
    labels = list(generator.choice(["a", "b"], 200))
    assert plan_fixes(evidence(noise, labels), relabel=True) == {}
