"""grad-cam: maps of features, each weighted by the mean gradient of the score."""

from typing import final

import numpy as np

from visus.explanation.base import Floats
from visus.explanation.class_activation import ClassActivation


@final
class GradCam(ClassActivation):
    """Selvaraju et al., "Grad-CAM" (ICCV 2017), equations 1 and 2.

    `relu(sum_k a_k A_k)` with `a_k` the mean over places of the gradient of the class's
    logit to the map `A_k`.
    """

    @staticmethod
    def weights(maps: Floats, gradients: Floats) -> Floats:
        """The mean gradient of each map `(channels,)`."""
        return np.asarray(gradients.mean(axis=(0, 1)))
