"""grad-cam++: as Grad-CAM, so that several things of one kind are all seen."""

from typing import final

import numpy as np

from visus.explanation.base import Floats
from visus.explanation.class_activation import ClassActivation


@final
class GradCamPlusPlus(ClassActivation):
    """Chattopadhay et al., "Grad-CAM++" (WACV 2018), equations 10, 11 and 19.

    With `g` the gradient of the logit, whose exponential is the score of the paper, the
    weight of a map is `sum(alpha * relu(g))` over its places, where `alpha = g**2 / (2
    g**2 + sum(A) g**3)`. The factor `exp(logit)`, the same for all maps, is left out.
    """

    @staticmethod
    def weights(maps: Floats, gradients: Floats) -> Floats:
        """The weight of each map `(channels,)`."""
        squares = gradients**2
        below = 2 * squares + maps.sum(axis=(0, 1)) * gradients**3
        # Where the gradient is 0, the share is of nothing.
        alphas = np.divide(
            squares, below, out=np.zeros_like(squares), where=np.abs(below) > 1e-20
        )
        return np.asarray((alphas * np.maximum(gradients, 0)).sum(axis=(0, 1)))
