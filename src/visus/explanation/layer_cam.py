"""layer-cam: each place of each map weighted by its own gradient: finer maps."""

from typing import final

import numpy as np

from visus.explanation.base import Floats
from visus.explanation.class_activation import ClassActivation


@final
class LayerCam(ClassActivation):
    """Jiang et al., "LayerCAM" (IEEE TIP 2021), equations 6 and 7.

    `relu(sum_k relu(g_k) A_k)`, place by place; so early layers give useful maps too.
    """

    @staticmethod
    def weights(maps: Floats, gradients: Floats) -> Floats:
        """The gradient where it is above 0 `(height, width, channels)`."""
        return np.maximum(gradients, 0)
