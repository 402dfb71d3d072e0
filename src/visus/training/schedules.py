"""Learning rates over a run, as a plain function of how far the run has come."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from visus.training.config import TrainingConfig


def learning_rates(
    config: TrainingConfig, progress: NDArray[np.float64]
) -> NDArray[np.float32]:
    """The learning rate at each point of a run, `(steps,)`.

    - constant: the given rate, after a linear warm-up;
    - one-cycle: linear up, then linear down to zero (Smith and Topin, 2017);
    - cosine: linear up, then half a cosine down to zero (Loshchilov and Hutter, 2017).

    Args:
        config: gives `schedule`, `learning_rate` (the peak) and `warmup_share`.
        progress: how far the run has come at each step, 0 to 1, `(steps,)`.

    Example:
        >>> config = TrainingConfig(schedule="one-cycle", learning_rate=1.0,
        ...                         warmup_share=0.5)
        >>> learning_rates(config, np.array([0.125, 0.5, 0.75])).tolist()
        [0.25, 1.0, 0.5]
    """
    share = config.warmup_share
    rising = progress / share if share > 0 else np.ones_like(progress)
    falling = _FALLS[config.schedule]((progress - share) / (1 - share))
    rates = np.where(progress < share, rising, falling) * config.learning_rate
    return rates.astype(np.float32)


Share = NDArray[np.float64]
_FALLS: dict[str, Callable[[Share], Share]] = {
    "constant": lambda fallen: np.ones_like(fallen),
    "one-cycle": lambda fallen: 1 - fallen,
    "cosine": lambda fallen: (1 + np.cos(np.pi * fallen)) / 2,
}
