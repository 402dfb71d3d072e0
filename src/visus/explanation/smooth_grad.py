"""smooth-grad: input gradients, averaged over noisy copies of the picture."""

from typing import final

import numpy as np
from pydantic import Field

from visus.core.seeds import random_generator
from visus.core.settings import Settings
from visus.explanation.base import HeatMap, MapExplainer, Subject
from visus.explanation.covering import pieces

# Gradients hold on to everything that the network computes.
PIECE = 8


class SmoothGradSettings(Settings):
    """How many copies, and how noisy."""

    copies: int = Field(32, ge=1, le=10_000, description="noisy pictures")
    noise: float = Field(
        0.15, ge=0, le=2, description="standard deviation, of the picture's range"
    )


@final
class SmoothGrad(MapExplainer[SmoothGradSettings]):
    """Smilkov et al., "SmoothGrad: removing noise by adding noise" (2017).

    The mean of the logit's gradients at `picture + normal noise`, then its largest size
    over channels.
    """

    settings_class = SmoothGradSettings

    def explain(self, subject: Subject) -> HeatMap:
        """Sizes of mean gradients, never below 0."""
        network, settings = subject.network(), self.settings
        image = network.images(subject.pixels[np.newaxis])
        draws = random_generator(subject.seed, "smooth-grad")
        deviation = settings.noise * float(image.max() - image.min())
        total = np.zeros(image.shape[1:], dtype=np.float64)
        for piece in pieces(settings.copies, PIECE):
            shape = (piece.stop - piece.start, *image.shape[1:])
            noise = draws.normal(0, deviation, shape).astype(np.float32)
            gradients, _ = network.image_gradients(image + noise, subject.output)
            total += gradients.sum(axis=0, dtype=np.float64)
        sizes = np.abs(total / settings.copies).max(axis=2)
        return HeatMap(sizes.astype(np.float32), "size of the mean gradient")
