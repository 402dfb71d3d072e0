"""Features aligned with the model's own: an adaptation without labels.

Features of two places become alike when their means and covariances do (CORAL; Sun,
Feng and Saenko, "Return of frustratingly easy domain adaptation", AAAI 2016). They
color the labelled pictures' features as the others are and teach a classifier anew;
here no labelled picture is at hand, so features from elsewhere are moved as the model's
own instead, and that is written into the last linear layer.

Of the covariances only the variances are taken, `(x - m) s' / s + m'`. A thousand
features have half a million covariances; measured on some hundred pictures these are
noise, and undoing noise cost up to ten points where variances cost 0.2 at most.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from visus.core.errors import ModelError
from visus.models.opened import ENDS, activation_name, kind_of

if TYPE_CHECKING:
    from visus.models.opened import OpenedNetwork

Floats = NDArray[np.float32]
Values = NDArray[np.float64]

# What is added to each feature's variance, of the mean variance of the model's own: one
# that hardly varies at home would make much of nothing elsewhere.
BOUND = 1.0


def aligned_head(
    kernel: Values, bias: Values, own: Floats, other: Floats
) -> tuple[Values, Values]:
    """A linear layer that first gives features the means and spreads of the own ones.

    Args:
        kernel: `(num_features, num_outputs)`.
        bias: `(num_outputs,)`.
        own: features of pictures of the model's kind `(num_own, num_features)`.
        other: features of the others, of the same width.

    Returns:
        kernel and bias of the same shapes.
    """
    (here, spread), (there, wider) = (
        (rows.mean(axis=0, dtype=np.float64), rows.var(axis=0, dtype=np.float64))
        for rows in (own, other)
    )
    floor = BOUND * spread.mean() or 1.0
    scale = np.sqrt((spread + floor) / (wider + floor))
    return scale[:, np.newaxis] * kernel, bias + (here - there * scale) @ kernel


def align_features(opened: "OpenedNetwork", own: Floats, other: Floats) -> None:
    """Align the features of a network's last layer, in place; no other is changed.

    Args:
        opened: the network that is changed.
        own: what its last layer takes, of pictures of its own kind.
        other: the same of pictures from elsewhere.

    Raises:
        ModelError: it does not end in a linear layer with a bias.
    """
    layer = last_linear(opened)
    if layer is None:
        raise no_linear_end(opened.model.name)
    kernel, bias = (np.asarray(v, dtype=np.float64) for v in layer.get_weights())
    layer.set_weights(aligned_head(kernel, bias, own, other))


def last_linear(opened: "OpenedNetwork") -> Any:
    """The Keras layer that makes the logits; `None` where that is not one alone."""
    call = opened.last_call()
    apart = kind_of(call) == "Softmax" or (
        kind_of(call) == "Activation" and activation_name(call.layer) in ENDS
    )
    if apart and call.inputs:
        call = opened.maker_of(call.inputs[0])
    usable = (*ENDS, "linear")
    if kind_of(call) != "Dense" or activation_name(call.layer) not in usable:
        return None
    return call.layer if call.layer.use_bias else None


def no_linear_end(name: str) -> ModelError:
    """The one error for a network that cannot be aligned."""
    return ModelError(
        received=f"The network {name!r} does not end in one linear layer with a bias.",
        expected="one: features are aligned in its numbers.",
        remedy="Leave out --adapt, or label some of the pictures and train again.",
    )
