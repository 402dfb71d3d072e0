"""Networks between one that learned on and what it was before.

Wortsman et al., "Robust fine-tuning of zero-shot models" (CVPR 2022): a network with
weights on the straight line between the two (WiSE-FT) is often better than either end.
It keeps some of what was known, and has learned less of the labels by heart.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from visus.data.batches import Batch
from visus.training.steps import State, Steps, Totals

# Of the way from before to afterwards; there is little to tell in finer steps.
SHARES = (1.0, 0.75, 0.5, 0.25)


@dataclass(frozen=True)
class Between:
    """The best network of the way.

    Args:
        share: of the way that it has gone; 1: all of it.
        totals: on the pictures by which it was chosen.
    """

    share: float
    totals: Totals


def weights_between(before: State, afterwards: State, share: float) -> State:
    """Weights on the straight line; what is no float is as afterwards.

    Args:
        before: by name.
        afterwards: the same names and shapes.
        share: 0: before, 1: afterwards.

    Example:
        >>> ends = ({"a": np.zeros(1)}, {"a": np.full(1, 4.0)})
        >>> weights_between(*ends, 0.25)["a"].tolist()
        [1.0]
    """
    return {
        name: _between(before[name], array, share) for name, array in afterwards.items()
    }


def _between(before: Any, afterwards: Any, share: float) -> Any:
    if not np.issubdtype(afterwards.dtype, np.floating):
        return afterwards
    return afterwards + afterwards.dtype.type(share - 1) * (afterwards - before)


def keep_best_between(
    steps: Steps, before: State, held: Batch, batch_size: int
) -> Between:
    """Leave the network with those weights of the way whose loss is lowest.

    Args:
        steps: the engine after `fit`.
        before: the weights that `fit` began with.
        held: pictures that were not learned from.
        batch_size: of judging.
    """
    afterwards = steps.network_weights()
    found = []
    for share in SHARES:
        steps.finish(weights_between(before, afterwards, share))
        found.append(Between(share, steps.evaluate_network(held, batch_size)))
    # The loss, since a few hundred pictures tell accuracies apart badly.
    best = min(found, key=lambda one: one.totals.mean_loss)
    steps.finish(weights_between(before, afterwards, best.share))
    return best
