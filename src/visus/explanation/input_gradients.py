"""input-gradients: how much the score would change with each pixel."""

from typing import final

import numpy as np

from visus.explanation.base import HeatMap, MapExplainer, NoSettings, Subject


@final
class InputGradients(MapExplainer[NoSettings]):
    """Simonyan, Vedaldi and Zisserman, "Deep Inside Convolutional Networks" (2013).

    The largest size, over the channels of a pixel, of the logit's gradient to it
    (section 3.1).
    """

    def explain(self, subject: Subject) -> HeatMap:
        """Sizes of gradients, never below 0."""
        network = subject.network()
        images = network.images(subject.pixels[np.newaxis])
        _, gradients, _ = network.gradients(images, subject.output)
        return HeatMap(np.abs(gradients[0]).max(axis=2), "size of the logit's gradient")
