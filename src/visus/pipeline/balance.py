"""Training so that groups count alike: what training.groups and class_weights ask for.

A group that is rare in a class is learned badly: the network does as well by the other
pictures of the class. Here every cell of a class and a group has the same say, by
weights or by how often its pictures come (Sagawa et al., "An investigation of why
overparameterization exacerbates spurious correlations", 2020; Idrissi et al., "Simple
data balancing achieves competitive worst-group-accuracy", 2022).
"""

import numpy as np
from numpy.typing import NDArray

from visus.core.errors import ConfigError, DataError
from visus.pipeline.plan import Plan
from visus.pipeline.prepare import PreparedData
from visus.pipeline.traits import groups_of
from visus.training.config import TrainingConfig
from visus.training.epochs import balanced_class_weights, balanced_weights

Floats = NDArray[np.float32]


def is_balanced(training: TrainingConfig) -> bool:
    """Whether some pictures count more than others."""
    return training.class_weights == "balanced" or training.groups.column is not None


def picture_weights(plan: Plan, data: PreparedData) -> Floats | None:
    """How much each training picture counts, with mean 1; `None`: all alike.

    Args:
        plan: with one class a picture, where it asks for any.
        data: prepared.

    Raises:
        ConfigError: groups and classes are both to count alike, which groups in each
            class do already.
        DataError: no picture has the column, or all training pictures are one group.
    """
    training = plan.config.training
    train = data.dataset.split("train")
    targets = data.task.targets(train)
    if training.groups.column is None:
        if training.class_weights == "none":
            return None
        return balanced_class_weights(targets, len(data.task.names))[targets]
    if training.class_weights != "none":
        raise ConfigError(
            received=f"training.groups.column={training.groups.column} and "
            "training.class_weights=balanced.",
            expected="one of them: with groups, classes count alike too.",
            remedy="Leave out training.class_weights.",
        )
    column = training.groups.column
    of = groups_of(data.dataset, column)
    groups = [of[record.id] for record in train.records]
    if len(set(groups)) < 2:
        raise DataError(
            received=f"All {len(groups):,} training pictures have {groups[0]!r} in the "
            f"column {column}.",
            expected="two groups or more, to count alike.",
            remedy="Leave out training.groups.column, or name another column.",
        )
    return balanced_weights(list(zip(targets.tolist(), groups, strict=True)))


def require_weights(training: TrainingConfig, what: str) -> None:
    """Refuse that pictures come more often where none comes at all, or others do.

    Raises:
        ConfigError: groups are to be balanced by sampling.
    """
    if training.groups.column is not None and training.groups.by == "sampling":
        raise ConfigError(
            received=f"training.groups.by=sampling, and {what}.",
            expected="weights, which count the same there.",
            remedy="Leave out training.groups.by.",
        )
