import numpy as np
import pytest

from visus.training.config import TrainingConfig
from visus.training.schedules import learning_rates


def rates(schedule, warmup, points):
    config = TrainingConfig(schedule=schedule, learning_rate=2.0, warmup_share=warmup)
    return learning_rates(config, np.array(points)).tolist()


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", [1.0, 2.0, 2.0, 2.0]),
        ("one-cycle", [1.0, 2.0, 1.0, 0.0]),
        ("cosine", [1.0, 2.0, 1.0, 0.0]),
    ],
)
def test_rates_at_known_points(schedule, expected):
    assert rates(schedule, 0.2, [0.1, 0.2, 0.6, 1.0]) == pytest.approx(expected)


def test_without_warm_up_the_first_rate_is_the_peak():
    assert rates("constant", 0.0, [0.0, 1.0]) == [2.0, 2.0]
    assert rates("cosine", 0.0, [0.0])[0] == pytest.approx(2.0)
