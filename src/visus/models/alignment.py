"""Features aligned with the model's own: an adaptation without labels.

CORAL (Sun, Feng and Saenko, "Return of frustratingly easy domain adaptation", AAAI
2016; Sun and Saenko, "Deep CORAL", 2016): features of two places become alike when
their means and covariances do. They color the labelled pictures' features as the others
are and teach a classifier anew; here no labelled picture is at hand, so features from
elsewhere are colored as the model's own instead, `(x - m') C'^(-1/2) C^(1/2) + m`, and
both steps are written into the last linear layer.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from visus.core.errors import ModelError
from visus.models.opened import ENDS, activation_name, kind_of

if TYPE_CHECKING:
    from visus.models.opened import OpenedNetwork

Floats = NDArray[np.float32]
Values = NDArray[np.float64]

# What is added to each feature's variance, of the mean variance of the model's own: a
# covariance of fewer pictures than features is 0 in most directions. The paper adds 1
# to features whose variance is about 1.
BOUND = 1.0


@dataclass(frozen=True)
class Cloud:
    """Mean and covariance of features, without the square of their number in memory.

    The covariance is `floor I + axes^T diag(variances) axes`.

    Args:
        mean: `(num_features,)`.
        axes: orthonormal `(num_axes, num_features)`.
        variances: along these axes `(num_axes,)`, beside the floor.
        floor: along every axis.
    """

    mean: Values
    axes: Values
    variances: Values
    floor: float

    @classmethod
    def of(cls, features: Floats, floor: float) -> "Cloud":
        """Of at least two pictures' features `(num_images, num_features)`."""
        rows = features.astype(np.float64)
        mean = rows.mean(axis=0)
        centered = (rows - mean) / np.sqrt(len(rows) - 1)
        _, sizes, axes = np.linalg.svd(centered, full_matrices=False)
        return cls(mean, axes, sizes**2, floor)

    def power(self, exponent: float, columns: Values) -> Values:
        """The covariance to a power, times a matrix `(num_features, num_columns)`."""
        base = self.floor**exponent
        along = (self.floor + self.variances) ** exponent - base
        spread = along[:, np.newaxis] * (self.axes @ columns)
        return np.asarray(base * columns + self.axes.T @ spread)


def aligned_head(
    kernel: Values, bias: Values, own: Floats, other: Floats
) -> tuple[Values, Values]:
    """A linear layer that first colors features from elsewhere as its own ones.

    Args:
        kernel: `(num_features, num_outputs)`.
        bias: `(num_outputs,)`.
        own: features of pictures of the model's kind `(num_own, num_features)`.
        other: features of the others, of the same width.

    Returns:
        kernel and bias of the same shapes.
    """
    floor = BOUND * float(own.var(axis=0, dtype=np.float64).mean()) or 1.0
    here, there = (Cloud.of(features, floor) for features in (own, other))
    turned = there.power(-0.5, here.power(0.5, kernel))
    return turned, bias + here.mean @ kernel - there.mean @ turned


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
