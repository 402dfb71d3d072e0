"""From held-out pictures to a bundle's calibration; the test is never looked at."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from visus.bundles.calibration import Calibration
from visus.evaluation.config import AnswersConfig
from visus.evaluation.conformal import fit_sets
from visus.evaluation.foreign import fit_foreign
from visus.evaluation.held import Held, Surroundings
from visus.evaluation.temperature import FEWEST_PICTURES, fit_temperatures
from visus.tasks.base import Task

OF_CLASSES = "only where a picture has one class"


def calibrate(
    held: Held | None,
    task: Task,
    config: AnswersConfig | None = None,
    around: Callable[[], Surroundings | str] | None = None,
) -> Calibration | str:
    """What a bundle is to know of its sureness, or why it cannot.

    Args:
        held: pictures that nothing was learned from; `None`: there are none.
        task: what the scores mean.
        config: when a label is to be said.
        around: gives what tells pictures of another kind, or why nothing does.

    Returns:
        the calibration; else a sentence that says what lacks.
    """
    if task.head.activation == "linear":
        return "a number comes without a probability that could be calibrated"
    if held is None:
        return "no pictures were held for validation"
    held = held.take(np.flatnonzero(task.known(held.targets) & (held.weights > 0)))
    if len(held) < FEWEST_PICTURES:
        return (
            f"only {len(held)} pictures were held for validation, and it takes "
            f"{FEWEST_PICTURES}"
        )
    temperatures = fit_temperatures(
        held.scores, held.targets, held.weights, activation=task.head.activation
    )
    found = Calibration(
        temperatures=temperatures,
        activation=task.head.activation,
        pictures=len(held),
        learned_from=held.source,
    )
    if task.kind != "single-label":
        return replace(found, missing={"sets": OF_CLASSES, "foreign": OF_CLASSES})
    return _answering(found, held, config or AnswersConfig(), around)


def _answering(
    found: Calibration,
    held: Held,
    config: AnswersConfig,
    around: Callable[[], Surroundings | str] | None,
) -> Calibration:
    """The same with sets and strangeness, as far as they can be fitted."""
    missing = {}
    sets = fit_sets(held, found.temperatures, config.coverage)
    if isinstance(sets, str):
        missing["sets"] = sets
    known: Surroundings | str = around() if around else "nobody looked at features"
    foreign = known if isinstance(known, str) else fit_foreign(known, config.rejected)
    if isinstance(foreign, str):
        missing["foreign"] = foreign
    return replace(
        found,
        sets=None if isinstance(sets, str) else sets,
        foreign=None if isinstance(foreign, str) else foreign,
        missing=missing,
    )
