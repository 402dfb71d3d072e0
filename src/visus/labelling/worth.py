"""How unsure a model is of each picture, by what its task makes of scores."""

import numpy as np
from numpy.typing import NDArray

from visus.tasks.base import Task
from visus.tasks.multi_label import MultiLabel

Floats = NDArray[np.float32]


def uncertainties(scores: Floats, task: Task) -> Floats | None:
    """From 0, sure, to 1, undecided `(num_images,)`; `None` where scores cannot tell.

    One class a picture: the chance that two answers drawn by the scores differ (Gini's
    index), over its largest; so much a label would vary, and so much would it tell.
    Several labels: of the label that is nearest to its threshold, how near. A number
    says nothing of how sure it is.

    Args:
        scores: `(num_images, num_outputs)`.
        task: what they mean.
    """
    if task.kind == "single-label":
        largest = 1 - 1 / scores.shape[1]
        differ = (1 - (scores**2).sum(axis=1)) / largest
        return np.asarray(np.clip(differ, 0, 1), dtype=np.float32)
    if isinstance(task, MultiLabel):
        thresholds = np.asarray(task.thresholds or (0.5,) * scores.shape[1])
        # A score at its threshold is undecided, one at 0 or 1 is not.
        room = np.where(scores >= thresholds, 1 - thresholds, thresholds)
        away = np.abs(scores - thresholds) / np.maximum(room, 1e-6)
        return np.asarray(1 - away.min(axis=1), dtype=np.float32)
    return None
