"""False alarms: on data with nothing wrong, nothing fires."""

import numpy as np
import pytest

from visus.auditing.run import run_checks


def test_no_check_fires_on_clean_data(clean):
    checked = run_checks(clean)
    assert [finding for check in checked for finding in check.findings] == []
    assert {check.verdict for check in checked} == {"fine"}


@pytest.mark.parametrize("seed", range(8))
def test_random_labels_are_neither_errors_nor_correlations(evidence, seed):
    generator = np.random.default_rng(seed)
    pictures = list(generator.integers(0, 256, (200, 32, 32, 3), dtype=np.uint8))
    for picture in pictures:
        picture //= generator.integers(1, 4, dtype=np.uint8)
    labels = list(generator.choice(["a", "b", "c"], 200))
    seen = evidence(pictures, labels, file_bytes=generator.integers(900, 9_000, 200))
    asked = ("spurious-correlation", "label-errors")
    assert [c.findings for c in run_checks(seen, names=asked)] == [(), ()]
